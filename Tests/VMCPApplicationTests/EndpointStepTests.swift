// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// One request without a session, and the answer that it must get.
struct EndpointCase: Sendable, CustomTestStringConvertible {
    let rule: String
    var method = "POST"
    var path = "/mcp"
    var fields: [(name: String, value: String)] = []
    var body: String?
    var status: Int
    var contentType: String? = "text/plain; charset=utf-8"
    /// The whole body, where it matters to the byte.
    var text: String?
    /// The code of a JSON-RPC error, and the id that it must carry, or must not.
    var code: Int?
    var id: String?
    var allow: String?
    var ends = false

    var testDescription: String { rule }

    /// An answer in plain text, or without a body.
    static func plain(
        _ rule: String, _ method: String = "POST", path: String = "/mcp",
        _ fields: [(name: String, value: String)] = [],
        body: String? = nil, _ status: Int, _ text: String?, allow: String? = nil, ends: Bool = false
    ) -> EndpointCase {
        var row = EndpointCase(rule: rule, method: method, path: path, fields: fields, body: body, status: status)
        row.text = text.map { $0 + "\n" }
        row.allow = allow
        row.ends = ends
        return row
    }

    /// A JSON-RPC error.
    static func error(
        _ rule: String, _ method: String = "POST", _ fields: [(name: String, value: String)] = [], body: String? = nil,
        _ status: Int, _ code: Int, id: String? = nil, ends: Bool = false
    ) -> EndpointCase {
        EndpointCase(
            rule: rule, method: method, fields: fields, body: body, status: status, contentType: "application/json",
            code: code, id: id, ends: ends)
    }
}

@Suite struct EndpointStepTests {
    @Test(
        "A request without a session passes the steps in their order, and the first that fails answers",
        arguments: EndpointCase.all)
    func steps(_ row: EndpointCase) async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                let isHead = row.method == "HEAD"
                try await connection.send(
                    gateway.client.requestText(row.method, row.body, path: row.path, fields: row.fields))
                let reply = try await connection.reply(isForHEAD: isHead)
                #expect(reply.status == row.status, "\(reply.text)")
                #expect(reply.contentType == row.contentType)
                if let text = row.text { #expect(reply.text == text) }
                if isHead { #expect(reply.text.isEmpty) }
                #expect(reply.head["allow"] == row.allow)
                #expect(reply.sessionID == nil)
                if let code = row.code {
                    let message = try reply.json
                    #expect(message["jsonrpc"]?.string == "2.0")
                    #expect(message["error"]?["code"]?.int == code)
                    #expect(message["error"]?["message"]?.string?.isEmpty == false)
                    #expect(message["result"] == nil)
                    #expect(message["id"]?.description == row.id)
                }
                if row.ends {
                    #expect(reply.head["connection"] == "close")
                    #expect(try await connection.rest() == "")
                } else {
                    // The connection is as good as new.
                    try await connection.send(gateway.client.requestText("GET", path: "/health"))
                    #expect(try await connection.reply().text == "{\"status\":\"ok\"}\n")
                }
            }
        }
    }

    @Test("BP-08: a body that is not UTF-8 is no JSON")
    func invalidUTF8() async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                var bytes = ByteBuffer(string: gateway.client.requestText("POST", fields: [("Content-Length", "1")]))
                bytes.writeInteger(UInt8(0xFF))
                try await connection.send(bytes)
                let reply = try await connection.reply()
                #expect(reply.status == 400)
                #expect(try reply.json["error"]?["code"]?.int == -32700)
                #expect(try reply.json["id"] == nil)
            }
        }
    }

    @Test("M17, LC-12: the refusal of an unknown revision names what is served and what was asked for")
    func modernRefusal() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let body = MCPTestClient.request(
                5, "tools/list",
                [
                    "_meta": [
                        "io.modelcontextprotocol/protocolVersion": "v999.0.0",
                        "io.modelcontextprotocol/clientCapabilities": [:],
                    ]
                ])
            let reply = try await gateway.client.send("POST", body, fields: [("MCP-Protocol-Version", "v999.0.0")])
            #expect(reply.status == 400)
            let data = try reply.json["error"]?["data"].orThrow("data in \(reply.text)")
            #expect(data?["requested"]?.string == "v999.0.0")
            #expect(
                data?["supported"]?.description
                    == #"["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]"#)
        }
    }

    @Test("RFC 9112 §3.2: a request of HTTP/1.1 without Host is refused")
    func missingHost() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let reply = try await gateway.client.send("GET", path: "/health", fields: [("Host", "")])
            #expect(reply.status == 400)
        }
    }

    @Test(
        "SE-01: pages of strangers reach no route at all",
        arguments: [
            "/health", "/ping", "/readyz", "/status", "/api/backends/health", "/.well-known/x", "/mcp", "/anything",
        ])
    func everyRoute(_ path: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            for field in [("Origin", "https://evil.example"), ("Host", "evil.example:1")] {
                let reply = try await gateway.client.send("GET", path: path, fields: [field])
                #expect(reply.status == 403, "\(field)")
            }
        }
    }
}
