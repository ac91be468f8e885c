// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import CryptoExtras

extension PublicKey {
    /// The public half of an RSA, EC or Ed25519 key, for code that holds the private one.
    ///
    /// - Parameter algorithm: pins the key; its `id` is the thumbprint, so every replica derives the same `kid`.
    package init(_ key: P256.Signing.PublicKey, algorithm: SigningAlgorithm? = .ES256) throws(JWKError) {
        try self.init(point: [UInt8](key.x963Representation), type: .p256, algorithm: algorithm)
    }

    package init(_ key: P384.Signing.PublicKey, algorithm: SigningAlgorithm? = .ES384) throws(JWKError) {
        try self.init(point: [UInt8](key.x963Representation), type: .p384, algorithm: algorithm)
    }

    package init(_ key: P521.Signing.PublicKey, algorithm: SigningAlgorithm? = .ES512) throws(JWKError) {
        try self.init(point: [UInt8](key.x963Representation), type: .p521, algorithm: algorithm)
    }

    package init(_ key: Curve25519.Signing.PublicKey, algorithm: SigningAlgorithm? = .EdDSA) throws(JWKError) {
        try self.init(
            type: .ed25519, material: .edwards(x: [UInt8](key.rawRepresentation)), id: nil, algorithm: algorithm)
    }

    package init(_ key: _RSA.Signing.PublicKey, algorithm: SigningAlgorithm? = .RS256) throws(JWKError) {
        guard let numbers = try? key.getKeyPrimitives() else { throw .invalidRSA }
        let material = try Self.rsaMaterial(
            modulus: [UInt8](numbers.modulus), exponent: [UInt8](numbers.publicExponent))
        try self.init(type: .rsa, material: material, id: nil, algorithm: algorithm)
    }

    /// - Parameter point: the uncompressed form of SEC 1 section 2.3.3.
    private init(point: [UInt8], type: KeyType, algorithm: SigningAlgorithm?) throws(JWKError) {
        let half = (point.count - 1) / 2
        let material = Material.curve(x: [UInt8](point[1...half]), y: [UInt8](point[(half + 1)...]))
        try self.init(type: type, material: material, id: nil, algorithm: algorithm)
    }
}
