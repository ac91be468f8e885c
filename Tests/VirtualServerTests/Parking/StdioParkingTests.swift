// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
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

    @Test("[GB-16] PK-22: calls that ask have a process each, the next one waits for it, and not for ever")
    func leases() async throws {
        let command = StdioCommand(
            executable: "/bin/sh", arguments: ["-c", Self.script],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
        var sharing = SharingSettings()
        sharing.poolPerKey = 2
        try await TransportParkBench.run(.stdio(command), sharing: sharing) { bench in
            let first = try await bench.answer(#"{"i":1}"#)
            let second = try await bench.answer(#"{"i":2}"#)
            #expect(first.keys == ["q1"])
            #expect(second.keys == ["q1"])
            let third = try bench.request(#"{"i":3}"#)
            try await eventually("the third call waits") { bench.shared.counts.waiting == 1 }
            #expect(bench.shared.counts.leased == 2)
            let answer = try await bench.answer(
                #"{"i":1}"#, state: first.state, responses: #"{"q1":{"action":"accept","content":{"n":"ann"}}}"#)
            #expect(answer.text == "ann")
            let round = await third.value
            #expect(round.keys == ["q1"])
            let fourth = try bench.request(#"{"i":4}"#)
            try await eventually("the fourth call waits") { bench.shared.counts.waiting == 1 }
            bench.clock.advance(.seconds(5))
            bench.shared.sweep(now: bench.clock.now)
            let busy = await fourth.value
            #expect(busy.reason == "backend_busy")
            #expect(busy.error?.httpStatus == 503)
            for (state, arguments, name) in [(round.state, #"{"i":3}"#, "cid"), (second.state, #"{"i":2}"#, "bob")] {
                let answer = try await bench.answer(
                    arguments, state: state, responses: #"{"q1":{"action":"accept","content":{"n":"\#(name)"}}}"#)
                #expect(answer.text == name)
            }
            #expect(bench.shared.counts.leased == 0)
            #expect(bench.shared.counts.idle == 2)
            bench.clock.advance(.minutes(2))
            bench.shared.sweep(now: bench.clock.now)
            #expect(bench.shared.counts.idle == 0)
        }
    }
}
