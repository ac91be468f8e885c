// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// A rule of the storage contract does not hold.
package struct StorageContractViolation: Error, CustomStringConvertible {
    package let description: String
}

/// The rules that every storage obeys, each a function from an empty storage to success or a thrown violation.
///
/// A test target runs all of them as the arguments of one test for each implementation:
///
///     @Test("Redis obeys", arguments: StorageContract.rules)
///     func redis(rule: StorageContract.Rule) async throws { try await rule.verify { try await makeRedis(now: $0) } }
package enum StorageContract {
    /// One sentence about storages, and what checks it.
    package struct Rule: Sendable, CustomStringConvertible {
        package let description: String
        private let body: @Sendable (StorageBench) async throws -> Void

        init(_ description: String, _ body: @escaping @Sendable (StorageBench) async throws -> Void) {
            self.description = description
            self.body = body
        }

        /// Checks the rule on a new, empty storage that goes by the clock that `make` is given, and closes it.
        package func verify(_ make: (ManualClock) async throws -> any Storage) async throws {
            let clock = ManualClock()
            let bench = StorageBench(storage: try await make(clock), clock: clock)
            do {
                try await body(bench)
            } catch {
                try? await bench.storage.close()
                throw error
            }
            try await bench.storage.close()
        }
    }

    package static let rules: [Rule] =
        rowRules + conditionRules + expiryRules + groupRules + capacityRules + raceRules + boundRules + closingRules
}

/// The storage that a rule is checked on, with words for what it expects.
struct StorageBench: Sendable {
    let storage: any Storage
    let clock: ManualClock

    let table = StorageTable("things")

    func key(_ id: String) -> StorageKey { StorageKey(table, id) }

    func expect(
        _ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line, file: String = #fileID
    ) throws {
        guard condition else { throw StorageContractViolation(description: "\(file):\(line): \(what())") }
    }

    func expect<Value: Equatable>(
        _ value: Value, is expected: Value, _ what: @autoclosure () -> String = "", line: Int = #line,
        file: String = #fileID
    ) throws {
        try expect(value == expected, "\(what()) is \(value), not \(expected)", line: line, file: file)
    }

    func expect(
        invalid fault: StorageError.Fault, line: Int = #line, file: String = #fileID,
        _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch StorageError.invalid(let found) {
            return try expect(found, is: fault, "the fault", line: line, file: file)
        }
        throw StorageContractViolation(description: "\(file):\(line): not refused: \(fault)")
    }

    func expectClosed(
        _ what: String, line: Int = #line, file: String = #fileID, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch StorageError.closed {
            return
        }
        throw StorageContractViolation(description: "\(file):\(line): \(what) of a closed storage was not refused")
    }

    /// The bytes of the rows of the table with these ids, as text.
    func texts(_ ids: String...) async throws -> [String?] {
        try await storage.load(ids.map(key)).map { $0.map { String(decoding: $0.bytes, as: UTF8.self) } }
    }

    func text(_ id: String) async throws -> String? { try await texts(id)[0] }

    @discardableResult
    func put(
        _ id: String, _ text: String = "x", expires: Double? = nil, groups: [String] = [], in table: StorageTable? = nil
    ) async throws -> StorageOutcome {
        try await storage.put(
            StorageKey(table ?? self.table, id), Array(text.utf8), expires: expires.map(clock.in), groups: groups)
    }

    func version(_ id: String) async throws -> Int64 {
        try await storage.load(key(id)).orThrow("the row \(id)").version
    }

    /// The ids of the rows in a group, in the order that the storage gives them.
    func ids(inGroup group: String, limit: Int = 100) async throws -> [String] {
        try await storage.rows(inGroup: group, limit: limit).map(\.key.id)
    }
}
