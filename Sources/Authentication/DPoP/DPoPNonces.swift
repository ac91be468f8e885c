// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Foundation

/// Nonces that this server hands out and recognises without remembering them (RFC 9449 section 8).
///
/// base64url of a version, the time of issue and a MAC over both, so that every replica with the same secret accepts
/// them. A client cannot make one ahead of time, which is what limits proofs that were computed in advance.
package struct DPoPNonces: Sendable {
    /// How long a nonce is accepted.
    package static let lifetime: TimeInterval = 300
    /// From this age on, answers carry a new one.
    package static let renewalAge: TimeInterval = 150
    /// How far ahead the clock of the replica that issued it may be.
    static let clockSkew: TimeInterval = 60

    private static let version: UInt8 = 1
    private static let tagBytes = 16
    private static let byteCount = 1 + 8 + tagBytes

    package enum State: Sendable, Hashable {
        /// Accepted.
        case fresh
        /// Accepted, and the answer should carry a new one.
        case aging
        /// Not ours, or too old.
        case stale
    }

    /// The first one signs.
    private let keys: [SymmetricKey]

    package init(secret: SymmetricKey) {
        self.init(secret: secret, retired: [])
    }

    /// - Parameter retired: secrets of before a rotation, whose nonces are still accepted.
    package init(secret: SymmetricKey, retired: [SymmetricKey]) {
        keys = ([secret] + retired).map { secret in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret, info: Array("vmcp dpop nonce 1".utf8), outputByteCount: 32)
        }
    }

    package func issue(now: Date) -> String {
        let seconds = Self.seconds(of: now)
        let body = [Self.version] + withUnsafeBytes(of: seconds.bigEndian) { [UInt8]($0) }
        return Base64URL.encode(body + keys.prefix(1).flatMap { Self.tag(body, key: $0) })
    }

    package func check(_ nonce: String, now: Date) -> State {
        guard nonce.utf8.count == Base64URL.encodedCount(ofBytes: Self.byteCount),
            let bytes = Base64URL.decode(nonce), bytes.first == Self.version
        else { return .stale }
        let body = Array(bytes.prefix(Self.byteCount - Self.tagBytes))
        let tag = SHA256.hash(data: bytes.suffix(Self.tagBytes))
        var isOurs = false
        // Digests compare in constant time, and all keys are tried.
        for key in keys where SHA256.hash(data: Self.tag(body, key: key)) == tag { isOurs = true }
        guard isOurs else { return .stale }
        let issued = Int64(bitPattern: body.dropFirst().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
        let age = now.timeIntervalSince1970 - TimeInterval(issued)
        guard age >= -Self.clockSkew, age <= Self.lifetime else { return .stale }
        return age < Self.renewalAge ? .fresh : .aging
    }

    private static func tag(_ body: [UInt8], key: SymmetricKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: body, using: key).prefix(tagBytes))
    }

    private static func seconds(of date: Date) -> Int64 {
        Int64(exactly: date.timeIntervalSince1970.rounded(.down)) ?? 0
    }
}

/// What a server makes of nonces at one endpoint.
package enum DPoPNoncePolicy: Sendable {
    /// Nonces mean nothing here.
    case ignored
    /// A good one widens the window of `iat`; a missing or bad one changes nothing.
    case welcome(DPoPNonces)
    /// A proof without a good one is answered with `use_dpop_nonce`.
    case demanded(DPoPNonces)
}
