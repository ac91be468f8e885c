// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
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

    private static let sampling = #"{"sampling":{}}"#

    @Test("[GB-16] A call over HTTP with SSE waits for its answer, and two of them do not get each other's")
    func parked() async throws {
        let peer = Peer()
        let http = try await ScriptedHTTPBackend.start { request, reply in peer.serve(request, reply) }
        let endpoint = try HTTPEndpoint("http://127.0.0.1:\(http.port)/sse").required("a URL")
        try await TransportParkBench.run(.legacySSE(endpoint)) { bench in
            let rounds = [
                try await bench.answer(#"{"i":1}"#, declared: Self.sampling),
                try await bench.answer(#"{"i":2}"#, declared: Self.sampling),
            ]
            for round in rounds {
                #expect(round.keys == ["q1"])
                let question = try round.get()["inputRequests"]?["q1"]
                #expect(question?["method"]?.isString("sampling/createMessage") == true)
            }
            for (number, text) in [(2, "two"), (1, "one")] {
                let answer = try await bench.answer(
                    #"{"i":\#(number)}"#, declared: Self.sampling, state: rounds[number - 1].state,
                    responses: #"{"q1":{"role":"assistant","model":"m","content":{"type":"text","text":"\#(text)"}}}"#)
                #expect(answer.text == text)
            }
            #expect(peer.executions == 2)
            #expect(bench.lot.count == 0)
        }
        await http.stop()
    }
}
