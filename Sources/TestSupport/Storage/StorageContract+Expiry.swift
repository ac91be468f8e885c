// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage

extension StorageContract {
    static let expiryRules: [Rule] = [
        Rule("a row is there until the moment of its expiry, and absent from it on, for everything") { bench in
            try await bench.put("a", "1", expires: 10, groups: ["g"])
            let version = try await bench.version("a")
            bench.clock.advance(by: 9.999)
            try bench.expect(try await bench.text("a"), is: "1")
            try bench.expect(try await bench.storage.count(bench.table), is: 1)
            bench.clock.advance(by: 0.001)
            try bench.expect(try await bench.text("a"), is: nil)
            try bench.expect(try await bench.ids(inGroup: "g"), is: [])
            try bench.expect(try await bench.storage.count(bench.table), is: 0)
            try bench.expect(
                try await bench.storage.compareAndSet(bench.key("a"), version: version, [2], expires: nil),
                is: .conflict(bench.key("a")))
            try bench.expect(try await bench.storage.take(bench.key("a")), is: nil)
            try bench.expect(try await bench.storage.create(bench.key("a"), [3], expires: nil), is: .committed)
        },
        Rule("a row that takes the place of an expired one has its own groups only") { bench in
            try await bench.put("a", expires: 10, groups: ["old"])
            bench.clock.advance(by: 10)
            try await bench.put("a", "new", groups: ["new"])
            try await bench.storage.deleteGroup("old")
            try bench.expect(try await bench.text("a"), is: "new")
            try bench.expect(try await bench.ids(inGroup: "new"), is: ["a"])
        },
        Rule("an expiry that is not in the future removes the row") { bench in
            for seconds in [0, -1, -1e12, -.infinity, .nan] {
                try await bench.put("a", groups: ["g"])
                try await bench.put("b", groups: ["g"])
                let past = bench.clock.in(seconds)
                let outcome = try await bench.storage.put(bench.key("a"), [1], expires: past, groups: ["g"])
                try bench.expect(outcome, is: .committed)
                try await bench.storage.touch(bench.key("b"), expires: past)
                try bench.expect(try await bench.texts("a", "b"), is: [nil, nil], "\(seconds)")
                try bench.expect(try await bench.storage.count(bench.table), is: 0)
                try bench.expect(try await bench.ids(inGroup: "g"), is: [])
            }
        },
        Rule("the far future does not come") { bench in
            for (index, expires) in [Date.distantFuture, Date(timeIntervalSince1970: 1e300)].enumerated() {
                _ = try await bench.storage.put(bench.key("\(index)"), [1], expires: expires)
            }
            bench.clock.advance(by: 3e9)
            try bench.expect(try await bench.storage.count(bench.table), is: 2)
        },
        Rule("a later expiry replaces an earlier one, and an earlier one a later") { bench in
            try await bench.put("longer", expires: 10)
            try await bench.put("longer", expires: 100)
            try await bench.put("shorter", expires: 100)
            try await bench.put("shorter", expires: 10)
            bench.clock.advance(by: 50)
            for index in 0..<50 { try await bench.put("\(index)") }
            try bench.expect(try await bench.texts("longer", "shorter"), is: ["x", nil])
        },
        Rule("rows that stay are not swept away with those that expire") { bench in
            for index in 0..<600 { try await bench.put("\(index)", expires: index % 3 == 0 ? 1000 : 10) }
            bench.clock.advance(by: 10)
            for index in 0..<20 { try await bench.put("other \(index)") }
            try bench.expect(try await bench.storage.count(bench.table), is: 220)
            try bench.expect(try await bench.texts("0", "1", "597", "598"), is: ["x", nil, "x", nil])
        },
    ]
}
