// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage

extension StorageContract {
    /// What `count` tasks that start together got.
    static func race<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: Value.self) { group in
            for index in 0..<count {
                group.addTask { @concurrent in try await body(index) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    static let raceRules: [Rule] = [
        Rule("of a hundred that take one row one gets it") { bench in
            for round in 0..<5 {
                try await bench.put("a", "\(round)")
                let rows = try await race(100) { _ in try await bench.storage.take(bench.key("a")) }
                try bench.expect(rows.compactMap(\.self).map(\.bytes), is: [Array("\(round)".utf8)])
            }
        },
        Rule("of a hundred that create one row one does") { bench in
            let outcomes = try await race(100) { index in
                try await bench.storage.create(bench.key("a"), [UInt8(index)], expires: nil)
            }
            try bench.expect(outcomes.count { $0 == .committed }, is: 1)
            try bench.expect(outcomes.count { $0 == .conflict(bench.key("a")) }, is: 99)
        },
        Rule("of a hundred that change one version one does") { bench in
            try await bench.put("a")
            let version = try await bench.version("a")
            let outcomes = try await race(100) { index in
                try await bench.storage.compareAndSet(
                    bench.key("a"), version: version, [UInt8(index)], expires: nil)
            }
            try bench.expect(outcomes.count { $0 == .committed }, is: 1)
        },
        Rule("counting up by compare-and-set loses nothing") { bench in
            try await bench.put("a", "0")
            _ = try await race(20) { _ in
                for _ in 0..<5 {
                    var isDone = false
                    while !isDone {
                        let row = try await bench.storage.load(bench.key("a")).orThrow()
                        let next = (Int(String(decoding: row.bytes, as: UTF8.self)) ?? 0) + 1
                        let outcome = try await bench.storage.compareAndSet(
                            bench.key("a"), version: row.version, Array("\(next)".utf8), expires: nil)
                        isDone = outcome == .committed
                    }
                }
            }
            try bench.expect(try await bench.text("a"), is: "100")
        },
        Rule("a take and a compare-and-set of one version do not both win") { bench in
            for round in 0..<20 {
                try await bench.put("a", "\(round)")
                let version = try await bench.version("a")
                let wins = try await race(2) { index in
                    if index == 0 {
                        return try await bench.storage.take(bench.key("a")).map(\.version) == version
                    }
                    return try await bench.storage.compareAndSet(
                        bench.key("a"), version: version, [1], expires: nil) == .committed
                }
                try bench.expect(wins.count { $0 }, is: 1, "round \(round): the winners")
                try await bench.storage.delete(bench.key("a"))
            }
        },
        Rule("a read sees all of a commit or nothing of it") { bench in
            try await bench.put("a", "0")
            try await bench.put("b", "0")
            _ = try await race(4) { task in
                for round in 0..<50 {
                    if task == 0 {
                        let bytes = Array("\(round)".utf8)
                        _ = try await bench.storage.commit(
                            StorageChanges(
                                writes: ["a", "b"].map { .put(bench.key($0), bytes, expires: nil, groups: []) }))
                    } else {
                        let texts = try await bench.texts("a", "b")
                        try bench.expect(texts[0] == texts[1], "half a commit: \(texts)")
                    }
                }
            }
        },
        Rule("what was committed is seen by whoever reads afterwards") { bench in
            _ = try await race(20) { index in
                for round in 0..<10 {
                    try await bench.put("\(index)", "\(round)")
                    try bench.expect(try await bench.text("\(index)"), is: "\(round)")
                }
            }
        },
        Rule("a caller who was cancelled gets the truth too") { bench in
            let outcomes = try await race(20) { index in
                let task = Task { @concurrent in try await bench.put("\(index)") }
                task.cancel()
                return try await task.value
            }
            try bench.expect(outcomes.count { $0 == .committed }, is: 20)
            try bench.expect(try await bench.storage.count(bench.table), is: 20)
        },
    ]
}
