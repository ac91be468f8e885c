// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import Gateway

@Suite struct RoutingHeadersTests {
    private func parsed(_ text: String) throws -> JSONSlice { try JSONSlice(validating: ByteBuffer(string: text)) }

    private func refusal(
        _ fields: [(String, String)], _ check: (RoutingHeaders) throws(RequestError) -> Void
    ) -> RequestError? {
        do throws(RequestError) {
            try check(RoutingHeaders(HTTPHeaders(fields)))
            return nil
        } catch {
            return error
        }
    }

    private func expect(_ refusal: RequestError?, accepted isAccepted: Bool) {
        #expect((refusal == nil) == isAccepted)
        guard let refusal else { return }
        #expect(refusal.code == .headerMismatch)
        #expect(refusal.httpStatus == 400)
    }

    @Test(
        "HM-01, HM-02: the version header occurs once and says what _meta says",
        arguments: [
            ([("MCP-Protocol-Version", "2026-07-28")], true), ([("mcp-protocol-version", "2026-07-28")], true),
            ([("MCP-PROTOCOL-VERSION", " 2026-07-28\t")], true), ([], false), ([("MCP-Protocol-Version", "")], false),
            ([("MCP-Protocol-Version", "2025-11-25")], false), ([("MCP-Protocol-Version", "2026-07-28x")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("MCP-Protocol-Version", "2026-07-28")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("mcp-protocol-version", "2025-11-25")], false),
        ] as [([(String, String)], Bool)])
    func version(_ fields: [(String, String)], _ isAccepted: Bool) {
        expect(
            refusal(fields) { headers throws(RequestError) in try headers.checkVersion("2026-07-28") },
            accepted: isAccepted)
    }

    @Test(
        "HM-08, HM-10, HM-11: Mcp-Method occurs once and says the method, case and all",
        arguments: [
            ([("Mcp-Method", "tools/list")], true), ([("MCP-METHOD", "tools/list")], true),
            ([("mcp-method", "  tools/list  ")], true), ([], false), ([("Mcp-Method", "TOOLS/LIST")], false),
            ([("Mcp-Method", "tools/lis")], false), ([("Mcp-Method", "tools/list ,")], false),
            ([("Mcp-Method", "tools/list"), ("Mcp-Method", "tools/list")], false),
            // A name is nobody's business where the method has none.
            ([("Mcp-Method", "tools/list"), ("Mcp-Name", "x")], true),
        ] as [([(String, String)], Bool)])
    func method(_ fields: [(String, String)], _ isAccepted: Bool) {
        expect(
            refusal(fields) { headers throws(RequestError) in try headers.checkRouting(.toolsList, named: nil) },
            accepted: isAccepted)
    }

