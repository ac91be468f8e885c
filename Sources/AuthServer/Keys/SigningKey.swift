// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
import Crypto
import CryptoExtras

/// A private key that signs tokens under one algorithm, and its public half.
///
/// Its `kid` is the RFC 7638 thumbprint: the same key has the same name on every replica, and nobody configures one.
package struct SigningKey: Sendable {
    package let algorithm: SigningAlgorithm
    /// Pinned to `algorithm`.
    package let publicKey: PublicKey
    private let secret: Secret

    private enum Secret: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }

    package var id: String { publicKey.id }

    /// Makes a new key; RSA keys get the least allowed size.
    package init(generating algorithm: SigningAlgorithm = .ES256) throws(SigningKeyError) {
        let source = "the generated key"
        switch algorithm.keyType {
        case .p256: try self.init(.p256(P256.Signing.PrivateKey()), algorithm, source)
        case .p384: try self.init(.p384(P384.Signing.PrivateKey()), algorithm, source)
        case .p521: try self.init(.p521(P521.Signing.PrivateKey()), algorithm, source)
        case .ed25519: try self.init(.ed25519(Curve25519.Signing.PrivateKey()), algorithm, source)
        case .rsa:
            guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else {
                throw .unreadable(source: source)
            }
            try self.init(.rsa(key), algorithm, source)
        }
    }

    /// Reads the first block of a PEM text.
    ///
    /// - Parameters:
    ///   - source: what errors call the text, for example its path.
    ///   - algorithm: nil takes the usual one of the key's kind.
    package init(pem: [UInt8], source: String, algorithm: SigningAlgorithm? = nil) throws(SigningKeyError) {
        guard let block = PEMBlock(firstIn: pem) else { throw .notPEM(source: source) }
        guard !block.hasHeaders, block.label != "ENCRYPTED PRIVATE KEY" else { throw .encrypted(source: source) }
        guard block.label.hasSuffix("PRIVATE KEY") else { throw .notAPrivateKey(source: source, label: block.label) }
        let der: PrivateKeyDER
        do throws(PrivateKeyDER.Failure) {
            der = try PrivateKeyDER(parsing: block.bytes)
        } catch {
            switch error {
            case .unsupported: throw .unsupported(source: source)
            case .unreadable: throw .unreadable(source: source)
            }
        }
        try self.init(der, algorithm: algorithm, source: source)
    }

    /// A P-256 key for ES256 from its scalar; nil unless that is 32 bytes and within the order of the curve.
    init?(p256Scalar scalar: [UInt8]) {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar),
            let made = try? SigningKey(.p256(key), .ES256, "the stored key")
        else { return nil }
        self = made
    }

    private init(_ der: PrivateKeyDER, algorithm: SigningAlgorithm?, source: String) throws(SigningKeyError) {
        let secret: Secret
        let point: [UInt8]?
        switch der {
        case .rsa(let encoded):
            // The lower bound is checked below, where the number of bits can be told.
            guard let key = try? _RSA.Signing.PrivateKey(unsafeDERRepresentation: encoded) else {
                throw .unreadable(source: source)
            }
            (secret, point) = (.rsa(key), nil)
        case .ed25519(let seed):
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
                throw .unreadable(source: source)
            }
            (secret, point) = (.ed25519(key), nil)
        case .curve(let type, let scalar, let stored):
            guard let key = Self.curveKey(type, scalar: scalar) else { throw .unreadable(source: source) }
            (secret, point) = (key, stored)
        }
        try self.init(secret, algorithm ?? Self.type(of: secret).defaultAlgorithm, source)
        // A public half that does not fit means a damaged file; compressed points are not compared.
        if let point, point.first == 0x04, point != Self.point(of: secret) { throw .unreadable(source: source) }
    }

    private init(_ secret: Secret, _ algorithm: SigningAlgorithm, _ source: String) throws(SigningKeyError) {
        let type = Self.type(of: secret)
        guard algorithm.keyType == type else {
            throw .wrongAlgorithm(source: source, algorithm: algorithm, type: type)
        }
        do throws(JWKError) {
            switch secret {
            case .p256(let key): publicKey = try PublicKey(key.publicKey, algorithm: algorithm)
            case .p384(let key): publicKey = try PublicKey(key.publicKey, algorithm: algorithm)
            case .p521(let key): publicKey = try PublicKey(key.publicKey, algorithm: algorithm)
            case .ed25519(let key): publicKey = try PublicKey(key.publicKey, algorithm: algorithm)
            case .rsa(let key): publicKey = try PublicKey(key.publicKey, algorithm: algorithm)
            }
        } catch {
            switch error {
            case .rsaTooSmall(let bits): throw .rsaTooSmall(source: source, bits: bits)
            case .rsaTooLarge(let bits): throw .rsaTooLarge(source: source, bits: bits)
            default: throw .unreadable(source: source)
            }
        }
        self.algorithm = algorithm
        self.secret = secret
    }

    /// The signature of `message` in its JWS form (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1).
    package func sign(_ message: [UInt8]) throws(JWTSigningError) -> [UInt8] {
        do {
            switch secret {
            case .p256(let key): return [UInt8](try key.signature(for: SHA256.hash(data: message)).rawRepresentation)
            case .p384(let key): return [UInt8](try key.signature(for: SHA384.hash(data: message)).rawRepresentation)
            case .p521(let key): return [UInt8](try key.signature(for: SHA512.hash(data: message)).rawRepresentation)
            case .ed25519(let key): return [UInt8](try key.signature(for: message))
            case .rsa(let key): return [UInt8](try Self.sign(message, algorithm, key).rawRepresentation)
            }
        } catch {
            throw .failed
        }
    }

    private static func sign(
        _ message: [UInt8], _ algorithm: SigningAlgorithm, _ key: _RSA.Signing.PrivateKey
    ) throws -> _RSA.Signing.RSASignature {
        switch algorithm {
        case .RS384: try key.signature(for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
        case .RS512: try key.signature(for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
        case .PS256: try key.signature(for: SHA256.hash(data: message), padding: .PSS)
        case .PS384: try key.signature(for: SHA384.hash(data: message), padding: .PSS)
        case .PS512: try key.signature(for: SHA512.hash(data: message), padding: .PSS)
        case .RS256: try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        case .ES256, .ES384, .ES512, .EdDSA: throw JWTSigningError.failed
        }
    }
}

extension SigningKey {
    private static func type(of secret: Secret) -> KeyType {
        switch secret {
        case .p256: .p256
        case .p384: .p384
        case .p521: .p521
        case .ed25519: .ed25519
        case .rsa: .rsa
        }
    }

    private static func curveKey(_ type: KeyType, scalar: [UInt8]) -> Secret? {
        switch type {
        case .p256: (try? P256.Signing.PrivateKey(rawRepresentation: scalar)).map { .p256($0) }
        case .p384: (try? P384.Signing.PrivateKey(rawRepresentation: scalar)).map { .p384($0) }
        case .p521: (try? P521.Signing.PrivateKey(rawRepresentation: scalar)).map { .p521($0) }
        case .ed25519, .rsa: nil
        }
    }

    private static func point(of secret: Secret) -> [UInt8]? {
        switch secret {
        case .p256(let key): [UInt8](key.publicKey.x963Representation)
        case .p384(let key): [UInt8](key.publicKey.x963Representation)
        case .p521(let key): [UInt8](key.publicKey.x963Representation)
        case .ed25519, .rsa: nil
        }
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(algorithm.rawValue) signing key \(id)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
