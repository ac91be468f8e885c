// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// `rateLimiting`, whichever way requests come in (SE-11).
@Suite struct RateLimitTests {
    /// As many tokens, and none more within any test's time.
    private static func plan(_ tokens: Int, _ limit: String = "shared") -> GatewayPlan {
        var plan = GatewayPlan()
        plan.sections = """
            rateLimiting:
              \(limit): {maxTokens: \(tokens), refillPeriod: {duration: 24h}}
            http:
              legacySSE: true
            """
        return plan
    }

    private static let tokens = 4
    private static let flood = 12

    private static func call(_ id: Int) -> String {
        MCPTestClient.call(.number(JSONNumber(id)), "one_echo", ["text": "through"])
    }

    /// All of a flood but for what there are tokens for is refused, and nothing of that has reached the backend.
    private func check(_ answers: [JSONSlice], sourceLocation: SourceLocation = #_sourceLocation) {
        let served = answers.count { $0["result"]?.firstText == "through" }
        let refused = answers.compactMap { $0["error"] }.filter { $0["code"]?.int == 429 }
        #expect(served == Self.tokens, sourceLocation: sourceLocation)
        #expect(refused.count == Self.flood - Self.tokens, sourceLocation: sourceLocation)
        for error in refused {
            #expect(error["message"]?.string?.hasPrefix("Rate limit exceeded") == true, sourceLocation: sourceLocation)
            #expect(
                (1...21_600).contains(error["data"]?["retryAfterSeconds"]?.int ?? 0), sourceLocation: sourceLocation)
        }
        #expect(Set(answers.compactMap { $0["id"]?.int }).count == Self.flood, sourceLocation: sourceLocation)
    }

    @Test(
        "SE-11: a flood over a Legacy session, whose answers have no status of their own",
        arguments: ["shared", "perUser"])
    func legacy(_ limit: String) async throws {
        try await RunningGateway.run(Self.plan(Self.tokens, limit)) { gateway in
            let first = try await gateway.client.opened(), second = try await gateway.client.opened("2025-03-26")
            var answers: [JSONSlice] = []
            for id in 0..<Self.flood {
                // Another session is no other user.
                let reply = try await (id % 2 == 0 ? first : second).send("POST", Self.call(id))
                #expect(reply.status == 200)
                answers.append(try reply.messages.last.orThrow("an answer"))
            }
            check(answers)
            #expect(try await gateway.stats().calls == Self.tokens)
            #expect(try await first.result("tools/list")["tools"] != nil)
        }
    }

    @Test("SE-11: every request of a batch counts")
    func batch() async throws {
        try await RunningGateway.run(Self.plan(Self.tokens)) { gateway in
            let client = try await gateway.client.opened("2025-03-26")
            let body = "[" + (0..<Self.flood).map { Self.call($0) }.joined(separator: ",") + "]"
            let reply = try await client.send("POST", body)
            check(Array(try reply.messages.last.orThrow("answers").elements))
            #expect(try await gateway.stats().calls == Self.tokens)
        }
    }

    @Test("SE-11: a flood of Modern requests is told 429 and when to come back")
    func modern() async throws {
        try await RunningGateway.run(Self.plan(Self.tokens)) { gateway in
            var answers: [JSONSlice] = []
            for id in 0..<Self.flood {
                let reply = try await gateway.client.sendModern(
                    .number(JSONNumber(id)), "tools/call", ["name": "one_echo", "arguments": ["text": "through"]])
                let answer = try reply.messages.last.orThrow("an answer")
                #expect(reply.status == (answer["error"] == nil ? 200 : 429))
                #expect(
                    reply.head["retry-after"] == answer["error"]?["data"]?["retryAfterSeconds"]?.description)
                answers.append(answer)
            }
            check(answers)
            #expect(try await gateway.stats().calls == Self.tokens)
            for (method, params) in Self.others {
                let reply = try await gateway.client.sendModern(1, method, params)
                #expect(reply.status == 429, "\(method)")
                #expect(reply.head["retry-after"] != nil, "\(method)")
            }
            #expect(try await gateway.client.sendModern(1, "tools/list").status == 200)
        }
    }

    private static let others: [(String, JSONObject)] = [
        ("subscriptions/listen", ["notifications": ["toolsListChanged": true]]),
        ("prompts/get", ["name": "one_none"]), ("resources/read", ["uri": "none://x"]),
        (
            "completion/complete",
            ["ref": ["type": "ref/prompt", "name": "one_none"], "argument": ["name": "a", "value": ""]]
        ),
    ]

    @Test("SE-11: a flood of subscriptions leaves as many open as there are tokens for")
    func listen() async throws {
        try await RunningGateway.run(Self.plan(1)) { gateway in
            let filter: JSONObject = ["toolsListChanged": true]
            try await gateway.client.modernListening("first", filter) { _, acknowledgement in
                #expect(acknowledgement?["id"] == nil && acknowledgement?["method"] != nil)
                let reply = try await gateway.client.sendModern(
                    2, "subscriptions/listen", ["notifications": .object(filter)])
                #expect(reply.status == 429)
                #expect(try reply.json["id"]?.int == 2)
            }
        }
    }

    @Test("SE-11: a flood on standard input, in both eras", arguments: [false, true])
    func stdio(_ isModern: Bool) async throws {
        try await RunningGateway.runStdio(Self.plan(Self.tokens)) { client in
            if !isModern { try await client.open() }
            for id in 0..<Self.flood {
                try await client.send(
                    isModern
                        ? MCPTestClient.modernMessage(
                            .number(JSONNumber(id)), "tools/call",
                            ["name": "one_echo", "arguments": ["text": "through"]]) : Self.call(id))
            }
            var answers: [JSONSlice] = []
            while answers.count < Self.flood { answers.append(try await client.response()) }
            check(answers)
            try await client.finish()
        }
    }

    @Test("SE-11: a flood over HTTP+SSE")
    func legacySSE() async throws {
        try await RunningGateway.run(Self.plan(Self.tokens)) { gateway in
            let base = gateway.client
            try await base.withConnection { stream in
                try await stream.send(base.requestText("GET", path: "/sse", fields: [("Accept", "text/event-stream")]))
                #expect(try await stream.head().status == 200)
                let path = try (try await stream.event()?.data).orThrow("an address")
                _ = try await base.send("POST", MCPTestClient.initialize("2024-11-05", id: "open"), path: path)
                #expect(try await stream.messageEvent().message?["result"] != nil)
                for id in 0..<Self.flood {
                    #expect(try await base.send("POST", Self.call(id), path: path).status == 202)
                }
                var answers: [JSONSlice] = []
                while answers.count < Self.flood {
                    let message = try (try await stream.messageEvent().message).orThrow("a message")
                    if message["id"] != nil { answers.append(message) }
                }
                check(answers)
            }
        }
    }

    @Test("SE-11: a tool's limit is for the name that clients see")
    func tool() async throws {
        var plan = GatewayPlan()
        plan.sections = """
            rateLimiting:
              tools:
                - name: one_echo
                  perUser: {maxTokens: 1, refillPeriod: 24h}
                - name: echo
                  shared: {maxTokens: 1, refillPeriod: 24h}
            """
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened()
            #expect(try await client.text("one_echo", ["text": "a"]) == "a")
            let error = try await client.error("tools/call", ["name": "one_echo", "arguments": ["text": "b"]])
            #expect(error["code"]?.int == 429)
            #expect(error["data"]?["limit"]?.string == "tools.perUser")
            #expect(try await client.call("one_stats")["content"] != nil)
        }
    }
}
