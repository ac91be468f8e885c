// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport

extension MatrixFeature {
    private static let noTasks: @Sendable (String, String) -> String? = { client, backend in
        client < "2025-11-25" || backend < "2025-11-25" ? "tasks exist since 2025-11-25" : nil
    }

    private static func id(_ task: JSONSlice) throws -> String {
        try task["taskId"]?.string.orThrow("an id in \(task)") ?? ""
    }

    static let tasks: [MatrixFeature] = [
        MatrixFeature(name: "task: started, asked for, and its result", impossible: noTasks) { cell in
            let client = try await cell.open(MatrixClient.tasks)
            let task = try await client.start("failing_job", ["milliseconds": 20])
            let id = try id(task)
            try expect(id.hasPrefix("v1."), "an id of ours in \(task)")
            try expect(
                (task["ttlMs"] != nil) == cell.isModern && (task["ttl"] != nil) == !cell.isModern,
                "the members of the client's era in \(task)")
            // A tool that reports an error has failed in one era, and has completed in the other.
            let ended = try await client.settled(id, "completed", "failed")
            try expect(ended["status"]?.string == (cell.isModern ? "completed" : "failed"), "the status in \(ended)")
            try expect((ended["ttlMs"] != nil) == cell.isModern, "the time in \(ended)")
            let result = try await client.outcome(of: id)
            try expect(result["isError"]?.bool == true, "isError in \(result)")
            try expect(result.firstText == "The job failed, as it should.", "the text in \(result)")
        },
        MatrixFeature(name: "task: cancelled", impossible: noTasks) { cell in
            let client = try await cell.open(MatrixClient.tasks)
            let id = try id(try await client.start("failing_job", ["milliseconds": 600_000]))
            let answer = try await client.once("tasks/cancel", ["taskId": .string(id)]).message
            try expect(answer["result"] != nil, "a result in \(answer)")
            _ = try await client.settled(id, "cancelled")
            let again = try await client.once("tasks/cancel", ["taskId": .string(id)]).message
            try expect((again["error"]?["code"]?.int == -32602) == !cell.isModern, "the second answer \(again)")
        },
        MatrixFeature(name: "task: status notification", impossible: noTasks) { cell in
            let client = try await cell.open(MatrixClient.tasks)
            let method = cell.isModern ? "notifications/tasks" : "notifications/tasks/status"
            let id: String
            if cell.isModern {
                id = try Self.id(try await client.start("failing_job", ["milliseconds": 600_000]))
                try await client.watching(["taskIds": [.string(id)]]) {
                    _ = try await client.once("tasks/cancel", ["taskId": .string(id)])
                } until: {
                    $0["method"]?.string == method && $0["params"]?["taskId"]?.string == id
                        && $0["params"]?["status"]?.string == "cancelled"
                }
            } else {
                try await client.watching([:]) {
                    let id = try Self.id(try await client.start("failing_job", ["milliseconds": 600_000]))
                    _ = try await client.once("tasks/cancel", ["taskId": .string(id)])
                } until: {
                    $0["method"]?.string == method && $0["params"]?["taskId"]?.string?.hasPrefix("v1.") == true
                        && $0["params"]?["status"]?.string == "cancelled"
                }
            }
        },
        MatrixFeature(name: "task: a question that it asks", impossible: noTasks) { cell in
            let client = try await cell.open(MatrixClient.tasks)
            let id = try id(try await client.start("task_question"))
            let accepted: JSONValue = ["action": "accept", "content": ["name": "Ann"]]
            guard cell.isModern else {
                let answer = try await client.request("tasks/result", ["taskId": .string(id)]) { _, _ in accepted }
                try expect(answer.text == "Hello, Ann!", "\(answer.message)")
                let related = answer.questions.first?["params"]?["_meta"]?["io.modelcontextprotocol/related-task"]
                return try expect(related?["taskId"]?.string == id, "the task's id in \(answer.questions)")
            }
            let asking = try await client.settled(id, "input_required")
            let key = try asking["inputRequests"]?.members.first { _ in true }?.key.string.orThrow("a key") ?? ""
            _ = try await client.once(
                "tasks/update", ["taskId": .string(id), "inputResponses": .object([key: accepted])])
            let result = try await client.outcome(of: id)
            try expect(result.firstText == "Hello, Ann!", "\(result)")
        },
        MatrixFeature(name: "tool that is a task alone, called without one") { cell in
            let answer = try await cell.open().call("failing_job", ["milliseconds": 20])
            switch (cell.client, cell.backend) {
            case ("2026-07-28", "2025-11-25"...):
                try expect(answer.error?["code"]?.int == -32021, "-32021 in \(answer.message)")
            case ("2025-11-25", "2025-11-25"):
                try expect(answer.error?["code"]?.int == -32601, "-32601 in \(answer.message)")
            default: try expect(answer.result?["isError"]?.bool == true, "the job's end in \(answer.message)")
            }
        },
    ]
}
