// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A kind of row, with a bound on how many there may be.
///
/// The name is the table's identity; the capacity is a rule for those who write through this value.
package struct StorageTable: Sendable {
    /// 1 to 64 of `a`–`z`, `0`–`9`, `_`, `-`, `.`.
    package let name: String
    /// The most rows that have not expired; `nil` where something else bounds them.
    package let capacity: Int?

    package init(_ name: String, capacity: Int? = nil) {
        self.name = name
        self.capacity = capacity
    }
}

extension StorageTable: Hashable {
    package static func == (left: StorageTable, right: StorageTable) -> Bool { left.name == right.name }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
