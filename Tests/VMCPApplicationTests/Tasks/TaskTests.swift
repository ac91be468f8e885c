// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import JSONTypes
import NIOCore
import TestSupport
import Testing

/// Tasks over HTTP, for clients and backends of both eras.
@Suite struct TaskTests {
    static let cells = ["2025-11-25", "2026-07-28"].flatMap { client in
        ["2025-11-25", "2026-07-28"].map { (client: client, backend: $0) }
    }

    static func plan(_ backend: String) -> GatewayPlan {
        var plan = GatewayPlan()
        plan.backends = [
            GatewayPlan.Backend("one") { options in
                options.era = backend >= "2026-07-28" ? .modern : .legacy
                if backend < "2026-07-28" { options.faults.newestRevision = Revision(rawValue: backend) }
            }
        ]
        return plan
    }

    private static func id(_ task: JSONSlice) throws -> String { try task["taskId"]?.string.orThrow("an id") ?? "" }

    @Test("A task goes on without its client, which comes back on another connection for the result", arguments: cells)
    func disconnect(client: String, backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let owner = try await MatrixClient.open(gateway, client, MatrixClient.tasks)
            let id = try Self.id(try await owner.start("failing_job", ["milliseconds": 300]))
            // Each exchange has a connection of its own; this one is cut while its request runs.
            try await owner.breakOff(owner.isModern ? "tasks/get" : "tasks/result", ["taskId": .string(id)])
            let result = try await owner.outcome(of: id)
            #expect(result.firstText == "The job failed, as it should.")
            #expect(result["isError"]?.bool == true)
        }
    }

    @Test(
        "GB-53: a subscription is granted the tasks of its own principal that exist, and no others",
        arguments: cells.filter { $0.client >= "2026-07-28" }.map(\.backend))
    func granted(backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let client = try await MatrixClient.open(gateway, "2026-07-28", MatrixClient.tasks)
            let id = try Self.id(try await client.start("failing_job", ["milliseconds": 600_000]))
            let first = try await client.subscribed([
                "taskIds": ["nothing", .string(id), .string(id + "x"), .string(id)]
            ])
            #expect(first["method"]?.string == "notifications/subscriptions/acknowledged")
            #expect(first["params"]?["notifications"]?.description == JSONSlice(["taskIds": [.string(id)]]).description)
            let none = try await client.subscribed(["taskIds": ["v1.AAAA"]])
            #expect(none["params"]?["notifications"]?.description == #"{"taskIds":[]}"#)
            let undeclared = try await client.declaring([:]).subscribed(["taskIds": [.string(id)]])
            #expect(undeclared["error"]?["code"]?.int == -32021)
            let required = undeclared["error"]?["data"]?["requiredCapabilities"]
            #expect(required?.description == #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#)
        }
    }

    @Test(
        "A notification is the whole task, with the questions and the result that belong to its status",
        arguments: cells.filter { $0.client >= "2026-07-28" }.map(\.backend))
    func whole(backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let client = try await MatrixClient.open(gateway, "2026-07-28", MatrixClient.tasks)
            let id = try Self.id(try await client.start("task_question"))
            var told: [String] = []
            try await client.watching(["taskIds": [.string(id)]]) {
                let asking = try await client.settled(id, "input_required")
                let key = try asking["inputRequests"]?.members.first { _ in true }?.key.string.orThrow("a key") ?? ""
                let answer: JSONValue = ["action": "accept", "content": ["name": "Ann"]]
                _ = try await client.once(
                    "tasks/update", ["taskId": .string(id), "inputResponses": .object([key: answer])])
            } until: { message in
                let task = message["params"]
                guard message["method"]?.string == "notifications/tasks" else { return false }
                #expect(task?["taskId"]?.string == id)
                #expect(task?["_meta"]?["io.modelcontextprotocol/subscriptionId"]?.string == "sub")
                #expect(task?["resultType"] == nil && task?["createdAt"] != nil && task?["ttlMs"] != nil)
                let status = task?["status"]?.string ?? "none"
                told.append(status)
                if status == "input_required" { #expect(task?["inputRequests"]?.kind == .object) }
                guard status == "completed" else { return false }
                #expect(task?["result"]?.firstText == "Hello, Ann!")
                return true
            }
            #expect(told.last == "completed")
        }
    }

    @Test("Only the session that started a task is told of it", arguments: ["2025-11-25", "2026-07-28"])
    func onlyItsSession(backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let owner = try await MatrixClient.open(gateway, "2025-11-25", MatrixClient.tasks)
            let other = try await MatrixClient.open(gateway, "2025-11-25", MatrixClient.tasks)
            var heard: [String] = []
            try await other.watching([:]) {
                _ = try await other.call("echo", ["text": "x"])
                try await owner.watching([:]) {
                    let id = try Self.id(try await owner.start("failing_job", ["milliseconds": 600_000]))
                    _ = try await owner.once("tasks/cancel", ["taskId": .string(id)])
                } until: {
                    $0["method"]?.string == "notifications/tasks/status"
                        && $0["params"]?["status"]?.string == "cancelled"
                }
                _ = try await owner.call("test_trigger_tool_change")
            } until: { message in
                heard.append(message["method"]?.string ?? "")
                return heard.last == "notifications/tools/list_changed"
            }
            #expect(!heard.contains("notifications/tasks/status"))
        }
    }

    @Test(
        "Tools say to 2025-11-25 alone what of them runs as tasks, and say nothing that does not work",
        arguments: [
            ("2025-06-18", [:]), ("2025-11-25", ["failing_job": "required", "slow_compute": "optional"]),
            ("2026-07-28", ["failing_job": "optional", "slow_compute": "optional", "echo": "optional"]),
        ] as [(String, [String: String])])
    func support(backend: String, announced: [String: String]) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            for revision in ["2025-06-18", "2025-11-25", "2026-07-28"] {
                let client = try await MatrixClient.open(gateway, revision)
                let list = try await client.request("tools/list")
                for tool in try (list.result?["tools"]).orThrow("tools").elements {
                    let name = (tool["name"]?.string ?? "").dropFirst("one_".count)
                    guard ["failing_job", "slow_compute", "echo"].contains(name) else { continue }
                    let expected = revision == "2025-11-25" ? announced[String(name)] : nil
                    #expect(tool["execution"]?["taskSupport"]?.string == expected, "\(name) to \(revision)")
                    #expect((tool["execution"] != nil) == (expected != nil), "\(name) to \(revision)")
                }
            }
        }
    }

    @Test("A tool of a Modern backend that is no task there can still be called as one")
    func keptResult() async throws {
        try await RunningGateway.run(Self.plan("2026-07-28")) { gateway in
            let client = try await MatrixClient.open(gateway, "2025-11-25", MatrixClient.tasks)
            let task = try await client.start("echo", ["text": "here"])
            #expect(task["status"]?.string == "completed")
            #expect(try await client.outcome(of: try Self.id(task)).firstText == "here")
        }
    }

    @Test(
        "The result of a task that was cancelled is that it was, not an outcome that nobody knows",
        arguments: ["2025-11-25", "2026-07-28"])
    func cancelledResult(backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let owner = try await MatrixClient.open(gateway, "2025-11-25", MatrixClient.tasks)
            let id = try Self.id(try await owner.start("failing_job", ["milliseconds": 600_000]))
            _ = try await owner.once("tasks/cancel", ["taskId": .string(id)])
            _ = try await owner.settled(id, "cancelled")
            let answer = try await owner.once("tasks/result", ["taskId": .string(id)])
            #expect(answer.message["error"]?["code"]?.int == -32800, "\(answer.message)")
        }
    }

    @Test("What a Modern backend asks before it starts a task is asked within the call")
    func askedBefore() async throws {
        try await RunningGateway.run(Self.plan("2026-07-28")) { gateway in
            let client = try await MatrixClient.open(gateway, "2025-11-25", MatrixClient.tasks)
            let answer = try await client.request(
                "tools/call", ["name": "one_test_tool_with_task", "arguments": [:], "task": [:]]
            ) { _, _ in ["action": "accept", "content": ["name": "Ann"]] }
            #expect(answer.questions.count == 1)
            let id = try Self.id(try (answer.result?["task"]).orThrow("a task in \(answer.message)"))
            #expect(try await client.outcome(of: id).firstText == "Hello, Ann!")
        }
    }

    @Test(
        "A client without tasks waits for a tool that is a task alone, answers what it asks, and sees no task of it",
        arguments: [("2025-06-18", "2025-11-25"), ("2025-06-18", "2026-07-28"), ("2025-11-25", "2026-07-28")])
    func inside(client: String, backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let client = try await MatrixClient.open(gateway, client, ["elicitation": [:]])
            let answer = try await client.call("task_question") { _, _ in
                ["action": "accept", "content": ["name": "Ann"]]
            }
            #expect(answer.text == "Hello, Ann!")
            #expect(answer.questions.count == 1)
            guard client.revision == "2025-11-25" else { return }
            let list = try await client.once("tasks/list", [:]).message
            #expect(list["result"]?["tasks"]?.description == "[]")
        }
    }

    @Test(
        "Such a call that is given up cancels the task",
        arguments: [("2025-06-18", "2025-11-25"), ("2025-11-25", "2026-07-28")])
    func givenUp(client: String, backend: String) async throws {
        try await RunningGateway.run(Self.plan(backend)) { gateway in
            let owner = try await MatrixClient.open(gateway, client)
            let watcher = try await MatrixClient.open(gateway, client)
            func counter(_ name: String) async throws -> Int {
                let stats = try await watcher.call("stats").text.flatMap {
                    try? JSONSlice(validating: .init(string: $0))
                }
                return try stats?.member(name)?.int.orThrow(name) ?? 0
            }
            #expect(try await counter("tasksCancelled") == 0)
            try await owner.giveUp("failing_job", ["milliseconds": 600_000]) { try await counter("tasks") > 0 }
            try await eventually("the task is cancelled") { try await counter("tasksCancelled") == 1 }
        }
    }
}
