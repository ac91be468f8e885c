// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport

/// The rows of the table, by step.
extension EndpointCase {
    private static let ping = MCPTestClient.request(1, "ping")
    private static let unsupported =
        "Bad Request: Unsupported protocol version (supported versions: 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05)"
    private static let deepArray = String(repeating: "[", count: 127) + String(repeating: "]", count: 127)
    private static let deep: String = #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"# + deepArray + "}}"
    private static let batch: String = "[" + ping + "]"

    static let all: [EndpointCase] = [
        hostRows, methodRows, mediaRows, bodyRows, batchRows, eraRows, sessionRows, openingRows,
    ].flatMap { $0 }

    // Step 1: Host and Origin.
    private static let hostRows: [EndpointCase] = [
        .error(
            "step 1, L2, SE-01 foreign Origin", "POST", [("Origin", "http://evil.example")], body: ping, 403, -32600,
            ends: true),
        .error("step 1, SE-01 Origin null", "POST", [("Origin", "null")], body: ping, 403, -32600, ends: true),
        .error(
            "step 1, SE-01 foreign Origin on GET", "GET", [("Origin", "http://evil.example")], 403, -32600, ends: true),
        .error(
            "step 1, SE-01 foreign Origin on DELETE", "DELETE", [("Origin", "http://evil.example")], 403, -32600,
            ends: true),
        .error(
            "step 1, SE-01 two Origins", "POST", [("Origin", "http://localhost"), ("Origin", "http://localhost")],
            body: ping, 403,
            -32600, ends: true),
        .plain(
            "step 1, SE-02 foreign Host", "POST", [("Host", "evil.example")], body: ping, 403,
            #"Forbidden: invalid Host header "evil.example""#, ends: true),
        .error(
            "step 1 before step 3", "PUT", [("Origin", "http://evil.example")], body: ping, 403, -32600, ends: true),
    ]

    // Step 3: the method.
    private static let methodRows: [EndpointCase] = [
        .plain("step 3 PUT", "PUT", body: ping, 405, "Method Not Allowed", allow: "GET, POST, DELETE"),
        .plain("step 3 OPTIONS", "OPTIONS", [], 405, "Method Not Allowed", allow: "GET, POST, DELETE"),
        .plain("step 3 PATCH", "PATCH", body: ping, 405, "Method Not Allowed", allow: "GET, POST, DELETE"),
        .plain("step 3 HEAD", "HEAD", [], 405, nil, allow: "GET, POST, DELETE"),
        .plain(
            "step 3 before step 4", "PUT", [("Content-Type", "text/plain")], body: ping, 405, "Method Not Allowed",
            allow: "GET, POST, DELETE"),
    ]

    // Step 4: Content-Type and Accept.
    private static let mediaRows: [EndpointCase] = [
        .plain(
            "step 4 text/plain", "POST", [("Content-Type", "text/plain")], body: ping, 415,
            "Content-Type must be 'application/json'"),
        .plain(
            "step 4 no Content-Type", "POST", [("Content-Type", "")], body: ping, 415,
            "Content-Type must be 'application/json'"),
        .plain("step 4 Accept of neither", "POST", [("Accept", "text/html")], body: ping, 406, nil),
        .plain(
            "step 4 Content-Type before Accept", "POST", [("Content-Type", "text/plain"), ("Accept", "text/html")],
            body: ping, 415,
            "Content-Type must be 'application/json'"),
        .plain("step 4 before step 5", "POST", [("Accept", "text/html")], body: "{", 406, nil),
    ]

    // Step 5: the body.
    private static let bodyRows: [EndpointCase] = [
        .error("step 5, BP-04 empty body", body: "", 400, -32700),
        .error("step 5, BP-03, BP-04 half an object", body: "{", 400, -32700),
        .error("step 5, BP-04 no JSON", body: "hello", 400, -32700),
        .error("step 5 before step 8'", "POST", [("Mcp-Session-Id", "unknown")], body: "{", 400, -32700),
        .error("BP-02 id null", body: #"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
        .error("BP-05 version 1.0", body: #"{"jsonrpc":"1.0","id":4,"method":"ping"}"#, 400, -32600, id: "4"),
        .error("BP-05 a number", body: "5", 400, -32600),
        .error("BP-05 a string", body: #""x""#, 400, -32600),
        .error("BP-11 depth 10 000", body: String(repeating: "[", count: 10_000), 400, -32700),
        .error("BP-11 depth 129", body: deep, 400, -32700),
        .error(
            "duplicate member", body: #"{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/call"}"#, 400,
            -32600, id: "1"),
        .plain(
            "step 5 body too large by its length", "POST", [("Content-Length", "8388609")], 413,
            "Request Entity Too Large", ends: true),
    ]

    // Step 6: batches need a session that knows them.
    private static let batchRows: [EndpointCase] = [
        .error("step 6 batch without a session", body: batch, 400, -32600),
        .error("step 6 empty batch without a session", body: "[]", 400, -32600),
    ]

    // Step 7: the era.
    private static let eraRows: [EndpointCase] = [
        .error(
            "step 8 Modern without Mcp-Method", "POST", [("MCP-Protocol-Version", "2026-07-28")],
            body: MCPTestClient.request(
                "m", "server/discover",
                [
                    "_meta": [
                        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                        "io.modelcontextprotocol/clientCapabilities": [:],
                    ]
                ]), 400, -32020, id: #""m""#),
        .error(
            "step 7 Modern header alone", "POST", [("MCP-Protocol-Version", "2026-07-28")], body: ping, 400, -32602,
            id: "1"),
        .error(
            "step 7 Modern initialize", "POST", [("MCP-Protocol-Version", "2026-07-28")],
            body: MCPTestClient.initialize("2025-11-25", id: 9), 400, -32602, id: "9"),
        .error(
            "step 7 Modern key alone",
            body: MCPTestClient.request(
                2, "ping", ["_meta": ["io.modelcontextprotocol/protocolVersion": "2026-07-28"]]), 400,
            -32602, id: "2"),
        .plain(
            "L20, HL-07 unknown version", "POST", [("MCP-Protocol-Version", "9999-99-99")], body: ping, 400, unsupported
        ),
        .plain("L20 unknown version on GET", "GET", [("MCP-Protocol-Version", "9999-99-99")], 400, unsupported),
        .plain("L20 unknown version on DELETE", "DELETE", [("MCP-Protocol-Version", "9999-99-99")], 400, unsupported),
        .plain(
            "M32 Modern GET", "GET", [("MCP-Protocol-Version", "2026-07-28")], 405, "Method Not Allowed", allow: "POST"),
        .plain(
            "M32 Modern DELETE", "DELETE", [("MCP-Protocol-Version", "2026-07-28")], 405, "Method Not Allowed",
            allow: "POST"),
    ]

    // Step 8': the session.
    private static let sessionRows: [EndpointCase] = [
        .error("L17, HL-02 no session", body: ping, 400, -32600, id: "1"),
        .error("L17 no session, tools/list", body: MCPTestClient.request("t", "tools/list"), 400, -32600, id: #""t""#),
        .error(
            "L17 no session, notification", body: MCPTestClient.notification("notifications/initialized"), 400, -32600),
        .error("L17 no session, response", body: #"{"jsonrpc":"2.0","id":1,"result":{}}"#, 400, -32600),
        .plain(
            "L18, HL-03 unknown session", "POST", [("Mcp-Session-Id", "unknown")], body: ping, 404, "Session terminated"
        ),
        .plain(
            "L18 unknown session of a notification", "POST", [("Mcp-Session-Id", "unknown")],
            body: MCPTestClient.notification("x"), 404, "Session terminated"),
        .plain("HL-11 GET without a session", "GET", [], 400, "Bad Request: GET requires an Mcp-Session-Id header"),
        .plain("HL-11 GET with an unknown session", "GET", [("Mcp-Session-Id", "unknown")], 404, "Session terminated"),
        .plain(
            "L19 DELETE without a session", "DELETE", [], 400, "Bad Request: DELETE requires an Mcp-Session-Id header"),
        .plain(
            "L19, HL-04 DELETE of an unknown session", "DELETE", [("Mcp-Session-Id", "unknown")], 404,
            "session not found"),
    ]

    // What opens a session.
    private static let openingRows: [EndpointCase] = [
        .error("initialize without params", body: MCPTestClient.request(1, "initialize"), 200, -32602, id: "1"),
        .error(
            "initialize without a version", body: MCPTestClient.request(1, "initialize", ["capabilities": [:]]), 200,
            -32602, id: "1"),
        .error(
            "initialize without capabilities",
            body: MCPTestClient.request(1, "initialize", ["protocolVersion": "2025-11-25"]), 200,
            -32602, id: "1"),
        .error(
            "initialize with capabilities of another kind",
            body: MCPTestClient.request(1, "initialize", ["protocolVersion": "2025-11-25", "capabilities": "all"]), 200,
            -32602, id: "1"),
    ]
}
