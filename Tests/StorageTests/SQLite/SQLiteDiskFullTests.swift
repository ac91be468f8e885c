// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage
import TestSupport
import Testing

@Suite("SQLite storage without room")
struct SQLiteDiskFullTests {
    private let directory: TemporaryDirectory
    private let table = StorageTable("t")
    private let options: SQLiteOptions

    init() throws {
        directory = try TemporaryDirectory()
        var options = SQLiteOptions()
        options.maximumFileBytes = 400_000
        self.options = options
    }

    private func key(_ id: String) -> StorageKey { StorageKey(table, id) }
    private var full: StorageError { .diskFull(path: directory.file("s")) }

    /// Writes rows of 20 kB until there is no room; returns how many there are.
    private func fill(_ storage: SQLiteStorage) async throws -> Int {
        for index in 0..<100 {
            let error = try await storageError {
                _ = try await storage.put(key("\(index)"), [UInt8](repeating: 1, count: 20_000), expires: nil)
            }
            if let error {
                #expect(error == full)
                return index
            }
        }
        throw Missing("the end of the disk")
    }

    @Test("what does not fit is refused, nothing is lost, and what is removed makes room")
    func refused() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), options: options)
        let count = try await fill(storage)
        #expect(count > 10)
        #expect(try await storage.count(table) == count)
        await #expect(throws: full) {
            _ = try await storage.put(key("0"), [UInt8](repeating: 2, count: 200_000), expires: nil)
        }
        for index in 0..<count {
            #expect(try await storage.load(key("\(index)"))?.bytes.count == 20_000)
        }
        #expect(try await storage.take(key("0"))?.bytes.first == 1)
        try await storage.delete(key("1"))
        #expect(try await storage.put(key("new"), [UInt8](repeating: 1, count: 20_000), expires: nil) == .committed)
        try await storage.close()
        let again = try await SQLiteStorage(directory.file("s"), options: options)
        #expect(try await again.count(table) == count - 1)
        try await again.check()
        try await again.close()
    }

    @Test("of commits that come together only those fail that do not fit")
    func together() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), options: options)
        let count = try await fill(storage)
        try await storage.delete(key("0"))
        let errors = try await withThrowingTaskGroup(of: (Int, StorageError?).self) { group in
            for index in 0..<40 {
                let bytes = [UInt8](repeating: 3, count: index % 8 == 3 ? 100_000 : 10)
                group.addTask {
                    let error = try await storageError {
                        _ = try await storage.put(key("new \(index)"), bytes, expires: nil)
                    }
                    return (index, error)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for index in 0..<40 {
            #expect(errors[index] == (index % 8 == 3 ? full : nil))
            let row = try await storage.load(key("new \(index)"))
            #expect((row == nil) == (index % 8 == 3))
        }
        #expect(try await storage.count(table) == count - 1 + 35)
        try await storage.close()
    }

    @Test("a table's count stays right through commits that found no room")
    func ledger() async throws {
        let bounded = StorageTable("bounded", capacity: 3)
        let storage = try await SQLiteStorage(directory.file("s"), options: options)
        _ = try await fill(storage)
        for index in 0..<5 {
            await #expect(throws: full) {
                _ = try await storage.put(
                    StorageKey(bounded, "\(index)"), [UInt8](repeating: 1, count: 100_000), expires: nil)
            }
        }
        try await storage.delete(key("0"))
        for index in 0..<3 {
            #expect(try await storage.put(StorageKey(bounded, "\(index)"), [1], expires: nil) == .committed)
        }
        #expect(try await storage.put(StorageKey(bounded, "3"), [1], expires: nil) == .full(bounded))
        try await storage.close()
    }
}
