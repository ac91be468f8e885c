// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage

extension StorageContract {
    private static let small = StorageTable("small", capacity: 3)

    static let capacityRules: [Rule] = [
        Rule("a table takes no more rows than its capacity") { bench in
            for id in ["a", "b", "c"] { try bench.expect(try await bench.put(id, in: small), is: .committed) }
            try bench.expect(try await bench.put("d", in: small), is: .full(small))
            try bench.expect(try await bench.storage.count(small), is: 3)
            try bench.expect(try await bench.put("other"), is: .committed, "another table")
        },
        Rule("a full table takes replacements, deletions and touches, and then new rows again") { bench in
            for id in ["a", "b", "c"] { try await bench.put(id, in: small) }
            try bench.expect(try await bench.put("a", "2", in: small), is: .committed)
            try await bench.storage.touch(StorageKey(small, "a"), expires: bench.clock.in(10))
            try bench.expect(try await bench.put("d", in: small), is: .full(small))
            try await bench.storage.delete(StorageKey(small, "b"))
            try bench.expect(try await bench.put("d", in: small), is: .committed)
            try bench.expect(try await bench.put("e", in: small), is: .full(small))
            _ = try await bench.storage.take(StorageKey(small, "c"))
            try bench.expect(try await bench.put("e", in: small), is: .committed)
        },
        Rule("expired rows make room") { bench in
            for id in ["a", "b"] { try await bench.put(id, expires: 10, in: small) }
            try await bench.put("c", expires: 100, in: small)
            bench.clock.advance(by: 10)
            try bench.expect(try await bench.put("a", in: small), is: .committed, "in the place of its expired self")
            try bench.expect(try await bench.put("e", in: small), is: .committed)
            try bench.expect(try await bench.put("f", in: small), is: .full(small))
            try bench.expect(try await bench.storage.count(small), is: 3)
        },
        Rule("of a commit that finds a table full nothing happens") { bench in
            for id in ["a", "b"] { try await bench.put(id, in: small) }
            try await bench.put("kept", "1", groups: ["g"])
            let version = try await bench.version("kept")
            let outcome = try await bench.storage.commit(
                StorageChanges(
                    writes: [
                        .deleteGroup("g"), .put(bench.key("kept"), [2], expires: nil, groups: ["h"]),
                        .put(StorageKey(small, "c"), [1], expires: nil, groups: ["g"]),
                        .touch(StorageKey(small, "a"), expires: bench.clock.in(1)),
                        .put(StorageKey(small, "d"), [1], expires: nil, groups: ["g"]),
                    ]))
            try bench.expect(outcome, is: .full(small))
            try bench.expect(try await bench.text("kept"), is: "1")
            try bench.expect(try await bench.version("kept"), is: version)
            try bench.expect(try await bench.ids(inGroup: "g"), is: ["kept"])
            try bench.expect(try await bench.ids(inGroup: "h"), is: [])
            try bench.expect(try await bench.storage.count(small), is: 2)
            try bench.expect(try await bench.storage.load(StorageKey(small, "a")).orThrow().expires, is: nil)
            try bench.expect(try await bench.put("c", in: small), is: .committed, "the room that was left")
        },
        Rule("a row that a commit deletes makes room for one that it creates later") { bench in
            for id in ["a", "b", "c"] { try await bench.put(id, groups: [id], in: small) }
            let swap = StorageChanges(
                writes: [.delete(StorageKey(small, "a")), .put(StorageKey(small, "d"), [1], expires: nil, groups: [])])
            try bench.expect(try await bench.storage.commit(swap), is: .committed)
            let swapGroup = StorageChanges(
                writes: [.deleteGroup("b"), .put(StorageKey(small, "e"), [1], expires: nil, groups: [])])
            try bench.expect(try await bench.storage.commit(swapGroup), is: .committed)
            try bench.expect(try await bench.storage.count(small), is: 3)
        },
        Rule("a table of no capacity takes nothing") { bench in
            let none = StorageTable("none", capacity: 0)
            try bench.expect(try await bench.put("a", in: none), is: .full(none))
            try bench.expect(try await bench.put("a", expires: -1, in: none), is: .committed, "nothing to keep")
        },
        Rule("capacity holds against a crowd") { bench in
            let crowded = StorageTable("crowded", capacity: 20)
            let outcomes = try await race(60) { index in try await bench.put("\(index)", in: crowded) }
            try bench.expect(outcomes.count { $0 == .committed }, is: 20)
            try bench.expect(outcomes.count { $0 == .full(crowded) }, is: 40)
            try bench.expect(try await bench.storage.count(crowded), is: 20)
        },
    ]
}