    @Test(
        "HM-09, HM-10, HM-12, HM-13: Mcp-Name occurs once and says the name",
        arguments: [
            (["one_echo"], #"{"name":"one_echo"}"#, true), (["  one_echo\t"], #"{"name":"one_echo"}"#, true),
            ([], #"{"name":"one_echo"}"#, false), (["one_Echo"], #"{"name":"one_echo"}"#, false),
            (["one_echo", "one_echo"], #"{"name":"one_echo"}"#, false), (["=?base64?dsOk?="], #"{"name":"vä"}"#, true),
            (["=?base64?dsO?="], #"{"name":"vä"}"#, false), (["=?base64?dsOk"], #"{"name":"=?base64?dsOk"}"#, true),
            (["=?BASE64?dsOk?="], #"{"name":"vä"}"#, false), (["vä"], #"{"name":"vä"}"#, false),
            // Two spellings of one character are two names.
            (["=?base64?w6k=?="], "{\"name\":\"e\u{301}\"}", false), (["=?base64?w6k=?="], #"{"name":"\u00e9"}"#, true),
            // A header has no escapes.
            (["ab"], #"{"name":"a\u0062"}"#, true), ([#"a\u0062"#], #"{"name":"a\u0062"}"#, false),
            ([#"a\b"#], #"{"name":"a\\b"}"#, true), ([#"a\\b"#], #"{"name":"a\\b"}"#, false),
            // What the body lacks is for the parameters' own check, unless the header claims it.
            ([], "{}", true), ([], #"{"name":5}"#, true), (["x"], "{}", false), (["5"], #"{"name":5}"#, false),
        ] as [([String], String, Bool)])
    func name(_ names: [String], _ params: String, _ isAccepted: Bool) throws {
        let params = try parsed(params)
        let fields = [("Mcp-Method", "tools/call")] + names.map { ("Mcp-Name", $0) }
        expect(
            refusal(fields) { headers throws(RequestError) in
                try headers.checkRouting(.toolsCall, named: params["name"])
            },
            accepted: isAccepted)
    }

    @Test(
        "M23: the methods that have a name, and what it is",
        arguments: [
            (MCPMethod.toolsCall, "name"), (.promptsGet, "name"), (.resourcesRead, "uri"), (.tasksGet, "taskId"),
            (.tasksUpdate, "taskId"), (.tasksCancel, "taskId"), (.toolsList, nil), (.promptsList, nil),
            (.resourcesList, nil), (.discover, nil), (.listen, nil), (.complete, nil),
        ] as [(MCPMethod, String?)])
    func names(_ method: MCPMethod, _ member: String?) throws {
        #expect(RoutingHeaders.nameMember(of: method).map { "\($0)" } == member)
        guard let member else { return }
        let params = try parsed("{\"\(member)\":\"t\"}")
        for (value, isAccepted) in [("t", true), ("u", false)] {
            let fields = [("Mcp-Method", method.name), ("Mcp-Name", value)]
            expect(
                refusal(fields) { headers throws(RequestError) in
                    try headers.checkRouting(method, named: params.member(member))
                },
                accepted: isAccepted)
        }
    }

    @Test(
        "HM-14 to HM-17: headers for arguments say what the arguments say",
        arguments: [
            ([("Mcp-Param-Region", "eu")], #"{"region":"eu"}"#, true),
            ([("MCP-PARAM-REGION", "eu")], #"{"region":"eu"}"#, true),
            ([], #"{"region":"eu"}"#, false), ([("Mcp-Param-Region", "us")], #"{"region":"eu"}"#, false),
            ([("Mcp-Param-Region", "eu"), ("mcp-param-region", "eu")], #"{"region":"eu"}"#, false),
            ([], "{}", true), ([], #"{"region":null}"#, true), ([("Mcp-Param-Region", "")], "{}", false),
            ([("Mcp-Param-Region", "eu")], #"{"region":null}"#, false),
            // Readers could take the first or the last.
            ([("Mcp-Param-Region", "eu")], #"{"region":"eu","region":"us"}"#, false),
            ([("Mcp-Param-Region", "us")], #"{"region":"eu","region":"us"}"#, false),
            ([("Mcp-Param-Count", "42.0")], #"{"count":42}"#, true),
            ([("Mcp-Param-Count", "41")], #"{"count":42}"#, false),
            ([("Mcp-Param-Region", "=?base64?ZXU=?=")], #"{"region":"eu"}"#, true),
            ([("Mcp-Param-Region", "=?base64?ZX?=")], #"{"region":"eu"}"#, false),
            ([("Mcp-Param-Other", "x"), ("Mcp-Param-Other", "y"), ("Mcp-Param-", "z")], "{}", true),
            // A value of another type than the schema's has no header, and no header can claim it.
            ([], #"{"region":5}"#, true), ([("Mcp-Param-Region", "5")], #"{"region":5}"#, false),
        ] as [([(String, String)], String, Bool)])
    func parameters(_ fields: [(String, String)], _ arguments: String, _ isAccepted: Bool) throws {
        let schema = #"""
            {"properties":{"region":{"type":"string","x-mcp-header":"Region"},
            "count":{"type":"integer","x-mcp-header":"Count"}}}
            """#
        let wanted = try ParameterHeaders(schema: try parsed(schema))
        let arguments = try parsed(arguments)
        expect(
            refusal(fields) { headers throws(RequestError) in try headers.checkParameters(wanted, arguments) },
            accepted: isAccepted)
    }

    @Test("No arguments at all are absent ones")
    func noArguments() throws {
        let schema = #"{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#
        let wanted = try ParameterHeaders(schema: try parsed(schema))
        expect(
            refusal([]) { headers throws(RequestError) in try headers.checkParameters(wanted, nil) }, accepted: true)
        expect(
            refusal([("Mcp-Param-Region", "eu")]) { headers throws(RequestError) in
                try headers.checkParameters(wanted, nil)
            }, accepted: false)
    }

    @Test(
        "A notification must not contradict its headers, and need not have those of a request",
        arguments: [
            ([("MCP-Protocol-Version", "2026-07-28")], nil, true),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "notifications/cancelled")], "2026-07-28", true),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "notifications/other")], nil, false),
            ([("MCP-Protocol-Version", "2026-07-28")], "2025-11-25", false), ([], "2026-07-28", false),
        ] as [([(String, String)], String?, Bool)])
    func notification(_ fields: [(String, String)], _ claimed: String?, _ isAccepted: Bool) {
        expect(
            refusal(fields) { headers throws(RequestError) in
                _ = try headers.checkVersion(ofNotification: claimed)
                try headers.checkRouting(ofNotification: .cancelled)
            }, accepted: isAccepted)
    }
}
