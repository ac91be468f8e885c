// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB

/// The questions to the file, within a transaction of a reader.
struct RowReader {
    let database: Database
    let now: StorageInstant

    func row(_ key: StorageKey) throws -> StoredRow? {
        let statement = try database.cachedStatement(
            sql: "SELECT bytes, version, expires FROM entries WHERE table_name = ? AND id = ?")
        guard let row = try Row.fetchOne(statement, arguments: key.arguments) else { return nil }
        let expires = (row[2] as Int64?).map(StorageInstant.init(milliseconds:))
        if let expires, expires <= now { return nil }
        return try StoredRow(bytes: row.bytes(0), version: row[1], expires: expires?.date)
    }

    func rows(inGroup group: String, limit: Int) throws -> [(key: StorageKey, row: StoredRow)] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT e.table_name, e.id, e.bytes, e.version, e.expires
                FROM memberships m JOIN entries e ON e.entry = m.entry
                WHERE m.name = ? AND (e.expires IS NULL OR e.expires > ?)
                ORDER BY e.version LIMIT ?
                """)
        let cursor = try Row.fetchCursor(
            statement, arguments: [Data(group.utf8), now.milliseconds, max(0, limit)])
        var rows: [(key: StorageKey, row: StoredRow)] = []
        while let row = try cursor.next() {
            let key = try StorageKey(StorageTable(row[0]), String(decoding: row.bytes(1), as: UTF8.self))
            let expires = (row[4] as Int64?).map { StorageInstant(milliseconds: $0).date }
            rows.append((key, try StoredRow(bytes: row.bytes(2), version: row[3], expires: expires)))
        }
        return rows
    }

    func count(_ table: StorageTable) throws -> Int {
        let statement = try database.cachedStatement(
            sql: "SELECT COUNT(*) FROM entries WHERE table_name = ? AND (expires IS NULL OR expires > ?)")
        return try Int.fetchOne(statement, arguments: [table.name, now.milliseconds]) ?? 0
    }
}

extension StorageKey {
    var arguments: StatementArguments { [table.name, Data(id.utf8)] }
}

extension Row {
    fileprivate func bytes(_ index: Int) throws -> [UInt8] {
        try withUnsafeData(atIndex: index) { data in data.map { [UInt8]($0) } ?? [] }
    }
}
