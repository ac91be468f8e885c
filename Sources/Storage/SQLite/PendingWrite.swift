// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An operation that waits for its turn in a transaction, with the caller who waits for it.
struct PendingWrite: Sendable {
    /// What it did to the rows, and how to tell the caller once that is on the disk.
    struct Effect: Sendable {
        /// False when what was written so far must be undone.
        let isKept: Bool
        let answer: @Sendable () -> Void
    }

    let apply: @Sendable (inout RowWriter) throws -> Effect
    let refuse: @Sendable (StorageError) -> Void

    init<Value: Sendable>(
        caller: CheckedContinuation<Result<Value, StorageError>, Never>,
        _ body: @escaping @Sendable (inout RowWriter) throws -> (value: Value, isKept: Bool)
    ) {
        apply = { writer in
            let (value, isKept) = try body(&writer)
            return Effect(isKept: isKept) { caller.resume(returning: .success(value)) }
        }
        refuse = { caller.resume(returning: .failure($0)) }
    }
}
