// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

/// What Modern backends' tasks ask Legacy clients, and who is told of tasks.
@Suite struct TaskAskingTests {
    private static func start(_ client: ServerHarness.Client, _ call: String) async throws -> JSONSlice {
        let result = try await client.callTool(call).get()
        let id = try ((result["task"] ?? result)["taskId"]?.string).required("an id")
        return JSONSlice(["taskId": .string(id)])
    }

    private static func keys(_ bench: TaskBench) -> [[String]] {
        bench.http.requests("tasks/update").map { request in
            (request.params?["inputResponses"] ?? .emptyObject).members.compactMap { $0.key.string }
        }
    }

    @Test("A question that a task still shows after its answer is not asked again")
    func once() async throws {
        let polls = Counter()
        let updates = Counter()
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get" where updates.current >= 2: reply.task("completed", #""result":{"content":[]}"#)
            case "tasks/get":
                let second = polls.next() > 3 ? #","q2":\#(Ask.form)"# : ""
                reply.task("input_required", #""inputRequests":{"q1":\#(Ask.form)\#(second)}"#)
            case "tasks/update":
                _ = updates.next()
                reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_11_25)
            let task = try await Self.start(client, TaskBench.taskCall)
            _ = try await client.tasks(.tasksResult, task).get()
            #expect(client.channel.asked.count == 2)
            #expect(Self.keys(bench) == [["q1"], ["q2"]])
        }
    }

    @Test("An answer that did not reach the backend is sent again, without asking again")
    func undelivered() async throws {
        let updates = Counter()
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get" where updates.current >= 2: reply.task("completed", #""result":{"content":[]}"#)
            case "tasks/get": reply.task("input_required", #""inputRequests":{"q1":\#(Ask.form)}"#)
            case "tasks/update" where updates.next() == 1: reply.error(-32603, "Not now")
            case "tasks/update": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_11_25)
            let task = try await Self.start(client, TaskBench.taskCall)
            #expect(await client.tasks(.tasksResult, task).error?.code == .internalError)
            _ = try await client.tasks(.tasksResult, task).get()
            #expect(client.channel.asked.count == 1)
            #expect(Self.keys(bench) == [["q1"], ["q1"]])
        }
    }

    @Test("A question under a key that is too long to remember is the backend's mistake")
    func longKey() async throws {
        let key = String(repeating: "k", count: AskedKeys.maximumKeyBytes + 1)
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get" where request.params?["taskId"]?.string == "t1":
                reply.task("input_required", #""inputRequests":{"\#(key)":\#(Ask.form)}"#)
            case "tasks/update": reply.error(-32602, "Unknown task")
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_11_25)
            let task = try await Self.start(client, TaskBench.taskCall)
            #expect(await client.tasks(.tasksResult, task).error?.code == .invalidBackendResponse)
            #expect(client.channel.asked.isEmpty)
        }
    }

    @Test("What was answered before a key that is too long is sent, and not asked again")
    func longKeyLater() async throws {
        let key = String(repeating: "k", count: AskedKeys.maximumKeyBytes + 1)
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get":
                reply.task("input_required", #""inputRequests":{"q1":\#(Ask.form),"\#(key)":\#(Ask.form)}"#)
            case "tasks/update": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_11_25)
            let task = try await Self.start(client, TaskBench.taskCall)
            for _ in 1...2 {
                #expect(await client.tasks(.tasksResult, task).error?.code == .invalidBackendResponse)
            }
            #expect(client.channel.asked.count == 1)
            #expect(Self.keys(bench) == [["q1"]])
        }
    }

    @Test(
        "An answer that the backend refuses is an error, and the question is asked anew", arguments: [-32602, -32600])
    func refused(_ code: Int) async throws {
        let updates = Counter()
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get" where updates.current >= 2: reply.task("completed", #""result":{"content":[]}"#)
            case "tasks/get": reply.task("input_required", #""inputRequests":{"q1":\#(Ask.form)}"#)
            case "tasks/update" where updates.next() == 1: reply.error(code, "The content does not fit")
            case "tasks/update": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_11_25)
            let task = try await Self.start(client, TaskBench.taskCall)
            #expect(await client.tasks(.tasksResult, task).error?.code == ErrorCode(rawValue: code))
            _ = try await client.tasks(.tasksResult, task).get()
            #expect(client.channel.asked.count == 2)
            #expect(Self.keys(bench) == [["q1"], ["q1"]])
        }
    }

    private final class Listener: TaskListener {
        func taskChanged(_ task: JSONSlice) {}
    }

    @Test("Who gives up following a task does not undo those who still wait to follow it")
    func overlapping() async throws {
        let gate = ScriptedGate()
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get":
                reply.task("working")
                return true
            case "subscriptions/listen":
                await gate.wait()
                return false
            default: return false
            }
        } _: { bench in
            let client = bench.harness.client(.v2026_07_28, TaskBench.extensions)
            let task = try await Self.start(client, TaskBench.call)
            let id = try (task["taskId"]?.string).required("an id")
            let entry = try bench.tasks.entry(id, for: .anonymous).required("the task")
            func follow() -> Task<TaskFollowing?, Never> {
                Task(executorPreference: client.caller.shard.executor) {
                    [server = bench.harness.server, caller = client.caller] in
                    await server.followTask(id, for: caller, Listener())
                }
            }
            let first = follow()
            let second = follow()
            try await eventually("both wait") { entry.news.listeners.count == 2 && bench.listening == 1 }
            second.cancel()
            #expect(await second.value == nil)
            #expect(entry.news.listeners.count == 1)
            gate.open()
            let following = await first.value
            #expect(following != nil)
            #expect(bench.listening == 1)
            following?.end()
            #expect(!entry.news.hasListeners)
        }
    }
}

extension TaskBench {
    /// How many requests to listen for tasks the backend has got.
    fileprivate var listening: Int {
        http.requests("subscriptions/listen").count { $0.params?["notifications"]?["taskIds"] != nil }
    }
}
