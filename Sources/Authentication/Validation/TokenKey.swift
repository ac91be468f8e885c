// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The SHA-256 of a token, by which it is remembered: a cache of these holds nothing that could be used as a token.
struct TokenKey: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ token: Substring) {
        var hash = SHA256()
        let isContiguous: Void? = token.utf8.withContiguousStorageIfAvailable { bytes in
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        }
        if isContiguous == nil { hash.update(data: Array(token.utf8)) }
        words = hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
    }

    static func == (left: TokenKey, right: TokenKey) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        // Already uniform; only accepted tokens are ever stored, so nobody can choose collisions.
        hasher.combine(words.0)
    }
}
