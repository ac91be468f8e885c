// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB

/// The changes to the file, within a transaction of the writer.
struct RowWriter {
    let database: Database
    let now: StorageInstant
    var ledger: SQLiteLedger

    /// Expired rows that are removed at a time.
    static let purgedAtOnce = 256

    mutating func commit(_ changes: StorageChanges) throws -> StorageOutcome {
        for condition in changes.conditions {
            switch condition {
            case .absent(let key):
                guard try live(key) == nil else { return .conflict(key) }
            case .version(let key, let version):
                guard try live(key)?.version == version else { return .conflict(key) }
            }
        }
        for write in changes.writes {
            guard let table = try apply(write) else { continue }
            return .full(table)
        }
        return .committed
    }

    mutating func take(_ key: StorageKey) throws -> StoredRow? {
        guard let row = try RowReader(database: database, now: now).row(key) else { return nil }
        try delete(key)
        return row
    }

    /// Removes expired rows of the table, `purgedAtOnce` at most, and says how many.
    mutating func purge(_ table: String) throws -> Int {
        try database.cachedStatement(
            sql: """
                DELETE FROM entries WHERE entry IN
                (SELECT entry FROM entries WHERE table_name = ? AND expires <= ? LIMIT \(Self.purgedAtOnce))
                """
        ).execute(arguments: [table, now.milliseconds])
        let count = database.changesCount
        ledger.add(-count, to: table)
        return count
    }

    // MARK: One write

    /// Returns the table that had no room, or `nil` when the write was done.
    private mutating func apply(_ write: StorageWrite) throws -> StorageTable? {
        switch write {
        case .delete(let key):
            try delete(key)
        case .deleteGroup(let group):
            try delete(group: Data(group.utf8))
        case .touch(let key, let date):
            let expires = date.map(StorageInstant.init)
            guard let found = try live(key) else { return nil }
            if let expires, expires <= now {
                try delete(key)
                return nil
            }
            try database.cachedStatement(sql: "UPDATE entries SET expires = ? WHERE entry = ?")
                .execute(arguments: [expires?.milliseconds, found.entry])
        case .put(let key, let bytes, let date, let groups):
            let expires = date.map(StorageInstant.init)
            if let expires, expires <= now {
                try delete(key)
                return nil
            }
            return try put(key, Data(bytes), expires: expires, groups: groups)
        }
        return nil
    }

    private mutating func put(
        _ key: StorageKey, _ bytes: Data, expires: StorageInstant?, groups: [String]
    ) throws -> StorageTable? {
        ledger.version += 1
        let entry: Int64
        if let found = try live(key) {
            entry = found.entry
            try database.cachedStatement(
                sql: "UPDATE entries SET bytes = ?, version = ?, expires = ? WHERE entry = ?"
            ).execute(arguments: [bytes, ledger.version, expires?.milliseconds, entry])
            try database.cachedStatement(sql: "DELETE FROM memberships WHERE entry = ?").execute(arguments: [entry])
        } else {
            // An expired row may be in the way.
            try delete(key)
            guard try hasRoom(key.table) else { return key.table }
            try database.cachedStatement(
                sql: "INSERT INTO entries (table_name, id, bytes, version, expires) VALUES (?, ?, ?, ?, ?)"
            ).execute(arguments: key.arguments + [bytes, ledger.version, expires?.milliseconds])
            entry = database.lastInsertedRowID
            ledger.add(1, to: key.table.name)
        }
        let join = try database.cachedStatement(sql: "INSERT OR IGNORE INTO memberships (name, entry) VALUES (?, ?)")
        for group in groups { try join.execute(arguments: [Data(group.utf8), entry]) }
        return nil
    }

    private mutating func hasRoom(_ table: StorageTable) throws -> Bool {
        guard let capacity = table.capacity else { return true }
        while ledger.size(of: table.name) >= capacity {
            guard try purge(table.name) > 0 else { return false }
        }
        return true
    }

    private func live(_ key: StorageKey) throws -> (entry: Int64, version: Int64)? {
        let statement = try database.cachedStatement(
            sql: "SELECT entry, version, expires FROM entries WHERE table_name = ? AND id = ?")
        guard let row = try Row.fetchOne(statement, arguments: key.arguments) else { return nil }
        if let expires = row[2] as Int64?, expires <= now.milliseconds { return nil }
        return (row[0], row[1])
    }

    private mutating func delete(_ key: StorageKey) throws {
        try database.cachedStatement(sql: "DELETE FROM entries WHERE table_name = ? AND id = ?")
            .execute(arguments: key.arguments)
        ledger.add(-database.changesCount, to: key.table.name)
    }

    private mutating func delete(group: Data) throws {
        let count = try database.cachedStatement(
            sql: """
                SELECT e.table_name, COUNT(*) FROM memberships m JOIN entries e ON e.entry = m.entry
                WHERE m.name = ? GROUP BY e.table_name
                """)
        for row in try Row.fetchAll(count, arguments: [group]) { ledger.add(-(row[1] as Int), to: row[0]) }
        try database.cachedStatement(
            sql: "DELETE FROM entries WHERE entry IN (SELECT entry FROM memberships WHERE name = ?)"
        ).execute(arguments: [group])
    }
}
