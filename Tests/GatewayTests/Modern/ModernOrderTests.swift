// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

/// One POST, and the answer that it must get.
struct ModernCase: Sendable, CustomTestStringConvertible {
    let rule: String
    var fields: [(name: String, value: String)]
    var body: String
    var status: Int
    /// Of a JSON-RPC error; `nil` for a result or an empty answer.
    var code: Int?
    var id: String?

    var testDescription: String { rule }

    /// - Parameters:
    ///   - header: the version header; an empty one is left out.
    ///   - meta: the text of `_meta`; `nil` leaves it out.
    init(
        _ rule: String, _ method: String = "tools/list", header: String? = "2026-07-28",
        meta: String? = ModernCase.meta(), routing: [(String, String)]? = nil, params: String? = nil, id: String = "1",
        _ status: Int, _ code: Int? = nil
    ) {
        self.rule = rule
        fields =
            (header.map { [("MCP-Protocol-Version", $0)] } ?? [])
            + (routing ?? [("Mcp-Method", method)])
            .map { (name: $0.0, value: $0.1) }
        let members = [params, meta.map { "\"_meta\":\($0)" }].compactMap(\.self).joined(separator: ",")
        body = #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(members)}}"#
        self.status = status
        self.code = code
        self.id = id
    }

    init(_ rule: String, body: String, header: String? = "2026-07-28", _ status: Int, _ code: Int?, id: String? = nil) {
        self.rule = rule
        self.body = body
        fields = header.map { [("MCP-Protocol-Version", $0)] } ?? []
        self.status = status
        self.code = code
        self.id = id
    }

