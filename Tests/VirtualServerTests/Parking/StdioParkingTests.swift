// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

@Suite("Parked calls of child processes", .timeLimit(.minutes(5)))
struct StdioParkingTests {
    /// A Legacy server in a few lines of shell: it asks during each call, and answers with what it was told.
    private static let script = #"""
        while IFS= read -r line; do
            id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
            case "$line" in
            *'"initialize"'*)
                printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" \
                    '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
            *'"tools/call"'*)
                call=$id
                printf '%s\n' '{"jsonrpc":"2.0","id":"a","method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}}' ;;
            *'"action"'*)
                name=$(printf '%s' "$line" | sed -n 's/.*"n":"\([a-z]*\)".*/\1/p')
                printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%s"}]}}\n' "$call" "$name" ;;
            *'"server/discover"'*)
                printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}\n' "$id" ;;
            esac
        done
        """#

    private struct Bench: Sendable {
        let lot: ParkingLot
        let shared: SharedSessions
        let seal: StateSeal
        let backend: Backend
        let shard: Shard

        func request(_ arguments: String, state: String? = nil, responses: String? = nil) throws -> Task<
            ServerHarness.Client.Answer, Never
        > {
            let channel = ScriptedChannel(ParkBench.forms)
            let sessions = try shared.sessions(for: ParkBench.alice, capabilities: channel.capabilities)
                .required("sessions")
            let caller = Caller(
                principal: ParkBench.alice, revision: .v2026_07_28, shard: shard, channel: channel, sessions: sessions)
            let subject = StateSubject(
                method: .toolsCall, target: "ask", arguments: json(arguments), principal: ParkBench.alice)
            return Task(executorPreference: shard.executor) { [self] in
                do throws(RequestError) {
                    if let state {
                        let opened = try seal.open(json(state).string ?? "", for: subject)
                        return .success(
                            try await lot.resume(
                                opened, subject: subject, responses: responses.map { json($0) }, caller: caller))
                    }
                    return .success(
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
                        })
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    @Test("[GB-16] PK-22: calls that ask have a process each, the next one waits for it, and not for ever")
    func leases() async throws {
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        shards.start()
        defer { shards.stop() }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let settings = BackendSettings(
            name: "one",
            endpoint: .stdio(
                StdioCommand(
                    executable: "/bin/sh", arguments: ["-c", Self.script],
                    environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])),
            health: try HealthSettings())
        let backend = try Backend(settings: settings, shards: shards, logger: logger)
        defer { backend.close() }
        let clock = ParkTestClock()
        var sharing = SharingSettings()
        sharing.poolPerKey = 2
        let shared = SharedSessions(settings: sharing, now: { clock.now })
        let seal = StateSeal(audience: "https://gateway.example/mcp", now: { clock.date })
        var parking = ParkingSettings()
        parking.debounce = .nanoseconds(0)
        let lot = ParkingLot(
            settings: parking, shared: shared, seal: seal, clock: clock.parking, logger: logger)
        let bench = Bench(lot: lot, shared: shared, seal: seal, backend: backend, shard: shards.all[0])

        let first = await (try bench.request(#"{"i":1}"#)).value
        let second = await (try bench.request(#"{"i":2}"#)).value
        #expect(first.keys == ["q1"])
        #expect(second.keys == ["q1"])
        let third = try bench.request(#"{"i":3}"#)
        try await eventually("the third call waits") { shared.counts.waiting == 1 }
        #expect(shared.counts.leased == 2)
        let answer = await
            (try bench.request(
                #"{"i":1}"#, state: first.state, responses: #"{"q1":{"action":"accept","content":{"n":"ann"}}}"#)).value
        #expect(answer.text == "ann")
        let round = await third.value
        #expect(round.keys == ["q1"])
        let fourth = try bench.request(#"{"i":4}"#)
        try await eventually("the fourth call waits") { shared.counts.waiting == 1 }
        clock.advance(.seconds(5))
        shared.sweep(now: clock.now)
        let busy = await fourth.value
        #expect(busy.reason == "backend_busy")
        #expect(busy.error?.httpStatus == 503)
        for (state, arguments, name) in [(round.state, #"{"i":3}"#, "cid"), (second.state, #"{"i":2}"#, "bob")] {
            let answer = await
                (try bench.request(
                    arguments, state: state, responses: #"{"q1":{"action":"accept","content":{"n":"\#(name)"}}}"#))
                .value
            #expect(answer.text == name)
        }
        #expect(shared.counts.leased == 0)
        #expect(shared.counts.idle == 2)
        clock.advance(.minutes(2))
        shared.sweep(now: clock.now)
        #expect(shared.counts.idle == 0)
        await lot.close(within: .zero)
        await shared.close()
    }
}
