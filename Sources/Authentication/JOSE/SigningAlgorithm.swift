// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The signature algorithms of this program: the one table that signing, verification and metadata share.
///
/// `none` and the HMAC algorithms are absent, so no path can accept them (RFC 8725 sections 3.1 and 3.2).
package enum SigningAlgorithm: String, Sendable, Hashable, CaseIterable {
    case ES256, ES384, ES512
    case RS256, RS384, RS512
    case PS256, PS384, PS512
    case EdDSA

    /// The only kind of key that signs with this algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
    package var keyType: KeyType {
        switch self {
        case .ES256: .p256
        case .ES384: .p384
        case .ES512: .p521
        case .RS256, .RS384, .RS512, .PS256, .PS384, .PS512: .rsa
        case .EdDSA: .ed25519
        }
    }

    /// What we accept in a DPoP proof.
    package static let dpop: [SigningAlgorithm] = [.ES256, .ES384, .ES512, .EdDSA, .RS256, .PS256]
}

/// The kinds of public keys that can verify a signature here.
package enum KeyType: Sendable, Hashable, CaseIterable {
    case p256, p384, p521, rsa, ed25519

    /// What a key signs with unless its owner says otherwise.
    package var defaultAlgorithm: SigningAlgorithm {
        switch self {
        case .p256: .ES256
        case .p384: .ES384
        case .p521: .ES512
        case .rsa: .RS256
        case .ed25519: .EdDSA
        }
    }

    /// The `kty` of RFC 7518 section 6.1 and RFC 8037 section 2.
    var name: String {
        switch self {
        case .p256, .p384, .p521: "EC"
        case .rsa: "RSA"
        case .ed25519: "OKP"
        }
    }

    /// The `crv`, which RSA keys have none of.
    var curve: String? {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        case .ed25519: "Ed25519"
        case .rsa: nil
        }
    }

    /// The bytes of a coordinate, which are also half of a signature; nil for RSA, where each key has its own size.
    var coordinateBytes: Int? {
        switch self {
        case .p256, .ed25519: 32
        case .p384: 48
        case .p521: 66
        case .rsa: nil
        }
    }
}

extension KeyType: CustomStringConvertible {
    package var description: String {
        curve.map { "\(name) \($0)" } ?? name
    }
}
