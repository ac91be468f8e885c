// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends

@Suite("Large answers of all backends together", .timeLimit(.minutes(5)))
struct AnswerBudgetTests {
    private static let large = String(repeating: "x", count: 300_000)

    // MARK: The account

    /// A share that expectations can change.
    private final class Share {
        private var share: BudgetShare

        init(_ budget: AnswerBudget) { share = BudgetShare(of: budget) }

        func covers(_ size: Int) -> Bool { share.cover(size) }
        func hold(_ size: Int) { share.hold(size) }
        func giveBack() { share.giveBack() }
    }

    @Test("A share grows and shrinks with its size, and one that does not fit stays as it was")
    func shares() {
        let budget = AnswerBudget(maximumBytes: 500_000)
        let first = Share(budget)
        let second = Share(budget)
        #expect(first.covers(300_000))
        #expect(!second.covers(300_000))
        #expect(budget.takenBytes == 300_000)
        #expect(second.covers(200_000))
        #expect(!second.covers(200_001))
        #expect(budget.takenBytes == 500_000)
        #expect(first.covers(100_000))
        #expect(second.covers(400_000))
        second.giveBack()
        #expect(budget.takenBytes == 100_000)
        first.giveBack()
        #expect(budget.takenBytes == 0)
    }

    @Test("Of small sizes no account is kept, and what must go somewhere is taken without room for it")
    func smallAndForced() {
        let budget = AnswerBudget(maximumBytes: 100_000)
        let share = Share(budget)
        #expect(share.covers(AnswerBudget.uncountedBytes))
        #expect(budget.takenBytes == 0)
        share.hold(200_000)
        #expect(budget.takenBytes == 200_000)
        let other = Share(budget)
        #expect(!other.covers(AnswerBudget.uncountedBytes + 1))
        share.hold(10)
        #expect(budget.takenBytes == 0)
    }

    // MARK: HTTP

    /// A way to say 300,000 bytes of an answer before `gate` opens, and the end of it afterwards.
    enum Form: CaseIterable, Sendable {
        case body, event

        func begin(_ reply: ScriptedReply) {
            switch self {
            case .body:
                reply.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300002\r\n\r\n\"")
                reply.raw(AnswerBudgetTests.large)
            case .event:
                reply.openStream()
                reply.chunk("data: " + AnswerBudgetTests.large)
            }
        }

        func end(_ reply: ScriptedReply) {
            switch self {
            case .body: reply.raw("\"")
            case .event:
                reply.chunk("\n\n")
                reply.endStream()
            }
        }
    }

    @Test(
        "An answer that does not fit beside the others ends, and there is room again when they have",
        arguments: Form.allCases)
    func exchanges(_ form: Form) async throws {
        let gate = ScriptedGate()
        let budget = AnswerBudget(maximumBytes: 500_000)
        try await BackendHarness.serve(
            { request, reply in
                form.begin(reply)
                if request.connection == 1 { await gate.wait() }
                form.end(reply)
            }, answers: budget
        ) { server, harness in
            async let first = harness.exchange(BackendHarness.get)
            try await eventually("the first answer has begun") { budget.takenBytes >= 300_000 }
            #expect(await harness.exchange(BackendHarness.get).failure == .noRoom)
            try await eventually("its connection is closed") { server.openConnectionCount == 1 }
            gate.open()
            let reply = await first
            #expect(reply.failure == nil, "\(reply)")
            #expect(await harness.exchange(BackendHarness.get).failure == nil)
            #expect(budget.takenBytes == 0)
        }
    }

    @Test("An answer that breaks off, or that nobody wants any more, gives its room back")
    func brokenAnswers() async throws {
        let budget = AnswerBudget(maximumBytes: 500_000)
        let gate = ScriptedGate()
        try await BackendHarness.serve(
            { request, reply in
                Form.body.begin(reply)
                if request.connection == 1 { reply.close() } else { await gate.wait() }
            }, answers: budget
        ) { _, harness in
            #expect(await harness.exchange(BackendHarness.get).failure == .connectionLost)
            #expect(budget.takenBytes == 0)
            let unwanted = Task { await harness.exchange(BackendHarness.get) }
            try await eventually("the second answer has begun") { budget.takenBytes > 0 }
            unwanted.cancel()
            #expect(await unwanted.value.failure == .aborted)
            #expect(budget.takenBytes == 0)
            gate.open()
        }
    }

    @Test(
        "A call whose answer has no room says that it has run, is not repeated, and does not count against the backend")
    func calls() async throws {
        let budget = AnswerBudget(maximumBytes: 100_000)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(reply.response(#"{"content":[{"type":"text","text":"\#(Self.large)"}]}"#))
            return true
        }
        try await BackendHarness.run(backend.url, answers: budget) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, isRepeatable: true)
                #expect(result.error == .noRoom, "\(result)")
                #expect(backend.requests("tools/call").count == 1)
                let error = BackendError.noRoom.requestError(backend: "b")
                #expect(error.code == .outcomeUnknown)
                #expect(error.message.contains("has run"))
                #expect(!BackendError.noRoom.provesNotExecuted)
                guard case .works = BackendError.noRoom.verdict else {
                    Issue.record("it counts against the backend")
                    return
                }
            }
        }
        await backend.stop()
    }

    // MARK: Child processes

    @Test("A line of a child that does not fit is skipped, and the next one is read")
    func lines() async throws {
        let child = RecordedChild(answers: AnswerBudget(maximumBytes: 100_000))
        let process = try await child.shell(
            "head -c 300000 /dev/zero | tr '\\0' x; printf '\\nnext\\n'; read -r _", maxLineBytes: 1 << 20)
        try await eventually("the next line") { child.lines == ["next"] }
        #expect(child.withoutRoom == 1)
        #expect(child.overlong == 0)
        await process.stop(gracePeriod: .seconds(2))
    }
}
