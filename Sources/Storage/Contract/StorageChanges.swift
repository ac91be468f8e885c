// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What must hold for a commit to happen.
package enum StorageCondition: Sendable, Hashable {
    /// There is no row with this key, or it has expired.
    case absent(StorageKey)
    /// The row is there and has this version.
    case version(StorageKey, Int64)

    package var key: StorageKey {
        switch self {
        case .absent(let key), .version(let key, _): key
        }
    }
}

/// One step of a commit.
package enum StorageWrite: Sendable {
    /// Creates or replaces the row and its groups.
    case put(StorageKey, [UInt8], expires: Date?, groups: [String])
    case delete(StorageKey)
    /// Removes every row that is in the group at this point of the commit.
    case deleteGroup(String)
    /// Changes the expiry and nothing else, not the version; does nothing where no row is.
    case touch(StorageKey, expires: Date?)
}

/// Conditions that are looked at first, then writes in their order.
package struct StorageChanges: Sendable {
    package var conditions: [StorageCondition]
    package var writes: [StorageWrite]

    package init(conditions: [StorageCondition] = [], writes: [StorageWrite] = []) {
        self.conditions = conditions
        self.writes = writes
    }
}

/// What became of a commit; anything but `committed` means that nothing happened.
package enum StorageOutcome: Sendable, Hashable {
    case committed
    /// The condition on this key, the first such in their order, does not hold.
    case conflict(StorageKey)
    /// The table has no room for a row that would be created.
    case full(StorageTable)
}
