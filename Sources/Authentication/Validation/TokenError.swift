// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a token does not authenticate.
package enum TokenError: Error, Hashable, Sendable {
    case malformed
    /// Not a JWT, and there is nobody to ask about it.
    case opaque
    case unsupportedAlgorithm
    case missingKeyID
    case unknownKey
    case wrongSignature
    /// A JWT for another purpose: an ID token, a proof, a logout token.
    case wrongType
    case missingClaim(String)
    case malformedClaim(String)
    case wrongIssuer
    case wrongAudience
    case expired
    case notYetValid
    case issuedInFuture
    case revoked
    /// The issuer was asked and says no.
    case inactive
    /// Bound to something that this server cannot check, such as a client certificate.
    case unsupportedBinding
    /// A token bound to a key came as a plain bearer token.
    case bound
    /// A plain bearer token came with the DPoP scheme.
    case unbound
    /// A plain bearer token where only bound ones are accepted.
    case bindingRequired
    /// Nobody can say: the issuer's keys or its introspection endpoint are out of reach.
    case unavailable
}

extension TokenError: CustomStringConvertible {
    /// Safe for `error_description`: fixed texts, nothing of the token, no quotation marks or backslashes.
    package var description: String {
        switch self {
        case .malformed: "The access token is malformed."
        case .opaque: "The access token is not a JWT that this server can verify."
        case .unsupportedAlgorithm: "The access token is signed with an algorithm that its key does not allow."
        case .missingKeyID: "The access token does not name its key."
        case .unknownKey: "The access token is signed with an unknown key."
        case .wrongSignature: "The signature of the access token is wrong."
        case .wrongType: "The token is not an access token."
        case .missingClaim(let name): "The access token lacks the claim \(name)."
        case .malformedClaim(let name): "The claim \(name) of the access token is malformed."
        case .wrongIssuer: "The access token is from another issuer."
        case .wrongAudience: "The access token is for another resource."
        case .expired: "The access token expired."
        case .notYetValid: "The access token is not valid yet."
        case .issuedInFuture: "The access token was issued in the future."
        case .revoked: "The access token was revoked."
        case .inactive: "The access token is not active."
        case .unsupportedBinding: "The access token is bound in a way that this server does not support."
        case .bound: "The access token is bound to a key and must be sent with the DPoP scheme and a proof."
        case .unbound: "The access token is not bound to a key and cannot be sent with the DPoP scheme."
        case .bindingRequired: "Only DPoP-bound access tokens are accepted."
        case .unavailable: "The access token cannot be checked right now."
        }
    }
}
