// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A validated authorization request: what a person is asked to approve, and what a code will stand for.
package struct AuthorizationGrant: Sendable, Hashable, Codable {
    package var clientID: String
    package var clientFingerprint: String
    /// As requested, with its own port on loopback. A token request that repeats it must do so byte by byte; it need
    /// not, because every code has a PKCE challenge (OAuth 2.1).
    package var redirectURI: String
    package var state: String?
    /// RFC 7636, method S256.
    package var codeChallenge: String
    package var scopes: [String]
    /// RFC 8707, in the spelling of `allowed_audiences`.
    package var resource: String
    /// RFC 9449 §10: the key that the code is bound to.
    package var dpopThumbprint: String?
    /// Whether a remembered decision must not be used.
    package var promptsConsent: Bool

    package init(
        clientID: String, clientFingerprint: String, redirectURI: String, state: String?, codeChallenge: String,
        scopes: [String], resource: String, dpopThumbprint: String?, promptsConsent: Bool
    ) {
        self.clientID = clientID
        self.clientFingerprint = clientFingerprint
        self.redirectURI = redirectURI
        self.state = state
        self.codeChallenge = codeChallenge
        self.scopes = scopes
        self.resource = resource
        self.dpopThumbprint = dpopThumbprint
        self.promptsConsent = promptsConsent
    }
}

/// A person who has signed in, as tokens name them.
package struct ResolvedUser: Sendable, Hashable, Codable {
    /// The `sub` of tokens.
    package var id: String
    package var name: String?
    package var email: String?

    package init(id: String, name: String?, email: String?) {
        self.id = id
        self.name = name
        self.email = email
    }
}

/// Everything that a code stands for, once all legs of the login are done.
package struct CompletedAuthorization: Sendable {
    package var grant: AuthorizationGrant
    package var user: ResolvedUser
    /// Names the upstream tokens of this login.
    package var tsid: String
    package var authenticatedAt: Date

    package init(grant: AuthorizationGrant, user: ResolvedUser, tsid: String, authenticatedAt: Date) {
        self.grant = grant
        self.user = user
        self.tsid = tsid
        self.authenticatedAt = authenticatedAt
    }
}

/// Makes authorization codes; the token endpoint redeems them.
package protocol CodeIssuing: Sendable {
    func issueCode(for authorization: CompletedAuthorization) async throws(OAuthError) -> String
}
