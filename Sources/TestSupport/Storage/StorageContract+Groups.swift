// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage

extension StorageContract {
    static let groupRules: [Rule] = [
        Rule("a group ties rows of several tables together") { bench in
            let others = StorageTable("others")
            try await bench.put("a", groups: ["g", "h"])
            try await bench.put("b", groups: ["h"])
            try await bench.put("c", groups: ["g"], in: others)
            let rows = try await bench.storage.rows(inGroup: "g", limit: 10)
            try bench.expect(rows.map(\.key), is: [bench.key("a"), StorageKey(others, "c")])
            try bench.expect(rows.map(\.row.bytes), is: [Array("x".utf8), Array("x".utf8)])
            try bench.expect(rows[0].row.version, is: try await bench.version("a"))
            try await bench.storage.deleteGroup("g")
            try bench.expect(try await bench.texts("a", "b"), is: [nil, "x"])
            try bench.expect(try await bench.storage.load(StorageKey(others, "c")), is: nil)
            try bench.expect(try await bench.ids(inGroup: "h"), is: ["b"])
            try bench.expect(try await bench.storage.count(bench.table), is: 1)
            try bench.expect(try await bench.storage.count(others), is: 0)
        },
        Rule("a put replaces the groups of its row") { bench in
            try await bench.put("a", groups: ["g", "h"])
            try await bench.put("a", groups: ["h", "i", "h"])
            try bench.expect(try await bench.ids(inGroup: "g"), is: [])
            try bench.expect(try await bench.ids(inGroup: "h"), is: ["a"])
            try bench.expect(try await bench.ids(inGroup: "i"), is: ["a"])
            try await bench.put("a")
            try await bench.storage.deleteGroup("h")
            try bench.expect(try await bench.text("a"), is: "x")
        },
        Rule("a group is listed least recently written first, within the limit") { bench in
            for id in ["c", "a", "b", "d"] { try await bench.put(id, groups: ["g"]) }
            try await bench.put("a", groups: ["g"])
            try bench.expect(try await bench.ids(inGroup: "g"), is: ["c", "b", "d", "a"])
            try bench.expect(try await bench.ids(inGroup: "g", limit: 2), is: ["c", "b"])
            try bench.expect(try await bench.ids(inGroup: "g", limit: 0), is: [])
            try bench.expect(try await bench.ids(inGroup: "g", limit: -1), is: [])
        },
        Rule("an answer about a group is bounded, deleting it is not") { bench in
            let count = StorageLimits.groupRows + 10
            for start in stride(from: 0, to: count, by: 100) {
                let writes = (start..<min(start + 100, count)).map {
                    StorageWrite.put(bench.key("\($0)"), [1], expires: nil, groups: ["g"])
                }
                _ = try await bench.storage.commit(StorageChanges(writes: writes))
            }
            try bench.expect(try await bench.ids(inGroup: "g", limit: .max).count, is: StorageLimits.groupRows)
            try await bench.storage.deleteGroup("g")
            try bench.expect(try await bench.storage.count(bench.table), is: 0)
        },
        Rule("deleting a group that is empty or unknown is done") { bench in
            try await bench.storage.deleteGroup("g")
            try await bench.put("a", groups: ["g"])
            try await bench.storage.delete(bench.key("a"))
            try await bench.storage.deleteGroup("g")
            try bench.expect(try await bench.ids(inGroup: "g"), is: [])
        },
    ]
}
