// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import VirtualServer

@Suite struct TaskStartTests {
    private static func limits(_ change: (inout TaskRegistry.Limits) -> Void) -> TaskRegistry.Limits {
        var limits = TaskRegistry.Limits()
        change(&limits)
        return limits
    }

    private static func params(_ id: String) -> JSONSlice { JSONSlice(["taskId": .string(id)]) }

    private static func id(_ answer: ServerHarness.Client.Answer) throws -> String {
        let result = try answer.get()
        return try ((result["task"] ?? result)["taskId"]?.string).required("an id in \(result)")
    }

    @Test(
        "Too many tasks refuse the next call before it runs",
        arguments: [
            (ProtocolRevision.v2025_11_25, false), (.v2025_11_25, true), (.v2026_07_28, false),
        ])
    func full(_ client: ProtocolRevision, isModern: Bool) async throws {
        try await TaskBench.run(isModern: isModern, limits: Self.limits { $0.tasksPerPrincipal = 1 }) {
            request, reply in
            guard request.verb == "tasks/get" else { return false }
            reply.task("completed", #""result":{"content":[]}"#)
            return true
        } _: { bench in
            let client = bench.harness.client(client, TaskBench.extensions)
            let call = client.caller.revision.era == .modern ? TaskBench.call : TaskBench.taskCall
            let id = try Self.id(await client.callTool(call))
            #expect(await client.callTool(call).error?.code == .overloaded)
            #expect(bench.count("tools/call") == 1)
            // What has ended goes for the next one.
            _ = try await client.tasks(.tasksGet, Self.params(id)).get()
            _ = try Self.id(await client.callTool(call))
            #expect(bench.tasks.count == 1)
        }
    }

    @Test("A Modern backend's task that there is no room for is found by its id once there is")
    func relayed() async throws {
        try await TaskBench.run(isModern: true, limits: Self.limits { $0.tasksPerPrincipal = 1 }) { request, reply in
            guard request.verb == "tasks/get", let id = request.params?["taskId"]?.string else { return false }
            reply.task("completed", id: id, #""result":{"content":[{"type":"text","text":"\#(id)"}]}"#)
            return true
        } _: { bench in
            let client = bench.harness.client(.v2026_07_28, TaskBench.extensions)
            let first = try Self.id(await client.callTool(TaskBench.call))
            let second = try Self.id(await client.callTool(TaskBench.call))
            #expect(await client.tasks(.tasksGet, Self.params(second)).error?.code == .overloaded)
            for (id, text) in [(first, "t1"), (second, "t2"), (first, "t1")] {
                let task = try await client.tasks(.tasksGet, Self.params(id)).get()
                #expect(task["result"]?["content"]?.description.contains(text) == true)
            }
        }
    }

    @Test(
        "A task that no id can be made for is ended, and its call says that it may have run",
        arguments: [(ProtocolRevision.v2025_11_25, false), (.v2025_11_25, true), (.v2026_07_28, true)])
    func unnameable(_ client: ProtocolRevision, isModern: Bool) async throws {
        let id = String(repeating: "\\u0001", count: 1000)
        try await TaskBench.run(isModern: isModern) { request, reply in
            switch request.verb {
            case "tools/call":
                let task = TaskBench.members("working", id: id)
                reply.result(isModern ? #"{"resultType":"task",\#(task)}"# : #"{"task":{\#(task)}}"#)
            case "tasks/cancel": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.harness.client(client, TaskBench.extensions)
            #expect(await client.callTool(TaskBench.taskCall).error?.code == .outcomeUnknown)
            try await eventually("the task is ended") { bench.count("tasks/cancel") == 1 }
            let ended = bench.http.requests("tasks/cancel").first?.params?["taskId"]?.string
            #expect(ended == String(repeating: "\u{1}", count: 1000))
            #expect(bench.tasks.count == 0)
        }
    }

    @Test("A result that is kept is dated by the gateway's clock and counted; one too large says that the tool has run")
    func kept() async throws {
        let clock = TestClock()
        let large = String(repeating: "x", count: 200)
        try await TaskBench.run(isModern: true, limits: Self.limits { $0.resultBytes = 200 }, clock: clock) {
            request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.text(request.params?["arguments"]?["large"]?.bool == true ? large : "small")
            return true
        } _: { bench in
            let client = bench.harness.client(.v2025_11_25)
            let answer = await client.callTool(TaskBench.taskCall)
            let task = try answer.get()["task"]
            #expect(task?["createdAt"]?.string == clock.now.formatted(.iso8601))
            #expect(bench.tasks.bytes > 0 && bench.tasks.bytes < 200)
            let result = await client.tasks(.tasksResult, Self.params(try Self.id(answer)))
            #expect(result.text == "small")
            let refused = await client.callTool(#"{"name":"one_job","arguments":{"large":true},"task":{}}"#)
            #expect(refused.error?.code == .outcomeUnknown)
            #expect(bench.tasks.count == 1)
            let used = bench.tasks.bytes
            #expect(used < 200, "the refused one has given its room back")
        }
    }

    @Test("A result that there is no room for beside one that came first says that the tool has run")
    func keptBesideOthers() async throws {
        let calls = Counter()
        let gate = ScriptedGate()
        let text = String(repeating: "x", count: 100)
        let limits = Self.limits {
            $0.resultBytes = 200
            $0.keptBytesPerPrincipal = 250
        }
        try await TaskBench.run(isModern: true, limits: limits) { request, reply in
            guard request.verb == "tools/call" else { return false }
            _ = calls.next()
            await gate.wait()
            reply.text(text)
            return true
        } _: { bench in
            let client = bench.harness.client(.v2025_11_25)
            async let first = client.callTool(TaskBench.taskCall)
            async let second = client.callTool(TaskBench.taskCall)
            try await eventually("both run") { calls.current == 2 }
            gate.open()
            let answers = await [first, second]
            #expect(answers.compactMap { $0.error?.code } == [.outcomeUnknown])
            #expect(bench.tasks.count == 1)
            // Now it is known before the tool runs.
            #expect(await client.callTool(TaskBench.taskCall).error?.code == .overloaded)
            #expect(calls.current == 2)
        }
    }

    @Test("What a task came to is asked of its backend each time", arguments: [false, true])
    func again(isModern: Bool) async throws {
        try await TaskBench.run(isModern: isModern) { request, reply in
            switch request.verb {
            case "tasks/get": reply.task("completed", #""result":{"content":[{"type":"text","text":"done"}]}"#)
            case "tasks/result": reply.text("done")
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.harness.client(.v2026_07_28, TaskBench.extensions)
            let id = try Self.id(await client.callTool(TaskBench.call))
            for round in 1...2 {
                let task = try await client.tasks(.tasksGet, Self.params(id)).get()
                #expect(task["result"]?["content"]?.description.contains("done") == true)
                #expect(bench.count(isModern ? "tasks/get" : "tasks/result") == round)
            }
            #expect(bench.tasks.bytes == 0)
        }
    }

    @Test("A task whose result somebody else is fetching has ended all the same")
    func together() async throws {
        let gate = ScriptedGate()
        try await TaskBench.run(isModern: false) { request, reply in
            switch request.verb {
            case "tasks/get": reply.task("completed")
            case "tasks/result":
                await gate.wait()
                reply.text("done")
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.harness.client(.v2026_07_28, TaskBench.extensions)
            let id = try Self.id(await client.callTool(TaskBench.call))
            async let first = client.tasks(.tasksGet, Self.params(id))
            try await eventually("one fetches") { bench.count("tasks/result") == 1 }
            async let second = client.tasks(.tasksGet, Self.params(id))
            // Nothing at the backend shows that it is asked now: the task is known to have ended.
            try await Task.sleep(for: .milliseconds(100))
            gate.open()
            for answer in await [first, second] { #expect(try answer.get()["status"]?.string == "completed") }
        }
    }
}
