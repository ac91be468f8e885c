// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import Observability

/// A successful token response (RFC 6749 §5.1, RFC 8693 §2.2.1, RFC 9449 §5).
package struct TokenAnswer: Sendable {
    package var accessToken: Secret
    /// Seconds.
    package var expiresIn: Int
    package var scopes: [String]
    package var refreshToken: Secret?
    package var issuedTokenType: String?
    /// Whether the access token works only with proofs of its key.
    package var isBound: Bool
    package var extra: JSONObject

    package init(
        accessToken: Secret, expiresIn: Int, scopes: [String], refreshToken: Secret? = nil,
        issuedTokenType: String? = nil, isBound: Bool, extra: JSONObject = [:]
    ) {
        self.accessToken = accessToken
        self.expiresIn = expiresIn
        self.scopes = scopes
        self.refreshToken = refreshToken
        self.issuedTokenType = issuedTokenType
        self.isBound = isBound
        self.extra = extra
    }

    package init(_ token: MintedToken, refreshToken: Secret? = nil, issuedTokenType: String? = nil) {
        self.init(
            accessToken: token.token, expiresIn: token.expiresIn, scopes: token.scopes, refreshToken: refreshToken,
            issuedTokenType: issuedTokenType, isBound: token.isBound)
    }

    /// An empty `scope` has no spelling in RFC 6749 §3.3 and is left out.
    package var response: AuthResponse {
        var members: JSONObject = [
            "access_token": .string(accessToken.exposed),
            "token_type": .string(isBound ? "DPoP" : "bearer"),
            "expires_in": .number(JSONNumber(expiresIn)),
        ]
        if !scopes.isEmpty { members["scope"] = .string(scopes.joined(separator: " ")) }
        if let refreshToken { members["refresh_token"] = .string(refreshToken.exposed) }
        if let issuedTokenType { members["issued_token_type"] = .string(issuedTokenType) }
        for (name, value) in extra { members[name] = value }
        return AuthResponse(
            status: 200, headers: [("Content-Type", "application/json;charset=UTF-8")],
            body: members.encoded)
    }
}
