// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
package import Foundation
package import JSONTypes
import NIOCore

/// Makes signed JSON Web Tokens in compact serialization with the key that is active at the moment.
package struct JWTSigner: Sendable {
    /// The media type of RFC 9068 section 2.1.
    package static let accessTokenType = "at+jwt"

    private static let dates = ["exp", "iat", "nbf", "auth_time"]

    private let keys: SigningKeySource

    package init(keys: SigningKeySource) {
        self.keys = keys
    }

    /// Signs `claims` as they are, in their order; dates must be whole seconds, which some verifiers insist on.
    package func sign(
        _ claims: JSONObject, type: String = Self.accessTokenType
    ) throws(JWTSigningError) -> String {
        try Self.sign(claims, type: type, key: keys.active)
    }

    static func sign(_ claims: JSONObject, type: String, key: SigningKey) throws(JWTSigningError) -> String {
        var seen: Set<String> = []
        for (name, value) in claims {
            guard seen.insert(name).inserted else { throw .repeatedClaim(name) }
            if dates.contains(name), !isNumericDate(value) { throw .notANumericDate(claim: name) }
        }
        let header: JSONObject = [
            "alg": .string(key.algorithm.rawValue), "kid": .string(key.id), "typ": .string(type),
        ]
        let input = "\(encoded(header)).\(encoded(claims))"
        return "\(input).\(Base64URL.encode(try key.sign(Array(input.utf8))))"
    }

    private static func isNumericDate(_ value: JSONValue) -> Bool {
        guard case .number(let number) = value else { return false }
        return number.int.map { String($0) == number.text } ?? false
    }

    private static func encoded(_ object: JSONObject) -> String {
        Base64URL.encode(JSONSlice(.object(object)).bytes.readableBytesView)
    }
}

extension JSONValue {
    /// A NumericDate of RFC 7519 section 2 without its fraction.
    package static func numericDate(_ date: Date) -> JSONValue {
        .number(JSONNumber(Int(exactly: date.timeIntervalSince1970.rounded(.down)) ?? 0))
    }
}
