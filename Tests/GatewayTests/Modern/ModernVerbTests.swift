// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct ModernVerbTests {
    private static func backend(_ script: @escaping ScriptedBackend.Script = { _, _ in false }) async throws
        -> ScriptedBackend
    {
        try await ScriptedBackend.start(
            configure: { content in
                content.capabilities = #"{"tools":{},"resources":{},"prompts":{},"completions":{}}"#
                content.instructions = "Be brief."
                content.tools = #"""
                    [{"name":"echo","inputSchema":{"type":"object"}},
                    {"name":"near","inputSchema":{"type":"object","properties":{
                    "region":{"type":"string","x-mcp-header":"Region"},"count":{"type":"integer","x-mcp-header":"Count"}}}}]
                    """#.replacing("\n", with: "")
                content.resources = #"[{"uri":"test://a","name":"a"}]"#
                content.prompts = #"[{"name":"greet"}]"#
            }, script)
    }

    @Test("LC-10, LC-11, LC-18: discovery is the first request of a client, and says everything that is served")
    func discovery() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let result = try await gateway.client.result("server/discover")
            #expect(
                result["supportedVersions"]?.description
                    == #"["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]"#)
            #expect(result["capabilities"]?["tools"]?["listChanged"]?.bool == true)
            #expect(result["capabilities"]?["prompts"]?["listChanged"]?.bool == true)
            #expect(result["capabilities"]?["resources"]?["subscribe"]?.bool == true)
            #expect(result["instructions"]?.string?.contains("Be brief.") == true)
            #expect(result["serverInfo"] == nil)
            // Every one of them works.
            for version in (result["supportedVersions"]?.elements ?? JSONSlice.emptyArray.elements).compactMap(\.string)
            where version != ModernClient.version {
                _ = try await gateway.client.http.opened(version)
            }
        }
        await backend.stop()
    }

    @Test("9.5: discovery works from memory when every backend is away")
    func discoveryAlone() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            await backend.stop()
            let reply = try await gateway.client.send("server/discover")
            #expect(reply.status == 200)
        }
    }

    private static let operations: [(String, JSONObject, Bool)] = [
        ("server/discover", [:], true), ("tools/list", [:], true), ("prompts/list", [:], true),
        ("resources/list", [:], true), ("resources/templates/list", [:], true),
        ("resources/read", ["uri": "test://a"], true), ("tools/call", ["name": "one_echo"], false),
        ("prompts/get", ["name": "one_greet"], false),
        (
            "completion/complete",
            ["ref": ["type": "ref/prompt", "name": "one_greet"], "argument": ["name": "a", "value": "o"]], false
        ),
    ]

    @Test("BP-16, BP-21, M45: every result has its kind and our name, and those that may be kept say how long")
    func envelope() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            for (method, params, isCacheable) in Self.operations {
                let result = try await gateway.client.result(method, params)
                #expect(result["resultType"]?.string == "complete", "\(method)")
                #expect(
                    result["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"]?.string == "gateway", "\(method)")
                #expect((result["ttlMs"]?.int.map { $0 >= 0 } ?? false) == isCacheable, "\(method)")
                #expect(["public", "private", nil].contains(result["cacheScope"]?.string), "\(method)")
                #expect((result["cacheScope"] != nil) == isCacheable, "\(method)")
            }
        }
        await backend.stop()
    }

    @Test(
        "BP-01: an answer has the id of its request, JSON type included",
        arguments: ["1", #""1""#, #""a_b""#, "0", "-7"])
    func ids(_ id: String) async throws {
        try await ModernGateway.run { gateway in
            let value = JSONValue.slice(JSONSlice(trusted: ByteBuffer(string: id)))
            let message = try await gateway.client.send("tools/list", id: value).json
            #expect(message["id"]?.description == id)
        }
    }

    @Test("LC-14, M46: lists are the same on every connection, and in the same order")
    func equalLists() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            for method in ["tools/list", "prompts/list", "resources/list"] {
                let first = try await gateway.client.send(method).text
                for _ in 0..<3 {
                    let again = try await gateway.client.send(method).text
                    #expect(again == first)
                }
            }
        }
        await backend.stop()
    }

    @Test("BP-22: what a client calls itself changes nothing")
    func clientInfo() async throws {
        try await ModernGateway.run { gateway in
            let plain = try await gateway.client.send("tools/list").text
            for info: JSONValue in [["name": "a", "version": "1"], ["name": "b", "version": "2", "title": "T"]] {
                let meta: JSONObject = ["io.modelcontextprotocol/clientInfo": info]
                #expect(try await gateway.client.send("tools/list", meta: meta).text == plain)
            }
        }
    }

    @Test(
        "1.2: what does not exist is -32602, and a resource is named",
        arguments: [
            ("tools/call", ["name": "nothing"]), ("prompts/get", ["name": "nothing"]),
            ("resources/read", ["uri": "nothing://x"]),
        ] as [(String, JSONObject)])
    func unknown(_ method: String, _ params: JSONObject) async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let error = try await gateway.client.send(method, params).json["error"].orThrow("an error")
            #expect(error["code"]?.int == -32602)
            if method == "resources/read" { #expect(error["data"]?["uri"]?.string == "nothing://x") }
        }
        await backend.stop()
    }

    @Test(
        "BP-15, 2.1: a backend's error goes out at 200 with its code, unless the code is none of this era",
        arguments: [
            (-32601, -32601), (-32603, -32603), (-32002, -32602), (-32020, -32603), (-32022, -32603),
            (17, 17),
        ])
    func backendErrors(_ code: Int, _ expected: Int) async throws {
        let backend = try await Self.backend { request, reply in
            guard request.verb == "resources/read" else { return false }
            reply.error(code, "no")
            return true
        }
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let reply = try await gateway.client.send("resources/read", ["uri": "test://a"])
            #expect(reply.status == 200)
            #expect(try reply.json["error"]?["code"]?.int == expected, "\(reply.text)")
        }
        await backend.stop()
    }

    @Test("BP-19, BP-20: keys of a hop stay on it, and all others go through")
    func meta() async throws {
        let backend = try await Self.backend { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(
                #"{"content":[],"_meta":{"com.example/y":2,"io.modelcontextprotocol/protocolVersion":"x","#
                    + #""io.modelcontextprotocol/serverInfo":{"name":"b","version":"1"}}}"#)
            return true
        }
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let result = try await gateway.client.result(
                "tools/call", ["name": "one_echo"], meta: ["com.example/x": 1, "traceparent": "00-1-2-3"])
            #expect(result["_meta"]?["com.example/y"]?.int == 2)
            #expect(result["_meta"]?["io.modelcontextprotocol/protocolVersion"] == nil)
            #expect(result["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"]?.string == "gateway")
            let sent = try backend.requests("tools/call").first?.params?["_meta"].orThrow("a _meta")
            #expect(sent?["com.example/x"]?.int == 1)
            #expect(sent?["traceparent"]?.string == "00-1-2-3")
            #expect(sent?["io.modelcontextprotocol/clientCapabilities"] == nil)
            #expect(sent?["io.modelcontextprotocol/protocolVersion"] == nil)
        }
        await backend.stop()
    }

    @Test(
        "HM-14 to HM-17: headers for a tool's arguments are checked against the tool as clients see it",
        arguments: [
            ([], ["region": "eu"], 400), ([("Mcp-Param-Region", "eu")], ["region": "eu"], 200),
            ([("Mcp-Param-Region", "us")], ["region": "eu"], 400),
            ([("Mcp-Param-Region", "=?base64?ZXU=?=")], ["region": "eu"], 200),
            ([("Mcp-Param-Region", "=?base64?ZX!?=")], ["region": "eu"], 400),
            ([], ["region": nil], 200), ([], [:], 200), ([("Mcp-Param-Region", "eu")], [:], 400),
            ([("mcp-param-count", "42.0")], ["count": 42], 200), ([("Mcp-Param-Count", "43")], ["count": 42], 400),
            ([("Mcp-Param-Unknown", "x")], [:], 200),
            ([("Mcp-Param-Region", "eu"), ("Mcp-Param-Region", "eu")], ["region": "eu"], 400),
        ] as [([(String, String)], JSONObject, Int)])
    func parameters(_ fields: [(String, String)], _ arguments: JSONObject, _ status: Int) async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            let reply = try await gateway.client.send(
                "tools/call", ["name": "one_near", "arguments": .object(arguments)],
                fields: fields.map { (name: $0.0, value: $0.1) })
            #expect(reply.status == status, "\(reply.text)")
            #expect(try reply.json["error"]?["code"]?.int == (status == 400 ? -32020 : nil))
            #expect(backend.requests("tools/call").count == (status == 200 ? 1 : 0))
            // A tool without annotations does not care.
            let other = try await gateway.client.send(
                "tools/call", ["name": "one_echo", "arguments": .object(arguments)],
                fields: fields.map { (name: $0.0, value: $0.1) })
            #expect(other.status == 200)
        }
        await backend.stop()
    }

    @Test("BP-12: many calls at once get their own answers")
    func concurrent() async throws {
        let backend = try await Self.backend()
        try await ModernGateway.run(["one": backend.url]) { gateway in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let id = JSONValue.number(JSONNumber(number))
                        let message = try await gateway.client.send("tools/call", ["name": "one_echo"], id: id).json
                        #expect(message["id"]?.int == number)
                        #expect(message["result"]?.firstText == "echo")
                    }
                }
                try await group.waitForAll()
            }
        }
        await backend.stop()
    }
}
