// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras

/// A key that verifies signatures; nothing private can be in it.
///
/// The algorithm is pinned: a signature is checked only under an algorithm of the key's own kind and, when the key
/// names an `alg`, under that one alone (RFC 8725 section 3.1).
package struct PublicKey: Sendable {
    /// RFC 7518 section 3.3.
    package static let minimumRSABits = 2048
    /// Verifying costs the square of the size, and a DPoP client chooses its key itself.
    package static let maximumRSABits = 8192

    /// The `kid`, or the RFC 7638 thumbprint of a key that came without one.
    package let id: String
    /// The only algorithm of this key; nil when any of its kind will do.
    package let algorithm: SigningAlgorithm?
    package let type: KeyType

    let material: Material
    private let verifier: Verifier

    /// The required members of RFC 7638 section 3.2, as bytes.
    enum Material: Sendable, Hashable {
        case curve(x: [UInt8], y: [UInt8])
        case edwards(x: [UInt8])
        case rsa(modulus: [UInt8], exponent: [UInt8])
    }

    private enum Verifier: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
    }

    /// Whether this key may be used with `algorithm` at all.
    package func allows(_ algorithm: SigningAlgorithm) -> Bool {
        algorithm.keyType == type && (self.algorithm ?? algorithm) == algorithm
    }

    /// Whether `signature`, in its JWS form (RFC 7518 sections 3.3 to 3.5), is this key's for `message`.
    ///
    /// ECDSA signatures are R and S at full length, never DER; any other length is refused before any arithmetic.
    package func isValid(signature: [UInt8], for message: [UInt8], algorithm: SigningAlgorithm) -> Bool {
        guard allows(algorithm), signature.count == signatureBytes else { return false }
        switch verifier {
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA384.hash(data: message))
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA512.hash(data: message))
        case .ed25519(let key):
            return key.isValidSignature(signature, for: message)
        case .rsa(let key):
            return Self.isValid(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: message, algorithm: algorithm, key: key)
        }
    }

    private static func isValid(
        _ signature: _RSA.Signing.RSASignature, for message: [UInt8], algorithm: SigningAlgorithm,
        key: _RSA.Signing.PublicKey
    ) -> Bool {
        switch algorithm {
        case .RS256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        case .RS384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
        case .RS512: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
        case .PS256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .PSS)
        case .PS384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .PSS)
        case .PS512: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .PSS)
        case .ES256, .ES384, .ES512, .EdDSA: false
        }
    }

    private var signatureBytes: Int {
        switch material {
        case .curve(let x, _), .edwards(let x): x.count * 2
        case .rsa(let modulus, _): modulus.count
        }
    }

    /// - Parameters:
    ///   - id: nil takes the thumbprint.
    ///   - algorithm: must belong to `type`.
    init(
        type: KeyType, material: Material, id: String?, algorithm: SigningAlgorithm?
    ) throws(JWKError) {
        guard algorithm.map({ $0.keyType == type }) ?? true else { throw .unsupportedAlgorithm }
        self.type = type
        self.material = material
        self.verifier = try Self.verifier(type: type, material: material)
        self.algorithm = algorithm
        self.id = id ?? Self.thumbprint(type: type, material: material)
    }

    /// Checks the material; what comes out of here can verify.
    private static func verifier(type: KeyType, material: Material) throws(JWKError) -> Verifier {
        do {
            switch (type, material) {
            case (.p256, .curve(let x, let y)):
                return .p256(try P256.Signing.PublicKey(x963Representation: [0x04] + x + y))
            case (.p384, .curve(let x, let y)):
                return .p384(try P384.Signing.PublicKey(x963Representation: [0x04] + x + y))
            case (.p521, .curve(let x, let y)):
                return .p521(try P521.Signing.PublicKey(x963Representation: [0x04] + x + y))
            case (.ed25519, .edwards(let x)) where EdwardsPoint.isUsable(x):
                return .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: x))
            case (.rsa, .rsa(let modulus, let exponent)):
                return .rsa(try _RSA.Signing.PublicKey(n: modulus, e: exponent))
            default:
                throw JWKError.invalidPoint
            }
        } catch {
            throw type == .rsa ? .invalidRSA : .invalidPoint
        }
    }
}

extension PublicKey: Hashable {
    package static func == (left: PublicKey, right: PublicKey) -> Bool {
        left.id == right.id && left.algorithm == right.algorithm && left.isSameKey(as: right)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(algorithm)
        hasher.combine(type)
        hasher.combine(material)
    }

    /// Whether both are one key, whatever they are called.
    package func isSameKey(as other: PublicKey) -> Bool {
        type == other.type && material == other.material
    }
}
