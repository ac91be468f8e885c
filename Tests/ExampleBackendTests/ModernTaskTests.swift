// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

/// The extension `io.modelcontextprotocol/tasks`.
@Suite(.timeLimit(.minutes(5))) struct ModernTaskTests {
    private static let capabilities = ModernClient.tasks.merging(ModernClient.form)
    private let client = ModernClient(capabilities)

    private func get(_ id: JSONValue) async throws -> JSONSlice {
        try await client.result("tasks/get", ["taskId": id])
    }

    /// Calls a tool that becomes a task.
    private func create(_ tool: String, _ arguments: JSONObject = [:]) async throws -> JSONValue {
        let created = try await client.call(tool, arguments)
        #expect(created.resultType == "task")
        return .string(try created["taskId"]?.string.required() ?? "")
    }

    private func wait(_ id: JSONValue, until statuses: Set<String>) async throws -> JSONSlice {
        while true {
            let task = try await get(id)
            if statuses.contains(task["status"]?.string ?? "") { return task }
            await Task.yield()
        }
    }

    private static let over: Set<String> = ["completed", "failed", "cancelled"]

    @Test func `A task is announced flat, and can be asked for at once`() async throws {
        let created = try await client.call("slow_compute", ["seconds": 3_600, "label": "x"])
        #expect(
            created.keys == [
                "taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs", "resultType", "_meta",
            ])
        #expect(created["status"]?.string == "working" && created["ttlMs"]?.int == 600_000)
        #expect(created["_meta"]?.keys == ["io.modelcontextprotocol/serverInfo"])
        let task = try await get(.slice(try created["taskId"].required()))
        #expect(task.resultType == "complete" && task["status"]?.string == "working" && task["result"] == nil)
    }

    @Test func `LC-17: a tool without tasks, and a client without them, get their answer at once`() async throws {
        #expect(try await client.text("greet", ["name": "World"]) == "Hello, World!")
        let plain = ModernClient(on: client.server)
        let result = try await plain.call("slow_compute", ["seconds": 0, "label": "x"])
        #expect(result.resultType == "complete" && result.text == "x took 0.0 s")
        #expect(try await client.stats()["tasks"]?.int == 0)
    }

    @Test func `A tool that is a task alone needs the extension`() async throws {
        let error = try await ModernClient(on: client.server).error("tools/call", ["name": "failing_job"])
        #expect(error["code"]?.int == -32021)
        #expect(
            error["data"]?["requiredCapabilities"]?.description
                == #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#)
    }

    @Test(
        "The end of a task: result, tool error, protocol error",
        arguments: [
            ("slow_compute", ["seconds": 0], "completed", false),
            ("failing_job", ["milliseconds": 0], "completed", true),
            ("protocol_error_job", ["milliseconds": 0], "failed", false),
        ] as [(String, JSONObject, String, Bool)])
    func ends(tool: String, arguments: JSONObject, status: String, isError: Bool) async throws {
        let task = try await wait(try await create(tool, arguments), until: Self.over)
        #expect(task["status"]?.string == status)
        if status == "failed" {
            #expect(task["error"]?["code"]?.int == -32603 && task["result"] == nil)
            #expect(task["statusMessage"]?.string == task["error"]?["message"]?.string)
        } else {
            #expect(task["result"]?["content"]?.kind == .array && task["result"]?.isFailure == isError)
            #expect(task["error"] == nil)
        }
    }

    @Test func `A task asks, and tasks/update answers`() async throws {
        let id = try await create("confirm_delete", ["filename": "f"])
        let asking = try await wait(id, until: ["input_required"])
        #expect(asking["inputRequests"]?["confirm"]?["method"]?.string == "elicitation/create")
        let ack = try await client.result(
            "tasks/update", ["taskId": id, "inputResponses": ["confirm": Answers.accept(["confirm": true])]])
        #expect(ack.keys == ["resultType", "_meta"] && ack.resultType == "complete")
        let task = try await wait(id, until: Self.over)
        #expect(task["result"]?.text == "Deleted f" && task["inputRequests"] == nil)
    }

    @Test func `Answers may come one by one, and those nobody waits for are ignored`() async throws {
        let id = try await create("multi_input")
        var task = try await get(id)
        while (task["inputRequests"]?.keys.count ?? 0) < 2 { task = try await get(id) }
        for (key, left) in [("second", ["first"]), ("second", ["first"]), ("nobody", ["first"])] {
            let responses: JSONObject = [key: Answers.accept(["name": .string(key)])]
            _ = try await client.result("tasks/update", ["taskId": id, "inputResponses": .object(responses)])
            task = try await get(id)
            #expect(task["status"]?.string == "input_required" && task["inputRequests"]?.keys == left)
        }
        _ = try await client.result("tasks/update", ["taskId": id, "inputResponses": ["first": Answers.name]])
        #expect(try await wait(id, until: Self.over)["result"]?.text == "Ann and second")
    }

    @Test(
        "Answers of the wrong shape are invalid parameters",
        arguments: [#"{"confirm":7}"#, #"{"confirm":{"action":"perhaps"}}"#, "[]", "null"])
    func shapes(responses: String) async throws {
        let id = try await create("confirm_delete", ["filename": "f"])
        _ = try await wait(id, until: ["input_required"])
        let responses = try JSONSlice(validating: ByteBuffer(string: responses))
        let error = try await client.error("tasks/update", ["taskId": id, "inputResponses": .slice(responses)])
        #expect(error["code"]?.int == -32602)
    }

    @Test("A cancelled task stays cancelled, and the second cancellation is acknowledged too")
    func cancel() async throws {
        let id = try await create("slow_compute", ["seconds": 3_600])
        for _ in 0..<2 {
            let ack = try await client.result("tasks/cancel", ["taskId": id])
            #expect(ack.keys == ["resultType", "_meta"])
            #expect(try await get(id)["status"]?.string == "cancelled")
        }
    }

    @Test("GB-53: an unknown task is an invalid parameter", arguments: ["tasks/get", "tasks/update", "tasks/cancel"])
    func unknown(method: String) async throws {
        let params: JSONObject = ["taskId": "nobody", "inputResponses": [:]]
        #expect(try await client.error(method, params)["code"]?.int == -32602)
        let error = try await ModernClient().error(method, params)
        #expect(error["code"]?.int == -32021)
    }

    @Test func `A task that asks before it begins does so in rounds`() async throws {
        let round = try await client.call("test_tool_with_task")
        #expect(round.resultType == "input_required" && round["inputRequests"]?.keys == ["user_name"])
        let created = try await client.call("test_tool_with_task", responses: ["user_name": Answers.name])
        #expect(created.resultType == "task" && created["requestState"] == nil)
        let id = JSONValue.slice(try created["taskId"].required())
        #expect(try await wait(id, until: Self.over)["result"]?.text == "Hello, Ann!")
    }

    @Test func `The wish of older clients for a task is ignored`() async throws {
        let plain = ModernClient(on: client.server)
        var params = ModernClient.params("slow_compute", ["seconds": 0])
        params["task"] = ["ttl": 5]
        #expect(try await plain.result("tools/call", params).resultType == "complete")
    }

    @Test func `Listeners hear of every status, with the whole task`() async throws {
        let id = try await create("confirm_delete", ["filename": "f"])
        _ = try await wait(id, until: ["input_required"])
        let record = ModernClient.Record()
        let request = client.request("subscriptions/listen", ["notifications": ["taskIds": [id, "nobody"]]])
        async let end = client.reply(request, record)
        let ack = await record.first(1)
        #expect(ack.first?["params"]?["notifications"]?["taskIds"]?.strings.count == 1)
        _ = try await client.result(
            "tasks/update", ["taskId": id, "inputResponses": ["confirm": ["action": "decline"]]])
        let messages = await record.first(3)
        #expect(messages.dropFirst().map(\.method) == ["notifications/tasks", "notifications/tasks"])
        #expect(messages[1]["params"]?["status"]?.string == "working")
        #expect(messages[2]["params"]?["result"]?.text == "Kept f")
        #expect(messages[2]["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"]?.int == 1)
        client.server.subscriptions.endAll()
        _ = await end
    }

    @Test func `No progress is reported for a task`() async throws {
        var client = client
        client.meta["progressToken"] = 1
        client.meta["io.modelcontextprotocol/logLevel"] = "debug"
        let record = ModernClient.Record()
        let created = try await client.call("slow_compute", ["seconds": 0], record)
        _ = try await wait(.slice(try created["taskId"].required()), until: Self.over)
        #expect(record.all.isEmpty)
    }

    @Test func `Over HTTP the routing header names the task`() async throws {
        try await withModernBackend(Self.capabilities) { modern in
            let created = try await modern.call("slow_compute", ["seconds": 3_600]).json["result"]
            let id = try created?["taskId"].required() ?? .null
            #expect(try await modern.send("tasks/get", ["taskId": .string(id.string ?? "")]).status == 200)
            let answer = try await modern.send(
                "tasks/get", ["taskId": .string(id.string ?? "")], headers: [("Mcp-Name", "other")])
            #expect(answer.status == 400)
            #expect(try answer.json["error"]?["code"]?.int == -32020)
        }
    }
}

extension JSONObject {
    fileprivate func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        for (key, value) in other { merged[key] = value }
        return merged
    }
}
