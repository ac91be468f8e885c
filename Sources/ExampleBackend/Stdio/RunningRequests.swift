// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

/// The Modern requests that run on one connection, by their ids.
final class RunningRequests: Sendable {
    static let limit = 1_000

    private let tasks = Mutex<[JSONSlice: Task<Void, Never>]>([:])

    /// Runs an operation that `cancel` can reach; throws `-32600` when the id is in use or too many run.
    func start(_ id: JSONSlice, _ operation: @escaping @Sendable () async -> Void) throws(RPCError) {
        try tasks.withLock { tasks throws(RPCError) in
            guard tasks[id] == nil else { throw .invalidRequest("The request id is in use") }
            guard tasks.count < Self.limit else { throw .invalidRequest("Too many requests are running") }
            tasks[id] = Task {
                await operation()
                self.tasks.withLock { _ = $0.removeValue(forKey: id) }
            }
        }
    }

    /// False when no such request runs.
    func cancel(_ id: JSONSlice) -> Bool {
        let task = tasks.withLock { $0[id] }
        task?.cancel()
        return task != nil
    }

    func cancelAll() {
        for task in tasks.withLock({ Array($0.values) }) { task.cancel() }
    }

    /// Waits until none runs.
    func idle() async {
        for task in tasks.withLock({ Array($0.values) }) { await task.value }
    }
}
