// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

@Suite struct BoundedTableTests {
    @Test("A full table forgets the entry that was used longest ago")
    func eviction() {
        var table = LRUTable<String, Int>(capacity: 3)
        for (number, name) in ["a", "b", "c"].enumerated() { table.set(number, for: name) }
        let used = table.value(for: "a")
        #expect(used == 0)
        table.set(9, for: "b")
        table.set(3, for: "d")
        let left = ["a", "b", "c", "d"].map { table.value(for: $0) }
        #expect(left == [0, 9, nil, 3])
        #expect(table.count == 3)
    }

    @Test("Whatever happens, the table holds the most recently used entries and no more", arguments: [1, 2, 7])
    func model(capacity: Int) {
        var generator = ClientsGenerator(seed: UInt64(capacity))
        var table = LRUTable<Int, Int>(capacity: capacity)
        var order: [(key: Int, value: Int)] = []
        for step in 0..<5000 {
            let key = Int.random(in: 0..<12, using: &generator)
            let index = order.firstIndex { $0.key == key }
            if Bool.random(using: &generator) {
                let found = table.value(for: key)
                #expect(found == index.map { order[$0].value })
                if let index { order.append(order.remove(at: index)) }
            } else {
                table.set(step, for: key)
                if let index { order.remove(at: index) }
                order.append((key, step))
                if order.count > capacity { order.removeFirst() }
            }
            #expect(table.count == order.count)
        }
    }

    @Test("A table without room still has room for one")
    func least() {
        var table = LRUTable<Int, Int>(capacity: 0)
        table.set(1, for: 1)
        let value = table.value(for: 1)
        #expect(value == 1 && table.capacity == 1)
    }

    @Test("A bucket gives its burst at once and then as fast as it fills")
    func bucket() {
        let limit = RateLimit(burst: 3, perSecond: 0.5)
        let start = Date(timeIntervalSince1970: 1000)
        var bucket = TokenBucket(full: limit, at: start)
        let first = (0..<4).map { _ in bucket.take(limit, at: start) }
        #expect(first == [true, true, true, false])
        let filling = [1.9, 2, 2].map { bucket.take(limit, at: start + $0) }
        #expect(filling == [false, true, false])
        let later = (0..<4).map { _ in bucket.take(limit, at: start + 3600) }
        #expect(later == [true, true, true, false])
    }

    @Test("A clock that is set back neither fills a bucket nor stops it from filling")
    func clockSetBack() {
        let limit = RateLimit(burst: 1, perSecond: 1)
        let start = Date(timeIntervalSince1970: 10_000)
        var bucket = TokenBucket(full: limit, at: start)
        let taken = [0.0, -5000, -4999].map { bucket.take(limit, at: start + $0) }
        #expect(taken == [true, false, true])
    }

    @Test("A reserve is left for those who may use it")
    func reserve() {
        let limit = RateLimit(burst: 5, perSecond: 0)
        var bucket = TokenBucket(full: limit, at: .distantPast)
        let strangers = (0..<5).map { _ in bucket.take(limit, at: .distantPast, keeping: 3) }
        #expect(strangers == [true, true, false, false, false])
        let known = (0..<4).map { _ in bucket.take(limit, at: .distantPast) }
        #expect(known == [true, true, true, false])
    }
}
