// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite("Finding out a child process's era", .serialized, .timeLimit(.minutes(5)))
struct ModernProcessTests {
    private static let found =
        #"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"resources":{}}}"#

    /// A server in a few lines of shell that notes every line it gets; `cases` are the branches over the line.
    private static func script(_ log: String, _ cases: String) -> String {
        #"""
        echo started >> \#(log)
        answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
        fail() { printf '{"jsonrpc":"2.0","id":%s,"error":{"code":%s,"message":"x"}}\n' "$id" "$1"; }
        locked=''
        while IFS= read -r line; do
            printf '%s\n' "$line" >> \#(log)
            id=$(printf '%s' "$line" | sed -n 's/.*"jsonrpc":"2.0","id":\([0-9]*\).*/\1/p')
            case "$locked$line" in
            \#(cases)
            *'"server/discover"'*) answer '\#(found)' ;;
            *'"initialize"'*)
                answer '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
            *'"tools/call"'*) answer '{"resultType":"complete","content":[{"type":"text","text":"from the child"}]}' ;;
            esac
        done
        """#
    }

    private struct Lines {
        let path: String
        var all: [String] {
            guard let file = fopen(path, "r") else { return [] }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = fread(&bytes, 1, bytes.count, file)
            return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        /// What was asked, in order; a started process counts.
        var verbs: [String] {
            all.map { line in
                line == "started"
                    ? line : (try? JSONSlice(validating: ByteBuffer(string: line)))?["method"]?.string ?? "?"
            }
        }
    }

    private func run(
        _ cases: String, preference: EraPreference, configure: BackendHarness.Configure = { _ in },
        inbox: Inbox = Inbox(), _ body: (BackendHarness, BackendSession, () -> Lines) async throws -> Void
    ) async throws {
        let file = try TemporaryFile("", mode: 0o600, name: "lines")
        let path = file.path
        try await BackendHarness.run(
            .stdio(.shell(Self.script(path, cases))),
            configure: {
                $0.requestTimeout = .seconds(60)
                $0.probeTimeout = .seconds(30)
                configure(&$0)
            }
        ) { harness in
            let session = harness.session(inbox: inbox, preference: preference)
            try await body(harness, session) { Lines(path: path) }
            await session.close()
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let cases: String
        let preference: EraPreference
        let verbs: [String]
        let era: ProtocolRevision.Era?
        let eras: BackendEras
        /// Whether the probe is answered by nothing at all.
        var isSilent = false
        var testDescription: String { what }
    }

    private static let opened = ["initialize", "notifications/initialized"]
    private static let toModern =
        #"*'"server/discover"'*) locked=M; answer '\#(found)' ;; M*'"initialize"'*) fail -32022 ;;"#

    @Test(
        "BC-10: the process is asked in its caller's order, and restarted where a probe has cost it",
        arguments: [
            Row(
                what: "dual, Legacy first", cases: "", preference: .legacyFirst, verbs: ["started"] + opened,
                era: .legacy, eras: BackendEras(legacy: true)),
            Row(
                what: "dual and locking (P57), Modern first", cases: toModern, preference: .modernFirst,
                verbs: ["started", "server/discover"], era: .modern, eras: BackendEras(modern: true)),
            Row(
                what: "Modern only, Legacy first", cases: #"*'"initialize"'*) fail -32601 ;;"#,
                preference: .legacyFirst, verbs: ["started", "initialize", "server/discover"], era: .modern,
                eras: BackendEras(legacy: false, modern: true)),
            Row(
                what: "Legacy only, -32601", cases: #"*'"server/discover"'*) fail -32601 ;;"#,
                preference: .modernFirst, verbs: ["started", "server/discover"] + opened, era: .legacy,
                eras: BackendEras(legacy: true, modern: false)),
            Row(
                what: "Legacy only, -32600", cases: #"*'"server/discover"'*) fail -32600 ;;"#,
                preference: .modernFirst, verbs: ["started", "server/discover"] + opened, era: .legacy,
                eras: BackendEras(legacy: true, modern: false)),
            Row(
                what: "Legacy only, -32602 (P59)", cases: #"*'"server/discover"'*) fail -32602 ;;"#,
                preference: .modernFirst, verbs: ["started", "server/discover"] + opened, era: .legacy,
                eras: BackendEras(legacy: true, modern: false)),
            Row(
                what: "Legacy only, silent", cases: #"*'"server/discover"'*) ;;"#, preference: .modernFirst,
                verbs: ["started", "server/discover"] + opened, era: .legacy, eras: BackendEras(legacy: true),
                isSilent: true),
            Row(
                what: "Legacy only, dies of it", cases: #"*'"server/discover"'*) exit 3 ;;"#,
                preference: .modernFirst, verbs: ["started", "server/discover", "started"] + opened, era: .legacy,
                eras: BackendEras(legacy: true, modern: false)),
            Row(
                what: "locked by a probe that it refused",
                cases: #"*'"server/discover"'*) locked=M; fail -32601 ;; M*'"initialize"'*) fail -32022 ;;"#,
                preference: .modernFirst, verbs: ["started", "server/discover", "initialize", "started"] + opened,
                era: .legacy, eras: BackendEras(legacy: true, modern: false)),
            Row(
                what: "Modern, our request is wrong", cases: #"*'"server/discover"'*) fail -32021 ;;"#,
                preference: .modernFirst, verbs: ["started", "server/discover"], era: nil, eras: BackendEras()),
            Row(
                what: "neither", cases: #"*'"server/discover"'*) fail -32601 ;; *'"initialize"'*) fail -32601 ;;"#,
                preference: .legacyFirst, verbs: ["started", "initialize", "server/discover"], era: nil,
                eras: BackendEras(modern: false)),
        ]
    )
    func opening(row: Row) async throws {
        try await run(
            row.cases, preference: row.preference,
            configure: { if row.isSilent { $0.probeTimeout = .seconds(1) } }
        ) { harness, session, lines in
            let result = await harness.openResult(session)
            #expect((try? result.get())?.revision.era == row.era, "\(result)")
            try await eventually("all lines are there") { lines().all.count >= row.verbs.count }
            #expect(lines().verbs == row.verbs)
            #expect(harness.backend.eras.legacy == row.eras.legacy)
            #expect(harness.backend.eras.modern == row.eras.modern)
            if row.era != nil { #expect(await harness.call(session).text == "from the child") }
        }
    }

    @Test(
        "A forced era is not probed for, so that the process cannot be lost to the other",
        arguments: [EraSetting.legacy, .modern])
    func forced(era: EraSetting) async throws {
        for preference in [EraPreference.legacyFirst, .modernFirst] {
            try await run(Self.toModern, preference: preference, configure: { $0.era = era }) {
                harness, session, lines in
                #expect(await harness.call(session).text == "from the child")
                let first = era == .legacy ? ["started"] + Self.opened : ["started", "server/discover"]
                #expect(lines().verbs == first + ["tools/call"])
            }
        }
    }

    @Test("BC-19: each request to a Modern child says everything in _meta")
    func metadata() async throws {
        try await run("", preference: .modernFirst) { harness, session, lines in
            #expect(await harness.call(session).text == "from the child")
            let line = try #require(lines().all.last)
            let meta = json(line)["params"]?["_meta"]
            #expect(meta?["io.modelcontextprotocol/protocolVersion"]?.string == "2026-07-28")
            #expect(meta?["io.modelcontextprotocol/clientCapabilities"] == json("{}"))
            #expect(!lines().verbs.contains("notifications/initialized"))
        }
    }

    @Test("Whoever waits no more tells a Modern child so")
    func cancelled() async throws {
        try await run(#"*'"tools/call"'*) ;;"#, preference: .modernFirst) { harness, session, lines in
            #expect(await harness.call(session, timeout: .milliseconds(300)).error == .timeout)
            try await eventually("it is told") { lines().verbs.last == "notifications/cancelled" }
            let id = lines().all.first { $0.contains("tools/call") }.flatMap { json($0)["id"]?.int }
            #expect(lines().all.last.flatMap { json($0)["params"]?["requestId"]?.int } == id)
        }
    }

    private static let tagged = #""_meta":{"io.modelcontextprotocol/subscriptionId":'"$id"'}"#

    @Test("P61: what a Modern child tells belongs to its subscription by the id, and the end of one is told")
    func listening() async throws {
        let inbox = Inbox()
        let cases = #"""
            *'"subscriptions/listen"'*)
                printf '%s\n' '{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{\#(Self.tagged),"notifications":{"toolsListChanged":true,"resourceSubscriptions":["demo://a"]}}}'
                printf '%s\n' '{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{\#(Self.tagged)}}' ;;
            """#
        try await run(cases, preference: .modernFirst, inbox: inbox) { harness, session, lines in
            _ = try await harness.open(session)
            session.listen(on: harness.shard)
            try await eventually("it is heard") { inbox.all(.toolsListChanged).count == 1 }
            #expect(session.pushedKinds == [.tools])
            session.stopListening()
            try await eventually("it is told") { lines().verbs.last == "notifications/cancelled" }
            let id = lines().all.first { $0.contains("subscriptions/listen") }.flatMap { json($0)["id"]?.int }
            #expect(lines().all.last.flatMap { json($0)["params"]?["requestId"]?.int } == id)
        }
    }
}
