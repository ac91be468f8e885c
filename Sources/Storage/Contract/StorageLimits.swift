// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of what one request to a store may be; the same for each implementation.
package enum StorageLimits {
    package static let tableNameBytes = 64
    package static let idBytes = 1024
    package static let rowBytes = 1 << 20
    /// Groups of one row.
    package static let groups = 8
    package static let groupNameBytes = 1024
    /// Keys of one `load`; conditions and writes of one `commit` together.
    package static let operations = 256
    /// Rows of one answer of `rows(inGroup:limit:)`.
    package static let groupRows = 1000

    package static func check(_ table: StorageTable) throws(StorageError) {
        let isPlain = table.name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isPlain, (1...tableNameBytes).contains(table.name.utf8.count) else { throw .invalid(.tableName) }
    }

    package static func check(_ key: StorageKey) throws(StorageError) {
        try check(key.table)
        guard (1...idBytes).contains(key.id.utf8.count) else { throw .invalid(.idLength(key.table, limit: idBytes)) }
    }

    package static func check(_ keys: [StorageKey]) throws(StorageError) {
        guard keys.count <= operations else { throw .invalid(.operations(limit: operations)) }
        for key in keys { try check(key) }
    }

    package static func check(group: String) throws(StorageError) {
        guard (1...groupNameBytes).contains(group.utf8.count) else {
            throw .invalid(.groupName(limit: groupNameBytes))
        }
    }

    package static func check(_ changes: StorageChanges) throws(StorageError) {
        guard changes.conditions.count + changes.writes.count <= operations else {
            throw .invalid(.operations(limit: operations))
        }
        for condition in changes.conditions { try check(condition.key) }
        for write in changes.writes {
            switch write {
            case .delete(let key), .touch(let key, expires: _): try check(key)
            case .deleteGroup(let group): try check(group: group)
            case .put(let key, let bytes, expires: _, let names):
                try check(key)
                guard bytes.count <= rowBytes else { throw .invalid(.rowBytes(key.table, limit: rowBytes)) }
                guard names.count <= groups else { throw .invalid(.groups(key.table, limit: groups)) }
                for name in names { try check(group: name) }
            }
        }
    }
}
