// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// Why a text was refused as a compact JWS; nothing of the text is repeated, because it may be a live token.
package enum JWSError: Error, Hashable {
    package enum Part: String, Sendable, Hashable {
        case header, payload, signature
    }

    case tooLarge(limit: Int)
    /// Not three parts: a JWE has five, an unsecured opaque token one.
    case notThreeParts
    /// Padding, white space, foreign characters or non-zero trailing bits.
    case invalidBase64URL(Part)
    case invalidJSON(Part, JSONError.Reason)
    case notAnObject(Part)
    case repeatedMember(Part)
    /// `alg`, `kid` or `typ` is not a string, or `alg` is missing.
    case malformedHeader(member: String)
    case criticalExtension
    case unencodedPayload
}

extension JWSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let limit): "the token has more than \(limit) bytes"
        case .notThreeParts: "the token does not have three parts"
        case .invalidBase64URL(let part): "the \(part.rawValue) of the token is not canonical base64url"
        case .invalidJSON(let part, _): "the \(part.rawValue) of the token is not JSON"
        case .notAnObject(let part): "the \(part.rawValue) of the token is not a JSON object"
        case .repeatedMember(let part): "the \(part.rawValue) of the token repeats a member"
        case .malformedHeader(let member): "the header member \"\(member)\" of the token is missing or malformed"
        case .criticalExtension: "the token demands an extension (crit), and none is supported"
        case .unencodedPayload: "the token says that its payload is not base64url"
        }
    }
}
