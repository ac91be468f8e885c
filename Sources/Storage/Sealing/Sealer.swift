// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// Encrypts rows so that a copy of the database is of no use without the key, and no row can be put in another's place.
///
/// AES-256-GCM. The envelope is
///
///     version (1 byte) | key id (8) | nonce (24) | ciphertext | tag (16)
///
/// The first half of the nonce derives the key of this one envelope from the ring's key (HKDF-SHA-256), the second is
/// the nonce of GCM: random nonces of 12 bytes under one key would only be safe for 2^32 rows (NIST SP 800-38D, 8.3).
/// The associated data are the version, the key id, and the table and id of the row.
package struct Sealer: Sendable {
    package static let maximumKeys = 16
    /// How much longer an envelope is than what it holds.
    package static let overhead = headerBytes + nonceBytes + tagBytes

    private static let version: UInt8 = 1
    private static let headerBytes = 9
    private static let nonceBytes = 24
    private static let tagBytes = 16

    private let first: SealingKey
    private let ring: [UInt64: SealingKey]

    /// - Parameter keys: the first seals; all open, so that rows outlive a change of the key.
    package init(keys: [SealingKey]) throws(SealingError) {
        guard let first = keys.first, keys.count <= Self.maximumKeys else { throw .keyCount(keys.count) }
        var ring: [UInt64: SealingKey] = [:]
        for key in keys {
            guard ring.updateValue(key, forKey: key.id) == nil else { throw .repeatedKey(id: key.id) }
        }
        self.first = first
        self.ring = ring
    }

    /// The envelope of `bytes`, which opens only as the row of `key`.
    package func seal(_ bytes: [UInt8], for key: StorageKey) throws(SealingError) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<Self.nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return try seal(bytes, for: key, nonce: nonce)
    }

    func seal(_ bytes: [UInt8], for key: StorageKey, nonce: [UInt8]) throws(SealingError) -> [UInt8] {
        let header = Self.header(first.id)
        do {
            let box = try AES.GCM.seal(
                bytes, using: Self.envelopeKey(first, nonce), nonce: AES.GCM.Nonce(data: nonce.suffix(12)),
                authenticating: Self.associatedData(header, key))
            return header + nonce + box.ciphertext + box.tag
        } catch {
            throw .failed
        }
    }

    /// What was sealed for the row of `key`.
    package func open(_ envelope: [UInt8], for key: StorageKey) throws(SealingError) -> [UInt8] {
        guard envelope.count >= Self.overhead, envelope[0] == Self.version else { throw .malformed }
        let id = Self.keyID(envelope)
        guard let sealingKey = ring[id] else { throw .unknownKey(id: id) }
        let header = Array(envelope.prefix(Self.headerBytes))
        let nonce = Array(envelope.dropFirst(Self.headerBytes).prefix(Self.nonceBytes))
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: nonce.suffix(12)),
                ciphertext: envelope.dropFirst(Self.headerBytes + Self.nonceBytes).dropLast(Self.tagBytes),
                tag: envelope.suffix(Self.tagBytes))
            return try Array(
                AES.GCM.open(
                    box, using: Self.envelopeKey(sealingKey, nonce),
                    authenticating: Self.associatedData(header, key)))
        } catch {
            throw .notAuthentic
        }
    }

    /// The row was sealed with an older key: whoever rewrites it should seal it again.
    package func isStale(_ envelope: [UInt8]) -> Bool {
        envelope.count < Self.overhead || envelope[0] != Self.version || Self.keyID(envelope) != first.id
    }

    private static func header(_ id: UInt64) -> [UInt8] {
        [version] + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: id >> UInt64($0)) }
    }

    private static func keyID(_ envelope: [UInt8]) -> UInt64 {
        envelope[1..<headerBytes].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func envelopeKey(_ key: SealingKey, _ nonce: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key.key, salt: nonce.prefix(12), info: Array("vmcp sealed row".utf8),
            outputByteCount: SealingKey.byteCount)
    }

    /// The table is plain ASCII without NUL, so the NUL behind it tells where the id begins.
    private static func associatedData(_ header: [UInt8], _ key: StorageKey) -> [UInt8] {
        header + Array(key.table.name.utf8) + [0] + Array(key.id.utf8)
    }
}
