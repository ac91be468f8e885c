// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Owns background tasks that outlive the call that started them, and ends them together.
///
/// This is the only place besides a request's own task where unstructured tasks begin.
package final class TaskSupervisor: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
        var isCancelled = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Starts `body`, unless everything has been cancelled already.
    package func run(
        on executor: (any TaskExecutor)? = nil, _ body: @escaping @Sendable () async -> Void
    ) {
        state.withLock { state in
            guard !state.isCancelled else { return }
            let key = state.next
            state.next += 1
            // The task waits for this lock before it removes itself, so it cannot end before it is registered.
            state.tasks[key] = Task(executorPreference: executor) {
                await body()
                _ = self.state.withLock { $0.tasks.removeValue(forKey: key) }
            }
        }
    }

    package func cancelAll() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    /// Waits for cancelled tasks to end, but no longer than `limit`.
    package func finish(within limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while count > 0 && ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(10)) }
    }

    package var count: Int { state.withLock { $0.tasks.count } }
}
