// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Several commits in one SQLite transaction: they share the one wait for the disk.
///
/// Each has its own savepoint, so it succeeds or fails alone. When the transaction as a whole is lost for lack of room,
/// each commit gets one of its own: the one that is too big cannot take the others with it.
struct GroupTransaction {
    enum Verdict {
        case done(@Sendable () -> Void)
        case failed(StorageError)
    }

    let database: Database
    let path: String
    let now: StorageInstant

    /// One verdict for each of `batch`, in its order. The transaction is over when this returns.
    func run(_ batch: [PendingWrite], ledger: inout SQLiteLedger) -> [Verdict] {
        do {
            return try attempt(batch, ledger: &ledger)
        } catch {
            let failure = StorageError(error, path: path)
            guard case .diskFull = failure, batch.count > 1 else { return batch.map { _ in .failed(failure) } }
        }
        return batch.map { write in
            do {
                return try attempt([write], ledger: &ledger)[0]
            } catch {
                return .failed(StorageError(error, path: path))
            }
        }
    }

    /// Removes some expired rows of each table; true when there may be more.
    func purge(ledger: inout SQLiteLedger) throws -> Bool {
        try transaction(ledger: &ledger) { writer in
            var isMore = false
            for table in writer.ledger.tables where try writer.purge(table) == RowWriter.purgedAtOnce { isMore = true }
            return isMore
        }
    }

    private func attempt(_ batch: [PendingWrite], ledger: inout SQLiteLedger) throws -> [Verdict] {
        try transaction(ledger: &ledger) { writer in
            try batch.map { try perform($0, &writer) }
        }
    }

    /// Commits what `body` did, or undoes it all and throws.
    private func transaction<Value>(
        ledger: inout SQLiteLedger, _ body: (inout RowWriter) throws -> Value
    ) throws -> Value {
        var writer = RowWriter(database: database, now: now, ledger: ledger)
        do {
            // One that could not be rolled back: what it holds must not become part of this one.
            if database.isInsideTransaction { try database.rollback() }
            try database.beginTransaction(.immediate)
            let value = try body(&writer)
            if writer.ledger.version != ledger.version { try writer.ledger.save(database) }
            try database.commit()
            ledger = writer.ledger
            return value
        } catch {
            // After some errors SQLite has done it already. Where it cannot, the next transaction tries again first, and
            // until then every one fails.
            if database.isInsideTransaction { try? database.rollback() }
            throw error
        }
    }

    private func perform(_ write: PendingWrite, _ writer: inout RowWriter) throws -> Verdict {
        let ledger = writer.ledger
        try execute("SAVEPOINT one")
        let verdict: Verdict
        do {
            let effect = try write.apply(&writer)
            if effect.isKept {
                try execute("RELEASE one")
                return .done(effect.answer)
            }
            verdict = .done(effect.answer)
        } catch {
            guard database.isInsideTransaction, StorageError.isLocal(error) else { throw error }
            verdict = .failed(StorageError(error, path: path))
        }
        try execute("ROLLBACK TO one")
        try execute("RELEASE one")
        writer.ledger = ledger
        return verdict
    }

    private func execute(_ sql: String) throws {
        try database.cachedStatement(sql: sql).execute()
    }
}
