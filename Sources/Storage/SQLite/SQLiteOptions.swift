// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of a `SQLiteStorage`.
package struct SQLiteOptions: Sendable {
    /// The size that the file may grow to; `nil`: that of the disk. At it, what needs more room is refused.
    package var maximumFileBytes: Int?
    /// Commits of one transaction.
    package var batchSize = 128
    /// Commits, and as many reads, that may wait.
    package var waitingLimit = 8192
    /// How long another program, such as one that makes a backup, may hold the file before commits fail.
    package var busyTimeout: Duration = .seconds(5)
    /// Readers at work at a time.
    package var readers = 4
    /// The size up to which the whole file is checked when it is opened.
    package var checkedFileBytes = 64 << 20

    package init() {}
}

/// What a `SQLiteStorage` did since it was opened, and what it does now.
package struct SQLiteStatistics: Sendable, Hashable {
    /// Commits, takes and checks that were answered.
    package var writes = 0
    /// SQLite transactions that they shared.
    package var transactions = 0
    package var failures = 0
    /// Writes that wait for the transaction after the present one.
    package var waiting = 0
    package var isWriting = false
}
