// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct JobTests {
    private final class Changes: Sendable {
        private let statuses = Mutex<[Job.Status]>([])
        var all: [Job.Status] { statuses.withLock { $0 } }
        func add(_ status: Job.Status) { statuses.withLock { $0.append(status) } }
    }

    private let changes = Changes()
    private func job(owner: String? = nil, milliseconds: Int = 60_000) -> Job {
        Job(owner: owner, milliseconds: milliseconds, pollMilliseconds: 5) { [changes] _, snapshot in
            changes.add(snapshot.status)
        }
    }

    private static let done = Job.Outcome.result(JSONSlice(["content": []]))
    private static func question(_ key: String) -> Round.Question {
        Round.Question(key: key, method: "roots/list", params: [:])
    }

    /// Asks in a task of its own and returns when the question is there.
    private func ask(_ job: Job, _ key: String, expecting count: Int = 1) async -> Task<ClientAnswer, any Error> {
        let task = Task { try await job.answer(to: Self.question(key)) }
        while job.snapshot.questions.count < count { await Task.yield() }
        return task
    }

    @Test func `A job waits for answers and goes on, one question at a time`() async throws {
        let job = job()
        #expect(job.snapshot.status == .working)
        let first = await ask(job, "a"), second = await ask(job, "b", expecting: 2)
        #expect(job.snapshot.questions.map(\.key) == ["a", "b"])
        #expect(job.deliver(.result(JSONSlice(1)), to: "a"))
        #expect(job.snapshot.status == .inputRequired && job.snapshot.questions.map(\.key) == ["b"])
        #expect(!job.deliver(.result(JSONSlice(1)), to: "a"))
        #expect(job.deliver(.error(.null), to: "b"))
        #expect(job.snapshot.status == .working && job.snapshot.message == nil)
        guard case .result = try await first.value, case .error = try await second.value else {
            Issue.record("The answers were mixed up")
            return
        }
        job.finish(Self.done, failed: false)
        #expect(changes.all == [.inputRequired, .inputRequired, .inputRequired, .working, .completed])
    }

    @Test func `No key is used twice in the life of a job`() async throws {
        let job = job()
        let first = await ask(job, "a")
        job.deliver(.result(.null), to: "a")
        _ = try await first.value
        let second = await ask(job, "a")
        #expect(job.snapshot.questions.map(\.key) == ["a_2"])
        job.deliver(.result(.null), to: "a_2")
        _ = try await second.value
    }

    @Test("A job ends once", arguments: ["cancel", "finish"]) func ends(how: String) async throws {
        let job = job()
        let asking = await ask(job, "a")
        if how == "cancel" { #expect(job.cancel("enough")) } else { job.finish(Self.done, failed: false) }
        let status = job.snapshot.status
        #expect(status == (how == "cancel" ? .cancelled : .completed) && job.snapshot.questions.isEmpty)
        await #expect(throws: CancellationError.self) { try await asking.value }
        #expect(!job.cancel("again"))
        job.finish(.error(RPCError(code: 1, message: "late")), failed: true)
        #expect(job.snapshot.status == status)
        await #expect(throws: CancellationError.self) { try await job.answer(to: Self.question("b")) }
    }

    @Test func `A question is withdrawn when the part of the job that asked it is cancelled`() async throws {
        let job = job()
        let asking = await ask(job, "a")
        asking.cancel()
        await #expect(throws: CancellationError.self) { try await asking.value }
        #expect(job.snapshot.status == .working && job.snapshot.questions.isEmpty)
    }

    @Test func `Work that belongs to a job ends with it`() async {
        let job = job()
        let work = Task { while !Task.isCancelled { await Task.yield() } }
        job.keep(work)
        job.cancel("enough")
        await work.value
        let late = Task { while !Task.isCancelled { await Task.yield() } }
        job.keep(late)
        await late.value
    }

    @Test func `A question is handed to one of those who wait, and again when it is given back`() async throws {
        let job = job()
        let waiting = Task { try await job.next() }
        let asking = await ask(job, "a")
        guard case .question(let question) = try await waiting.value else {
            Issue.record("There is a question")
            return
        }
        let second = Task { try await job.next() }
        job.release(question.key)
        guard case .question = try await second.value else {
            Issue.record("The question was given back")
            return
        }
        let third = Task { try await job.next() }
        job.deliver(.result(.null), to: "a")
        _ = try await asking.value
        job.finish(Self.done, failed: false)
        guard case .finished = try await third.value else {
            Issue.record("The job has ended")
            return
        }
    }

    @Test func `Whoever waits can stop waiting`() async throws {
        let job = job()
        let waiting = Task { try await job.next() }
        await Task.yield()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func `The table is bounded: what has ended makes room, what runs does not`() throws {
        let table = JobTable(limit: 2)
        let first = job(), second = job(), third = job()
        try table.insert(first)
        try table.insert(second)
        #expect(throws: RPCError.self) { try table.insert(third) }
        second.finish(Self.done, failed: false)
        try table.insert(third)
        #expect(table.find(second.id, owner: nil) == nil && table.find(first.id, owner: nil) === first)
        #expect(table.count == 2)
    }

    @Test func `A job is there for its owner alone`() throws {
        let table = JobTable(limit: 10)
        let mine = job(owner: "me"), free = job()
        try table.insert(mine)
        try table.insert(free)
        #expect(table.find(mine.id, owner: "me") === mine)
        #expect(table.find(mine.id, owner: "you") == nil && table.find(mine.id, owner: nil) == nil)
        #expect(table.find(free.id, owner: "me") == nil)
        #expect(table.all(owner: "me").map(\.id) == [mine.id])
        table.removeAll(owner: "me")
        #expect(mine.snapshot.status == .cancelled && table.count == 1)
        table.close()
        #expect(free.snapshot.status == .cancelled && table.count == 0)
        #expect(throws: RPCError.self) { try table.insert(job()) }
    }

    @Test("A job is forgotten when its time is over", arguments: [true, false]) func expiry(ends: Bool) async throws {
        let table = JobTable(limit: 10)
        let job = job(milliseconds: 1)
        if ends { job.finish(Self.done, failed: false) }
        try table.insert(job)
        table.expire(job)
        while table.count > 0 { await Task.yield() }
        #expect(job.snapshot.status == (ends ? .completed : .cancelled))
    }
}
