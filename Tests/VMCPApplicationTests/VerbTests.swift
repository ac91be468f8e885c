// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import JSONTypes
import NIOCore
import TestSupport
import Testing

@Suite struct VerbTests {
    private static let twoBackends: GatewayPlan = {
        var plan = GatewayPlan()
        plan.backends = [.init("one"), .init("two") { $0.profile = .notes }]
        return plan
    }()

    private func names(_ result: JSONSlice, _ list: String, _ key: String = "name") -> [String] {
        (result.member(list) ?? .null).elements.compactMap { $0.member(key)?.string }
    }

    // MARK: Lists

    @Test("Lists join what all backends offer, under their names")
    func lists() async throws {
        try await RunningGateway.run(Self.twoBackends) { gateway in
            let client = try await gateway.client.opened()
            let tools = names(try await client.result("tools/list"), "tools")
            #expect(tools.contains("one_echo"))
            #expect(tools.contains("two_note_add"))
            #expect(tools.allSatisfy { $0.hasPrefix("one_") || $0.hasPrefix("two_") })
            let prompts = names(try await client.result("prompts/list"), "prompts")
            #expect(prompts.contains("one_test_simple_prompt"))
            #expect(prompts.contains("two_summarize_notes"))
            let resources = names(try await client.result("resources/list"), "resources", "uri")
            #expect(resources.contains("test://static-text"))
            #expect(resources.contains("notes://index"))
            let templates = names(
                try await client.result("resources/templates/list"), "resourceTemplates", "uriTemplate")
            #expect(templates.contains("test://template/{id}/data"))
        }
    }

