// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a store did not do what it was asked. No text of it holds an id or the content of a row.
package enum StorageError: Error, Hashable {
    /// `close` was called.
    case closed
    /// So many operations wait for the disk that this one was not accepted.
    case overloaded(limit: Int)
    /// It does not work now and may work later; whether a commit happened is not known.
    case unavailable(String)
    /// Nothing of the commit happened.
    case diskFull(path: String)
    case corrupt(path: String)
    /// Another process, or another store of this one, has the file.
    case inUse(path: String, process: Int32?)
    /// A later version of the program wrote the file.
    case newerSchema(path: String, found: Int, known: Int)
    /// A database, but of another program.
    case foreign(path: String)
    case cannotOpen(path: String, reason: String)
    /// The request breaks a bound of `StorageLimits`: a mistake of the caller.
    case invalid(Fault)

    package enum Fault: Hashable, Sendable {
        case tableName
        case idLength(StorageTable, limit: Int)
        case rowBytes(StorageTable, limit: Int)
        case groups(StorageTable, limit: Int)
        case groupName(limit: Int)
        case operations(limit: Int)
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .closed: "the storage is closed"
        case .overloaded(let limit): "the storage is overloaded: \(limit) operations wait for the disk"
        case .unavailable(let reason): "the storage is unavailable: \(reason)"
        case .diskFull(let path): "no room for the storage file \(path): make room on its disk or raise its bound"
        case .corrupt(let path):
            "the storage file \(path) is damaged: restore it from a backup, or move it away to start with an empty one"
        case .inUse(let path, let process):
            "the storage file \(path) is in use"
                + (process.map { " by process \($0)" } ?? "") + ": one process at a time may have it"
        case .newerSchema(let path, let found, let known):
            "the storage file \(path) has schema \(found), but this vmcp knows only up to \(known): use the newer vmcp"
        case .foreign(let path):
            "the file \(path) is a database of another program: name another file"
        case .cannotOpen(let path, let reason): "cannot open the storage file \(path): \(reason)"
        case .invalid(let fault): "refused by the storage: \(fault)"
        }
    }
}

extension StorageError.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tableName: "a table's name is 1 to \(StorageLimits.tableNameBytes) of a-z, 0-9, '_', '-', '.'"
        case .idLength(let table, let limit): "an id in \(table.name) is 1 to \(limit) bytes"
        case .rowBytes(let table, let limit): "a row of \(table.name) has at most \(limit) bytes"
        case .groups(let table, let limit): "a row of \(table.name) is in at most \(limit) groups"
        case .groupName(let limit): "a group's name is 1 to \(limit) bytes"
        case .operations(let limit): "one request has at most \(limit) keys, conditions and writes"
        }
    }
}
