// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a JSON Web Key cannot be used to verify signatures.
///
/// No case carries key bytes: a private key sent by mistake must not reach a log.
package enum JWKError: Error, Hashable {
    /// Not an object, a member of the wrong type, or a value that is not canonical base64url.
    case malformed(member: String)
    /// A member occurs twice, so two readers could see two keys.
    case repeatedMember
    case unsupportedKeyType
    /// A `kty`/`crv` pair that we have no algorithm for.
    case unsupportedCurve
    /// The key's `alg` is unknown or belongs to another kind of key.
    case unsupportedAlgorithm
    /// `use` or `key_ops` says that the key is not for verifying (RFC 7517 sections 4.2 and 4.3).
    case notForVerifying
    /// It has a private or symmetric member; whoever sent it has given the secret away.
    case privateMember
    /// A coordinate of the wrong length, a point that is not on its curve, or one of small order.
    case invalidPoint
    case rsaTooSmall(bits: Int)
    case rsaTooLarge(bits: Int)
    /// An even modulus or an unusable exponent.
    case invalidRSA
}

extension JWKError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let member): "the member \"\(member)\" is missing or malformed"
        case .repeatedMember: "a member occurs more than once"
        case .unsupportedKeyType: "the kty is not EC, RSA or OKP"
        case .unsupportedCurve: "the crv is not P-256, P-384, P-521 or Ed25519"
        case .unsupportedAlgorithm: "the alg is unknown or does not fit the key"
        case .notForVerifying: "use or key_ops does not allow verifying signatures"
        case .privateMember: "the key has private members; send the public key only"
        case .invalidPoint: "the coordinates are no usable point of the curve"
        case .rsaTooSmall(let bits): "the RSA modulus has \(bits) bits; at least \(PublicKey.minimumRSABits) are needed"
        case .rsaTooLarge(let bits): "the RSA modulus has \(bits) bits; at most \(PublicKey.maximumRSABits) are allowed"
        case .invalidRSA: "the RSA modulus and exponent are not a usable key"
        }
    }
}
