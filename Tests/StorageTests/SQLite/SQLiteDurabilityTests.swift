// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// The commits that a test knows of.
private final class Answered: Sendable {
    private let known = Mutex<Set<Int>>([])

    var numbers: Set<Int> { known.withLock { $0 } }

    func insert(_ number: Int) { known.withLock { _ = $0.insert(number) } }
}

@Suite("What SQLite storage keeps")
struct SQLiteDurabilityTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()
    private let table = StorageTable("t")

    init() throws { directory = try TemporaryDirectory() }

    private func key(_ id: String) -> StorageKey { StorageKey(table, id) }

    /// Opens a copy of the files as a process that was killed now would leave them.
    private func image(of name: String) async throws -> SQLiteStorage {
        let copy = "copy-\(UUID().uuidString)"
        // The log last: it only grows here, and what it holds of a commit that is not complete does not count.
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(
                atPath: directory.file(name + suffix), toPath: directory.file(copy + suffix))
        }
        return try await SQLiteStorage(directory.file(copy), clock)
    }

    @Test("rows, versions, expiries, groups and capacities outlive the process")
    func restart() async throws {
        let small = StorageTable("small", capacity: 2)
        let first = try await SQLiteStorage(directory.file("s"), clock)
        _ = try await first.put(key("a"), [1], expires: clock.in(10), groups: ["g"])
        _ = try await first.put(key("b"), [2], expires: nil, groups: ["g", "h"])
        _ = try await first.put(StorageKey(small, "c"), [3], expires: nil)
        _ = try await first.put(StorageKey(small, "d"), [4], expires: nil)
        let rows = try await first.load([key("a"), key("b")])
        let last = try await first.load(StorageKey(small, "d")).orThrow().version
        try await first.delete(StorageKey(small, "d"))
        try await first.close()

        let second = try await SQLiteStorage(directory.file("s"), clock)
        #expect(try await second.load([key("a"), key("b")]) == rows)
        #expect(try await second.rows(inGroup: "g", limit: 9).map(\.key.id) == ["a", "b"])
        #expect(try await second.count(small) == 1)
        _ = try await second.put(StorageKey(small, "d"), [5], expires: nil)
        #expect(try await second.load(StorageKey(small, "d")).orThrow().version > last)
        #expect(try await second.put(StorageKey(small, "e"), [6], expires: nil) == .full(small))
        clock.advance(by: 10)
        #expect(try await second.load(key("a")) == nil)
        try await second.deleteGroup("h")
        #expect(try await second.count(table) == 0)
        try await second.close()
    }

    @Test("a file that is not closed has everything that was answered")
    func killed() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), clock)
        for index in 0..<50 { _ = try await storage.put(key("\(index)"), [UInt8(index)], expires: nil, groups: ["g"]) }
        for index in 0..<10 { _ = try await storage.take(key("\(index)")) }
        let copy = try await image(of: "s")
        #expect(try await copy.count(table) == 40)
        #expect(try await copy.load(key("9")) == nil)
        #expect(try await copy.rows(inGroup: "g", limit: 100).count == 40)
        let version = try await copy.load(key("49")).orThrow().version
        _ = try await copy.put(key("new"), [1], expires: nil)
        #expect(try await copy.load(key("new")).orThrow().version > version)
        try await copy.close()
        try await storage.close()
    }

    @Test("killed in the middle of work, all that was answered is there and nothing is there by half")
    func killedAtWork() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), clock)
        let answered = Answered()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<40 {
                        let number = task * 1000 + round
                        let writes = ["x", "y"].map {
                            StorageWrite.put(key("\($0)\(number)"), [1], expires: nil, groups: [])
                        }
                        guard try await storage.commit(StorageChanges(writes: writes)) == .committed else { continue }
                        answered.insert(number)
                    }
                }
            }
            group.addTask {
                for _ in 0..<5 {
                    let known = answered.numbers
                    let copy = try await image(of: "s")
                    var found = 0
                    for task in 0..<8 {
                        for round in 0..<40 {
                            let number = task * 1000 + round
                            let rows = try await copy.load([key("x\(number)"), key("y\(number)")])
                            #expect((rows[0] == nil) == (rows[1] == nil), "half of \(number)")
                            #expect(rows[0] != nil || !known.contains(number), "lost \(number)")
                            found += rows[0] == nil ? 0 : 1
                        }
                    }
                    #expect(found >= known.count)
                    try await copy.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(try await storage.count(table) == 640)
        try await storage.close()
    }

    @Test("every commit waits for the disk")
    func synchronous() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), clock)
        let level = try await storage.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(level == 2, "FULL")
        try await storage.close()
    }

    @Test("closing in the middle of work loses nothing that was answered")
    func closing() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), clock)
        let committed = try await withThrowingTaskGroup(of: Int?.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let error = try await storageError {
                        _ = try await storage.put(key("\(index)"), [1], expires: nil)
                    }
                    #expect(error == nil || error == .closed)
                    return error == nil ? index : nil
                }
                if index == 120 {
                    group.addTask {
                        try await storage.close()
                        return nil
                    }
                }
            }
            return try await group.reduce(into: [Int]()) { if let index = $1 { $0.append(index) } }
        }
        let again = try await SQLiteStorage(directory.file("s"), clock)
        #expect(try await again.count(table) == committed.count)
        for index in committed { #expect(try await again.load(key("\(index)")) != nil) }
        try await again.close()
    }

    @Test("later writes remove expired rows from the file, so many at a time")
    func purge() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), clock)
        for start in stride(from: 0, to: 1000, by: 200) {
            let writes = (start..<start + 200).map {
                StorageWrite.put(key("\($0)"), [1], expires: clock.in(10), groups: ["g"])
            }
            _ = try await storage.commit(StorageChanges(writes: writes))
        }
        clock.advance(by: 10)
        let reader = try DatabaseQueue(path: directory.file("s"))
        func physical() async throws -> Int {
            try await reader.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM entries") ?? -1 }
        }
        #expect(try await physical() == 1000)
        var seen: [Int] = []
        for index in 0..<6 {
            _ = try await storage.put(key("new \(index)"), [1], expires: nil)
            // It is the next thing that the writer does; this waits for it.
            try await storage.check()
            seen.append(try await physical())
        }
        #expect(seen.first.map { $0 < 1000 && $0 >= 1001 - 2 * 256 } == true, "\(seen)")
        #expect(seen.last == 6, "\(seen)")
        let groups = try await reader.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM memberships") }
        #expect(groups == 0)
        try reader.close()
        try await storage.close()
    }

    @Test("a clock that was set back does not keep expired rows in the file")
    func setBack() async throws {
        let storage = try await SQLiteStorage(directory.file("s"), clock)
        clock.advance(by: 1e6)
        _ = try await storage.put(key("a"), [1], expires: nil)
        clock.advance(by: -1e6)
        _ = try await storage.put(key("b"), [1], expires: clock.in(10))
        try await storage.check()
        clock.advance(by: 10)
        _ = try await storage.put(key("c"), [1], expires: nil)
        try await storage.check()
        let reader = try DatabaseQueue(path: directory.file("s"))
        let count = try await reader.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM entries") }
        #expect(count == 2)
        try reader.close()
        try await storage.close()
    }
}