    @Test("GB-48: a list is the same each time")
    func deterministic() async throws {
        try await RunningGateway.run(Self.twoBackends) { gateway in
            let client = try await gateway.client.opened()
            for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
                let first = try await client.result(method).description
                for _ in 0..<4 {
                    let other = try await gateway.client.opened()
                    #expect(try await other.result(method).description == first, "\(method)")
                }
            }
        }
    }

    @Test(
        "GB-46: a cursor that was never given out is refused",
        arguments: [
            JSONValue.string("nonsense"), "", 5, ["x"],
        ])
    func cursor(_ cursor: JSONValue) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
                #expect(try await client.error(method, ["cursor": cursor])["code"]?.int == -32602, "\(method)")
            }
        }
    }

    @Test("GB-45, GB-47: a list of many pages is complete and ends")
    func pages() async throws {
        var plan = GatewayPlan()
        plan.backends = [
            .init("one") {
                $0.extraTools = 2500
                $0.pageSize = 100
            }
        ]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            // A cursor belongs to the list that gave it out.
            let given = try await client.result("tools/list")["nextCursor"].orThrow("a cursor")
            #expect(try await client.error("prompts/list", ["cursor": .slice(given)])["code"]?.int == -32602)
            var seen: [String] = []
            var cursor: String?
            repeat {
                let params: JSONValue? = cursor.map { ["cursor": .string($0)] }
                let result = try await client.result("tools/list", params)
                seen += names(result, "tools")
                cursor = result["nextCursor"]?.string
                #expect(result["nextCursor"]?.isNull != true)
            } while cursor != nil && seen.count < 10_000
            #expect(seen.count { $0.hasPrefix("one_tool_") } == 2500)
            #expect(Set(seen).count == seen.count)
        }
    }

    // MARK: Calls

    @Test(
        "BP-10: arguments arrive byte for byte",
        arguments: [
            #"{"n":9007199254740993}"#, #"{"f":1.0,"e":1e400,"z":-0.0}"#, #"{"s":"\u00e9\ud83d\ude00\/ é"}"#,
            #"{"b":2,"a":1,"b2":{"y":1,"x":[ 1 ,2]}}"#,
            #"{ "space" : [ ] }"#, "{}", #"{"lone":"\ud800"}"#, #"{"big":123456789012345678901234567890}"#,
            #"{"dup":1,"dup":2}"#,
            #"{"_meta":{"io.modelcontextprotocol/x":1},"name":"inner"}"#,
        ])
    func lossless(_ arguments: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let body =
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"one_echo_arguments","arguments":"#
                + arguments + "}}"
            let result = try await client.send("POST", body).json["result"].orThrow("a result")
            #expect(result.texts.first == arguments)
        }
    }

    @Test("BP-19, BP-20: of a request's _meta the vendor and trace keys arrive, reserved ones do not")
    func requestMeta() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let meta: JSONObject = [
                "com.example/x": ["n": 1], "traceparent": "00-1-2-01",
                "io.modelcontextprotocol/clientInfo": ["name": "me"],
                "dev.mcp/y": 1, "baggage": "a=b",
            ]
            let result = try await client.call("one_echo_arguments", ["x": 1], meta: meta)
            #expect(
                result.texts == [#"{"x":1}"#, #"{"com.example/x":{"n":1},"traceparent":"00-1-2-01","baggage":"a=b"}"#])
        }
    }

    @Test("BP-19, BP-20: of a result's _meta the vendor and trace keys arrive, reserved ones do not")
    func resultMeta() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let result = try await client.call("one_meta_result")
            #expect(result["_meta"]?["com.example/vendor"]?.description == #"{"kept":true,"order":[3,1,2]}"#)
            #expect(
                result["_meta"]?["traceparent"]?.string == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            #expect(!result.description.contains("io.modelcontextprotocol/"))
            #expect(!result.description.contains("impostor"))
        }
    }

    @Test(
        "A call needs a name, and arguments that are an object",
        arguments: [
            JSONValue.null, [:], ["name": 5], ["name": ["one_echo"]], ["name": "one_echo", "arguments": []],
            ["name": "one_echo", "arguments": "text"], ["name": "one_echo", "arguments": nil],
        ] as [JSONValue])
    func badCall(_ params: JSONValue) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let body =
                params == .null
                ? MCPTestClient.request(1, "tools/call") : MCPTestClient.request(1, "tools/call", params)
            let reply = try await client.send("POST", body)
            #expect(reply.status == 200)
            #expect(try reply.json["error"]?["code"]?.int == -32602, "\(reply.text)")
        }
    }

    @Test(
        "An unknown tool or prompt is invalid params; an unknown resource is not found",
        arguments: [
            ("tools/call", ["name": "nope"], -32602), ("tools/call", ["name": "echo"], -32602),
            ("tools/call", ["name": ""], -32602),
            ("prompts/get", ["name": "nope"], -32602), ("resources/read", ["uri": "test://nope"], -32002),
            ("resources/read", [:], -32602), ("resources/subscribe", ["uri": "test://nope"], -32002),
            ("logging/setLevel", ["level": "loud"], -32602), ("logging/setLevel", [:], -32602),
            ("completion/complete", [:], -32602),
        ] as [(String, JSONValue, Int)])
    func unknown(_ method: String, _ params: JSONValue, _ code: Int) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let error = try await client.error(method, params)
            #expect(error["code"]?.int == code, "\(error)")
            // GB-44: the resource is named.
            if code == -32002 { #expect(error["data"]?["uri"]?.string == "test://nope") }
        }
    }

    @Test("A member of params that occurs twice is refused")
    func duplicateParam() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let body =
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"one_echo","n\u0061me":"one_crash","arguments":{}}}"#
            #expect(try await client.send("POST", body).json["error"]?["code"]?.int == -32602)
        }
    }

    @Test("2.7: a tool's failure stays a result")
    func failure() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let result = try await client.call("one_test_error_handling")
            #expect(result["isError"]?.bool == true)
            #expect(result.firstText == "This tool intentionally returns an error for testing")
        }
    }

    @Test("Large answers arrive whole", arguments: [0, 1, 16_000, 100_000, 5_000_000])
    func large(_ size: Int) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let text = try await client.text("one_large", ["bytes": .number(JSONNumber(size))])
            #expect(text.utf8.count == size)
        }
    }

    @Test(
        "Large arguments arrive whole, and beside another request on the same connection",
        arguments: [100_000, 3_000_000])
    func largeArguments(_ size: Int) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let text = String(repeating: "0123456789", count: size / 10)
            try await client.withConnection { connection in
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call(1, "one_echo", ["text": .string(text)]))
                        + client.requestText("POST", MCPTestClient.request(2, "ping")))
                #expect(try await connection.reply().json["result"]?.firstText == text)
                #expect(try await connection.reply().json["id"]?.int == 2)
            }
        }
    }

    // MARK: Resources, prompts, completion

    @Test("Resources are read where they are listed, templates are filled in")
    func resources() async throws {
        try await RunningGateway.run(Self.twoBackends) { gateway in
            let client = try await gateway.client.opened()
            func text(_ uri: String) async throws -> String? {
                let result = try await client.result("resources/read", ["uri": .string(uri)])
                return Array((result["contents"] ?? .null).elements).first?["text"]?.string
            }
            #expect(try await text("test://static-text") == "This is the content of the static text resource.")
            #expect(try await text("notes://index")?.contains("Shopping") == true)
            #expect(try await text("test://template/7/data")?.contains("Data for ID: 7") == true)
        }
    }

    @Test("GB-43: a resource that no list holds is readable in the session whose result pointed to it")
    func links() async throws {
        var plan = GatewayPlan()
        // Both offer resources of the same scheme, so that the scheme alone does not tell whose it is.
        plan.backends = [.init("one"), .init("two")]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            #expect(try await client.error("resources/read", ["uri": "test://hidden/report"])["code"]?.int == -32002)
            let link = try await client.call("one_resource_link")
            #expect(Array((link["content"] ?? .null).elements).first?["uri"]?.string == "test://hidden/report")
            let result = try await client.result("resources/read", ["uri": "test://hidden/report"])
            #expect(Array((result["contents"] ?? .null).elements).first?["text"]?.string == "Hidden report")
            // But not to another session.
            let other = try await gateway.client.opened()
            #expect(try await other.error("resources/read", ["uri": "test://hidden/report"])["code"]?.int == -32002)
        }
    }

    @Test("Prompts are given under their advertised names")
    func prompts() async throws {
        try await RunningGateway.run(Self.twoBackends) { gateway in
            let client = try await gateway.client.opened()
            let result = try await client.result(
                "prompts/get", ["name": "one_test_prompt_with_arguments", "arguments": ["arg1": "a", "arg2": "b"]])
            #expect(result.description.contains("arg1='a', arg2='b'"))
            #expect(try await client.error("prompts/get", ["name": "test_simple_prompt"])["code"]?.int == -32602)
            #expect(
                try await client.error("prompts/get", ["name": "one_test_simple_prompt", "arguments": [1]])["code"]?.int
                    == -32602)
        }
    }

    @Test("GB-52: completion goes to the backend that the reference names, and unknown references have none")
    func completion() async throws {
        try await RunningGateway.run(Self.twoBackends) { gateway in
            let client = try await gateway.client.opened()
            func values(_ ref: JSONValue, _ value: String, _ name: String = "arg1") async throws -> [String] {
                let result = try await client.result(
                    "completion/complete", ["ref": ref, "argument": ["name": .string(name), "value": .string(value)]])
                return (result["completion"]?["values"] ?? .null).elements.compactMap(\.string)
            }
            #expect(
                try await values(["type": "ref/prompt", "name": "one_test_prompt_with_arguments"], "par") == [
                    "paris", "park", "party",
                ])
            #expect(
                try await values(["type": "ref/resource", "uri": "test://template/{id}/data"], "b", "id") == ["beta"])
            #expect(try await values(["type": "ref/prompt", "name": "test_prompt_with_arguments"], "par").isEmpty)
            #expect(
                try await client.error(
                    "completion/complete", ["ref": ["type": "ref/other"], "argument": ["name": "x", "value": ""]])[
                        "code"]?.int
                    == -32602)
        }
    }

    // MARK: Concurrency

    @Test("BP-12: a hundred calls at a time get their own answers")
    func hundredCalls() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        if number.isMultiple(of: 4) {
                            let delay = (number * 37) % 90
                            let text = try await client.text(
                                "one_slow", ["milliseconds": .number(JSONNumber(delay))],
                                id: .number(JSONNumber(number)))
                            #expect(text == "Slept for \(delay) ms")
                        } else {
                            let reply = try await client.send(
                                "POST",
                                MCPTestClient.call(
                                    .string("n\(number)"), "one_echo", ["text": .string("text \(number)")]))
                            let message = try reply.json
                            #expect(message["id"]?.string == "n\(number)")
                            #expect(message["result"]?.firstText == "text \(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("BP-13: two sessions that use the same ids at the same time are not crossed")
    func equalIDs() async throws {
        try await RunningGateway.run { gateway in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["alice", "bob", "carol", "dave"] {
                    let client = try await gateway.client.opened()
                    group.addTask {
                        _ = try await client.text("one_remember", ["key": "who", "value": .string(name)], id: 1)
                        for id in 1...10 {
                            let number = JSONValue.number(JSONNumber(id))
                            let echo = try await client.text("one_echo", ["text": .string("\(name) \(id)")], id: number)
                            #expect(echo == "\(name) \(id)")
                            let recalled = try await client.text("one_recall", ["key": "who"], id: number)
                            #expect(recalled == name)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("GB-21: two sessions that use the same progress token get their own progress, and the backend sees neither")
    func progressTokens() async throws {
        try await RunningGateway.run { gateway in
            try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<2 {
                    let client = try await gateway.client.opened()
                    group.addTask {
                        let reply = try await client.send(
                            "POST",
                            MCPTestClient.call(1, "one_test_tool_with_progress", meta: ["progressToken": "same"]))
                        let messages = try reply.messages
                        #expect(messages.last?["result"]?.firstText?.contains("same") == false)
                        return messages.compactMap { message in
                            guard message["params"]?["progressToken"]?.string == "same" else { return nil }
                            return message["params"]?["progress"]?.description
                        }
                    }
                }
                for try await steps in group { #expect(steps == ["0", "50", "100"]) }
            }
        }
    }

    @Test("4.3: the progress token keeps its JSON type", arguments: ["7", #""7""#, #""token é""#, "0"])
    func tokenType(_ token: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let body =
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"one_test_tool_with_progress","_meta":{"progressToken":"#
                + token + "}}}"
            let messages = try await client.send("POST", body).messages
            #expect(messages.dropLast().map { $0["params"]?["progressToken"]?.description } == [token, token, token])
        }
    }
}
