// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB

/// The opened database of a `SQLiteStorage`.
struct SQLiteConnection: Sendable {
    let pool: DatabasePool
    let ledger: SQLiteLedger

    /// Opens the file, brings its schema up to date and checks it. Blocks.
    init(file: DatabaseFile, options: SQLiteOptions) throws {
        var configuration = Configuration()
        configuration.label = "vmcp.storage"
        configuration.maximumReaderCount = max(1, options.readers)
        // Our transactions end where they begin; should a rollback fail, that is an error and not the end of the process.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(TimeInterval(options.busyTimeout / .seconds(1)))
        configuration.prepareDatabase { [path = file.path] database in
            // Before anything is changed: the file may not be ours.
            try SQLiteSchema.recognize(database, path: path)
            try database.execute(
                sql: """
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    PRAGMA secure_delete = ON;
                    PRAGMA temp_store = MEMORY;
                    """)
        }
        pool = try DatabasePool(path: file.path, configuration: configuration)
        ledger = try pool.writeWithoutTransaction { database in
            // What was answered must outlive a loss of power: a code that was used must stay used.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = \(64 << 20)")
            try SQLiteSchema.prepare(database)
            try Self.bound(database, options)
            try Self.inspect(database, path: file.path, options)
            return try SQLiteLedger(database)
        }
    }

    private static func bound(_ database: Database, _ options: SQLiteOptions) throws {
        guard let bytes = options.maximumFileBytes else { return }
        let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
        _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(max(1, bytes / page))")
    }

    private static func inspect(_ database: Database, path: String, _ options: SQLiteOptions) throws {
        let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
        let count = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        guard page * count <= options.checkedFileBytes else { return }
        guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else {
            throw StorageError.corrupt(path: path)
        }
    }
}
