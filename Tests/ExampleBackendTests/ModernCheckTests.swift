// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import ExampleBackend

/// The order and the outcome of the checks that every Modern POST passes.
@Suite(.timeLimit(.minutes(5))) struct ModernCheckTests {
    struct Probe: Sendable, CustomStringConvertible {
        let description: String
        let status: Int
        var code: Int?
        var method = "tools/call"
        var params: JSONObject = ["name": "echo", "arguments": ["text": "x"]]
        var meta: JSONObject?
        var headers: [(String, String)] = []
    }

    private static let capabilities: JSONObject = ["io.modelcontextprotocol/clientCapabilities": [:]]
    private static func meta(_ version: JSONValue, _ capabilities: JSONValue = [:]) -> JSONObject {
        [
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        ]
    }

    private static let probes = [
        Probe(description: "fine", status: 200),
        Probe(
            description: "HM-01 no version header", status: 400, code: -32020, headers: [("MCP-Protocol-Version", "")]),
        Probe(
            description: "HM-02 other version in the header", status: 400, code: -32020,
            headers: [("MCP-Protocol-Version", "2025-11-25")]),
        Probe(description: "HM-02 other version in the body", status: 400, code: -32020, meta: meta("v999.0.0")),
        Probe(description: "HM-03 empty metadata", status: 400, code: -32602, meta: [:]),
        Probe(description: "HM-04 no version in the body", status: 400, code: -32602, meta: capabilities),
        Probe(description: "HM-04 version that is no string", status: 400, code: -32602, meta: meta(7)),
        Probe(
            description: "HM-05 no capabilities", status: 400, code: -32602,
            meta: ["io.modelcontextprotocol/protocolVersion": "2026-07-28"]),
        Probe(description: "HM-05 capabilities []", status: 400, code: -32602, meta: meta("2026-07-28", [])),
        Probe(description: "HM-05 capabilities null", status: 400, code: -32602, meta: meta("2026-07-28", .null)),
        Probe(description: "HM-06 no clientInfo", status: 200, meta: meta("2026-07-28")),
        Probe(
            description: "metadata before the version header", status: 400, code: -32602, meta: [:],
            headers: [("MCP-Protocol-Version", "v999.0.0")]),
        Probe(
            description: "LC-12 unsupported version", status: 400, code: -32022, meta: meta("v999.0.0"),
            headers: [("MCP-Protocol-Version", "v999.0.0")]),
        Probe(
            description: "version before method", status: 400, code: -32022, method: "unknown/method",
            meta: meta("v999.0.0"), headers: [("MCP-Protocol-Version", "v999.0.0")]),
        Probe(description: "HM-07 unknown method", status: 404, code: -32601, method: "unknown/method", params: [:]),
        Probe(
            description: "method before routing headers", status: 404, code: -32601, method: "ping", params: [:],
            headers: [("Mcp-Method", "")]),
        Probe(description: "LC-16 initialize", status: 404, code: -32601, method: "initialize", params: [:]),
        Probe(description: "LC-16 ping", status: 404, code: -32601, method: "ping", params: [:]),
        Probe(
            description: "LC-16 logging/setLevel", status: 404, code: -32601, method: "logging/setLevel", params: [:]),
        Probe(
            description: "LC-16 resources/subscribe", status: 404, code: -32601, method: "resources/subscribe",
            params: ["uri": "test://static-text"]),
        Probe(
            description: "LC-16 resources/unsubscribe", status: 404, code: -32601, method: "resources/unsubscribe",
            params: ["uri": "test://static-text"]),
        Probe(
            description: "no tasks/result", status: 404, code: -32601, method: "tasks/result", params: ["taskId": "x"]),
        Probe(description: "no tasks/list", status: 404, code: -32601, method: "tasks/list", params: [:]),
        Probe(description: "HM-08 no Mcp-Method", status: 400, code: -32020, headers: [("Mcp-Method", "")]),
        Probe(description: "HM-08 other case", status: 400, code: -32020, headers: [("Mcp-Method", "TOOLS/CALL")]),
        Probe(
            description: "a routing header twice", status: 400, code: -32020,
            headers: [("Mcp-Method", "tools/call"), ("Mcp-Method", "tools/call")]),
        Probe(description: "HM-09 no Mcp-Name", status: 400, code: -32020, headers: [("Mcp-Name", "")]),
        Probe(description: "HM-09 other Mcp-Name", status: 400, code: -32020, headers: [("Mcp-Name", "ECHO")]),
        Probe(description: "HM-10 spaces around", status: 200, headers: [("Mcp-Name", "  echo  ")]),
        Probe(description: "HM-11 other case of names", status: 200, headers: [("mCP-nAME", "echo")]),
        Probe(description: "HM-12 encoded", status: 200, headers: [("Mcp-Name", "=?base64?ZWNobw==?=")]),
        Probe(
            description: "HM-13 broken encoding", status: 400, code: -32020, headers: [("Mcp-Name", "=?base64?ZWNo*?=")]
        ),
        Probe(
            description: "HM-12 a name beyond ASCII", status: 400, code: -32602, method: "resources/read",
            params: ["uri": "test://ü"], headers: [("Mcp-Name", "=?base64?dGVzdDovL8O8?=")]),
        Probe(
            description: "routing before parameters", status: 400, code: -32020,
            params: ["name": "nobody", "arguments": [:]], headers: [("Mcp-Name", "somebody")]),
        Probe(description: "unknown tool", status: 400, code: -32602, params: ["name": "nobody", "arguments": [:]]),
        Probe(description: "no tool", status: 400, code: -32602, params: [:]),
        Probe(description: "a tool of the other era", status: 400, code: -32602, params: ["name": "recall"]),
        Probe(
            description: "HM-14 parameter header missing", status: 400, code: -32020,
            params: ["name": "test_custom_headers", "arguments": ["region": "eu"]]),
        Probe(
            description: "HM-15 parameter header without argument", status: 400, code: -32020,
            params: ["name": "test_custom_headers", "arguments": [:]], headers: [("Mcp-Param-Region", "eu")]),
        Probe(
            description: "HM-16 numbers are numbers", status: 200,
            params: ["name": "test_custom_headers", "arguments": ["count": 42]],
            headers: [("Mcp-Param-Count", "42.0")]),
        Probe(description: "HM-17 unknown parameter header", status: 200, headers: [("Mcp-Param-Other", "x")]),
        Probe(description: "HM-21 a session id", status: 200, headers: [("Mcp-Session-Id", "whatever")]),
        Probe(description: "HM-22 an event id", status: 200, headers: [("Last-Event-ID", "1-1")]),
        Probe(
            description: "HM-30 missing capability", status: 400, code: -32021,
            params: ["name": "test_missing_capability"]),
        Probe(
            description: "wrong log level", status: 400, code: -32602,
            meta: meta("2026-07-28").adding("io.modelcontextprotocol/logLevel", "loud")),
        Probe(description: "HM-34 no Accept", status: 406, code: -32600, headers: [("Accept", "application/json")]),
        Probe(description: "HM-34 not JSON", status: 415, code: -32600, headers: [("Content-Type", "text/plain")]),
        Probe(description: "foreign origin", status: 403, code: -32600, headers: [("Origin", "http://evil.example")]),
    ]

    @Test("Every check has its status and its code, in the order of the protocol", arguments: probes)
    func checks(probe: Probe) async throws {
        try await withModernBackend { modern in
            var params = probe.params
            if let meta = probe.meta { params["_meta"] = .object(meta) }
            let answer = try await modern.send(probe.method, params, id: "x", headers: probe.headers)
            #expect(answer.status == probe.status)
            let message = try answer.json
            #expect(message["error"]?["code"]?.int == probe.code)
            #expect(answer.headers.first(name: "mcp-session-id") == nil)
            // BP-01, BP-03: with the id of the request, unless the request was not even looked at.
            let isRead = ![403, 406, 415].contains(answer.status)
            #expect(message["id"]?.string == (isRead ? "x" : nil))
        }
    }

    @Test func `LC-12, HM-30: the errors say what would have been right`() async throws {
        try await withModernBackend { modern in
            let version = try await modern.send(
                "tools/list", ["_meta": .object(Self.meta("2031-01-01"))],
                headers: [("MCP-Protocol-Version", "2031-01-01")])
            let data = try version.json["error"]?["data"]
            #expect(data?["supported"]?.strings == ["2026-07-28"] && data?["requested"]?.string == "2031-01-01")
            let missing = try await modern.call("test_missing_capability").json["error"]
            #expect(missing?["data"]?["requiredCapabilities"]?.description == #"{"sampling":{}}"#)
        }
    }

    @Test(
        "HM-19, HM-20, BP-02, BP-04, BP-05: what is no request is refused",
        arguments: [
            (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, -32600), ("[]", -32600), ("{", -32700), ("5", -32600),
            (#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, -32600), (#"{"jsonrpc":"1.0"}"#, -32600),
        ])
    func malformed(body: String, code: Int) async throws {
        try await withModernBackend { modern in
            let answer = try await modern.http.send(.POST, body, headers: ModernHTTP.routing("tools/list"))
            #expect(answer.status == 400)
            let message = try answer.json
            #expect(message["error"]?["code"]?.int == code)
            #expect(message["id"] == nil)
        }
    }

    @Test func `HM-18, BP-07: a notification is accepted without an answer`() async throws {
        try await withModernBackend { modern in
            for method in ["notifications/cancelled", "notifications/whatever"] {
                let answer = try await modern.http.send(
                    .POST, #"{"jsonrpc":"2.0","method":"\#(method)"}"#, headers: ModernHTTP.routing(method))
                #expect(answer.status == 202 && answer.body.readableBytes == 0)
            }
        }
    }
}

extension JSONObject {
    fileprivate func adding(_ key: String, _ value: JSONValue) -> JSONObject {
        var object = self
        object[key] = value
        return object
    }
}
