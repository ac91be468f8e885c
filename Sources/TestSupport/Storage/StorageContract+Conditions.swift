// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage

extension StorageContract {
    static let conditionRules: [Rule] = [
        Rule("create writes only where no row is") { bench in
            let key = bench.key("a")
            try bench.expect(try await bench.storage.create(key, [1], expires: nil), is: .committed)
            try bench.expect(try await bench.storage.create(key, [2], expires: nil), is: .conflict(key))
            try bench.expect(try await bench.storage.load(key).orThrow().bytes, is: [1])
        },
        Rule("compare-and-set writes only what has not changed since") { bench in
            let key = bench.key("a")
            try await bench.put("a", "1")
            let version = try await bench.version("a")
            try bench.expect(
                try await bench.storage.compareAndSet(key, version: version, [2], expires: nil), is: .committed)
            try bench.expect(
                try await bench.storage.compareAndSet(key, version: version, [3], expires: nil), is: .conflict(key))
            try bench.expect(try await bench.storage.load(key).orThrow().bytes, is: [2])
        },
        Rule("compare-and-set does not create") { bench in
            let key = bench.key("a")
            for version in [Int64.min, -1, 0, 1, .max] {
                try bench.expect(
                    try await bench.storage.compareAndSet(key, version: version, [1], expires: nil),
                    is: .conflict(key))
            }
            try bench.expect(try await bench.text("a"), is: nil)
        },
        Rule("versions grow and never come again, not even after delete, take and expiry") { bench in
            var last = Int64.min
            for round in 0..<12 {
                try await bench.put("a", "\(round)", expires: 10)
                let version = try await bench.version("a")
                try bench.expect(version > last, "version \(version) after \(last)")
                last = version
                switch round % 4 {
                case 0: try await bench.storage.delete(bench.key("a"))
                case 1: _ = try await bench.storage.take(bench.key("a"))
                case 2: bench.clock.advance(by: 11)
                default: break
                }
                try bench.expect(
                    try await bench.storage.compareAndSet(bench.key("a"), version: version - 1, [0], expires: nil),
                    is: .conflict(bench.key("a")))
            }
        },
        Rule("touch changes the expiry and nothing else") { bench in
            try await bench.put("a", "1", expires: 10, groups: ["g"])
            let version = try await bench.version("a")
            try await bench.storage.touch(bench.key("a"), expires: bench.clock.in(100))
            bench.clock.advance(by: 50)
            try bench.expect(try await bench.version("a"), is: version)
            try bench.expect(try await bench.text("a"), is: "1")
            try bench.expect(try await bench.ids(inGroup: "g"), is: ["a"])
            try await bench.storage.touch(bench.key("a"), expires: nil)
            bench.clock.advance(by: 1e9)
            try bench.expect(try await bench.text("a"), is: "1")
        },
        Rule("touch creates nothing and wakes nothing that has expired") { bench in
            try await bench.storage.touch(bench.key("none"), expires: nil)
            try await bench.put("a", expires: 10)
            bench.clock.advance(by: 10)
            try await bench.storage.touch(bench.key("a"), expires: bench.clock.in(100))
            try bench.expect(try await bench.texts("none", "a"), is: [nil, nil])
        },
        Rule("all of a commit happens or nothing") { bench in
            try await bench.put("a", "1", groups: ["g"])
            let outcome = try await bench.storage.commit(
                StorageChanges(
                    conditions: [.absent(bench.key("new")), .version(bench.key("a"), -1), .absent(bench.key("a"))],
                    writes: [
                        .put(bench.key("new"), [1], expires: nil, groups: ["g"]), .delete(bench.key("a")),
                        .deleteGroup("g"), .touch(bench.key("a"), expires: bench.clock.in(1)),
                    ]))
            try bench.expect(outcome, is: .conflict(bench.key("a")), "the first condition that fails")
            try bench.expect(try await bench.texts("a", "new"), is: ["1", nil])
            try bench.expect(try await bench.ids(inGroup: "g"), is: ["a"])
            try bench.expect(try await bench.storage.load(bench.key("a")).orThrow().expires, is: nil)
        },
        Rule("conditions see the rows as they were before the writes, and writes see each other") { bench in
            let outcome = try await bench.storage.commit(
                StorageChanges(
                    conditions: [.absent(bench.key("a")), .absent(bench.key("b"))],
                    writes: [
                        .put(bench.key("a"), [1], expires: nil, groups: ["g"]),
                        .put(bench.key("b"), [2], expires: nil, groups: []),
                        .put(bench.key("b"), Array("3".utf8), expires: nil, groups: []),
                        .deleteGroup("g"),
                        .put(bench.key("c"), Array("4".utf8), expires: nil, groups: ["g"]),
                    ]))
            try bench.expect(outcome, is: .committed)
            try bench.expect(try await bench.texts("a", "b", "c"), is: [nil, "3", "4"])
        },
        Rule("a commit of conditions alone only asks") { bench in
            try await bench.put("a")
            let version = try await bench.version("a")
            for (condition, holds) in [
                (StorageCondition.version(bench.key("a"), version), true), (.absent(bench.key("a")), false),
                (.absent(bench.key("b")), true), (.version(bench.key("b"), version), false),
            ] {
                let outcome = try await bench.storage.commit(StorageChanges(conditions: [condition]))
                try bench.expect(outcome, is: holds ? .committed : .conflict(condition.key))
            }
            try bench.expect(try await bench.version("a"), is: version)
        },
    ]
}
