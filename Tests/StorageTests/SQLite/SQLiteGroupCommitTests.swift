// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("Commits that share a transaction")
struct SQLiteGroupCommitTests {
    private let directory: TemporaryDirectory
    private let table = StorageTable("t")

    init() throws { directory = try TemporaryDirectory() }

    private func key(_ id: String) -> StorageKey { StorageKey(table, id) }

    /// Another program that has the right to write, so that whatever is committed meanwhile has to wait.
    private func hold() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let queue = try DatabaseQueue(path: directory.file("s"), configuration: configuration)
        try queue.unsafeReentrantWrite { try $0.beginTransaction(.immediate) }
        return queue
    }

    private func release(_ holder: DatabaseQueue) throws {
        try holder.unsafeReentrantWrite { try $0.rollback() }
        try holder.close()
    }

    /// Starts `body` so many times while the disk is busy, lets the disk go on, and returns the answers.
    private func together<Value: Sendable>(
        _ count: Int, _ storage: SQLiteStorage, _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        let holder = try hold()
        // Makes the writer wait for the holder; the others come into the next transaction.
        let first = Task { try await storage.put(key("first"), [1], expires: nil) }
        try await eventually("the writer waits") { storage.statistics.isWriting && storage.statistics.waiting == 0 }
        let tasks = (0..<count).map { index in Task { try await body(index) } }
        try await eventually("all are queued") { storage.statistics.waiting == count }
        try release(holder)
        _ = try await first.value
        var values: [Value] = []
        for task in tasks { values.append(try await task.value) }
        return values
    }

    @Test("a crowd shares few transactions")
    func crowd() async throws {
        let storage = try await SQLiteStorage(directory.file("s"))
        let before = storage.statistics
        let outcomes = try await together(300, storage) { index in
            try await storage.create(key("\(index)"), [1], expires: nil)
        }
        #expect(outcomes.allSatisfy { $0 == .committed })
        #expect(storage.statistics.writes - before.writes == 301)
        #expect(storage.statistics.transactions - before.transactions == 4, "1, then 128, 128 and 44")
        #expect(try await storage.count(table) == 301)
        try await storage.close()
    }

    @Test("reads go on while the disk is busy")
    func reads() async throws {
        var options = SQLiteOptions()
        options.busyTimeout = .seconds(60)
        let storage = try await SQLiteStorage(directory.file("s"), options: options)
        _ = try await storage.put(key("a"), [1], expires: nil)
        let holder = try hold()
        let waiting = (0..<50).map { index in Task { try await storage.put(key("\(index)"), [1], expires: nil) } }
        for _ in 0..<50 { #expect(try await storage.load(key("a"))?.bytes == [1]) }
        #expect(try await storage.count(table) == 1)
        try release(holder)
        for task in waiting { #expect(try await task.value == .committed) }
        try await storage.close()
    }

    @Test("each answer is its own: conflicts, full tables and takes do not spoil their neighbours")
    func neighbours() async throws {
        let small = StorageTable("small", capacity: 5)
        let storage = try await SQLiteStorage(directory.file("s"))
        _ = try await storage.put(key("taken"), [9], expires: nil, groups: ["g"])
        _ = try await storage.put(key("there"), [9], expires: nil)
        let answers = try await together(100, storage) { (index) async throws -> String in
            switch index % 4 {
            case 0: return "\(try await storage.put(StorageKey(small, "\(index)"), [1], expires: nil))"
            case 1: return try await storage.take(key("taken")) == nil ? "late" : "taken"
            case 2:
                let changes = StorageChanges(
                    conditions: [.absent(key("there"))],
                    writes: [.put(key("never"), [1], expires: nil, groups: [])])
                return try await storage.commit(changes) == .conflict(key("there")) ? "conflict" : "wrong"
            default: return "\(try await storage.put(key("\(index)"), [1], expires: nil))"
            }
        }
        let counts = Dictionary(grouping: answers, by: \.self).mapValues(\.count)
        #expect(counts["committed"] == 5 + 25)
        #expect(counts["taken"] == 1)
        #expect(counts["late"] == 24)
        #expect(counts["conflict"] == 25)
        #expect(try await storage.count(small) == 5)
        #expect(try await storage.load(key("never")) == nil)
        #expect(try await storage.count(table) == 1 + 25 + 1)
        try await storage.close()
    }

    @Test("more commits than may wait are refused, and the others are done")
    func overloaded() async throws {
        var options = SQLiteOptions()
        options.waitingLimit = 10
        let storage = try await SQLiteStorage(directory.file("s"), options: options)
        let holder = try hold()
        let first = Task { try await storage.put(key("first"), [1], expires: nil) }
        try await eventually("the writer waits") { storage.statistics.isWriting && storage.statistics.waiting == 0 }
        let tasks = (0..<10).map { index in Task { try await storage.put(key("\(index)"), [1], expires: nil) } }
        try await eventually("all are queued") { storage.statistics.waiting == 10 }
        await #expect(throws: StorageError.overloaded(limit: 10)) {
            try await storage.put(key("too many"), [1], expires: nil)
        }
        try release(holder)
        #expect(try await first.value == .committed)
        for task in tasks { #expect(try await task.value == .committed) }
        #expect(try await storage.count(table) == 11)
        try await storage.close()
    }

    @Test("a program that keeps the file locked makes commits fail in time, and they work again after it")
    func locked() async throws {
        var options = SQLiteOptions()
        options.busyTimeout = .milliseconds(20)
        let record = RecordedLog()
        let storage = try await SQLiteStorage(
            path: directory.file("s"), now: { .now }, logger: record.logger, options: options)
        let holder = try hold()
        for _ in 0..<2 {
            let failure = await #expect(throws: StorageError.self) {
                try await storage.put(key("a"), [1], expires: nil)
            }
            #expect(failure?.description.contains("locked") == true)
        }
        await #expect(throws: StorageError.self) { try await storage.check() }
        try release(holder)
        #expect(try await storage.put(key("a"), [1], expires: nil) == .committed)
        try await storage.check()
        #expect(storage.statistics.failures == 3)
        #expect(record.all.count == 2)
        #expect(record.all.first?.hasPrefix("error the storage cannot be written") == true)
        #expect(record.all.last?.hasPrefix("info the storage can be written again") == true)
        try await storage.close()
    }
}
