// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a token could not be signed; a defect of the caller or of the key, never of a request.
package enum JWTSigningError: Error, Hashable {
    /// A claim occurs twice.
    case repeatedClaim(String)
    /// `exp`, `iat`, `nbf` or `auth_time` is not a whole number of seconds.
    case notANumericDate(claim: String)
    /// The cryptographic library refused.
    case failed
}

extension JWTSigningError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .repeatedClaim(let name): "the claim \"\(name)\" is given twice"
        case .notANumericDate(let claim): "the claim \"\(claim)\" must be a whole number of seconds"
        case .failed: "the signature could not be made"
        }
    }
}
