// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

/// A row of the era table: what the header and `_meta` claim, and what follows.
struct EraCase: Sendable, CustomTestStringConvertible {
    let row: String
    let header: String?
    let params: String?
    let hasSession: Bool
    let decision: EraSwitch.Decision

    init(_ row: String, header: String?, params: String?, session: Bool = false, _ decision: EraSwitch.Decision) {
        self.row = row
        self.header = header
        self.params = params
        self.hasSession = session
        self.decision = decision
    }

    var testDescription: String { row }

    static func meta(_ members: String) -> String { #"{"name":"x","_meta":{"# + members + "}}" }
    static let modern = meta(#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#)
    static let stray = meta(#""io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"},"progressToken":1"#)
    static func claiming(_ version: String) -> String { meta("\"io.modelcontextprotocol/protocolVersion\":\(version)") }
}

@Suite struct EraSwitchTests {
    @Test(
        "The era of a message follows the table of header and _meta",
        arguments: [
            EraCase(
                "Modern header, Modern keys", header: "2026-07-28", params: EraCase.modern,
                .modern(requested: "2026-07-28")),
            EraCase(
                "Modern header, Modern keys, in a session", header: "2026-07-28", params: EraCase.modern, session: true,
                .modern(requested: "2026-07-28")),
            EraCase("Modern header, no params", header: "2026-07-28", params: nil, .modern(requested: "2026-07-28")),
            EraCase("Modern header, no _meta", header: "2026-07-28", params: "{}", .modern(requested: "2026-07-28")),
            EraCase(
                "Modern header, stray keys, never downgraded", header: "2026-07-28", params: EraCase.stray,
                session: true,
                .modern(requested: "2026-07-28")),
            EraCase("no header, Modern key", header: nil, params: EraCase.modern, .modern(requested: "2026-07-28")),
            EraCase(
                "no header, Modern key, in a session", header: nil, params: EraCase.modern, session: true,
                .modern(requested: "2026-07-28")),
            EraCase("Legacy header, no params", header: "2025-11-25", params: nil, .legacy),
            EraCase("Legacy header, no keys", header: "2025-06-18", params: "{}", session: true, .legacy),
            EraCase("oldest Legacy header", header: "2024-11-05", params: "{}", session: true, .legacy),
            EraCase("Legacy header, stray keys", header: "2025-11-25", params: EraCase.stray, session: true, .legacy),
            EraCase(
                "Legacy header, Modern key: they differ", header: "2025-11-25", params: EraCase.modern, session: true,
                .modern(requested: "2026-07-28")),
            EraCase(
                "unknown header, the same key", header: "9999-99-99", params: EraCase.claiming(#""9999-99-99""#),
                .modern(requested: "9999-99-99")),
            EraCase(
                "unknown header, Modern key", header: "9999-99-99", params: EraCase.modern,
                .modern(requested: "2026-07-28")),
            EraCase("unknown header, no keys", header: "9999-99-99", params: "{}", .unknownVersion("9999-99-99")),
            EraCase(
                "HL-07 unknown header in a session", header: "9999-99-99", params: nil, session: true,
                .unknownVersion("9999-99-99")),
            EraCase("empty header", header: "", params: nil, session: true, .unknownVersion("")),
            EraCase(
                "header with white space", header: " 2025-11-25", params: nil, session: true,
                .unknownVersion(" 2025-11-25")),
            EraCase(
                "Legacy header, the same key, with a session", header: "2025-06-18",
                params: EraCase.claiming(#""2025-06-18""#),
                session: true, .legacy),
            EraCase(
                "Legacy header, the same key, without a session", header: "2025-06-18",
                params: EraCase.claiming(#""2025-06-18""#), .modern(requested: "2025-06-18")),
            EraCase(
                "Legacy header, another Legacy key", header: "2025-06-18", params: EraCase.claiming(#""2025-11-25""#),
                session: true,
                .modern(requested: "2025-11-25")),
            EraCase("no header, stray keys", header: nil, params: EraCase.stray, .legacy),
            EraCase("no header, stray keys, in a session", header: nil, params: EraCase.stray, session: true, .legacy),
            EraCase("no header, no params", header: nil, params: nil, .legacy),
            EraCase(
                "no header, params of initialize", header: nil, params: #"{"protocolVersion":"2026-07-28"}"#, .legacy),
            EraCase("HL-08 no header, no keys, in a session", header: nil, params: "{}", session: true, .legacy),
            EraCase("_meta is no object", header: nil, params: #"{"_meta":"2026-07-28"}"#, .legacy),
            EraCase(
                "the key escaped", header: nil,
                params: EraCase.meta(#""io.modelcontextprotocol\/protocolVersion":"2026-07-28""#),
                .modern(requested: "2026-07-28")),
            EraCase(
                "the key is no string", header: nil, params: EraCase.claiming("5"), session: true,
                .modern(requested: "")),
        ])
    func decision(_ row: EraCase) throws {
        let params = try row.params.map { try JSONSlice(validating: ByteBuffer(string: $0)) }
        #expect(EraSwitch.decide(header: row.header, params: params, hasSession: row.hasSession) == row.decision)
    }

    @Test(
        "HM-20: an array may be a batch under no version and under a handshake version, and under no other",
        arguments: [
            (nil, true), ("2025-03-26", true), ("2024-11-05", true), ("2025-11-25", true), ("2026-07-28", false),
            ("9999-99-99", false), ("", false),
        ] as [(String?, Bool)])
    func batches(_ header: String?, _ isAllowed: Bool) {
        #expect(EraSwitch.allowsBatch(header: header) == isAllowed)
    }
}
