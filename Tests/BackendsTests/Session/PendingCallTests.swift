// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("A call that waits for its answer", .serialized, .timeLimit(.minutes(5)))
struct PendingCallTests {
    private let shard = Shard(index: 0, eventLoop: MultiThreadedEventLoopGroup.singleton.next())

    /// Counts what a call tells its transport.
    private final class Transport: CallTransport, Sendable {
        let counts = Mutex((releases: 0, withdrawals: 0))

        func release(_ call: PendingCall) { counts.withLock { $0.releases += 1 } }
        func withdraw(_ call: PendingCall) { counts.withLock { $0.withdrawals += 1 } }
    }

    /// A call that is waited for, with its outcome.
    private final class Waiting: Sendable {
        let call: PendingCall
        let outcome: Task<CallOutcome, Never>
        private let transport = Transport()

        init(_ shard: Shard, timeout: TimeAmount) async throws {
            let call = PendingCall(id: 7, shard: shard, timeout: timeout, deadline: .now() + timeout)
            self.call = call
            outcome = Task(executorPreference: shard.executor) { await call.wait() }
            try await shard.eventLoop.submit { [transport] in call.transport = transport }.get()
        }

        /// How often the transport was told to let go, and to tell the backend.
        var released: Int { transport.counts.withLock { $0.releases } }
        var withdrawn: Int { transport.counts.withLock { $0.withdrawals } }

        func onLoop(_ body: @escaping @Sendable (PendingCall) -> Void) async throws {
            try await call.shard.eventLoop.submit { [call] in body(call) }.get()
        }

        func isFinished() async throws -> Bool {
            try await call.shard.eventLoop.submit { [call] in call.isFinished }.get()
        }
    }

    private func error(_ outcome: CallOutcome) -> BackendError? {
        if case .failed(let error) = outcome { error } else { nil }
    }

    @Test("BC-24: a sweep ends a call when its time is over, not before, and tells its transport once")
    func deadline() async throws {
        let before = NIODeadline.now()
        let waiting = try await Waiting(shard, timeout: .seconds(10))
        let after = NIODeadline.now()
        try await waiting.onLoop { $0.sweep(now: before + .milliseconds(9999)) }
        #expect(try await !waiting.isFinished())
        try await waiting.onLoop { call in
            call.sweep(now: after + .seconds(10))
            call.sweep(now: after + .seconds(11))
        }
        #expect(error(await waiting.outcome.value) == .timeout)
        #expect(waiting.released == 1 && waiting.withdrawn == 1)
    }

    @Test("Only the first outcome counts, from whichever thread it comes")
    func firstOutcome() async throws {
        let waiting = try await Waiting(shard, timeout: .seconds(10))
        waiting.call.deliver(.result(json("1")))
        waiting.call.deliver(.failed(.timeout))
        try await waiting.onLoop { call in
            call.deliver(.result(json("2")))
            call.sweep(now: .distantFuture)
        }
        guard case .result(let result) = await waiting.outcome.value else {
            Issue.record("the first outcome is lost")
            return
        }
        #expect(result.int == 1)
        #expect(waiting.released == 0 && waiting.withdrawn == 0)
    }

    @Test("An outcome that came before anyone waits is not lost")
    func earlyOutcome() async throws {
        let call = PendingCall(id: 1, shard: shard, timeout: .seconds(1), deadline: .now() + .seconds(1))
        try await shard.eventLoop.submit { call.deliver(.result(json("1"))) }.get()
        guard case .result = await onLoop(of: shard, { await call.wait() }) else {
            Issue.record("the outcome is lost")
            return
        }
    }

    /// Follows a call on its loop; `Told` says how often it was told, and what the call had come to by then.
    private final class Told: Sendable {
        let outcomes = Mutex<[CallOutcome?]>([])

        var count: Int { outcomes.withLock { $0.count } }

        func follow(_ call: PendingCall) { call.follow { self.outcomes.withLock { $0.append(call.outcome) } } }
    }

    @Test("Whoever follows a call is told once, of the first outcome, and not before the event that brought it is over")
    func followed() async throws {
        let call = PendingCall(id: 1, shard: shard, timeout: .seconds(9), deadline: .now() + .seconds(9))
        let told = Told()
        try await shard.eventLoop.submit { [shard] in
            told.follow(call)
            shard.executor.resumingAtOnce {
                call.deliver(.result(json("1")))
                call.deliver(.failed(.timeout))
                #expect(told.count == 0)
            }
            #expect(told.count == 1)
            call.sweep(now: .distantFuture)
        }.get()
        try await shard.eventLoop.submit {}.get()
        let outcomes = told.outcomes.withLock { $0 }
        guard outcomes.count == 1, case .result(let result) = outcomes[0] else {
            Issue.record("told \(outcomes)")
            return
        }
        #expect(result.int == 1)
    }

    @Test("Whoever follows a call that has ended is told all the same, but not at once")
    func followedLate() async throws {
        let call = PendingCall(id: 1, shard: shard, timeout: .seconds(9), deadline: .now() + .seconds(9))
        let told = Told()
        try await shard.eventLoop.submit {
            call.deliver(.failed(.closed))
            told.follow(call)
            #expect(told.count == 0)
        }.get()
        try await shard.eventLoop.submit {}.get()
        #expect(told.count == 1)
    }

