// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Testing

@Suite("Storage values")
struct StorageInstantTests {
    @Test(
        "a moment is kept to the nearest millisecond, and within bounds",
        arguments: [
            (0, 0), (0.0004, 0), (0.0006, 1), (-0.0006, -1), (1_800_000_000.123, 1_800_000_000_123),
            (1e300, 9_007_199_254_740_992), (-1e300, -9_007_199_254_740_992), (.infinity, 9_007_199_254_740_992),
            (.nan, -9_007_199_254_740_992),
        ] as [(Double, Int64)])
    func instants(seconds: Double, milliseconds: Int64) {
        #expect(StorageInstant(Date(timeIntervalSince1970: seconds)).milliseconds == milliseconds)
    }

    @Test("reading and writing a moment does not move it")
    func stable() {
        for milliseconds in stride(from: Int64(1_800_000_000_000), to: 1_800_000_010_000, by: 7) {
            let instant = StorageInstant(milliseconds: milliseconds)
            #expect(StorageInstant(instant.date) == instant)
        }
    }

    @Test("a table is its name, a key the bytes of its id")
    func keys() {
        #expect(StorageTable("t", capacity: 1) == StorageTable("t"))
        #expect(StorageKey(StorageTable("t"), "é") != StorageKey(StorageTable("t"), "e\u{301}"))
        #expect(Set([StorageKey(StorageTable("t"), "é"), StorageKey(StorageTable("t"), "e\u{301}")]).count == 2)
        #expect(StorageKey(StorageTable("t"), "é") == StorageKey(StorageTable("t", capacity: 3), "é"))
        #expect(StorageKey(StorageTable("t"), "é", "", "c").id == "2:é0:1:c")
    }

    @Test(
        "an error says what to do",
        arguments: [
            (StorageError.diskFull(path: "/p/db"), ["/p/db", "room"]),
            (.corrupt(path: "/p/db"), ["/p/db", "backup"]),
            (.inUse(path: "/p/db", process: 17), ["/p/db", "17"]),
            (.inUse(path: "/p/db", process: nil), ["/p/db", "one process"]),
            (.newerSchema(path: "/p/db", found: 7, known: 1), ["/p/db", "7", "1", "newer vmcp"]),
            (.foreign(path: "/p/db"), ["/p/db", "another program"]),
            (.overloaded(limit: 12), ["12"]),
        ])
    func texts(error: StorageError, parts: [String]) {
        for part in parts { #expect("\(error)".contains(part), "\(error)") }
    }
}
