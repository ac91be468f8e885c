// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

extension Storage {
    package func load(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        try await load([key]).first ?? nil
    }

    /// Writes the row only if there is none with this key; else `.conflict`.
    package func create(
        _ key: StorageKey, _ bytes: [UInt8], expires: Date?, groups: [String] = []
    ) async throws(StorageError) -> StorageOutcome {
        try await commit(
            StorageChanges(
                conditions: [.absent(key)], writes: [.put(key, bytes, expires: expires, groups: groups)]))
    }

    /// Writes the row only if it still has the version that was read; else `.conflict`.
    package func compareAndSet(
        _ key: StorageKey, version: Int64, _ bytes: [UInt8], expires: Date?, groups: [String] = []
    ) async throws(StorageError) -> StorageOutcome {
        try await commit(
            StorageChanges(
                conditions: [.version(key, version)], writes: [.put(key, bytes, expires: expires, groups: groups)]))
    }

    /// Writes the row whatever was there before.
    package func put(
        _ key: StorageKey, _ bytes: [UInt8], expires: Date?, groups: [String] = []
    ) async throws(StorageError) -> StorageOutcome {
        try await commit(StorageChanges(writes: [.put(key, bytes, expires: expires, groups: groups)]))
    }

    /// Removes the row, if there is one.
    package func delete(_ key: StorageKey) async throws(StorageError) {
        _ = try await commit(StorageChanges(writes: [.delete(key)]))
    }

    /// Removes all rows of the group.
    package func deleteGroup(_ group: String) async throws(StorageError) {
        _ = try await commit(StorageChanges(writes: [.deleteGroup(group)]))
    }

    /// Gives the row another expiry, if there is one; its version stays.
    package func touch(_ key: StorageKey, expires: Date?) async throws(StorageError) {
        _ = try await commit(StorageChanges(writes: [.touch(key, expires: expires)]))
    }
}
