// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

/// Tasks as revision 2025-11-25 has them.
@Suite(.timeLimit(.minutes(5))) struct LegacyTaskTests {
    private static let relation = "io.modelcontextprotocol/related-task"

    private func create(_ client: CoreClient, _ tool: String, _ arguments: JSONObject = [:], ttl: Int? = nil)
        async throws -> JSONSlice
    {
        var params: JSONObject = ["name": .string(tool), "arguments": .object(arguments)]
        params["task"] = .object(ttl.map { ["ttl": .number(JSONNumber($0))] } ?? [:])
        return try await client.result("tools/call", .object(params))["task"].required()
    }

    private func wait(_ client: CoreClient, _ task: JSONSlice, until status: String) async throws -> JSONSlice {
        while true {
            let task = try await client.result("tasks/get", ["taskId": .slice(try task["taskId"].required())])
            if task["status"]?.string == status { return task }
            await Task.yield()
        }
    }

    @Test(
        "Tasks exist in 2025-11-25 and not before",
        arguments: [("2025-06-18", false), ("2025-11-25", true), ("2024-11-05", false)])
    func revisions(revision: String, exist: Bool) async throws {
        let client = try await CoreClient.open(revision)
        let tools = try await client.result("tools/list")["tools"].required().elements
        let support = tools.compactMap { $0["execution"]?["taskSupport"]?.string }
        #expect(Set(support) == (exist ? ["optional", "required"] : []))
        let list = try await client.exchange("tasks/list").required()
        #expect((list["error"] == nil) == exist)
        let result = try await client.result(
            "tools/call", ["name": "slow_compute", "arguments": ["seconds": 0], "task": [:]])
        #expect((result["task"] != nil) == exist)
        guard case .result(let bytes) = client.server.initializeResult(try client.session.revision).payload else {
            return
        }
        let capabilities = JSONSlice(trusted: bytes)["capabilities"]
        #expect(
            capabilities?["tasks"]?.description
                == (exist ? #"{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}"# : nil))
    }

    @Test func `A task runs, is asked for, and its result is tied to it`() async throws {
        let client = try await CoreClient.open()
        let task = try await create(client, "slow_compute", ["seconds": 0, "label": "x"], ttl: 5_000)
        #expect(task.keys == ["taskId", "status", "createdAt", "lastUpdatedAt", "ttl", "pollInterval"])
        #expect(task["ttl"]?.int == 5_000)
        let id = JSONValue.slice(try task["taskId"].required())
        let result = try await client.result("tasks/result", ["taskId": id])
        #expect(result.text == "x took 0.0 s" && result.resultType == nil)
        #expect(result["_meta"]?.member(Self.relation)?["taskId"] == task["taskId"])
        #expect(try await client.result("tasks/get", ["taskId": id])["status"]?.string == "completed")
        while client.announced.isEmpty { await Task.yield() }
        #expect(client.announced.first?.method == "notifications/tasks/status")
        #expect(client.announced.first?["params"]?["status"]?.string == "completed")
    }

    @Test func `A tool error is a failed task whose result is the tool's`() async throws {
        let client = try await CoreClient.open()
        let task = try await create(client, "failing_job", ["milliseconds": 0])
        let result = try await client.result("tasks/result", ["taskId": .slice(try task["taskId"].required())])
        #expect(result.isFailure)
        #expect(try await wait(client, task, until: "failed")["statusMessage"] == nil)
    }

    @Test func `A protocol error is a failed task whose result is the error`() async throws {
        let client = try await CoreClient.open()
        let task = try await create(client, "protocol_error_job", ["milliseconds": 0])
        let error = try await client.error("tasks/result", ["taskId": .slice(try task["taskId"].required())])
        #expect(error["code"]?.int == -32603)
        _ = try await wait(client, task, until: "failed")
    }

    @Test func `What a task wants to know is asked while somebody waits for its result`() async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]]) { _, _ in
            .result(JSONSlice(Answers.accept(["confirm": true])))
        }
        let task = try await create(client, "confirm_delete", ["filename": "f"])
        _ = try await wait(client, task, until: "input_required")
        #expect(client.sent.isEmpty)
        let result = try await client.result("tasks/result", ["taskId": .slice(try task["taskId"].required())])
        #expect(result.text == "Deleted f")
        let asked = try client.sent("elicitation/create").first.required()
        #expect(asked["params"]?["_meta"]?.member(Self.relation)?["taskId"] == task["taskId"])
    }

    @Test func `A question that was not answered is asked of the next who waits`() async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]])
        let task = try await create(client, "confirm_delete", ["filename": "f"])
        let params: JSONValue = ["taskId": .slice(try task["taskId"].required())]
        for round in 1...2 {
            async let answer = client.exchange("tasks/result", params, id: JSONSlice(round))
            while client.sent("elicitation/create").count < round { await Task.yield() }
            client.server.receive(
                "notifications/cancelled", JSONSlice(["requestId": .number(JSONNumber(round))]), in: try client.session)
            #expect(try await answer == nil)
        }
        #expect(try await wait(client, task, until: "input_required")["status"] != nil)
    }

    @Test func `Progress of a task is tied to it`() async throws {
        let client = try await CoreClient.open()
        let params: JSONValue = [
            "name": "slow_compute", "arguments": ["seconds": 0], "task": [:], "_meta": ["progressToken": "t"],
        ]
        let task = try await client.result("tools/call", params)["task"].required()
        _ = try await wait(client, task, until: "completed")
        let progress = client.announced.filter { $0.method == "notifications/progress" }
        #expect(progress.count == 2)
        #expect(progress.allSatisfy { $0["params"]?["_meta"]?.member(Self.relation)?["taskId"] == task["taskId"] })
    }

    @Test func `A cancelled task cannot be cancelled again, and has no result`() async throws {
        let client = try await CoreClient.open()
        let task = try await create(client, "slow_compute", ["seconds": 3_600])
        let params: JSONValue = ["taskId": .slice(try task["taskId"].required())]
        #expect(try await client.result("tasks/cancel", params)["status"]?.string == "cancelled")
        #expect(try await client.error("tasks/cancel", params)["code"]?.int == -32602)
        #expect(try await client.error("tasks/result", params)["code"]?.int == -32603)
    }

    @Test func `Tasks are listed page by page, each session has its own`() async throws {
        let client = try await CoreClient.open(options: .init(transport: .stdio, pageSize: 2))
        let other = try await CoreClient.open(with: client)
        var ids: [String] = []
        for _ in 0..<5 {
            ids.append(try await create(client, "slow_compute", ["seconds": 3_600])["taskId"]?.string ?? "")
        }
        var listed: [String] = []
        var params: JSONValue = [:]
        while true {
            let page = try await client.result("tasks/list", params)
            listed += page["tasks"]?.elements.compactMap { $0["taskId"]?.string } ?? []
            guard let cursor = page["nextCursor"] else { break }
            params = ["cursor": .slice(cursor)]
        }
        #expect(listed == ids)
        #expect(try await client.error("tasks/list", ["cursor": "x"])["code"]?.int == -32602)
        #expect(try await other.result("tasks/list")["tasks"]?.description == "[]")
        #expect(try await other.error("tasks/get", ["taskId": .string(ids[0])])["code"]?.int == -32602)
        #expect(try client.server.close(client.session.id))
        #expect(client.server.jobs.count == 0)
    }

    @Test(
        "The wish for a task has to fit the tool",
        arguments: [
            (["name": "echo", "arguments": ["text": "x"], "task": [:]], -32601), (["name": "failing_job"], -32601),
            (["name": "slow_compute", "task": 7], -32602), (["name": "slow_compute", "task": ["ttl": -1]], -32602),
            (["name": "slow_compute", "task": ["ttl": "long"]], -32602),
        ] as [(JSONValue, Int)])
    func misuse(params: JSONValue, code: Int) async throws {
        #expect(try await CoreClient.open().error("tools/call", params)["code"]?.int == code)
    }

    @Test func `A task lives no longer than the server allows, and is gone afterwards`() async throws {
        let client = try await CoreClient.open(
            options: .init(transport: .stdio, taskLifetime: .milliseconds(20)))
        let task = try await create(client, "slow_compute", ["seconds": 3_600], ttl: 1_000_000)
        #expect(task["ttl"]?.int == 20)
        while client.server.jobs.count > 0 { await Task.yield() }
        let params: JSONValue = ["taskId": .slice(try task["taskId"].required())]
        #expect(try await client.error("tasks/get", params)["code"]?.int == -32602)
    }

    @Test func `Too many running tasks are refused`() async throws {
        let client = try await CoreClient.open(options: .init(transport: .stdio, taskLimit: 1))
        _ = try await create(client, "slow_compute", ["seconds": 3_600])
        let params: JSONValue = ["name": "slow_compute", "arguments": [:], "task": [:]]
        #expect(try await client.error("tools/call", params)["code"]?.int == -32603)
    }
}
