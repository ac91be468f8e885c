// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Runs Swift tasks on one event loop.
///
/// A request's task prefers this executor, so that it starts on the loop that read the request and resumes there
/// when its backend has answered: one executor job a call and no hop between threads.
///
/// `@unchecked Sendable`: `resumed` and `isGathering` are touched on `eventLoop` only, which every method checks.
package final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    /// What goes on now that something it waited for is there.
    private enum Resumed {
        case job(UnownedJob)
        case call(PendingCall)
    }

    package let eventLoop: any EventLoop
    private var resumed: [Resumed] = []
    private var isGathering = false

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        resumed.reserveCapacity(16)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        if eventLoop.inEventLoop, isGathering {
            resumed.append(.job(unowned))
        } else {
            eventLoop.execute { self.run(.job(unowned)) }
        }
    }

    /// Has whoever follows a call without a task hear of its end, in the turn in which a task would go on.
    func resume(_ call: PendingCall) {
        eventLoop.assertInEventLoop()
        if isGathering {
            resumed.append(.call(call))
        } else {
            eventLoop.execute { self.run(.call(call)) }
        }
    }

    /// Runs `body`, and then at once the tasks and calls that it resumed: what arrived for them is worth no second turn of
    /// the loop.
    ///
    /// Called on the loop as the last thing that an event causes, because those may do anything. What *they* resume takes
    /// its turn, so that tasks that keep resuming each other cannot hold the loop.
    func resumingAtOnce(_ body: () -> Void) {
        eventLoop.assertInEventLoop()
        guard !isGathering else {
            body()
            return
        }
        isGathering = true
        body()
        isGathering = false
        switch resumed.count {
        case 0: break
        case 1: run(resumed.removeLast())
        default:
            let all = resumed
            resumed.removeAll()
            for one in all { run(one) }
        }
    }

    private func run(_ resumed: Resumed) {
        switch resumed {
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .call(let call): call.tellFollower()
        }
    }
}
