// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Keys that the server made for itself because none were configured, in a form that its state store can keep.
///
/// With them kept, tokens outlive a restart and every replica on the same store signs alike. The bytes are secrets: the
/// store must seal them.
package struct GeneratedKeys: Sendable {
    private static let version: UInt8 = 1
    private static let scalarBytes = 32
    private static let secretBytes = 32
    private static let attempts = 64

    /// ES256.
    package let signingKey: SigningKey
    private let scalar: [UInt8]
    private let secret: [UInt8]

    package init(random: any RandomSource = SystemRandomSource()) throws(SigningKeyError) {
        // A number outside the order of the curve turns up once in four billion times.
        for _ in 0..<Self.attempts {
            let scalar = random.bytes(Self.scalarBytes)
            guard let key = SigningKey(p256Scalar: scalar) else { continue }
            signingKey = key
            self.scalar = scalar
            secret = random.bytes(Self.secretBytes)
            return
        }
        throw .brokenRandomSource
    }

    /// Reads what `serialized` wrote; nil for anything else.
    package init?(serialized bytes: [UInt8]) {
        guard bytes.count == 1 + Self.scalarBytes + Self.secretBytes, bytes.first == Self.version else { return nil }
        scalar = Array(bytes[1...Self.scalarBytes])
        secret = Array(bytes[(1 + Self.scalarBytes)...])
        guard let key = SigningKey(p256Scalar: scalar) else { return nil }
        signingKey = key
    }

    /// A version, the scalar and the HMAC secret.
    package var serialized: [UInt8] {
        [Self.version] + scalar + secret
    }

    /// The secret, ready for use.
    package func hmacSecrets() throws(HMACSecretError) -> HMACSecrets {
        try HMACSecrets(secrets: [secret])
    }
}

extension GeneratedKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "generated keys, \(signingKey)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
