// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import GRDB
package import Logging
import Synchronization

/// Rows in one file of the local disk.
///
/// Commits that arrive together share one transaction and one wait for the disk; reads go on beside them. All work of
/// the database runs on threads of its own, so a caller never blocks the thread that it runs on.
package final class SQLiteStorage: Storage {
    private typealias Activity = SQLiteActivity<PendingWrite, CheckedContinuation<Result<Void, StorageError>, Never>>

    /// What only the writer uses.
    private struct Writer {
        var ledger: SQLiteLedger
        var nextPurge = StorageInstant(milliseconds: .min)
        var lastNow = StorageInstant(milliseconds: .min)
        var isFailing = false
    }

    private let file: DatabaseFile
    let pool: DatabasePool
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let activity: Mutex<Activity>
    private let writer: Mutex<Writer>
    private let counts = Mutex(SQLiteStatistics())

    /// Between two looks for expired rows.
    private static let purgeInterval: Int64 = 1000

    /// Opens the file, or creates it with its directory.
    ///
    /// Fails when another process has the file, when it is damaged, of another program, or of a later version of this
    /// one, and when it cannot be kept from other users.
    package init(
        path: String, now: @escaping @Sendable () -> Date, logger: Logger, options: SQLiteOptions = SQLiteOptions()
    ) async throws(StorageError) {
        let opened: Result<(DatabaseFile, SQLiteConnection), StorageError> = await withCheckedContinuation { caller in
            DispatchQueue.global().async {
                caller.resume(
                    returning: Result { try Self.open(path, options, logger) }.mapError { StorageError($0, path: path) }
                )
            }
        }
        let (file, connection) = try opened.get()
        self.file = file
        pool = connection.pool
        self.now = now
        self.logger = logger
        activity = Mutex(Activity(batchSize: options.batchSize, limit: options.waitingLimit))
        writer = Mutex(Writer(ledger: connection.ledger))
    }

    private static func open(
        _ path: String, _ options: SQLiteOptions, _ logger: Logger
    ) throws -> (DatabaseFile, SQLiteConnection) {
        let file = try DatabaseFile(path: path, logger: logger)
        return (file, try SQLiteConnection(file: file, options: options))
    }

    package var statistics: SQLiteStatistics {
        var statistics = counts.withLock { $0 }
        (statistics.waiting, statistics.isWriting) = activity.withLock { ($0.waitingCount, $0.isWriting) }
        return statistics
    }

    // MARK: Reading

    package func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] {
        try StorageLimits.check(keys)
        return try await read { reader in try keys.map { try reader.row($0) } }
    }

    package func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try StorageLimits.check(group: group)
        return try await read { try $0.rows(inGroup: group, limit: min(limit, StorageLimits.groupRows)) }
    }

    package func count(_ table: StorageTable) async throws(StorageError) -> Int {
        try StorageLimits.check(table)
        return try await read { try $0.count(table) }
    }

    /// Reads, and takes the right to write, which is all that can be known without writing.
    package func check() async throws(StorageError) {
        try file.check()
        _ = try await read { try $0.count(StorageTable("check")) }
        try await write { _ in ((), true) }
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (RowReader) throws -> Value
    ) async throws(StorageError) -> Value {
        if let refusal = activity.withLock({ $0.beginRead() }) { throw refusal }
        let now = StorageInstant(now())
        let result: Result<Value, StorageError> = await withCheckedContinuation { caller in
            pool.asyncRead { [path = file.path] database in
                caller.resume(
                    returning: Result { try body(RowReader(database: database.get(), now: now)) }
                        .mapError { StorageError($0, path: path) })
            }
        }
        let mustClose = activity.withLock {
            $0.endRead()
            return $0.mustCloseNow()
        }
        if mustClose { closePool() }
        return try result.get()
    }

    // MARK: Writing

    package func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        try StorageLimits.check(key)
        return try await write { writer in (try writer.take(key), true) }
    }

    package func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        try StorageLimits.check(changes)
        return try await write { writer in
            let outcome = try writer.commit(changes)
            return (outcome, outcome == .committed)
        }
    }

    private func write<Value: Sendable>(
        _ body: @escaping @Sendable (inout RowWriter) throws -> (value: Value, isKept: Bool)
    ) async throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = await withCheckedContinuation { caller in
            let write = PendingWrite(caller: caller, body)
            switch activity.withLock({ $0.add(write) }) {
            case .start: pool.asyncWriteWithoutTransaction { database in self.drain(database) }
            case .queued: break
            case .refused(let error): write.refuse(error)
            }
        }
        return try result.get()
    }

    /// Writes batch after batch until nobody waits; runs on the writer's thread.
    private func drain(_ database: Database) {
        while true {
            let batch = activity.withLock { $0.nextBatch() }
            guard !batch.isEmpty else { break }
            let transaction = GroupTransaction(database: database, path: file.path, now: StorageInstant(now()))
            let verdicts = writer.withLock { writer in
                let verdicts = transaction.run(batch, ledger: &writer.ledger)
                note(verdicts, in: &writer)
                return verdicts
            }
            for (write, verdict) in zip(batch, verdicts) {
                switch verdict {
                case .done(let answer): answer()
                case .failed(let error): write.refuse(error)
                }
            }
            purge(transaction)
        }
        if activity.withLock({ $0.mustCloseNow() }) { closePool() }
    }

    /// Removes expired rows now and then; nobody waits for it, and a failure is one of the next commit too.
    private func purge(_ transaction: GroupTransaction) {
        writer.withLock { writer in
            // A clock that was set back must not keep us from it.
            let isDue = transaction.now >= writer.nextPurge || transaction.now < writer.lastNow
            writer.lastNow = transaction.now
            guard isDue, !writer.isFailing else { return }
            do {
                let isMore = try transaction.purge(ledger: &writer.ledger)
                let pause = isMore ? 0 : Self.purgeInterval
                writer.nextPurge = StorageInstant(milliseconds: transaction.now.milliseconds + pause)
            } catch {
                writer.nextPurge = StorageInstant(milliseconds: transaction.now.milliseconds + Self.purgeInterval)
                logger.warning(
                    "expired rows could not be removed",
                    metadata: ["error": "\(StorageError(error, path: file.path))"])
            }
        }
    }

    /// One line when the disk begins to fail, and one when it works again.
    private func note(_ verdicts: [GroupTransaction.Verdict], in writer: inout Writer) {
        let failures = verdicts.compactMap { if case .failed(let error) = $0 { error } else { nil } }
        counts.withLock {
            $0.transactions += 1
            $0.writes += verdicts.count
            $0.failures += failures.count
        }
        let failure = failures.first
        if let failure, !writer.isFailing {
            logger.error("the storage cannot be written", metadata: ["error": "\(failure)"])
        } else if failure == nil, writer.isFailing {
            logger.info("the storage can be written again", metadata: ["file": "\(file.path)"])
        }
        writer.isFailing = failure != nil
    }

    // MARK: Closing

    package func close() async throws(StorageError) {
        let result: Result<Void, StorageError> = await withCheckedContinuation { caller in
            switch activity.withLock({ $0.close(caller) }) {
            case .now: closePool()
            case .waits: break
            case .isClosed: caller.resume(returning: .success(()))
            }
        }
        try result.get()
    }

    /// Waits for the last statements elsewhere: the caller may be on a thread that must not block.
    private func closePool() {
        DispatchQueue.global().async {
            // Whoever copies the file after a clean end has everything in it.
            _ = try? self.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            let result = Result { try self.pool.close() }.mapError { StorageError($0, path: self.file.path) }
            if case .success = result { self.file.release() }
            for closer in self.activity.withLock({ $0.finishClosing() }) { closer.resume(returning: result) }
        }
    }
}