    static func meta(_ version: String? = #""2026-07-28""#, _ capabilities: String? = "{}", _ more: String...) -> String
    {
        let members =
            [
                version.map { #""io.modelcontextprotocol/protocolVersion":\#($0)"# },
                capabilities.map { #""io.modelcontextprotocol/clientCapabilities":\#($0)"# },
            ].compactMap(\.self) + more
        return "{\(members.joined(separator: ","))}"
    }

    // (a) What the request claims in `_meta`.
    private static let metaRows = [
        ModernCase("HM-03 no _meta", meta: nil, 400, -32602),
        ModernCase("HM-03 _meta is null", meta: "null", 400, -32602),
        ModernCase("HM-04 no version", meta: meta(nil), 400, -32602),
        ModernCase("HM-04 version is no string", meta: meta("5"), 400, -32602),
        ModernCase("HM-05 no capabilities", meta: meta(#""2026-07-28""#, nil), 400, -32602),
        ModernCase("HM-05 capabilities are an array", meta: meta(#""2026-07-28""#, "[]"), 400, -32602),
        ModernCase("HM-05 capabilities are null", meta: meta(#""2026-07-28""#, "null"), 400, -32602),
        ModernCase(
            "M39 unknown logLevel", meta: meta(#""2026-07-28""#, "{}", #""io.modelcontextprotocol/logLevel":"loud""#),
            400,
            -32602),
        ModernCase("(a) before (b)", header: "2026-07-28", meta: meta(nil), routing: [], 400, -32602),
        ModernCase("(a) before (d)", "no/method", meta: nil, 400, -32602),
        ModernCase("(a) before (e)", meta: nil, routing: [("Mcp-Method", "other")], 400, -32602),
    ]

    // (b) The same in the header.
    private static let headerRows = [
        ModernCase("HM-01 no header", header: nil, 400, -32020),
        ModernCase("HM-02 Legacy header", header: "2025-11-25", 400, -32020),
        ModernCase("HM-02 other key", meta: meta(#""v999.0.0""#), 400, -32020),
        ModernCase("HM-02 other header", header: "v999.0.0", 400, -32020),
        ModernCase("HM-02 Legacy key", meta: meta(#""2025-11-25""#), 400, -32020),
        ModernCase("(b) before (c)", header: nil, meta: meta(#""v999.0.0""#), 400, -32020),
        ModernCase("(b) before (d)", "no/method", header: nil, 400, -32020),
        ModernCase("HM-10 white space around the version", header: " 2026-07-28 ", 200),
    ]

    // (c) The revision.
    private static let revisionRows = [
        ModernCase("LC-12 unknown revision", header: "v999.0.0", meta: meta(#""v999.0.0""#), 400, -32022),
        ModernCase("LC-12 later revision", header: "2027-01-01", meta: meta(#""2027-01-01""#), 400, -32022),
        ModernCase("handshake revision", header: "2025-11-25", meta: meta(#""2025-11-25""#), 400, -32022),
        ModernCase("(c) before (d)", "no/method", header: "v9", meta: meta(#""v9""#), 400, -32022),
        ModernCase("(c) before (e)", header: "v9", meta: meta(#""v9""#), routing: [], 400, -32022),
    ]

    // (d) The method.
    private static let methodRows =
        [
            "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "unknown/method",
            "tasks/result", "tasks/list", "sampling/createMessage",
            "notifications/initialized", "roots/list", "", "tools/List",
        ].map { ModernCase("HM-07, LC-16 \($0)", $0, 404, -32601) } + [
            ModernCase("(d) before (e)", "ping", routing: [], 404, -32601),
            // The extension is served, and must be declared.
            ModernCase("LC-17 tasks/get", "tasks/get", 400, -32021),
            ModernCase("M34 with a string id", "ping", id: #""p""#, 404, -32601),
        ]

    // (e) The headers that repeat the body.
    private static let routingRows = [
        ModernCase("HM-08 no Mcp-Method", routing: [], 400, -32020),
        ModernCase("HM-08 other Mcp-Method", routing: [("Mcp-Method", "prompts/list")], 400, -32020),
        ModernCase("HM-08 upper case", routing: [("Mcp-Method", "TOOLS/LIST")], 400, -32020),
        ModernCase("HM-08 twice", routing: [("Mcp-Method", "tools/list"), ("mcp-method", "tools/list")], 400, -32020),
        ModernCase("HM-10 white space", routing: [("Mcp-Method", " \ttools/list  ")], 200),
        ModernCase("HM-11 other case of the names", routing: [("mcp-METHOD", "tools/list")], 200),
        ModernCase("HM-09 no Mcp-Name, tool", "tools/call", params: #""name":"x""#, 400, -32020),
        ModernCase("HM-09 no Mcp-Name, prompt", "prompts/get", params: #""name":"x""#, 400, -32020),
        ModernCase("HM-09 no Mcp-Name, resource", "resources/read", params: #""uri":"x""#, 400, -32020),
        ModernCase(
            "HM-09 other Mcp-Name", "tools/call", routing: [("Mcp-Method", "tools/call"), ("Mcp-Name", "y")],
            params: #""name":"x""#, 400, -32020),
        ModernCase(
            "HM-13 bad base64", "tools/call", routing: [("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?!!?=")],
            params: #""name":"x""#, 400, -32020),
        ModernCase(
            "HM-12 base64, and then the tool is unknown", "tools/call",
            routing: [("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?dsOk?=")], params: #""name":"vä""#, 200,
            -32602),
        ModernCase("(e) before the parameters", "tools/call", params: #""name":"x","arguments":[]"#, 400, -32020),
    ]

    // The parameters.
    private static let parameterRows = [
        ModernCase("a member twice", params: #""cursor":"a","cursor":"b""#, 400, -32602),
        ModernCase("invalid cursor", params: #""cursor":"!!""#, 200, -32602),
        ModernCase("empty cursor", params: #""cursor":"""#, 200, -32602),
        ModernCase("cursor is no string", params: #""cursor":5"#, 200, -32602),
        ModernCase("tool without a name", "tools/call", 200, -32602),
        ModernCase("HM-06 no clientInfo, M20", "server/discover", 200),
        ModernCase("listen without notifications", "subscriptions/listen", 400, -32602),
    ]

    // What is no request.
    private static let messageRows = [
        ModernCase("HM-18 notification", body: #"{"jsonrpc":"2.0","method":"notifications/x"}"#, 202, nil),
        ModernCase(
            "HM-18 cancellation is closing the stream",
            body: #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#, 202, nil),
        ModernCase(
            "M7 notification of an unknown revision",
            body: #"{"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":\#(meta(#""v9""#))}}"#, header: "v9",
            400, -32022),
        ModernCase(
            "M7 notification that contradicts its header",
            body: #"{"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":\#(meta())}}"#, header: "2025-11-25",
            400, -32020),
        ModernCase("HM-19 response", body: #"{"jsonrpc":"2.0","id":1,"result":{}}"#, 400, -32600),
        ModernCase(
            "HM-19 error response", body: #"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#, 400, -32600),
        ModernCase("HM-20 batch", body: #"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#, 400, -32600),
        ModernCase("HM-20 empty batch", body: "[]", 400, -32600),
        ModernCase("BP-04 no JSON", body: "{", 400, -32700),
        ModernCase("BP-05 no message", body: #"{"jsonrpc":"1.0","id":1,"method":"x"}"#, 400, -32600, id: "1"),
        ModernCase("BP-02 null id", body: #"{"jsonrpc":"2.0","id":null,"method":"x"}"#, 400, -32600),
        ModernCase("BP-05 a number", body: "5", 400, -32600),
    ]

    static let all =
        metaRows + headerRows + revisionRows + methodRows + routingRows + parameterRows + messageRows
}

@Suite struct ModernOrderTests {
    @Test(
        "HM-01 to HM-13, HM-18 to HM-20, LC-16: the checks follow each other in their order, and the first that fails answers",
        arguments: ModernCase.all)
    func order(_ row: ModernCase) async throws {
        try await ModernGateway.run { gateway in
            try await gateway.client.http.withConnection { connection in
                try await connection.send(gateway.client.http.requestText("POST", row.body, fields: row.fields))
                let reply = try await connection.reply()
                #expect(reply.status == row.status, "\(reply.text)")
                // HM-21: nothing of a session, ever.
                #expect(reply.sessionID == nil)
                if let code = row.code {
                    #expect(reply.contentType == "application/json")
                    let message = try reply.json
                    #expect(message["error"]?["code"]?.int == code, "\(message)")
                    #expect(message["id"]?.description == row.id)
                    #expect(message["result"] == nil)
                } else if row.status == 200 {
                    #expect(try reply.json["result"]?["resultType"]?.string == "complete")
                    #expect(try reply.json["id"]?.description == row.id)
                } else {
                    #expect(reply.body.readableBytes == 0)
                }
                // The connection is as good as new.
                try await connection.send(gateway.client.text("tools/list", id: "next"))
                #expect(try await connection.reply().json["id"]?.string == "next")
            }
        }
    }

    @Test(
        "HM-34: who takes neither form of an answer, or sends no JSON, is told so",
        arguments: [
            (("Accept", "text/html"), 406), (("Accept", "application/json;q=0, text/event-stream;q=0"), 406),
            (("Accept", "*/*"), 200), (("Accept", "application/json"), 200), (("Accept", ""), 200),
            (("Content-Type", "text/plain"), 415), (("Content-Type", ""), 415),
            (("Content-Type", "application/json; charset=utf-8"), 200),
        ])
    func media(_ field: (String, String), _ status: Int) async throws {
        try await ModernGateway.run { gateway in
            let reply = try await gateway.client.send("tools/list", fields: [(name: field.0, value: field.1)])
            #expect(reply.status == status)
        }
    }

    @Test("HM-23: GET and DELETE are not for a Modern revision", arguments: ["GET", "DELETE"])
    func methods(_ method: String) async throws {
        try await ModernGateway.run { gateway in
            let reply = try await gateway.client.http.send(
                method, fields: [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Session-Id", "x")])
            #expect(reply.status == 405)
            #expect(reply.head["allow"] == "POST")
        }
    }

    @Test(
        "LC-12: a refused revision is echoed with what may be tried instead",
        arguments: [
            ("v999.0.0", #"["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]"#),
            // Who speaks of a handshake revision without a handshake must not try the same again.
            ("2025-06-18", #"["2026-07-28"]"#),
        ])
    func supported(_ version: String, _ supported: String) async throws {
        try await ModernGateway.run { gateway in
            let row = ModernCase("", header: version, meta: ModernCase.meta("\"\(version)\""), 400)
            let reply = try await gateway.client.http.send("POST", row.body, fields: row.fields)
            let data = try reply.json["error"]?["data"].orThrow("data in \(reply.text)")
            #expect(data?["requested"]?.string == version)
            #expect(data?["supported"]?.description == supported)
            let discovered = try await gateway.client.result("server/discover")["supportedVersions"]
            let all = Set((discovered?.elements ?? JSONSlice.emptyArray.elements).compactMap(\.string))
            #expect(
                all.isSuperset(of: (data?["supported"]?.elements ?? JSONSlice.emptyArray.elements).compactMap(\.string))
            )
        }
    }

    @Test("HM-21, HM-22: a session id and an event id are ignored")
    func ignored() async throws {
        try await ModernGateway.run { gateway in
            let reply = try await gateway.client.send(
                "tools/list", fields: [("Mcp-Session-Id", "no such session"), ("Last-Event-ID", "1-1")])
            #expect(reply.status == 200)
            #expect(reply.sessionID == nil)
        }
    }

    @Test("HM-32: a Legacy header with stray reserved keys is Legacy")
    func stray() async throws {
        try await ModernGateway.run { gateway in
            let client = try await gateway.client.http.opened("2025-11-25")
            let reply = try await client.send(
                "POST",
                MCPTestClient.request(
                    1, "tools/list", ["_meta": ["io.modelcontextprotocol/clientInfo": ["name": "x", "version": "1"]]]))
            #expect(reply.status == 200)
            #expect(try reply.json["result"]?["tools"] != nil)
            #expect(try reply.json["result"]?["resultType"] == nil)
        }
    }

    @Test(
        "LC-15, LC-13: both eras are served on one connection, in turn, and a Legacy version in _meta is the session's")
    func both() async throws {
        try await ModernGateway.run { gateway in
            let legacy = try await gateway.client.http.opened("2025-06-18")
            try await legacy.withConnection { connection in
                for number in 0..<3 {
                    try await connection.send(gateway.client.text("tools/list", id: .number(JSONNumber(number))))
                    #expect(try await connection.reply().json["result"]?["resultType"]?.string == "complete")
                    let params: JSONValue = ["_meta": ["io.modelcontextprotocol/protocolVersion": "2025-06-18"]]
                    try await connection.send(
                        legacy.requestText("POST", MCPTestClient.request("l", "tools/list", params)))
                    let reply = try await connection.reply()
                    #expect(reply.status == 200)
                    #expect(try reply.json["result"]?["ttlMs"] == nil)
                }
            }
        }
    }

    @Test("Modern requests are bounded, and one too many is told to come back")
    func bound() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            guard request.verb == "tools/call" else { return false }
            await gate.wait()
            return false
        }
        var settings = GatewaySettings()
        settings.limits.modernRequestsPerPrincipal = 1
        try await ModernGateway.run(["one": backend.url], settings: settings) { gateway in
            try await gateway.client.http.withConnection { connection in
                try await connection.send(gateway.client.text("tools/call", ["name": "one_echo"]))
                try await eventually("a call") { !backend.requests("tools/call").isEmpty }
                let reply = try await gateway.client.send("tools/list", id: "x")
                #expect(reply.status == 503)
                #expect(try reply.json["error"]?["code"]?.int == 4004)
                #expect(try reply.json["id"]?.string == "x")
                gate.open()
                #expect(try await connection.reply().status == 200)
            }
            #expect(try await gateway.client.send("tools/list").status == 200)
        }
        await backend.stop()
    }
}
