// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a DPoP proof was refused, in the order of the checks (RFC 9449 section 4.3).
package enum DPoPError: Error, Hashable {
    /// No `DPoP` header where one is needed.
    case missing
    case severalHeaders
    case malformed(JWSError)
    case wrongType
    /// Symmetric, `none` or not one that we offer.
    case unsupportedAlgorithm
    case missingKey
    case unusableKey(JWKError)
    case wrongSignature
    /// `htm`, `htu`, `jti`, `iat` or `ath` is missing or of the wrong type.
    case malformedClaim(String)
    case wrongMethod
    case wrongTarget
    case missingNonce
    case staleNonce
    /// `iat` is outside the window around the server's clock.
    case tooOld
    case tooNew
    /// `ath` is not the hash of the access token that came along.
    case wrongToken
    /// The proof is good, but the token is bound to another key.
    case wrongKey
    case replayed

    /// The `error` of the answer (RFC 9449 sections 5, 7.1 and 8).
    package enum Code: String, Sendable, Hashable {
        case invalidProof = "invalid_dpop_proof"
        case useNonce = "use_dpop_nonce"
        /// At the resource only; the token endpoint answers a foreign key with its grant's own error.
        case invalidToken = "invalid_token"
    }

    package var code: Code {
        switch self {
        case .missingNonce, .staleNonce: .useNonce
        case .wrongKey: .invalidToken
        default: .invalidProof
        }
    }
}

extension DPoPError: CustomStringConvertible {
    /// Safe for `error_description`: a fixed table without quotation marks or backslashes, nothing of the request.
    package var description: String {
        switch self {
        case .missing: "A DPoP proof is required."
        case .severalHeaders: "Send exactly one DPoP header."
        case .malformed: "The DPoP proof is not a well-formed compact JWS of at most 8 KiB."
        case .wrongType: "The typ of the DPoP proof must be dpop+jwt."
        case .unsupportedAlgorithm: "The alg of the DPoP proof is not supported."
        case .missingKey: "The DPoP proof has no jwk."
        case .unusableKey: "The jwk of the DPoP proof is not a usable public key."
        case .wrongSignature: "The signature of the DPoP proof is wrong."
        case .malformedClaim: "The DPoP proof lacks a claim or has one of the wrong type."
        case .wrongMethod: "The htm of the DPoP proof is not the method of this request."
        case .wrongTarget: "The htu of the DPoP proof is not the URL of this request."
        case .missingNonce: "The DPoP proof must carry a nonce of this server."
        case .staleNonce: "The nonce of the DPoP proof is not current."
        case .tooOld: "The iat of the DPoP proof is too far in the past."
        case .tooNew: "The iat of the DPoP proof is too far in the future."
        case .wrongToken: "The ath of the DPoP proof does not match the access token."
        case .wrongKey: "The access token is bound to another DPoP key."
        case .replayed: "The DPoP proof was used before."
        }
    }
}
