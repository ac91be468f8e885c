// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage

extension StorageContract {
    static let rowRules: [Rule] = [
        Rule("an empty storage has no rows") { bench in
            try bench.expect(try await bench.text("a"), is: nil)
            try bench.expect(try await bench.storage.take(bench.key("a")), is: nil)
            try bench.expect(try await bench.storage.count(bench.table), is: 0)
            try bench.expect(try await bench.ids(inGroup: "g"), is: [])
            try bench.expect(try await bench.storage.load([]), is: [])
        },
        Rule("a row comes back as it was written") { bench in
            let everyByte = (0...255).map { UInt8($0) }
            for (id, bytes) in [("every", everyByte), ("none", []), ("long", Array(repeating: 7, count: 100_000))] {
                let expires = bench.clock.in(60.123)
                try bench.expect(
                    try await bench.storage.put(bench.key(id), bytes, expires: expires), is: .committed)
                let row = try await bench.storage.load(bench.key(id)).orThrow()
                try bench.expect(row.bytes == bytes, "other bytes of \(id)")
                try bench.expect(
                    abs(try row.expires.orThrow().timeIntervalSince(expires)) < 0.001, "another expiry of \(id)")
            }
            try await bench.put("forever")
            try bench.expect(try await bench.storage.load(bench.key("forever")).orThrow().expires, is: nil)
        },
        Rule("an expiry that was read and is written again stays the same") { bench in
            for milliseconds in stride(from: 1, to: 2000, by: 37) {
                try await bench.put("a", expires: 60 + Double(milliseconds) / 1000)
                let first = try await bench.storage.load(bench.key("a")).orThrow().expires
                try await bench.storage.touch(bench.key("a"), expires: first)
                try bench.expect(try await bench.storage.load(bench.key("a")).orThrow().expires, is: first)
            }
        },
        Rule("load answers in the order of the keys, with gaps and repetitions") { bench in
            try await bench.put("a", "1")
            try await bench.put("b", "2")
            try bench.expect(try await bench.texts("b", "gone", "a", "b"), is: ["2", nil, "1", "2"])
        },
        Rule("a second put replaces the first") { bench in
            try await bench.put("a", "1", expires: 10)
            try await bench.put("a", "22")
            try bench.expect(try await bench.text("a"), is: "22")
            try bench.expect(try await bench.storage.load(bench.key("a")).orThrow().expires, is: nil)
            try bench.expect(try await bench.storage.count(bench.table), is: 1)
        },
        Rule("the same id in two tables is two rows") { bench in
            let other = StorageTable("others")
            try await bench.put("a", "1")
            try await bench.put("a", "2", in: other)
            try await bench.storage.delete(bench.key("a"))
            try bench.expect(try await bench.text("a"), is: nil)
            try bench.expect(
                try await bench.storage.load(StorageKey(other, "a")).orThrow().bytes, is: Array("2".utf8))
        },
        Rule("ids of any spelling are kept apart, byte by byte") { bench in
            let ids = [
                "é", "e\u{301}", "a:b", "a", ":", "::", "a%3Ab", "'; DROP TABLE entries; --", "\u{0}", "a\u{0}",
                "a\u{0}b", "\u{1F980}", "A", " a", "a ", "\u{202E}a", "*", "?", "[a]", "{a}", "\n",
                String(repeating: "é", count: StorageLimits.idBytes / 2),
            ]
            for id in ids { try await bench.put(id, "of \(id)", groups: [id]) }
            for id in ids {
                try bench.expect(try await bench.text(id), is: "of \(id)", "the row \(id.debugDescription)")
                let members = try await bench.ids(inGroup: id)
                try bench.expect(members.map { Array($0.utf8) }, is: [Array(id.utf8)], "the group")
            }
            try bench.expect(try await bench.storage.count(bench.table), is: ids.count)
            for id in ids {
                try bench.expect(try await bench.storage.take(bench.key(id)) != nil, "\(id.debugDescription)")
            }
            try bench.expect(try await bench.storage.count(bench.table), is: 0)
        },
        Rule("ids of several parts cannot be mistaken for each other") { bench in
            let parts = [
                ("a", "b"), ("a:", "b"), ("a", ":b"), ("", "a:b"), ("1:a", "b"), ("a1", "b"), ("é", ""), ("", "é"),
            ]
            for (first, second) in parts {
                let outcome = try await bench.storage.create(
                    StorageKey(bench.table, first, second), [1], expires: nil)
                try bench.expect(outcome, is: .committed, "\(first) | \(second)")
            }
            try bench.expect(try await bench.storage.count(bench.table), is: parts.count)
        },
        Rule("take returns a row once") { bench in
            try await bench.put("a", "1", expires: 10, groups: ["g"])
            try bench.expect(try await bench.storage.take(bench.key("a")).orThrow().bytes, is: Array("1".utf8))
            try bench.expect(try await bench.storage.take(bench.key("a")), is: nil)
            try bench.expect(try await bench.text("a"), is: nil)
            try bench.expect(try await bench.ids(inGroup: "g"), is: [])
            try bench.expect(try await bench.storage.count(bench.table), is: 0)
        },
        Rule("delete removes one row, and none where there is none") { bench in
            try await bench.put("a")
            try await bench.put("b")
            try await bench.storage.delete(bench.key("a"))
            try await bench.storage.delete(bench.key("a"))
            try bench.expect(try await bench.texts("a", "b"), is: [nil, "x"])
        },
        Rule("an empty commit is done") { bench in
            try bench.expect(try await bench.storage.commit(StorageChanges()), is: .committed)
            try await bench.storage.check()
        },
    ]
}
