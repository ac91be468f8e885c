// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What the writer knows about the file without asking it: true because no other process writes it.
///
/// A value: a transaction works on a copy, and a transaction that fails leaves the old one.
struct SQLiteLedger: Sendable {
    /// The last version that was given to a row.
    var version: Int64
    /// Rows by table, expired ones included.
    private var sizes: [String: Int]

    init(_ database: Database) throws {
        version = try Int64.fetchOne(database, sql: "SELECT value FROM counters WHERE name = 'version'") ?? 0
        sizes = [:]
        let rows = try Row.fetchCursor(database, sql: "SELECT table_name, COUNT(*) FROM entries GROUP BY table_name")
        while let row = try rows.next() { sizes[row[0]] = row[1] }
    }

    var tables: [String] { Array(sizes.keys) }

    func size(of table: String) -> Int { sizes[table] ?? 0 }

    mutating func add(_ change: Int, to table: String) {
        let size = size(of: table) + change
        sizes[table] = size == 0 ? nil : size
    }

    func save(_ database: Database) throws {
        try database.cachedStatement(sql: "UPDATE counters SET value = ? WHERE name = 'version'")
            .execute(arguments: [version])
    }
}
