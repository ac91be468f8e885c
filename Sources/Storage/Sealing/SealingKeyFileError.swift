// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a key file cannot be used.
package enum SealingKeyFileError: Error, Hashable {
    case missing(path: String)
    /// Other users can read or change the file, and that could not be taken from them.
    case notPrivate(path: String, mode: String)
    /// Not a file of exactly the bytes of one key.
    case malformed(path: String)
    case inaccessible(path: String, reason: String)
}

extension SealingKeyFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let path): "there is no key file \(path)"
        case .notPrivate(let path, let mode):
            "the key file \(path) can be used by other users (mode \(mode)): make it 0600"
        case .malformed(let path):
            "the key file \(path) does not hold a key of \(SealingKey.byteCount) bytes: restore it from a backup, "
                + "since what was sealed with it cannot be opened otherwise"
        case .inaccessible(let path, let reason): "cannot use the key file \(path): \(reason)"
        }
    }
}
