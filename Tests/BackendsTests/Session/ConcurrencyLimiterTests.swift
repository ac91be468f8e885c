// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("A bounded number of requests works on a backend", .serialized, .timeLimit(.minutes(5)))
struct ConcurrencyLimiterTests {
    private let later = NIODeadline.now() + .hours(1)

    /// Starts waiters one after the other, so that their order is known.
    private func queue(
        _ count: Int, at limiter: ConcurrencyLimiter, deadlines: (Int) -> NIODeadline,
        answered: @escaping @Sendable (Int, Bool) -> Void
    ) async throws -> [Task<Void, Never>] {
        var tasks: [Task<Void, Never>] = []
        let before = limiter.waitingCount
        for number in 0..<count {
            let deadline = deadlines(number)
            tasks.append(Task { answered(number, await limiter.acquire(deadline: deadline)) })
            try await eventually("waiter \(number) waits") { limiter.waitingCount == before + number + 1 }
        }
        return tasks
    }

    @Test("No more places are given than there are", arguments: [1, 2, 7])
    func bound(places: Int) async {
        let limiter = ConcurrencyLimiter(maximumActive: places, maximumWaiting: 0)
        for _ in 0..<places { #expect(limiter.tryAcquire()) }
        #expect(!limiter.tryAcquire())
        #expect(await !limiter.acquire(deadline: later))
        #expect(limiter.activeCount == places)
        limiter.release()
        #expect(limiter.activeCount == places - 1)
        #expect(await limiter.acquire(deadline: later))
        #expect(!limiter.tryAcquire())
    }

    @Test("Senseless bounds still let one work and nobody wait")
    func senselessBounds() async {
        let limiter = ConcurrencyLimiter(maximumActive: -5, maximumWaiting: -5)
        #expect(limiter.tryAcquire())
        #expect(await !limiter.acquire(deadline: later))
    }

    @Test("Whoever comes when the queue is full is turned away at once")
    func fullQueue() async throws {
        let limiter = ConcurrencyLimiter(maximumActive: 1, maximumWaiting: 2)
        #expect(limiter.tryAcquire())
        let waiting = try await queue(2, at: limiter, deadlines: { _ in later }, answered: { #expect($1, "\($0)") })
        #expect(await !limiter.acquire(deadline: later))
        #expect(limiter.waitingCount == 2)
        for _ in waiting { limiter.release() }
        for task in waiting { await task.value }
        #expect(limiter.waitingCount == 0)
        #expect(limiter.activeCount == 1)
    }

    @Test("Places go to those who waited longest, and nobody overtakes them")
    func order() async throws {
        let limiter = ConcurrencyLimiter(maximumActive: 1, maximumWaiting: 100)
        let order = Mutex<[Int]>([])
        #expect(limiter.tryAcquire())
        let waiting = try await queue(20, at: limiter, deadlines: { _ in later }) { number, gotPlace in
            if gotPlace { order.withLock { $0.append(number) } }
            // One place: the next one is served after this one has noted itself.
            limiter.release()
        }
        #expect(!limiter.tryAcquire())
        limiter.release()
        for task in waiting { await task.value }
        #expect(order.withLock { $0 } == Array(0..<20))
        #expect(limiter.activeCount == 0)
    }

    @Test("Who is cancelled leaves the queue, and the place goes to the next")
    func cancellation() async throws {
        let limiter = ConcurrencyLimiter(maximumActive: 1, maximumWaiting: 10)
        let answers = Mutex<[Int: Bool]>([:])
        #expect(limiter.tryAcquire())
        let waiting = try await queue(3, at: limiter, deadlines: { _ in later }) { number, gotPlace in
            answers.withLock { $0[number] = gotPlace }
        }
        waiting[0].cancel()
        await waiting[0].value
        #expect(answers.withLock { $0 } == [0: false])
        #expect(limiter.waitingCount == 2)
        limiter.release()
        await waiting[1].value
        #expect(answers.withLock { $0 } == [0: false, 1: true])
        #expect(limiter.activeCount == 1)
        limiter.release()
        await waiting[2].value
        limiter.release()
        #expect(limiter.activeCount == 0)
    }

    @Test("A task that is cancelled already does not wait")
    func cancelledBefore() async {
        let limiter = ConcurrencyLimiter(maximumActive: 1, maximumWaiting: 10)
        #expect(limiter.tryAcquire())
        let gate = ScriptedGate()
        let task = Task {
            await gate.wait()
            return await limiter.acquire(deadline: later)
        }
        task.cancel()
        #expect(await !task.value)
        #expect(limiter.waitingCount == 0)
    }

    @Test("Cancelling and releasing at the same time loses no place and no waiter")
    func races() async {
        let limiter = ConcurrencyLimiter(maximumActive: 3, maximumWaiting: 1000)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let task = Task {
                        guard await limiter.acquire(deadline: later) else { return }
                        await Task.yield()
                        limiter.release()
                    }
                    if number.isMultiple(of: 3) { task.cancel() }
                    await task.value
                }
            }
        }
        #expect(limiter.activeCount == 0)
        #expect(limiter.waitingCount == 0)
    }

