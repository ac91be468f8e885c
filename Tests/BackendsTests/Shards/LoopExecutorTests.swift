// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Backends

@Suite("Tasks on a loop", .timeLimit(.minutes(5)))
struct LoopExecutorTests {
    private let shard = Shard(index: 0, eventLoop: MultiThreadedEventLoopGroup.singleton.next())

    /// Continuations of tasks that wait on the shard, and what happened there, in order.
    private final class Waiters: Sendable {
        let continuations = Mutex<[CheckedContinuation<Void, Never>]>([])
        let events = Mutex<[String]>([])

        func note(_ event: String) { events.withLock { $0.append(event) } }

        func wait() async {
            await withCheckedContinuation { continuation in continuations.withLock { $0.append(continuation) } }
        }

        func resumeAll() {
            let all = continuations.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for continuation in all { continuation.resume() }
        }
    }

    private func startWaiting(_ count: Int, _ waiters: Waiters) async throws -> [Task<Void, Never>] {
        let executor = shard.executor
        return try await shard.eventLoop.submit {
            (0..<count).map { number in
                Task.immediate(executorPreference: executor) {
                    await waiters.wait()
                    executor.eventLoop.preconditionInEventLoop()
                    waiters.note("task \(number)")
                }
            }
        }.get()
    }

    @Test("What an event resumes runs when the event is over, before the loop turns", arguments: [1, 2, 5])
    func atOnce(_ count: Int) async throws {
        let waiters = Waiters()
        let tasks = try await startWaiting(count, waiters)
        let executor = shard.executor
        try await shard.eventLoop.submit {
            executor.eventLoop.execute { waiters.note("next turn") }
            executor.resumingAtOnce {
                waiters.resumeAll()
                waiters.note("event")
            }
            waiters.note("after")
        }.get()
        for task in tasks { await task.value }
        try await shard.eventLoop.submit {}.get()
        let expected = ["event"] + (0..<count).map { "task \($0)" } + ["after", "next turn"]
        #expect(waiters.events.withLock { $0 } == expected)
    }

    @Test("Within another event nothing runs before the outer one is over")
    func nested() async throws {
        let waiters = Waiters()
        let tasks = try await startWaiting(1, waiters)
        let executor = shard.executor
        try await shard.eventLoop.submit {
            executor.resumingAtOnce {
                executor.resumingAtOnce { waiters.resumeAll() }
                waiters.note("outer")
            }
        }.get()
        for task in tasks { await task.value }
        #expect(waiters.events.withLock { $0 } == ["outer", "task 0"])
    }

    @Test("Tasks that keep yielding do not hold the loop")
    func yielding() async throws {
        let waiters = Waiters()
        let executor = shard.executor
        let task = try await shard.eventLoop.submit {
            Task.immediate(executorPreference: executor) {
                await waiters.wait()
                while waiters.events.withLock({ $0.isEmpty }) { await Task.yield() }
            }
        }.get()
        try await shard.eventLoop.submit { executor.resumingAtOnce { waiters.resumeAll() } }.get()
        // The loop still takes work.
        try await shard.eventLoop.submit { waiters.note("over") }.get()
        await task.value
    }

    @Test("Without an event a resumed task takes its turn on the loop")
    func fromElsewhere() async throws {
        let waiters = Waiters()
        let tasks = try await startWaiting(3, waiters)
        waiters.resumeAll()
        for task in tasks { await task.value }
        #expect(waiters.events.withLock { $0.sorted() } == ["task 0", "task 1", "task 2"])
    }
}
