// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("Expiry heap")
struct ExpiryHeapTests {
    private func place(_ time: Int64) -> ExpiryHeap.Place {
        ExpiryHeap.Place(
            expires: StorageInstant(milliseconds: time), key: StorageKey(StorageTable("t"), "\(time)"))
    }

    private func drain(_ heap: inout ExpiryHeap, at time: Int64) -> [Int64] {
        var times: [Int64] = []
        while let place = heap.popDue(at: StorageInstant(milliseconds: time)) {
            times.append(place.expires.milliseconds)
        }
        return times
    }

    @Test("what is due comes out in order, and what is not stays", arguments: [0, 1, 2, 3, 10, 257])
    func order(count: Int) {
        let times = (0..<Int64(count)).map { ($0 * 7919) % 263 }
        var inserted = ExpiryHeap()
        for time in times { inserted.insert(place(time)) }
        var built = ExpiryHeap(times.map(place))
        let due = times.filter { $0 <= 100 }.sorted()
        let rest = times.filter { $0 > 100 }.sorted()
        #expect(drain(&inserted, at: 100) == due)
        #expect(drain(&built, at: 100) == due)
        #expect(inserted.count == rest.count)
        #expect(drain(&inserted, at: 1000) == rest)
        #expect(drain(&built, at: 1000) == rest)
    }
}

@Suite("Memory of the memory storage")
struct MemoryFootprintTests {
    private let table = StorageTable("t")

    @Test("rows that are touched and replaced without end need no more room")
    func touched() async throws {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        let storage = MemoryStorage(now: { start })
        for round in 0..<5000 {
            let key = StorageKey(table, "\(round % 10)")
            _ = try await storage.put(key, [1], expires: start + Double(100 + round), groups: ["g\(round % 3)"])
            try await storage.touch(key, expires: start + Double(200 + round))
        }
        #expect(storage.footprint.rows == 10)
        #expect(storage.footprint.places <= 2 * 10 + 65)
        #expect(storage.footprint.groups == 3)
    }

    @Test("commits that are undone need no more room")
    func undone() async throws {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        let storage = MemoryStorage(now: { start })
        let full = StorageTable("full", capacity: 0)
        _ = try await storage.put(StorageKey(table, "a"), [1], expires: start + 10)
        for _ in 0..<2000 {
            let outcome = try await storage.commit(
                StorageChanges(
                    writes: [
                        .delete(StorageKey(table, "a")), .put(StorageKey(full, "b"), [1], expires: nil, groups: []),
                    ]))
            #expect(outcome == .full(full))
        }
        #expect(storage.footprint.rows == 1)
        #expect(storage.footprint.places <= 70)
    }

    @Test("later writes remove what has expired")
    func swept() async throws {
        let clock = ManualClock()
        let storage = MemoryStorage(now: clock.now)
        for index in 0..<800 {
            _ = try await storage.put(
                StorageKey(table, "\(index)"), [1], expires: clock.date + 10, groups: ["g\(index)"])
        }
        clock.advance(by: 10)
        #expect(storage.footprint.rows == 800)
        for index in 0..<100 { _ = try await storage.put(StorageKey(table, "new \(index)"), [1], expires: nil) }
        #expect(storage.footprint.rows == 100)
        #expect(storage.footprint.groups == 0)
    }

    @Test("a closed storage holds nothing")
    func closed() async throws {
        let storage = MemoryStorage(now: { .distantPast })
        _ = try await storage.put(StorageKey(table, "a"), [1], expires: nil)
        try await storage.close()
        #expect(storage.footprint.rows == 0)
    }
}
