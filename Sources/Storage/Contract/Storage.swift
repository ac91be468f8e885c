// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Rows of bytes by key, with an expiry, a version and groups: all that the authorization server and the sessions keep.
///
/// Every implementation passes `StorageContract` of `TestSupport`. The rules that it checks:
///
/// - **Expiry** is decided when a row is looked at, by the clock that the store was given, to the millisecond. A row
///   is absent from the moment `expires` on, for reads and for conditions, whether or not it was removed already. A
///   `put` or `touch` with an expiry that is not in the future removes the row.
/// - **Versions** grow. A key never sees a version twice, not even after its row was deleted and created again, so a
///   compare-and-set with an old version cannot hit a later row by chance.
/// - **`commit` is atomic and durable**: all conditions are looked at first, then the writes are done in their order;
///   either all of it happened or none, and what was answered with `.committed` outlives the process (in a store that
///   has a file or a server) and the power.
/// - **Capacity** of a table bounds its rows that have not expired. Expired ones give way first; if that is not
///   enough, a `put` that would create a row is answered with `.full` and nothing of its commit happens.
/// - **Groups** tie rows of any table together; `deleteGroup` removes them all. A `put` replaces the groups of the row.
/// - **Names are bytes**: two ids that look alike but are spelled in other code points are two rows.
/// - **Cancelling** the caller's task does not cancel an operation: its answer is always the truth.
/// - What goes beyond `StorageLimits` is refused with `StorageError.invalid`, and nothing happens.
package protocol Storage: Sendable {
    /// The rows with these keys, in their order, as they were at one moment.
    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?]

    /// Removes the row and returns it: of any number of callers exactly one gets it.
    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow?

    /// Does all of `changes` or nothing.
    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome

    /// The rows of a group, least recently written first, at most `limit` and never above `StorageLimits.groupRows`.
    ///
    /// The table of each key has no capacity: take the table that you know by that name to write such a row.
    func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)]

    /// How many rows of the table have not expired.
    func count(_ table: StorageTable) async throws(StorageError) -> Int

    /// Fails when the store could not serve a request now.
    func check() async throws(StorageError)

    /// Finishes what was accepted, refuses the rest with `StorageError.closed`, and lets go of files and connections.
    ///
    /// A second call waits for the first and does nothing.
    func close() async throws(StorageError)
}
