// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Who is busy with a database: the state machine behind `SQLiteStorage`, which does what it says.
///
/// Writes wait in their order. One writer takes as many as a transaction may hold, so that all who came while the disk
/// was busy share the next wait for it. Closing lets through what was accepted and refuses the rest.
struct SQLiteActivity<Write, Closer> {
    enum Admission {
        /// Nobody is writing: start the writer, which takes batches until there is none.
        case start
        case queued
        case refused(StorageError)
    }

    enum Closing {
        /// Close the database now and tell `finishClosing`.
        case now
        /// Somebody else will say `now`, and the closer is told then.
        case waits
        case isClosed
    }

    private enum Phase {
        case open
        /// What was accepted is still at work.
        case draining
        /// Somebody was told to close the database.
        case closing
        case closed
    }

    private var phase = Phase.open
    private var waiting: [Write] = []
    private(set) var isWriting = false
    private var readers = 0
    private var closers: [Closer] = []
    private let batchSize: Int
    private let limit: Int

    /// - Parameters:
    ///   - batchSize: the most writes of one transaction: bounds how long the first of them waits for the last.
    ///   - limit: the most writes that wait, and the most readers.
    init(batchSize: Int, limit: Int) {
        self.batchSize = max(1, batchSize)
        self.limit = max(1, limit)
    }

    var waitingCount: Int { waiting.count }

    // MARK: Writing

    mutating func add(_ write: Write) -> Admission {
        guard phase == .open else { return .refused(.closed) }
        guard waiting.count < limit else { return .refused(.overloaded(limit: limit)) }
        waiting.append(write)
        guard !isWriting else { return .queued }
        isWriting = true
        return .start
    }

    /// The next batch, oldest first; empty when the writer is to stop, and to ask `mustCloseNow`.
    mutating func nextBatch() -> [Write] {
        let batch = Array(waiting.prefix(batchSize))
        waiting.removeFirst(batch.count)
        if batch.isEmpty { isWriting = false }
        return batch
    }

    // MARK: Reading

    mutating func beginRead() -> StorageError? {
        guard phase == .open else { return .closed }
        guard readers < limit else { return .overloaded(limit: limit) }
        readers += 1
        return nil
    }

    /// To be followed by `mustCloseNow`.
    mutating func endRead() { readers -= 1 }

    // MARK: Closing

    mutating func close(_ closer: Closer) -> Closing {
        if phase == .closed { return .isClosed }
        closers.append(closer)
        if phase == .open { phase = .draining }
        return mustCloseNow() ? .now : .waits
    }

    /// True once: for the closer of an idle database, or for the last reader or writer to leave it.
    mutating func mustCloseNow() -> Bool {
        guard phase == .draining, readers == 0, !isWriting else { return false }
        phase = .closing
        return true
    }

    /// Returns who waits to hear of it.
    mutating func finishClosing() -> [Closer] {
        phase = .closed
        defer { closers = [] }
        return closers
    }
}
