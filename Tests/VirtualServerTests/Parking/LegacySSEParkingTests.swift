// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

@Suite("Parked calls of servers of 2024-11-05", .timeLimit(.minutes(5)))
struct LegacySSEParkingTests {
    /// A server of revision 2024-11-05 whose one tool asks the client's model: one GET stream for all that it says, and
    /// POSTs elsewhere for all that it hears.
    private final class Peer: Sendable {
        private struct State {
            var streams: [Int: ScriptedReply] = [:]
            var calls: [Int: String] = [:]
            var executions = 0
        }

        private let state = Mutex(State())

        var executions: Int { state.withLock { $0.executions } }

        func serve(_ request: ScriptedRequest, _ reply: ScriptedReply) {
            if request.method == "GET", request.target == "/sse" {
                let number = state.withLock { state in
                    state.streams[state.streams.count] = reply
                    return state.streams.count - 1
                }
                reply.openStream()
                reply.event("/messages?session=\(number)", event: "endpoint")
                return
            }
            guard request.method == "POST",
                let session = request.target.split(separator: "=").last.flatMap({ Int($0) }),
                let stream = state.withLock({ $0.streams[session] })
            else {
                reply.respond(405)
                return
            }
            reply.accepted()
            switch request.verb {
            case "initialize":
                stream.event(
                    reply.response(
                        #"{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"#
                            + #""serverInfo":{"name":"old","version":"1"}}"#))
            case "tools/call":
                state.withLock { state in
                    state.executions += 1
                    state.calls[session] = reply.id
                }
                stream.event(
                    #"{"jsonrpc":"2.0","id":"ask","method":"sampling/createMessage","params":{"maxTokens":9,"#
                        + #""messages":[{"role":"user","content":{"type":"text","text":"Say hi"}}]}}"#)
            case nil where request.id == "\"ask\"":
                let text = JSONSlice(string: request.json?["result"]?["content"]?["text"]?.string ?? "nothing")
                let id = state.withLock { $0.calls.removeValue(forKey: session) } ?? "null"
                stream.event(
                    #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[{"type":"text","text":\#(text)}]}}"#)
            case "server/discover":
                stream.event(
                    #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32601,"message":"Method not found"}}"#)
            case .some where request.id != nil: stream.event(reply.response("{}"))
            default: break
            }
        }
    }

    @Test("[GB-16] A call over HTTP with SSE waits for its answer, and two of them do not get each other's")
    func parked() async throws {
        let peer = Peer()
        let http = try await ScriptedHTTPBackend.start { request, reply in peer.serve(request, reply) }
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        shards.start()
        defer { shards.stop() }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let endpoint = try HTTPEndpoint("http://127.0.0.1:\(http.port)/sse").required("a URL")
        let backend = try Backend(
            settings: BackendSettings(name: "one", endpoint: .legacySSE(endpoint), health: try HealthSettings()),
            shards: shards, logger: logger)
        defer { backend.close() }
        let clock = ParkTestClock()
        let shared = SharedSessions(settings: SharingSettings(), now: { clock.now })
        let seal = StateSeal(audience: "https://gateway.example/mcp", now: { clock.date })
        var parking = ParkingSettings()
        parking.debounce = .nanoseconds(0)
        let lot = ParkingLot(settings: parking, shared: shared, seal: seal, clock: clock.parking, logger: logger)

        func caller() throws -> Caller {
            let channel = ScriptedChannel(#"{"sampling":{}}"#)
            return Caller(
                principal: ParkBench.alice, revision: .v2026_07_28, shard: shards.all[0], channel: channel,
                sessions: try shared.sessions(for: ParkBench.alice, capabilities: channel.capabilities)
                    .required("sessions"))
        }
        func subject(_ number: Int) -> StateSubject {
            StateSubject(
                method: .toolsCall, target: "ask", arguments: json(#"{"i":\#(number)}"#), principal: ParkBench.alice)
        }
        let shard = shards.all[0]
        func start(_ number: Int) async throws -> JSONSlice {
            let (subject, caller) = (subject(number), try caller())
            return try await withTaskExecutorPreference(shard.executor) {
                try await lot.run(subject, caller: caller, backend: backend) {
                    (channel, session) throws(RequestError) in
                    do throws(BackendError) {
                        return try await session.call(
                            .toolsCall, params: JSONSlice(["name": "ask"]),
                            options: BackendSession.CallOptions(
                                shard: shard, channel: channel, progressToken: ParkingLot.progressToken,
                                isRepeatable: false))
                    } catch {
                        throw error.requestError(backend: backend.name)
                    }
                }
            }
        }
        func go(_ number: Int, on round: JSONSlice, saying text: String) async throws -> String? {
            let state = try (round["requestState"]?.string).required("a state")
            let responses = json(
                #"{"q1":{"role":"assistant","model":"m","content":{"type":"text","text":"\#(text)"}}}"#)
            let opened = try seal.open(state, for: subject(number))
            let (subject, caller) = (subject(number), try caller())
            let result = try await withTaskExecutorPreference(shard.executor) {
                try await lot.resume(opened, subject: subject, responses: responses, caller: caller)
            }
            return result["content"]?.elements.first { _ in true }?["text"]?.string
        }

        let rounds = [try await start(1), try await start(2)]
        for round in rounds {
            #expect(round["resultType"]?.isString("input_required") == true)
            #expect(round["inputRequests"]?["q1"]?["method"]?.isString("sampling/createMessage") == true)
        }
        #expect(try await go(2, on: rounds[1], saying: "two") == "two")
        #expect(try await go(1, on: rounds[0], saying: "one") == "one")
        #expect(peer.executions == 2)
        #expect(lot.count == 0)
        await lot.close(within: .zero)
        await shared.close()
        await http.stop()
    }
}
