// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// Rows that live as long as the process: for tests and for runs that need not outlive themselves.
package final class MemoryStorage: Storage {
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    private struct State {
        var rows = MemoryRows()
        var isClosed = false
    }

    package init(now: @escaping @Sendable () -> Date) {
        self.now = now
    }

    package func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] {
        try StorageLimits.check(keys)
        return try withRows { rows, now in keys.map { rows.row($0, at: now) } }
    }

    package func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        try StorageLimits.check(key)
        return try withRows { rows, now in rows.take(key, at: now) }
    }

    package func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        try StorageLimits.check(changes)
        return try withRows { rows, now in rows.commit(changes, at: now) }
    }

    package func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try StorageLimits.check(group: group)
        return try withRows { rows, now in
            rows.rows(inGroup: group, limit: min(limit, StorageLimits.groupRows), at: now)
        }
    }

    package func count(_ table: StorageTable) async throws(StorageError) -> Int {
        try StorageLimits.check(table)
        return try withRows { rows, now in rows.count(table, at: now) }
    }

    package func check() async throws(StorageError) {
        try withRows { _, _ in }
    }

    package func close() async throws(StorageError) {
        state.withLock {
            $0.rows = MemoryRows()
            $0.isClosed = true
        }
    }

    /// Rows and places of the indexes that are held, expired ones included.
    package var footprint: (rows: Int, places: Int, groups: Int) {
        state.withLock { $0.rows.footprint }
    }

    private func withRows<Value: Sendable>(
        _ body: (inout MemoryRows, StorageInstant) -> Value
    ) throws(StorageError) -> Value {
        let now = StorageInstant(now())
        let value: Value? = state.withLock { $0.isClosed ? nil : body(&$0.rows, now) }
        guard let value else { throw .closed }
        return value
    }
}
