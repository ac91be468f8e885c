// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import DequeModule
package import NIOCore
import Synchronization

/// Lets a bounded number of requests work on one backend and a bounded number wait (a backend is a bulkhead).
package final class ConcurrencyLimiter: Sweepable, Sendable {
    private struct Waiter {
        let key: Int
        let deadline: NIODeadline
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var active = 0
        var nextKey = 0
        var waiters: Deque<Waiter> = []
    }

    private let maximumActive: Int
    private let maximumWaiting: Int
    private let state = Mutex(State())

    package init(maximumActive: Int, maximumWaiting: Int) {
        self.maximumActive = max(1, maximumActive)
        self.maximumWaiting = max(0, maximumWaiting)
    }

    package var activeCount: Int { state.withLock { $0.active } }
    package var waitingCount: Int { state.withLock { $0.waiters.count } }

    /// Takes a place if one is free.
    package func tryAcquire() -> Bool {
        state.withLock { state in
            guard state.active < maximumActive, state.waiters.isEmpty else { return false }
            state.active += 1
            return true
        }
    }

    /// Takes a place, waiting for one until `deadline`. Returns whether it got one; every `true` needs a `release`.
    package func acquire(deadline: NIODeadline) async -> Bool {
        if tryAcquire() { return true }
        let key = state.withLock { state in
            state.nextKey += 1
            return state.nextKey
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.active < maximumActive, state.waiters.isEmpty {
                        state.active += 1
                        return true
                    }
                    guard state.waiters.count < maximumWaiting, !Task.isCancelled else { return false }
                    state.waiters.append(Waiter(key: key, deadline: deadline, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.key == key }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(returning: false)
        }
    }

    package func release() {
        let next: Waiter? = state.withLock { state in
            if let waiter = state.waiters.popFirst() { return waiter }
            state.active -= 1
            return nil
        }
        next?.continuation.resume(returning: true)
    }

    /// Turns away those who have waited too long; called from a tick.
    package func sweep(now: NIODeadline) {
        let late: [Waiter] = state.withLock { state in
            guard state.waiters.contains(where: { $0.deadline <= now }) else { return [] }
            let late = state.waiters.filter { $0.deadline <= now }
            state.waiters.removeAll { $0.deadline <= now }
            return Array(late)
        }
        for waiter in late { waiter.continuation.resume(returning: false) }
    }
}
