// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of the database file, and how to tell ours from others.
///
/// The version is SQLite's own `user_version`; it and the `application_id` change in the transaction that changes the
/// tables, so no crash can leave one without the other.
enum SQLiteSchema {
    /// "vmcp" in ASCII.
    static let applicationID = 0x766D_6370
    static let version = 1

    /// Fails before anything is written when the file is not one that this version can use.
    static func recognize(_ database: Database, path: String) throws {
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if application == applicationID {
            guard found >= 1 else { throw StorageError.corrupt(path: path) }
            guard found <= version else {
                throw StorageError.newerSchema(path: path, found: found, known: version)
            }
            return
        }
        let objects = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
        guard application == 0, found == 0, objects == 0 else { throw StorageError.foreign(path: path) }
    }

    /// Brings the file to the current version.
    static func prepare(_ database: Database) throws {
        try database.inTransaction(.immediate) {
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            if found < 1 { try database.execute(sql: first) }
            if found < version {
                try database.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
            }
            return .commit
        }
    }

    /// Ids are blobs: compared byte by byte, with any character in them.
    private static let first = """
        CREATE TABLE entries (
            entry INTEGER PRIMARY KEY,
            table_name TEXT NOT NULL,
            id BLOB NOT NULL,
            bytes BLOB NOT NULL,
            version INTEGER NOT NULL,
            expires INTEGER,
            UNIQUE (table_name, id)
        ) STRICT;
        CREATE INDEX entries_by_expiry ON entries (table_name, expires);
        CREATE TABLE memberships (
            name BLOB NOT NULL,
            entry INTEGER NOT NULL REFERENCES entries ON DELETE CASCADE,
            PRIMARY KEY (name, entry)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX memberships_by_entry ON memberships (entry);
        CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO counters VALUES ('version', 0);
        """
}
