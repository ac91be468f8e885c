// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why bytes could not be sealed or opened.
package enum SealingError: Error, Hashable {
    /// A sealer needs one key at least and `Sealer.maximumKeys` at most.
    case keyCount(Int)
    case repeatedKey(id: UInt64)
    /// Not an envelope, or one of a later version.
    case malformed
    /// Sealed with a key that is not in the ring.
    case unknownKey(id: UInt64)
    /// Changed, cut, or sealed for another row.
    case notAuthentic
    case failed
}

extension SealingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .keyCount(let count): "\(count) sealing keys: 1 to \(Sealer.maximumKeys) are needed"
        case .repeatedKey(let id): "the sealing key \(String(id, radix: 16)) is given twice"
        case .malformed: "the bytes were not sealed by this version of vmcp"
        case .unknownKey(let id): "the sealing key \(String(id, radix: 16)) is missing: add the file that holds it"
        case .notAuthentic: "the sealed bytes were changed or belong to another row"
        case .failed: "the cipher failed"
        }
    }
}
