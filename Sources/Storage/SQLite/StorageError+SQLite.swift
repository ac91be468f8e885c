// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

extension StorageError {
    /// What an error of the database means for the caller. Its message is left out: it may quote a statement.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StorageError: self = error
        case let error as DatabaseError: self.init(error, path: path)
        default: self = .unavailable("unexpected \(type(of: error))")
        }
    }

    private init(_ error: DatabaseError, path: String) {
        let code = error.extendedResultCode.rawValue
        switch error.resultCode {
        case .SQLITE_FULL: self = .diskFull(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .unavailable("another program holds \(path) locked (SQLite \(code))")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self = .unavailable("\(path) or its directory cannot be written (SQLite \(code))")
        case .SQLITE_CANTOPEN: self = .cannotOpen(path: path, reason: "SQLite \(code)")
        case .SQLITE_IOERR: self = .unavailable("the disk of \(path) fails (SQLite \(code))")
        case .SQLITE_NOMEM: self = .unavailable("no memory left (SQLite \(code))")
        default: self = .unavailable("SQLite \(code) at \(path)")
        }
    }

    /// An error of the statement alone: the rest of the transaction may go on.
    static func isLocal(_ error: any Error) -> Bool {
        switch error {
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL, .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH, .SQLITE_RANGE: true
            default: false
            }
        default: false
        }
    }
}
