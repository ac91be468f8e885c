// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a token that was presented to get another one is not accepted; the words go to the audit log.
enum PresentedTokenError: String, Error, Sendable, Hashable, CaseIterable {
    /// Not a JWS in compact serialization with a JSON payload.
    case malformed
    /// `none`, HMAC, or anything else outside the shared table.
    case algorithm
    /// The header's `typ` says that it is another kind of token.
    case type
    /// An assertion for a profile of the grant that is not spoken here.
    case identityAssertion = "identity_assertion"
    case issuer
    case signature
    case audience
    case expired
    case notYetValid = "not_yet_valid"
    /// It was made to live longer than its issuer's tokens may.
    case age
    /// A claim that must be there is missing, or one has no possible value.
    case claim
    /// It says to a client who signed in, and no more.
    case idToken = "id_token"
    /// Itself or its login was revoked.
    case revoked
    /// It names who may act in a way that is not allowed to its issuer, or cannot be understood.
    case mayAct = "may_act"
    /// Who got it from its issuer is not among those that are accepted.
    case actor
    /// Whether it is good cannot be found out now.
    case keys, storage
}

extension PresentedTokenError {
    /// The answer, unless whether the token is good is not known.
    ///
    /// - Parameter code: what the grant calls a bad token.
    func answer(_ code: OAuthError.Code) -> OAuthError {
        switch self {
        case .malformed: OAuthError(code, "The presented token is not a signed JSON Web Token")
        case .algorithm: OAuthError(code, "The algorithm of the presented token is not supported")
        case .type: OAuthError(code, "The presented token is of another type")
        case .identityAssertion: OAuthError(code, "Identity assertion grants (ID-JAG) are not supported")
        case .issuer: OAuthError(code, "The issuer of the presented token is not trusted for this")
        case .signature: OAuthError(code, "The signature of the presented token is wrong")
        case .audience: OAuthError(code, "The presented token is for another audience")
        case .expired: OAuthError(code, "The presented token has expired")
        case .notYetValid: OAuthError(code, "The presented token is not valid yet")
        case .age: OAuthError(code, "The time from iat to exp of the presented token is not allowed")
        case .claim: OAuthError(code, "A claim of the presented token is missing or malformed")
        case .idToken: OAuthError(code, "The presented token is an ID token")
        case .revoked: OAuthError(code, "The presented token was revoked")
        case .mayAct: OAuthError(code, "The may_act claim of the presented token cannot be used")
        case .actor: OAuthError(code, "The presented token was issued to an actor that is not accepted")
        case .keys:
            OAuthError(
                .serverError, "The keys of the issuer are not available at the moment", status: 503, retryAfter: 5)
        case .storage: .storage
        }
    }

    /// Whether nothing is known about the token itself.
    var isOurs: Bool { self == .keys || self == .storage }
}
