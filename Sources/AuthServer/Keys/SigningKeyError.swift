// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication

/// Why a signing key was refused; it names the source and never holds a byte of the key.
package enum SigningKeyError: Error, Hashable {
    case file(KeyFileError)
    /// No `-----BEGIN …-----` block with base64 in it.
    case notPEM(source: String)
    /// The first block is encrypted; there is nobody to ask for the passphrase.
    case encrypted(source: String)
    /// The first block is a certificate, a public key, curve parameters or the like.
    case notAPrivateKey(source: String, label: String)
    /// None of PKCS#1, SEC1 and PKCS#8, or damaged.
    case unreadable(source: String)
    /// A well-formed PKCS#8 or SEC1 key of another algorithm or curve.
    case unsupported(source: String)
    case rsaTooSmall(source: String, bits: Int)
    case rsaTooLarge(source: String, bits: Int)
    /// The algorithm that was asked for is not one of the key's kind.
    case wrongAlgorithm(source: String, algorithm: SigningAlgorithm, type: KeyType)
    /// No key at all where one must sign.
    case noKeys
    case tooManyKeys(limit: Int)
    /// The random source gave 64 numbers in a row that are no private key.
    case brokenRandomSource
}

extension SigningKeyError: KeyMaterialFailure {
    init(file: KeyFileError) {
        self = .file(file)
    }

    package var description: String {
        switch self {
        case .file(let error): error.description
        case .notPEM(let source): "\(source) has no PEM block; write the private key as PEM"
        case .encrypted(let source):
            "\(source) is encrypted; decrypt it, for example with \"openssl pkey\", and protect the file instead"
        case .notAPrivateKey(let source, let label):
            "the first PEM block of \(source) is \"\(label)\"; the private key must come first"
        case .unreadable(let source): "\(source) is not a PKCS#1, SEC1 or PKCS#8 private key"
        case .unsupported(let source): "\(source) is not an RSA, P-256, P-384, P-521 or Ed25519 key"
        case .rsaTooSmall(let source, let bits):
            "the RSA key of \(source) has \(bits) bits; at least \(PublicKey.minimumRSABits) are needed"
        case .rsaTooLarge(let source, let bits):
            "the RSA key of \(source) has \(bits) bits; at most \(PublicKey.maximumRSABits) are allowed"
        case .wrongAlgorithm(let source, let algorithm, let type):
            "\(source) is a key of type \(type), which cannot sign with \(algorithm.rawValue)"
        case .noKeys: "there is no signing key"
        case .tooManyKeys(let limit): "more than \(limit) signing keys; remove fallback keys that no token needs"
        case .brokenRandomSource: "the random source does not give usable numbers"
        }
    }
}