    @Test("What follows a call is let go once it is told")
    func followerReleased() async throws {
        let call = PendingCall(id: 1, shard: shard, timeout: .seconds(9), deadline: .now() + .seconds(9))
        try await shard.eventLoop.submit { [shard] in
            weak var held: Told?
            do {
                let told = Told()
                held = told
                told.follow(call)
            }
            #expect(held != nil)
            shard.executor.resumingAtOnce { call.deliver(.result(json("1"))) }
            #expect(held == nil)
            #expect(call.isFinished)
        }.get()
    }

    @Test("A call without a task is cancelled from any thread, and those that follow it are told")
    func followedAndCancelled() async throws {
        let call = PendingCall(id: 1, shard: shard, timeout: .seconds(9), deadline: .now() + .seconds(9))
        let told = Told()
        let transport = Transport()
        try await shard.eventLoop.submit {
            call.transport = transport
            told.follow(call)
        }.get()
        call.cancel()
        try await eventually("it is told") { told.count == 1 }
        let outcome = told.outcomes.withLock { $0[0] }
        #expect(outcome.flatMap { error($0) } == .cancelled)
        #expect(transport.counts.withLock { $0 == (1, 1) })
    }

    @Test("Cancelling the task ends the call and tells its transport")
    func cancellation() async throws {
        let waiting = try await Waiting(shard, timeout: .seconds(10))
        waiting.outcome.cancel()
        #expect(error(await waiting.outcome.value) == .cancelled)
        try await eventually("the transport knows") { waiting.released == 1 && waiting.withdrawn == 1 }
    }

    @Test(
        "A call that fails otherwise lets its transport go, and the backend is not told",
        arguments: [
            BackendError.closed, .outcomeUnknown("x"), .sessionLost,
        ])
    func failure(_ failure: BackendError) async throws {
        let waiting = try await Waiting(shard, timeout: .seconds(10))
        waiting.call.deliver(.failed(failure))
        #expect(error(await waiting.outcome.value) == failure)
        try await waiting.onLoop { $0.sweep(now: .distantFuture) }
        #expect(waiting.released == 1 && waiting.withdrawn == 0)
    }

    @Test("BC-24: progress gives a call its whole time again")
    func progressExtends() async throws {
        let waiting = try await Waiting(shard, timeout: .seconds(10))
        let created = NIODeadline.now()
        try await eventually("the clock moves") { NIODeadline.now() > created + .milliseconds(1) }
        try await waiting.onLoop { call in
            call.extendDeadline()
            call.sweep(now: created + .seconds(10))
        }
        #expect(try await !waiting.isFinished())
        let extended = NIODeadline.now()
        try await waiting.onLoop { $0.sweep(now: extended + .seconds(10)) }
        #expect(error(await waiting.outcome.value) == .timeout)
    }

    @Test("BC-24: progress cannot keep a call alive for ever")
    func absoluteMaximum() async throws {
        let waiting = try await Waiting(shard, timeout: .milliseconds(5))
        let limit = ContinuousClock.now + .seconds(20)
        while try await !waiting.isFinished(), ContinuousClock.now < limit {
            try await waiting.onLoop { call in
                call.extendDeadline()
                call.sweep(now: .now())
            }
        }
        #expect(try await waiting.isFinished())
        waiting.call.deliver(.failed(.closed))
        #expect(error(await waiting.outcome.value) == .timeout)
    }

    @Test("While a question is open the backend's time does not run; after it, it runs anew")
    func questionPauses() async throws {
        let waiting = try await Waiting(shard, timeout: .seconds(10))
        let created = NIODeadline.now()
        waiting.call.questionOpened()
        waiting.call.questionOpened()
        try await waiting.onLoop { $0.sweep(now: created + .hours(10)) }
        #expect(try await !waiting.isFinished())
        waiting.call.questionClosed()
        try await waiting.onLoop { $0.sweep(now: created + .hours(10)) }
        #expect(try await !waiting.isFinished(), "one question is still open")
        let before = NIODeadline.now()
        waiting.call.questionClosed()
        try await waiting.onLoop { $0.sweep(now: before + .milliseconds(9999)) }
        #expect(try await !waiting.isFinished())
        let after = NIODeadline.now()
        try await waiting.onLoop { $0.sweep(now: after + .seconds(10)) }
        #expect(error(await waiting.outcome.value) == .timeout)
    }

    @Test("Time that a person thinks does not count towards the absolute maximum either")
    func questionAndMaximum() async throws {
        let shard = self.shard
        let call = try await shard.eventLoop.submit {
            let call = PendingCall(
                id: 7, shard: shard, timeout: .milliseconds(20), deadline: .now() + .milliseconds(20))
            call.questionOpened()
            return call
        }.get()
        // More than 20 times the timeout: the maximum would be over, had the time run.
        let opened = NIODeadline.now()
        try await eventually("the person has thought") { NIODeadline.now() > opened + .milliseconds(500) }
        let isFinished = try await shard.eventLoop.submit {
            call.questionClosed()
            call.extendDeadline()
            call.sweep(now: .now())
            return call.isFinished
        }.get()
        #expect(!isFinished, "progress right after the answer ended the call")
    }
}
