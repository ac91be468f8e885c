// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The parameters that both kinds of providers send alike.
extension UpstreamForm {
    static func authorization(
        _ settings: UpstreamSettings, clientID: String? = nil, scopes: [String], state: String, codeChallenge: String
    ) -> [(name: String, value: String)] {
        [
            ("response_type", "code"), ("client_id", clientID ?? settings.clientID),
            ("redirect_uri", settings.redirectURI),
        ]
            + (scopes.isEmpty ? [] : [("scope", scopes.joined(separator: " "))])
            + [("state", state), ("code_challenge", codeChallenge), ("code_challenge_method", "S256")]
    }

    static func codeGrant(
        code: String, verifier: String, redirectURI: String
    ) -> [(name: String, value: String)] {
        [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("code_verifier", verifier),
        ]
    }
}
