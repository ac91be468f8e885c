// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage

extension StorageContract {
    static let boundRules: [Rule] = [
        Rule("an id has a length from 1 to its bound, in bytes") { bench in
            let longest = String(repeating: "é", count: StorageLimits.idBytes / 2)
            try bench.expect(try await bench.put(longest), is: .committed)
            try bench.expect(try await bench.text(longest), is: "x")
            for id in ["", longest + "a"] {
                let fault = StorageError.Fault.idLength(bench.table, limit: StorageLimits.idBytes)
                let key = bench.key(id)
                try await bench.expect(invalid: fault) { _ = try await bench.storage.load([key]) }
                try await bench.expect(invalid: fault) { _ = try await bench.storage.take(key) }
                for changes in [
                    StorageChanges(conditions: [.absent(key)]), StorageChanges(conditions: [.version(key, 1)]),
                    StorageChanges(writes: [.delete(key)]), StorageChanges(writes: [.touch(key, expires: nil)]),
                    StorageChanges(writes: [.put(key, [], expires: nil, groups: [])]),
                ] {
                    try await bench.expect(invalid: fault) { _ = try await bench.storage.commit(changes) }
                }
            }
        },
        Rule("a table has a plain name") { bench in
            let longest = String(repeating: "z", count: StorageLimits.tableNameBytes)
            for name in ["a", "upstream-tokens_2.x", longest] {
                try bench.expect(try await bench.put("a", in: StorageTable(name)), is: .committed)
            }
            for name in ["", "A", "a b", "a:b", "é", "a/b", "a\u{0}", longest + "z"] {
                let table = StorageTable(name)
                try await bench.expect(invalid: .tableName) { try await bench.put("a", in: table) }
                try await bench.expect(invalid: .tableName) { _ = try await bench.storage.count(table) }
                try await bench.expect(invalid: .tableName) {
                    _ = try await bench.storage.load([StorageKey(table, "a")])
                }
            }
        },
        Rule("a row has a bound of bytes") { bench in
            let largest = [UInt8](repeating: 1, count: StorageLimits.rowBytes)
            try bench.expect(try await bench.storage.put(bench.key("a"), largest, expires: nil), is: .committed)
            try bench.expect(
                try await bench.storage.load(bench.key("a")).orThrow().bytes.count, is: StorageLimits.rowBytes)
            try await bench.expect(invalid: .rowBytes(bench.table, limit: StorageLimits.rowBytes)) {
                _ = try await bench.storage.put(bench.key("a"), largest + [1], expires: nil)
            }
        },
        Rule("a row is in a bounded number of groups, with names of bounded length") { bench in
            let names = (0..<StorageLimits.groups).map { "g\($0)" }
            try bench.expect(try await bench.put("a", groups: names), is: .committed)
            for name in names { try bench.expect(try await bench.ids(inGroup: name), is: ["a"]) }
            try await bench.expect(invalid: .groups(bench.table, limit: StorageLimits.groups)) {
                try await bench.put("b", groups: names + ["one more"])
            }
            let longest = String(repeating: "g", count: StorageLimits.groupNameBytes)
            try bench.expect(try await bench.put("c", groups: [longest]), is: .committed)
            for name in ["", longest + "g"] {
                let fault = StorageError.Fault.groupName(limit: StorageLimits.groupNameBytes)
                try await bench.expect(invalid: fault) { try await bench.put("d", groups: [name]) }
                try await bench.expect(invalid: fault) { try await bench.storage.deleteGroup(name) }
                try await bench.expect(invalid: fault) { _ = try await bench.ids(inGroup: name) }
            }
            try bench.expect(try await bench.texts("a", "b", "c", "d"), is: ["x", nil, "x", nil])
        },
        Rule("one request has a bound of keys, conditions and writes") { bench in
            let limit = StorageLimits.operations
            let keys = (0..<limit).map { bench.key("\($0)") }
            let half = StorageChanges(
                conditions: keys.prefix(limit / 2).map { .absent($0) },
                writes: keys.prefix(limit / 2).map { .put($0, [1], expires: nil, groups: []) })
            try bench.expect(try await bench.storage.commit(half), is: .committed)
            try bench.expect(try await bench.storage.load(keys).compactMap(\.self).count, is: limit / 2)
            var more = half
            more.writes.append(.delete(keys[0]))
            for changes in [more] {
                try await bench.expect(invalid: .operations(limit: limit)) {
                    _ = try await bench.storage.commit(changes)
                }
            }
            try await bench.expect(invalid: .operations(limit: limit)) {
                _ = try await bench.storage.load(keys + keys.prefix(1))
            }
        },
        Rule("no error and no row shows what is stored") { bench in
            try await bench.put("hunter2", "hunter2")
            let row = try await bench.storage.load(bench.key("hunter2")).orThrow()
            var texts = ["\(row)", String(reflecting: row)]
            dump(row, to: &texts[0])
            do {
                try await bench.put("hunter2", String(repeating: "hunter2", count: StorageLimits.rowBytes))
            } catch {
                texts += ["\(error)", String(reflecting: error)]
            }
            try bench.expect(texts.count, is: 4)
            for text in texts { try bench.expect(!text.contains("hunter2") && !text.contains("104, 117"), text) }
        },
    ]

    static let closingRules: [Rule] = [
        Rule("a closed storage refuses everything, and is closed again without a word") { bench in
            try await bench.put("a")
            try await bench.storage.close()
            try await bench.storage.close()
            try await bench.expectClosed("load") { _ = try await bench.text("a") }
            try await bench.expectClosed("put") { try await bench.put("a") }
            try await bench.expectClosed("take") { _ = try await bench.storage.take(bench.key("a")) }
            try await bench.expectClosed("rows") { _ = try await bench.ids(inGroup: "g") }
            try await bench.expectClosed("count") { _ = try await bench.storage.count(bench.table) }
            try await bench.expectClosed("check") { try await bench.storage.check() }
        },
        Rule("closing in the middle of work answers everybody") { bench in
            let answers = try await race(64) { index in
                if index % 16 == 8 { try await bench.storage.close() }
                do {
                    if index % 2 == 0 { return try await bench.put("\(index)") == .committed }
                    return try await bench.text("\(index)") == nil
                } catch StorageError.closed {
                    return true
                }
            }
            try bench.expect(answers.count { $0 }, is: 64)
        },
    ]
}
