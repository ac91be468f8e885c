// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import Testing

@testable import Backends

@Suite("What an answer to server/discover means")
struct DiscoverVerdictTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let outcome: CallOutcome
        let verdict: String
        var testDescription: String { what }
    }

    private static func result(_ text: String) -> CallOutcome { .result(json(text)) }

    private static func error(_ code: Int, data: String? = nil, status: Int = 200) -> CallOutcome {
        .failed(
            .answered(
                RequestError(ErrorCode(rawValue: code), "x", data: data.map { json($0) }, httpStatus: status)))
    }

    private static func name(_ verdict: DiscoverVerdict) -> String {
        switch verdict {
        case .modern(let handshake): "modern \(handshake.revision.rawValue)"
        case .tryAgain: "try again"
        case .legacy(nil): "legacy"
        case .legacy(let revision?): "legacy \(revision.rawValue)"
        case .refused: "refused"
        case .inconclusive: "inconclusive"
        }
    }

    private static let answers: [Row] = [
        Row(
            what: "our revision", outcome: result(#"{"resultType":"complete","supportedVersions":["2026-07-28"]}"#),
            verdict: "modern 2026-07-28"),
        Row(
            what: "ours among others",
            outcome: result(#"{"supportedVersions":["2027-01-01","2025-11-25","2026-07-28"]}"#),
            verdict: "modern 2026-07-28"),
        Row(
            what: "handshake revisions only",
            outcome: result(#"{"supportedVersions":["2024-11-05","2025-06-18","2025-03-26"]}"#),
            verdict: "legacy 2025-06-18"),
        Row(
            what: "unknown revisions only", outcome: result(#"{"supportedVersions":["2027-01-01"]}"#),
            verdict: "refused"),
        Row(what: "a loose result", outcome: result("{}"), verdict: "legacy"),
        Row(what: "versions that are no list", outcome: result(#"{"supportedVersions":"x"}"#), verdict: "legacy"),
        Row(
            what: "a result that is not complete",
            outcome: result(#"{"resultType":"input_required","supportedVersions":["2026-07-28"]}"#),
            verdict: "refused"),
        Row(
            what: "-32022 with ours", outcome: error(-32022, data: #"{"supported":["2026-07-28"]}"#, status: 400),
            verdict: "try again"),
        Row(
            what: "-32022 with handshake revisions",
            outcome: error(-32022, data: #"{"supported":["2025-11-25"]}"#, status: 400),
            verdict: "legacy 2025-11-25"),
        Row(
            what: "-32022 with unknown ones", outcome: error(-32022, data: #"{"supported":["x"]}"#, status: 400),
            verdict: "refused"),
        Row(what: "-32022 without a list", outcome: error(-32022, status: 400), verdict: "try again"),
        Row(what: "-32020", outcome: error(-32020, status: 400), verdict: "refused"),
        Row(what: "-32021", outcome: error(-32021, status: 400), verdict: "refused"),
        Row(what: "404 -32601", outcome: error(-32601, status: 404), verdict: "legacy"),
        Row(what: "200 -32601", outcome: error(-32601), verdict: "legacy"),
        Row(what: "-32600", outcome: error(-32600, status: 400), verdict: "legacy"),
        Row(what: "-32602", outcome: error(-32602), verdict: "legacy"),
        Row(what: "-32000", outcome: error(-32000, status: 400), verdict: "legacy"),
        Row(what: "500 with JSON-RPC", outcome: error(-32603, status: 500), verdict: "inconclusive"),
        Row(what: "no JSON-RPC at 200", outcome: .failed(.invalidResponse("x")), verdict: "legacy"),
        Row(what: "timeout", outcome: .failed(.timeout), verdict: "inconclusive"),
        Row(what: "reset", outcome: .failed(.outcomeUnknown("x")), verdict: "inconclusive"),
        Row(what: "no connection", outcome: .failed(.unavailable("x")), verdict: "inconclusive"),
        Row(what: "401", outcome: .failed(.unauthorized(status: 401)), verdict: "inconclusive"),
    ]

    private static let statuses: [Row] =
        passing.map { Row(what: "\($0)", outcome: .failed(.rejected(status: $0)), verdict: "inconclusive") }
        + telling.map { Row(what: "\($0)", outcome: .failed(.rejected(status: $0)), verdict: "legacy") }
    private static let passing: [Int] = [307, 403, 407, 408, 425, 429, 500, 502, 503, 504]
    private static let telling: [Int] = [400, 404, 405, 406, 410, 415, 421]

    @Test(
        "BC-01, BC-02, BC-03, BC-05, BC-07: each outcome of a probe has one meaning",
        arguments: answers + statuses)
    func meaning(row: Row) {
        #expect(Self.name(DiscoverVerdict(row.outcome)) == row.verdict)
    }

    @Test("What a Modern backend says of itself is kept as a handshake's")
    func handshake() {
        let handshake = Handshake(
            discovered: json(
                #"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"resources":{"subscribe":true},"#
                    + #""extensions":{"io.modelcontextprotocol/tasks":{}}},"instructions":"Be kind","#
                    + #""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"m"}}}"#))
        #expect(handshake.revision == .v2026_07_28)
        #expect(handshake.capabilities.tools && handshake.capabilities.subscribe && !handshake.capabilities.prompts)
        #expect(handshake.hasTasks)
        #expect(handshake.instructions == "Be kind")
        #expect(handshake.serverInfo?["name"]?.string == "m")
    }

    @Test(
        "BC-08: what is known to fail is tried last, and a forced era is the only one",
        arguments: [
            (.legacy, .modernFirst, BackendEras(modern: true), .legacyOnly),
            (.modern, .legacyFirst, BackendEras(legacy: true), .modernOnly),
            (.auto, .legacyFirst, BackendEras(), .legacyThenModern),
            (.auto, .legacyFirst, BackendEras(modern: true), .legacyThenModern),
            (.auto, .legacyFirst, BackendEras(legacy: false, modern: true), .modernThenLegacy),
            (.auto, .modernFirst, BackendEras(), .modernThenLegacy),
            (.auto, .modernFirst, BackendEras(legacy: true), .modernThenLegacy),
            (.auto, .modernFirst, BackendEras(legacy: true, modern: false), .legacyThenModern),
        ] as [(EraSetting, EraPreference, BackendEras, EraOrder)]
    )
    func order(setting: EraSetting, preference: EraPreference, eras: BackendEras, order: EraOrder) {
        #expect(EraOrder(setting, preference, knowing: eras) == order)
    }
}
