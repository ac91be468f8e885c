// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// A key that seals rows. Its id is made from the key itself, so it needs no configuration, and two hosts agree on it.
package struct SealingKey: Sendable {
    package static let byteCount = 32

    /// Tells the keys of a ring apart; says nothing about the key.
    package let id: UInt64
    let key: SymmetricKey

    /// A new key.
    package init() { self.init(SymmetricKey(size: .bits256)) }

    /// The key with these bytes; `nil` unless they are `byteCount`, or when all of them are zero, which is no key but a
    /// file that was never written.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount, bytes.contains(where: { $0 != 0 }) else { return nil }
        self.init(SymmetricKey(data: Array(bytes)))
    }

    private init(_ key: SymmetricKey) {
        self.key = key
        let digest = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("vmcp sealing key id".utf8), outputByteCount: 8)
        id = digest.withUnsafeBytes { $0.reduce(0) { $0 << 8 | UInt64($1) } }
    }
}

extension SealingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "sealing key \(String(id, radix: 16))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
