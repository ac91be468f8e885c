// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("A session with a child process", .serialized, .timeLimit(.minutes(5)))
struct StdioSessionTests {
    /// An MCP server in a few lines of shell: `sed` cuts the id out of each line.
    ///
    /// `before` runs first; `cases` are further branches of the `case` over the line.
    private static func script(before: String = "", cases: String = "") -> String {
        #"""
        \#(before)
        answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
        say() { printf '%s\n' "$1"; }
        while IFS= read -r line; do
            id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
            case "$line" in
            \#(cases)
            *'"initialize"'*)
                answer '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
            *'"tools/call"'*) answer '{"content":[{"type":"text","text":"from the child"}]}' ;;
            *'"ping"'*) answer '{}' ;;
            esac
        done
        """#
    }

    private func run(
        before: String = "", cases: String = "", configure: BackendHarness.Configure = { _ in },
        _ body: (BackendHarness) async throws -> Void
    ) async throws {
        try await BackendHarness.run(
            .stdio(.shell(Self.script(before: before, cases: cases))), configure: configure, body)
    }

    @Test("Calls are answered by the child, and closing the session ends it")
    func roundTrip() async throws {
        try await run(before: "echo pid $$ >&2") { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).text == "from the child")
                #expect(session.handshake?.serverInfo?["name"]?.string == "sh")
                let calls = (0..<20).map { _ in Task { await harness.call(session) } }
                for call in calls { #expect(await call.value.text == "from the child") }
            }
            let process = try #require(Self.processIdentifier(harness))
            #expect(await System.hasEnded(process))
        }
    }

    /// From the line that the script writes to its standard error.
    private static func processIdentifier(_ harness: BackendHarness) -> Int32? {
        for line in harness.log.all {
            if let range = line.firstRange(of: "pid ") {
                return Int32(line[range.upperBound...].prefix { $0.isNumber })
            }
        }
        return nil
    }

    @Test("ST-09: what the child writes to its standard error is logged, and is no failure")
    func standardError() async throws {
        try await run(
            before: "echo 'FATAL: not really' >&2",
            cases: #"*noisy*) echo 'error: noise' >&2; answer '{"content":[]}' ;;"#
        ) { harness in
            try await harness.withSession { session in
                for _ in 0..<3 { #expect(await harness.call(session, "noisy").error == nil) }
            }
            #expect(harness.log.all.contains { $0.contains("FATAL: not really") })
            #expect(harness.log.all.filter { $0.contains("error: noise") }.count >= 1)
        }
    }

    @Test("ST-12: a banner and other noise among the messages are skipped with a warning")
    func garbage() async throws {
        try await run(
            before: "echo 'Welcome to the server!'; echo; echo '{\"not\":\"json-rpc\"}'",
            cases:
                #"*noisy*) say 'DEBUG calling'; say '[1,2'; say ''; answer '{"content":[{"type":"text","text":"ok"}]}'; say 'done' ;;"#
        ) { harness in
            try await harness.withSession { session in
                for _ in 0..<3 { #expect(await harness.call(session, "noisy").text == "ok") }
            }
            #expect(harness.log.all.contains { $0.hasPrefix("warning") && $0.contains("not JSON-RPC") })
        }
    }

    @Test("BC-27: an answer that is too long fails its call at once, and the next call is served")
    func overlongAnswer() async throws {
        try await run(
            cases: #"*long*) say "$(head -c 20000 /dev/zero | tr '\0' x)" ;;"#,
            configure: { $0.limits.responseBytes = 10_000 }
        ) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                let result = await harness.call(session, "long")
                guard case .invalidResponse(let reason) = result.error else {
                    Issue.record("\(result)")
                    return
                }
                #expect(reason.contains("10000 bytes"))
                #expect(await harness.call(session).text == "from the child")
            }
        }
    }

    @Test("ST-10: a child that crashes fails its calls with an unknown outcome, and the next call starts another")
    func crash() async throws {
        try await run(cases: "*crash*) kill -9 $$ ;;\n*hang*) : ;;") { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                let hanging = Task { await harness.call(session, "hang") }
                try await eventually("the first call is on its way") { session.state.withLock { $0.calls.count == 1 } }
                let result = await harness.call(session, "crash")
                #expect(result.isOutcomeUnknown, "\(result)")
                let other = await hanging.value
                #expect(other.isOutcomeUnknown || other.isUnavailable, "\(other)")
                #expect(await harness.call(session).text == "from the child")
            }
            #expect(harness.log.all.contains { $0.contains("Backend process ended") })
        }
    }

    @Test("ST-10: a call that may run twice survives a crash")
    func repeatedAfterCrash() async throws {
        let marker = try TemporaryFile("", mode: 0o600)
        let cases =
            "*crash*) if [ -s '\(marker.path)' ]; then answer '{\"content\":[{\"type\":\"text\",\"text\":\"again\"}]}';"
            + " else echo x > '\(marker.path)'; kill -9 $$; fi ;;"
        try await run(cases: cases) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, "crash", isRepeatable: true)
                #expect(result.text == "again", "\(result)")
            }
        }
    }

    @Test(
        "A program that does not exist, or ends at once, makes the backend unavailable", arguments: ["missing", "ends"])
    func doesNotStart(what: String) async throws {
        let command = what == "missing" ? StdioCommand(executable: "/no/such/program") : .shell("exit 3")
        try await BackendHarness.run(.stdio(command)) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.isUnavailable, "\(result)")
                #expect(result.error?.provesNotExecuted == true)
            }
        }
    }

    @Test("BC-24: a timed-out call is withdrawn, with the child's id of the call")
    func timeout() async throws {
        try await run(
            cases: "*notifications/cancelled*) echo \"withdrawn $line\" >&2 ;;\n*hang*) echo \"asked $id\" >&2 ;;"
        ) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                #expect(await harness.call(session, "hang", timeout: .milliseconds(300)).error == .timeout)
                try await eventually("the child is told") { harness.log.all.contains { $0.contains("withdrawn") } }
                let log = harness.log.all
                let asked = try #require(log.first { $0.contains("asked ") }?.firstMatch(of: /asked (\d+)/)?.1)
                #expect(log.contains { $0.contains("withdrawn") && $0.contains("\"requestId\":\(asked)}") })
                #expect(await harness.call(session).text == "from the child")
            }
        }
    }

    @Test("The child may ask during a call, and gets its answer with its own id")
    func question() async throws {
        let cases = #"""
            *ask*) call=$id; say '{"jsonrpc":"2.0","id":"q","method":"roots/list"}' ;;
            *'"id":"q"'*) id=$call; echo "told $line" >&2; answer '{"content":[{"type":"text","text":"asked"}]}' ;;
            """#
        try await run(cases: cases) { harness in
            try await harness.withSession(#"{"roots":{}}"#) { session in
                let channel = ScriptedChannel(#"{"roots":{}}"#) { _, _ in json(#"{"roots":[]}"#) }
                #expect(await harness.call(session, "ask", channel: channel).text == "asked")
            }
            #expect(harness.log.all.contains { $0.contains(#""result":{"roots":[]}"#) })
        }
    }

    @Test("LC-07: a child may ping before it answers initialize, and waits for the answer")
    func earlyPing() async throws {
        let cases = #"""
            *'"initialize"'*) call=$id; say '{"jsonrpc":"2.0","id":"p","method":"ping"}' ;;
            *'"id":"p"'*) id=$call
                answer '{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}' ;;
            """#
        try await run(cases: cases, configure: { $0.requestTimeout = .seconds(10) }) { harness in
            try await harness.withSession { session in
                let handshake = await harness.openResult(session)
                #expect((try? handshake.get()) != nil, "\(handshake)")
            }
        }
    }

    @Test("SE-14: a child's answers to unknown ids are ignored")
    func lies() async throws {
        let cases = #"""
            *fib*) say '{"jsonrpc":"2.0","id":4711,"result":{}}'; say '{"jsonrpc":"2.0","id":"'$id'","result":{}}'
                say '{"jsonrpc":"2.0","result":{}}'; answer '{"content":[{"type":"text","text":"truth"}]}'
                answer '{"content":[{"type":"text","text":"lie"}]}' ;;
            """#
        try await run(cases: cases) { harness in
            try await harness.withSession { session in
                for _ in 0..<3 { #expect(await harness.call(session, "fib").text == "truth") }
                #expect(await harness.call(session).text == "from the child")
            }
        }
    }

    @Test("ST-11: a child that ignores its closed input and SIGTERM is ended all the same")
    func stubborn() async throws {
        try await run(
            before: "echo pid $$ >&2; trap '' TERM",
            cases: "*stay*) answer '{\"content\":[]}'; while :; do sleep 0.05; done ;;"
        ) { harness in
            let session = harness.session()
            #expect(await harness.call(session, "stay").error == nil)
            let started = ContinuousClock.now
            await session.close()
            #expect(ContinuousClock.now - started < .seconds(20))
            let process = try #require(Self.processIdentifier(harness))
            #expect(await System.hasEnded(process))
        }
    }

    @Test("A revision that the gateway does not speak ends the child")
    func foreignRevision() async throws {
        let cases = #"*'"initialize"'*) answer '{"protocolVersion":"1999-01-01","capabilities":{}}' ;;"#
        // The other era is asked for, and this child says nothing to that.
        try await run(before: "echo pid $$ >&2", cases: cases, configure: { $0.probeTimeout = .seconds(1) }) {
            harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).isInvalidResponse)
                let process = try #require(Self.processIdentifier(harness))
                #expect(await System.hasEnded(process))
            }
        }
    }

    @Test("Closing while calls wait fails them")
    func closeWhileWaiting() async throws {
        try await run(cases: "*hang*) echo asked >&2 ;;") { harness in
            let session = harness.session()
            let call = Task { await harness.call(session, "hang") }
            try await eventually("the child was asked") { harness.log.all.contains { $0.contains("asked") } }
            await session.close()
            #expect(await call.value.error == .closed)
            #expect(await harness.call(session).error == .closed)
        }
    }
}
