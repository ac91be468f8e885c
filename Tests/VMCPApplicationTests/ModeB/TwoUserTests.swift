// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import JSONTypes
import NIOCore
import TestSupport
import Testing

/// Two people with tokens of their own, who would like to have what is the other's: over HTTP and through everything.
@Suite struct TwoUserTests {
    private struct Bench {
        let gateway: RunningGateway
        let alice: MCPTestClient
        let bob: MCPTestClient

        func modern(_ base: MCPTestClient) async throws -> MatrixClient {
            try await MatrixClient.open(
                base, "2026-07-28",
                ["elicitation": [:], "extensions": ["io.modelcontextprotocol/tasks": [:]]])
        }
    }

    private static func run(
        _ backend: String = "2025-11-25", parking: [String] = [], others: [(name: String, url: String)] = [],
        _ body: (Bench) async throws -> Void
    ) async throws {
        let provider = try await FakeProvider.start()
        var plan = try await GatewayPlan.modeB(provider)
        plan.backends = TaskTests.plan(backend).backends
        plan.others = others
        if !parking.isEmpty { plan.sections += "\nparking:\n" + parking.map { "  \($0)\n" }.joined() }
        try await RunningGateway.run(plan) { gateway in
            func person(_ name: String) async throws -> MCPTestClient {
                let client = ModeBClient(port: gateway.port, provider: provider)
                try await client.register()
                return client.mcp(try await client.signIn(name).access)
            }
            try await body(Bench(gateway: gateway, alice: try await person("alice"), bob: try await person("bob")))
        }
        await provider.stop()
    }

    private static let tool = "one_test_elicitation"

    /// Begins a call that asks; the state and the key of its question.
    private func ask(
        _ client: MatrixClient, _ tool: String = tool
    ) async throws -> (state: JSONValue, key: String) {
        let answer = try await client.once(
            "tools/call", ["name": .string(tool), "arguments": ["message": "Who?"]]
        ).message
        guard answer["result"]?["resultType"]?.string == "input_required" else { throw Missing("a round in \(answer)") }
        let key = try answer["result"]?["inputRequests"]?.members.first { _ in true }?.key.string.orThrow("a key") ?? ""
        return (.slice(try (answer["result"]?["requestState"]).orThrow("a state")), key)
    }

    private func retry(
        _ client: MatrixClient, _ round: (state: JSONValue, key: String), _ tool: String = tool,
        message: JSONValue = "Who?"
    ) async throws -> (status: Int, message: JSONSlice) {
        try await client.once(
            "tools/call",
            [
                "name": .string(tool), "arguments": ["message": message], "requestState": round.state,
                "inputResponses": .object([round.key: ["action": "decline"]]),
            ])
    }

    private func isRefused(_ answer: (status: Int, message: JSONSlice), _ reason: String) -> Bool {
        answer.status == 400 && answer.message["error"]?["code"]?.int == -32602
            && answer.message["error"]?["data"]?["reason"]?.string == reason
    }

