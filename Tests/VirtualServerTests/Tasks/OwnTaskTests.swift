// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import VirtualServer

/// Calls of clients without tasks to a tool that is one: the gateway follows the task within the call.
@Suite struct OwnTaskTests {
    private static let impatient: TaskRegistry.Limits = {
        var limits = TaskRegistry.Limits()
        limits.patience = .zero
        return limits
    }()

    enum Trouble: CaseIterable, Sendable { case error, status, cut, session }

    @Test("A call waits through whatever goes wrong between the gateway and its task", arguments: Trouble.allCases)
    func transient(_ trouble: Trouble) async throws {
        let polls = Counter()
        try await TaskBench.run(isModern: false) { request, reply in
            switch request.verb {
            // Lost requests are repeated by themselves a few times.
            case "tasks/get" where polls.next() <= 4:
                switch trouble {
                case .error: reply.error(-32603, "Not now")
                case .status: reply.respond(503)
                case .cut: reply.close()
                case .session: reply.respond(404)
                }
            case "tasks/get": reply.task("completed")
            case "tasks/result": reply.text("done")
            default: return false
            }
            return true
        } _: { bench in
            let answer = await bench.harness.client(.v2025_06_18).callTool(TaskBench.call)
            #expect(answer.text == "done", "\(answer)")
            #expect(bench.count("tools/call") == 1 && bench.count("tasks/cancel") == 0)
        }
    }

    @Test(
        "A call that loses sight of its task ends it, and never says that it did not run", arguments: [false, true])
    func givenUp(isModern: Bool) async throws {
        try await TaskBench.run(isModern: isModern, limits: Self.impatient) { request, reply in
            switch request.verb {
            case "tasks/get": reply.respond(503)
            case "tasks/cancel": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let error = await bench.harness.client(.v2025_06_18).callTool(TaskBench.call).error
            #expect(error?.code == .outcomeUnknown)
            #expect(error?.message.contains("did not run") == false)
            try await eventually("the task is ended") { bench.count("tasks/cancel") == 1 }
            #expect(bench.http.requests("tasks/cancel").first?.params?["taskId"]?.string == "t1")
        }
    }

    @Test(
        "A task that its backend seems not to know any more leaves an outcome that nobody knows, and is ended",
        arguments: [false, true])
    func unknown(isModern: Bool) async throws {
        try await TaskBench.run(isModern: isModern) { request, reply in
            guard request.verb == "tasks/get" else { return false }
            reply.error(-32602, "Unknown task")
            return true
        } _: { bench in
            let error = await bench.harness.client(.v2025_06_18).callTool(TaskBench.call).error
            #expect(error?.code == .outcomeUnknown)
            #expect(bench.count("tasks/get") == 1, "asking again would not help")
            try await eventually("the task is ended, should it be there") { bench.count("tasks/cancel") == 1 }
        }
    }

    /// Only what fails for the first time in a row is waited through.
    private static let briefly: TaskRegistry.Limits = {
        var limits = TaskRegistry.Limits()
        limits.patience = .nanoseconds(1)
        return limits
    }()

    @Test("Patience with a task begins with the first request that fails")
    func firstFailure() async throws {
        try await TaskBench.run(isModern: true, limits: Self.briefly) { request, reply in
            guard request.verb == "tasks/get" else { return false }
            reply.error(-32603, "Not now")
            return true
        } _: { bench in
            #expect(await bench.harness.client(.v2025_06_18).callTool(TaskBench.call).error?.code == .outcomeUnknown)
            #expect(bench.count("tasks/get") == 2)
        }
    }

    @Test("However long a client takes to answer a task's question, patience with the task begins after it")
    func slowAnswer() async throws {
        let polls = Counter()
        let updates = Counter()
        try await TaskBench.run(isModern: true, limits: Self.briefly) { request, reply in
            switch request.verb {
            case "tasks/get" where polls.next() == 1: reply.error(-32603, "Not now")
            case "tasks/get" where updates.current >= 2:
                reply.task("completed", #""result":{"content":[{"type":"text","text":"done"}]}"#)
            case "tasks/get": reply.task("input_required", #""inputRequests":{"q1":\#(Ask.form)}"#)
            case "tasks/update" where updates.next() == 1: reply.error(-32603, "Not now")
            case "tasks/update": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_06_18)
            let answer = await client.callTool(TaskBench.call)
            #expect(answer.text == "done", "\(answer)")
            #expect(client.channel.asked.count == 1)
            #expect(bench.count("tasks/update") == 2 && bench.count("tasks/cancel") == 0)
        }
    }

    @Test(
        "A refused answer is what the call comes to, unless the task is gone; either way the task is ended",
        arguments: [(false, ErrorCode.invalidParams), (true, ErrorCode.outcomeUnknown)])
    func refusedAnswer(isGone: Bool, expected: ErrorCode) async throws {
        let updates = Counter()
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get" where isGone && updates.current > 0: reply.error(-32602, "Unknown task")
            case "tasks/get": reply.task("input_required", #""inputRequests":{"q1":\#(Ask.form)}"#)
            case "tasks/update":
                _ = updates.next()
                reply.error(-32602, "The content does not fit")
            case "tasks/cancel": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.answering(.v2025_06_18)
            #expect(await client.callTool(TaskBench.call).error?.code == expected)
            #expect(client.channel.asked.count == 1)
            try await eventually("the task is ended") { bench.count("tasks/cancel") == 1 }
        }
    }

    @Test(
        "A refused result is what the tool came to, unless the task is gone",
        arguments: [(false, ErrorCode.invalidParams), (true, ErrorCode.outcomeUnknown)])
    func refused(isGone: Bool, expected: ErrorCode) async throws {
        let polls = Counter()
        try await TaskBench.run(isModern: false) { request, reply in
            switch request.verb {
            case "tasks/get" where polls.next() > 1 && isGone: reply.error(-32602, "Unknown task")
            case "tasks/get": reply.task("failed")
            case "tasks/result": reply.error(-32602, "Bad arguments")
            default: return false
            }
            return true
        } _: { bench in
            #expect(await bench.harness.client(.v2025_06_18).callTool(TaskBench.call).error?.code == expected)
        }
    }

    @Test("A task that asks what the client cannot answer is ended with the call")
    func unanswered() async throws {
        try await TaskBench.run(isModern: true) { request, reply in
            switch request.verb {
            case "tasks/get": reply.task("input_required", #""inputRequests":{"q1":\#(Ask.sampling)}"#)
            case "tasks/cancel": reply.result(#"{"resultType":"complete"}"#)
            default: return false
            }
            return true
        } _: { bench in
            let client = bench.harness.client(.v2025_06_18, Ask.everything) { _, _ throws(RequestError) in
                throw RequestError(.clientDeclined, "No")
            }
            #expect(await client.callTool(TaskBench.call).error?.code == .clientDeclined)
            try await eventually("the task is ended") { bench.count("tasks/cancel") == 1 }
        }
    }
}
