// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Storage
import TestSupport
import Testing

@Suite("Storage contract")
struct StorageContractTests {
    @Test("the memory obeys", arguments: StorageContract.rules)
    func memory(rule: StorageContract.Rule) async throws {
        try await rule.verify { MemoryStorage(now: $0.now) }
    }

    @Test("SQLite obeys", arguments: StorageContract.rules)
    func sqlite(rule: StorageContract.Rule) async throws {
        let directory = try TemporaryDirectory()
        try await rule.verify { try await SQLiteStorage(path: directory.file("s"), now: $0.now, logger: .silent) }
    }

    @Test("SQLite obeys with one reader and a transaction for each commit", arguments: StorageContract.rules)
    func narrow(rule: StorageContract.Rule) async throws {
        let directory = try TemporaryDirectory()
        var options = SQLiteOptions()
        options.batchSize = 1
        options.readers = 1
        try await rule.verify {
            try await SQLiteStorage(path: directory.file("s"), now: $0.now, logger: .silent, options: options)
        }
    }

    @Test("a storage that breaks a rule is found out")
    func violations() async throws {
        var broken: [String] = []
        for rule in StorageContract.rules {
            do {
                try await rule.verify { ForgetfulStorage(MemoryStorage(now: $0.now)) }
            } catch is StorageContractViolation {
                broken.append(rule.description)
            } catch is Missing {
                broken.append(rule.description)
            }
        }
        #expect(broken.contains("take returns a row once"))
        #expect(broken.contains("of a hundred that take one row one gets it"))
        #expect(!broken.contains("an empty storage has no rows"))
    }
}

/// Forgets to remove what is taken.
private struct ForgetfulStorage: Storage {
    let inner: MemoryStorage

    init(_ inner: MemoryStorage) { self.inner = inner }

    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] { try await inner.load(keys) }
    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? { try await inner.load(key) }
    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        try await inner.commit(changes)
    }
    func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try await inner.rows(inGroup: group, limit: limit)
    }
    func count(_ table: StorageTable) async throws(StorageError) -> Int { try await inner.count(table) }
    func check() async throws(StorageError) { try await inner.check() }
    func close() async throws(StorageError) { try await inner.close() }
}