    /// A backend that asks in each call, and never answers one.
    private static func startAsking() async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(
                #"{"jsonrpc":"2.0","id":"ask","method":"elicitation/create","params":{"message":"Who?","#
                    + #""requestedSchema":{"type":"object","properties":{}}}}"#)
            await reply.closed()
            return true
        }
    }

    @Test(
        "GB-11, PK-09, PK-10: a state that another one sends, or for another call, opens nothing and harms nothing",
        arguments: ["2025-11-25", "2026-07-28"])
    func swapped(backend: String) async throws {
        try await Self.run(backend) { bench in
            let alice = try await bench.modern(bench.alice)
            let bob = try await bench.modern(bench.bob)
            let hers = try await ask(alice)
            let his = try await ask(bob)
            #expect(isRefused(try await retry(bob, hers), "invalid_request_state"))
            #expect(isRefused(try await retry(alice, his), "invalid_request_state"))
            #expect(isRefused(try await retry(alice, hers, message: "Else?"), "invalid_request_state"))
            for (client, round) in [(alice, hers), (bob, his)] {
                let answer = try await retry(client, round)
                #expect(answer.status == 200)
                #expect(answer.message["result"]?.firstText?.contains("action=decline") == true, "\(answer.message)")
            }
        }
    }

    @Test("GB-16, PK-11: a state is answered once; who sends it again, or sends another's that is over, gets nothing")
    func replayed() async throws {
        try await Self.run { bench in
            let alice = try await bench.modern(bench.alice)
            let bob = try await bench.modern(bench.bob)
            let round = try await ask(alice)
            #expect(try await retry(alice, round).message["result"] != nil)
            #expect(isRefused(try await retry(alice, round), "request_state_gone"))
            #expect(isRefused(try await retry(bob, round), "invalid_request_state"))
            let stats = try await alice.call("stats").text.flatMap { try? JSONSlice(validating: .init(string: $0)) }
            #expect(stats?["questions"]?.int == 1, "the backend has asked once")
        }
    }

    @Test("GB-16, PK-24: who floods parks is refused questions, and others are not")
    func flooded() async throws {
        try await Self.run(parking: ["perPrincipal: 3"]) { bench in
            let alice = try await bench.modern(bench.alice)
            let bob = try await bench.modern(bench.bob)
            var rounds: [(state: JSONValue, key: String)] = []
            for _ in 0..<3 { rounds.append(try await ask(alice)) }
            for _ in 0..<3 {
                let refused = try await alice.once(
                    "tools/call", ["name": .string(Self.tool), "arguments": ["message": "Who?"]])
                #expect(refused.status == 200)
                // The tool decides what to do without an answer.
                #expect(refused.message["result"]?.firstText?.contains("action=cancel") == true, "\(refused.message)")
            }
            let his = try await ask(bob)
            #expect(try await retry(bob, his).message["result"] != nil)
            for round in rounds { #expect(try await retry(alice, round).message["result"] != nil) }
            // What is answered makes room.
            let again = try await ask(alice)
            #expect(try await retry(alice, again).message["result"] != nil)
        }
    }

    @Test("GB-17, PK-14: a client that never comes back costs its backend's call, and its state is worth nothing")
    func neverBack() async throws {
        let backend = try await Self.startAsking()
        try await Self.run(parking: ["roundTtl: 10s"], others: [("asking", backend.url)]) { bench in
            let alice = try await bench.modern(bench.alice)
            let bob = try await bench.modern(bench.bob)
            let round = try await ask(alice, "asking_echo")
            try await eventually("the backend's call is cancelled") {
                !backend.requests("notifications/cancelled").isEmpty
            }
            let late = try await retry(alice, round, "asking_echo")
            #expect(late.status == 400 && late.message["error"]?["code"]?.int == -32602)
            #expect(try await retry(bob, round, "asking_echo").status == 400)
        }
        await backend.stop()
    }

    @Test("GB-16, PK-17: a backend that dies while a call is parked is told of, and its call never repeated")
    func backendDies() async throws {
        let dying = try await Self.startAsking()
        try await Self.run(others: [("dying", dying.url)]) { bench in
            let alice = try await bench.modern(bench.alice)
            let bob = try await bench.modern(bench.bob)
            let hers = try await ask(alice, "dying_echo")
            let his = try await ask(bob, "dying_echo")
            await dying.stop()
            #expect(isRefused(try await retry(bob, hers, "dying_echo"), "invalid_request_state"))
            for (client, round) in [(alice, hers), (bob, his)] {
                let answer = try await retry(client, round, "dying_echo")
                #expect(answer.message["error"]?["code"]?.int == -32603, "\(answer.message)")
                #expect(answer.message["error"]?["data"]?["reason"]?.string == "backend_lost", "\(answer.message)")
            }
            #expect(dying.requests("tools/call").count == 2)
        }
    }

    @Test(
        "GB-53: a task is nobody else's: not to be seen, heard of, answered, listed or cancelled",
        arguments: ["2025-11-25", "2026-07-28"])
    func tasks(backend: String) async throws {
        try await Self.run(backend) { bench in
            let alice = try await bench.modern(bench.alice)
            let task = try await alice.start("task_question")
            let id = try task["taskId"]?.string.orThrow("an id") ?? ""
            let asking = try await alice.settled(id, "input_required")
            let key = try asking["inputRequests"]?.members.first { _ in true }?.key.string.orThrow("a key") ?? ""
            let accepted: JSONValue = .object([key: ["action": "accept", "content": ["name": "Bob"]]])

            let bob = try await bench.modern(bench.bob)
            for (method, more) in [
                ("tasks/get", [:]), ("tasks/update", ["inputResponses": accepted]), ("tasks/cancel", [:]),
            ] as [(String, JSONObject)] {
                var params = more
                params["taskId"] = .string(id)
                #expect(try await bob.once(method, params).message["error"]?["code"]?.int == -32602, "\(method)")
            }
            let granted = try await bob.subscribed(["taskIds": [.string(id)]])
            #expect(granted["params"]?["notifications"]?.description == #"{"taskIds":[]}"#)
            let session = try await MatrixClient.open(bench.bob, "2025-11-25", MatrixClient.tasks)
            for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
                let answer = try await session.once(method, ["taskId": .string(id)]).message
                #expect(answer["error"]?["code"]?.int == -32602, "\(method)")
            }
            #expect(try await session.once("tasks/list", [:]).message["result"]?["tasks"]?.description == "[]")

            let mine: JSONValue = .object([key: ["action": "accept", "content": ["name": "Ann"]]])
            _ = try await alice.once("tasks/update", ["taskId": .string(id), "inputResponses": mine])
            #expect(try await alice.outcome(of: id).firstText == "Hello, Ann!")
        }
    }
}
