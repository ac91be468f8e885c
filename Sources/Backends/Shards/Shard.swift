// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Something with deadlines that a shard looks at on every tick.
package protocol Sweepable: AnyObject {
    /// Called on the shard's loop.
    func sweep(now: NIODeadline)
}

/// One event loop with what belongs to it: its executor, its clock tick and the deadlines it watches.
///
/// Nothing inside a shard is locked. Deadlines are fields that the tick compares, because a sleeping task per request
/// costs an executor job and keeps its memory until the sleep would have ended.
///
/// `@unchecked Sendable`: `watched`, `calls` and `tick` are touched on `eventLoop` only; each access asserts it.
package final class Shard: @unchecked Sendable {
    package let index: Int
    package let eventLoop: any EventLoop
    package let executor: LoopExecutor
    /// The one of the process.
    package let answers: AnswerBudget

    /// How often deadlines are looked at, and so how late one can fire.
    package static let tickInterval = TimeAmount.milliseconds(100)

    private var watched: [ObjectIdentifier: any Sweepable] = [:]
    /// What comes and goes with every request, each at the place that it remembers.
    private var calls: [PendingCall] = []
    private var tick: RepeatedTask?

    package init(
        index: Int, eventLoop: any EventLoop, answers: AnswerBudget = .unbounded
    ) {
        self.index = index
        self.eventLoop = eventLoop
        self.answers = answers
        self.executor = LoopExecutor(eventLoop: eventLoop)
    }

    package func start() {
        eventLoop.execute {
            guard self.tick == nil else { return }
            self.tick = self.eventLoop.scheduleRepeatedTask(
                initialDelay: Self.tickInterval, delay: Self.tickInterval
            ) { [weak self] _ in self?.sweep() }
        }
    }

    package func stop() {
        eventLoop.execute {
            self.tick?.cancel()
            self.tick = nil
        }
    }

    package func watch(_ item: any Sweepable) {
        eventLoop.assertInEventLoop()
        watched[ObjectIdentifier(item)] = item
    }

    package func unwatch(_ item: any Sweepable) {
        eventLoop.assertInEventLoop()
        watched[ObjectIdentifier(item)] = nil
    }

    func watch(_ call: PendingCall) {
        eventLoop.assertInEventLoop()
        guard call.watchedAt == nil else { return }
        call.watchedAt = calls.count
        calls.append(call)
    }

    func unwatch(_ call: PendingCall) {
        eventLoop.assertInEventLoop()
        guard let place = call.watchedAt else { return }
        call.watchedAt = nil
        let last = calls.removeLast()
        if last !== call {
            calls[place] = last
            last.watchedAt = place
        }
    }

    private func sweep() {
        let now = NIODeadline.now()
        for item in watched.values { item.sweep(now: now) }
        for call in calls { call.sweep(now: now) }
    }
}

/// All shards of a process.
package struct Shards: Sendable {
    package let all: [Shard]

    package init(group: any EventLoopGroup, answers: AnswerBudget = .unbounded) {
        var shards: [Shard] = []
        for eventLoop in group.makeIterator() {
            shards.append(Shard(index: shards.count, eventLoop: eventLoop, answers: answers))
        }
        all = shards
    }

    /// The shard of `eventLoop`, which must belong to the group that the shards were made from.
    package func shard(of eventLoop: any EventLoop) -> Shard {
        all.first { $0.eventLoop === eventLoop } ?? all[0]
    }

    package func start() { for shard in all { shard.start() } }
    package func stop() { for shard in all { shard.stop() } }
}