    @Test("A sweep turns away those whose time is over, and only those")
    func sweep() async throws {
        let limiter = ConcurrencyLimiter(maximumActive: 1, maximumWaiting: 10)
        let answers = Mutex<[Int: Bool]>([:])
        #expect(limiter.tryAcquire())
        let start = NIODeadline.now()
        let minutes: [Int64] = [3, 1, 2, 1]
        let waiting = try await queue(4, at: limiter, deadlines: { start + .minutes(minutes[$0]) }) {
            number, gotPlace in
            answers.withLock { $0[number] = gotPlace }
        }
        limiter.sweep(now: start + .seconds(59))
        #expect(limiter.waitingCount == 4)
        limiter.sweep(now: start + .minutes(1))
        await waiting[1].value
        await waiting[3].value
        #expect(answers.withLock { $0 } == [1: false, 3: false])
        limiter.release()
        await waiting[0].value
        #expect(answers.withLock { $0[0] } == true)
        limiter.sweep(now: start + .minutes(2))
        await waiting[2].value
        #expect(answers.withLock { $0[2] } == false)
        #expect(limiter.activeCount == 1)
    }

    @Test("A backend never works on more calls than it may, and every call gets its turn")
    func peak() async throws {
        let load = Mutex((now: 0, peak: 0))
        let backend = try await ScriptedBackend.start { request, _ in
            guard request.verb == "tools/call" else { return false }
            load.withLock { load in
                load.now += 1
                load.peak = max(load.peak, load.now)
            }
            for _ in 0..<20 { await Task.yield() }
            load.withLock { $0.now -= 1 }
            return false
        }
        try await BackendHarness.run(backend.url, configure: { $0.maximumConcurrentRequests = 3 }) { harness in
            try await harness.withSession { session in
                await withTaskGroup(of: String?.self) { group in
                    for number in 0..<30 {
                        let shard = harness.shards.all[number % harness.shards.all.count]
                        group.addTask { await harness.call(session, "tool-\(number)", on: shard).text }
                    }
                    var texts: Set<String?> = []
                    for await text in group { texts.insert(text) }
                    #expect(texts == Set((0..<30).map { "tool-\($0)" }))
                }
            }
            #expect(harness.backend.limiter.activeCount == 0)
        }
        #expect(load.withLock { $0.peak } <= 3)
        await backend.stop()
    }

    @Test("A call that finds the queue full is turned away at once, unsent, and the backend's health does not suffer")
    func busy() async throws {
        let backend = try await hanging()
        try await BackendHarness.run(
            backend.url,
            configure: {
                $0.maximumConcurrentRequests = 1
                $0.maximumQueuedRequests = 0
            }
        ) { harness in
            try await harness.withSession { session in
                let hanging = Task { await harness.call(session, "hang") }
                try await eventually("the only place is taken") { backend.requests("tools/call").count == 1 }
                let error = await harness.call(session, isRepeatable: true).error
                #expect(error == .busy)
                #expect(error?.provesNotExecuted == true)
                #expect(error?.requestError(backend: "b").code == .overloaded)
                #expect(backend.requests("tools/call").count == 1)
                #expect(harness.backend.health.current.tracker.consecutiveFailures == 0)
                hanging.cancel()
                #expect(await hanging.value.error == .cancelled)
                #expect(await harness.call(session).text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("H7: a call that is turned away gives back the one attempt that a recovering breaker allows")
    func turnedAway() async throws {
        let backend = try await hanging()
        let breaker = try CircuitBreakerSettings(failureThreshold: 1, timeout: .seconds(2))
        try await BackendHarness.run(
            backend.url,
            configure: {
                $0.maximumConcurrentRequests = 1
                $0.maximumQueuedRequests = 0
                $0.breaker = breaker
            }
        ) { harness in
            try await harness.withSession { session in
                let hanging = Task { await harness.call(session, "hang") }
                try await eventually("the only place is taken") { backend.requests("tools/call").count == 1 }
                let permit = try harness.backend.health.admit().required("a permit")
                _ = harness.backend.health.probeFailed(permit, .connectionFailed)
                #expect(await harness.call(session).error == .circuitOpen)
                try await eventually("an attempt is allowed, and finds no place") {
                    await harness.call(session).error == .busy
                }
                hanging.cancel()
                _ = await hanging.value
                let result = await harness.call(session)
                #expect(result.text == "echo", "\(result)")
            }
        }
        await backend.stop()
    }

    /// Answers everything but the call of "hang".
    private func hanging() async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.subject == "hang" else { return false }
            await reply.closed()
            return true
        }
    }

    @Test("BC-24: waiting for a place counts towards a call's time, and ends when the time is over")
    func waitingIsBounded() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.subject == "hang" else { return false }
            await reply.closed()
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.maximumConcurrentRequests = 1 }) { harness in
            try await harness.withSession { session in
                async let hanging = harness.call(session, "hang", timeout: .seconds(20))
                try await eventually("the only place is taken") { backend.requests("tools/call").count == 1 }
                let started = ContinuousClock.now
                let late = await harness.call(session, timeout: .milliseconds(200))
                #expect(ContinuousClock.now - started < .seconds(5))
                #expect([.busy, .timeout].contains(late.error))
                #expect(backend.requests("tools/call").count == 1)
                await session.close()
                #expect(await hanging.error == .closed)
            }
        }
        await backend.stop()
    }
}
