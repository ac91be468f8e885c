// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The name of one row: a table and an id within it.
package struct StorageKey: Sendable {
    package let table: StorageTable
    /// Any Unicode, 1 to `StorageLimits.idBytes` bytes of UTF-8.
    package let id: String

    package init(_ table: StorageTable, _ id: String) {
        self.table = table
        self.id = id
    }

    /// An id of several parts, each behind its length in bytes: no choice of parts can spell another row's id.
    ///
    /// A table uses either plain ids or ids of one number of parts, never both.
    package init(_ table: StorageTable, _ first: String, _ second: String, _ more: String...) {
        self.init(table, ([first, second] + more).map { "\($0.utf8.count):\($0)" }.joined())
    }
}

extension StorageKey: Hashable {
    package static func == (left: StorageKey, right: StorageKey) -> Bool {
        left.table == right.table && ExactText(left.id) == ExactText(right.id)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(table)
        hasher.combine(ExactText(id))
    }
}
