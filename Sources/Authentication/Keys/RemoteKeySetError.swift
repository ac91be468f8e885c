// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import OutboundHTTP

/// Why the keys of an issuer are not known right now. Nothing of what the other side sent is in it.
package enum RemoteKeySetError: Error, Hashable, Sendable {
    case unreachable(OutboundError)
    case status(Int)
    /// Not a JSON object, or one with a repeated member.
    case invalidMetadata
    /// The metadata is another issuer's and must not be used (RFC 8414 section 3.3).
    case issuerMismatch
    case missingKeySetURL
    case invalidKeySet(JWKSetError)
}

extension RemoteKeySetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let error): "fetching failed: \(error)"
        case .status(let status): "the server answered with status \(status)"
        case .invalidMetadata: "the issuer's metadata is not a JSON object"
        case .issuerMismatch: "the issuer in the metadata is not the configured issuer; compare them byte by byte"
        case .missingKeySetURL: "the issuer's metadata has no jwks_uri"
        case .invalidKeySet(let error): error.description
        }
    }
}
