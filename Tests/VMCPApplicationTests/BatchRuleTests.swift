// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

@Suite struct BatchRuleTests {
    private static func batch(_ messages: String...) -> String { "[" + messages.joined(separator: ",") + "]" }

    /// The answers of a batch by the spelling of their ids.
    private func answers(_ reply: RawReply) throws -> [String: JSONSlice] {
        var answers: [String: JSONSlice] = [:]
        let array = try reply.contentType == "text/event-stream" ? reply.messages.last.orThrow("an answer") : reply.json
        #expect(array.kind == .array, "\(array)")
        for answer in array.elements {
            let id = answer["id"]?.description ?? "none"
            #expect(answers[id] == nil, "two answers to \(id)")
            answers[id] = answer
        }
        return answers
    }

    @Test("HL-20: every element of a batch is served by its own rules, and requests alone are answered")
    func mixed() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let reply = try await client.send(
                "POST",
                Self.batch(
                    MCPTestClient.request(1, "ping"), MCPTestClient.notification("notifications/initialized"),
                    MCPTestClient.call("two", "one_echo", ["text": "hello"]), MCPTestClient.request(3, "no/such"),
                    MCPTestClient.call(4, "no_such_tool"), #"{"jsonrpc":"2.0","id":99,"result":{}}"#, "5"))
            #expect(reply.status == 200)
            let answers = try answers(reply)
            #expect(Set(answers.keys) == ["1", #""two""#, "3", "4", "none"])
            #expect(answers["1"]?["result"]?.description == "{}")
            #expect(answers[#""two""#]?["result"]?.firstText == "hello")
            #expect(answers["3"]?["error"]?["code"]?.int == -32601)
            #expect(answers["4"]?["error"]?["code"]?.int == -32602)
            #expect(answers["none"]?["error"]?["code"]?.int == -32600)
        }
    }

    @Test("HL-20: the requests of a batch run at the same time")
    func concurrent() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let calls = (1...5).map { MCPTestClient.call(.number(JSONNumber($0)), "one_slow", ["milliseconds": 400]) }
            let start = ContinuousClock.now
            let reply = try await client.send("POST", "[" + calls.joined(separator: ",") + "]")
            #expect(try answers(reply).count == 5)
            #expect(ContinuousClock.now - start < .milliseconds(1900))
        }
    }

    @Test("HL-21: a batch without requests is accepted with 202 and no body")
    func notificationsOnly() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            for body in [
                Self.batch(MCPTestClient.notification("a"), MCPTestClient.notification("b")),
                Self.batch(
                    #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
                    #"{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":""}}"#),
            ] {
                let reply = try await client.send("POST", body)
                #expect(reply.status == 202)
                #expect(reply.text.isEmpty)
            }
        }
    }

    @Test("HL-22: initialize inside a batch is refused")
    func initialize() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let reply = try await client.send(
                "POST", Self.batch(MCPTestClient.initialize("2025-03-26", id: 5), MCPTestClient.request(6, "ping")))
            #expect(reply.sessionID == nil)
            let answers = try answers(reply)
            #expect(answers["6"]?["result"] != nil)
            #expect(answers.count == 2)
            #expect(answers.first { $0.key != "6" }?.value["error"]?["code"]?.int == -32600)
        }
    }

    @Test("HL-23, L22: every other revision refuses batches", arguments: ["2025-11-25", "2025-06-18", "2024-11-05"])
    func otherRevisions(_ revision: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened(revision)
            let reply = try await client.send("POST", Self.batch(MCPTestClient.request(1, "ping")))
            #expect(reply.status == 400)
            #expect(try reply.json["error"]?["code"]?.int == -32600)
            #expect(try reply.json["id"] == nil)
            #expect(try await client.result("ping").description == "{}")
        }
    }

    @Test(
        "A batch that is no good as a whole is one error",
        arguments: [
            ("[]", -32600), ("[1", -32700), (#"[{"jsonrpc":"2.0","id":1,"method":"ping"},]"#, -32700),
        ])
    func refused(_ body: String, _ code: Int) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let reply = try await client.send("POST", body)
            #expect(reply.status == 400)
            #expect(try reply.json["error"]?["code"]?.int == code)
        }
    }

    @Test("SE-04: the messages of a batch are bounded")
    func bound() async throws {
        var plan = GatewayPlan.bare
        plan.limits = ["maxBatchMessages: 3"]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let ping = MCPTestClient.request("p", "ping"), note = MCPTestClient.notification("n")
            #expect(try await client.send("POST", Self.batch(ping, note, note)).status == 200)
            let reply = try await client.send("POST", Self.batch(ping, note, note, note))
            #expect(reply.status == 400)
            #expect(try reply.json["error"]?["code"]?.int == -32600)
        }
    }

    @Test("BP-13: two requests of a batch with the same id are not crossed")
    func sameID() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let reply = try await client.send(
                "POST",
                Self.batch(
                    MCPTestClient.call(1, "one_slow", ["milliseconds": 200]),
                    MCPTestClient.call(1, "one_echo", ["text": "x"])))
            let elements = Array(try reply.json.elements)
            #expect(elements.count == 2)
            #expect(elements.count { $0["error"]?["code"]?.int == -32600 } == 1)
            #expect(elements.count { $0["result"] != nil } == 1)
        }
    }

    @Test("What a call of a batch tells meanwhile comes before the answer")
    func progress() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let reply = try await client.send(
                "POST",
                Self.batch(
                    MCPTestClient.call(1, "one_test_tool_with_progress", meta: ["progressToken": "p"]),
                    MCPTestClient.request(2, "ping")))
            #expect(reply.contentType == "text/event-stream")
            let messages = try reply.messages
            #expect(messages.dropLast().compactMap { $0["params"]?["progressToken"]?.string } == ["p", "p", "p"])
            #expect(Set(try answers(reply).keys) == ["1", "2"])
        }
    }
}
