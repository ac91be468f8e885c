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
        "A task that its backend does not know any more leaves an outcome that nobody knows", arguments: [false, true])
    func unknown(isModern: Bool) async throws {
        try await TaskBench.run(isModern: isModern) { request, reply in
            guard request.verb == "tasks/get" else { return false }
            reply.error(-32602, "Unknown task")
            return true
        } _: { bench in
            let error = await bench.harness.client(.v2025_06_18).callTool(TaskBench.call).error
            #expect(error?.code == .outcomeUnknown)
            #expect(bench.count("tasks/get") == 1, "asking again would not help")
            #expect(bench.count("tasks/cancel") == 0)
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
