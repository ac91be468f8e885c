// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Observability

/// An identity provider, or another service whose tokens are wanted, that people sign in at.
package protocol UpstreamProvider: Sendable {
    var name: String { get }
    /// Shown on the consent page: the host that the browser will go to.
    var host: String { get }
    var scopes: [String] { get }
    /// Whether a login goes on without it.
    var isOptional: Bool { get }

    /// Where to send the browser; what comes with it is given back at the end of the leg.
    func begin(_ leg: UpstreamLeg) async throws(UpstreamError) -> UpstreamVisit
    /// Checks the `iss` of an authorization response (RFC 9207): mandatory when the provider advertises it.
    func accepts(issuer: String?, binding: UpstreamBinding?) async throws(UpstreamError) -> Bool
    /// Redeems the upstream's code and finds out who signed in.
    func exchange(
        code: String, codeVerifier: String, nonce: String, binding: UpstreamBinding?
    ) async throws(UpstreamError) -> UpstreamLogin
    /// Told that the scopes of a leg were refused (`invalid_scope`).
    ///
    /// - Returns: whether another visit asks for less.
    func asksForLess(than binding: UpstreamBinding?, userID: String?) async -> Bool
    /// Whether tokens with this binding may still be used, as far as is known without asking anybody.
    func honours(_ binding: UpstreamBinding?) -> Bool
    /// Gets new tokens with the refresh token. What the answer omits is kept from `tokens`.
    func refresh(_ tokens: UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens
}

package struct UpstreamLogin: Sendable {
    package var subject: String
    package var name: String?
    package var email: String?
    /// Made up from the token because the upstream names nobody; not the same at the next login.
    package var isSynthetic: Bool
    package var accessToken: Secret
    package var refreshToken: Secret?
    package var idToken: Secret?
    /// `nil` when the token does not expire.
    package var expiresAt: Date?
    package var binding: UpstreamBinding?

    package init(
        subject: String, name: String?, email: String?, isSynthetic: Bool, accessToken: Secret, refreshToken: Secret?,
        idToken: Secret?, expiresAt: Date?, binding: UpstreamBinding? = nil
    ) {
        self.subject = subject
        self.name = name
        self.email = email
        self.isSynthetic = isSynthetic
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.idToken = idToken
        self.expiresAt = expiresAt
        self.binding = binding
    }
}

/// The tokens of one person's login at one upstream.
package struct UpstreamTokens: Sendable {
    package var provider: String
    /// Our user; a token of another subject must not read this row.
    package var userID: String
    package var clientID: String
    package var subject: String
    package var isSynthetic: Bool
    package var accessToken: Secret
    package var refreshToken: Secret?
    package var idToken: Secret?
    package var expiresAt: Date?
    /// How long the row is worth keeping when the token itself does not say.
    package var sessionExpiresAt: Date?
    package var binding: UpstreamBinding?

    package init(
        provider: String, userID: String, clientID: String, subject: String, isSynthetic: Bool, accessToken: Secret,
        refreshToken: Secret?, idToken: Secret?, expiresAt: Date?, sessionExpiresAt: Date?,
        binding: UpstreamBinding? = nil
    ) {
        self.provider = provider
        self.userID = userID
        self.clientID = clientID
        self.subject = subject
        self.isSynthetic = isSynthetic
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.idToken = idToken
        self.expiresAt = expiresAt
        self.sessionExpiresAt = sessionExpiresAt
        self.binding = binding
    }
}

/// Why an upstream gave no token. Never holds what it said.
package enum UpstreamError: Error, Sendable, Hashable {
    case unreachable
    /// The answer broke its protocol.
    case invalidResponse
    /// It refused, with one of the registered error codes, cut short.
    case refused(code: String)
    /// ID token: signature, issuer, audience, expiry or nonce.
    case invalidIDToken
    /// Nobody could be made out, or somebody else than before.
    case noSubject
    case subjectChanged
    case notConfigured
    /// What there is belongs to another authorization server, or another client, than the upstream has now.
    case otherServer
}

/// The upstream tokens of logins: written by the callback, read by the resource server.
package protocol UpstreamSessions: Sendable {
    /// Keeps the tokens of a leg. The newest refresh token of the same person at the same provider is carried over if the
    /// upstream sent none.
    func store(_ login: UpstreamLogin, provider: String, tsid: String, user: ResolvedUser, clientID: String)
        async throws(OAuthError)
    /// Notes that an optional leg was tried and failed, so that it is not tried again in this login.
    func skip(provider: String, tsid: String, reason: String) async throws(OAuthError)
    /// Whether the leg needs no further visit of the browser: usable, refreshable now, or skipped.
    func isSatisfied(provider: String, tsid: String) async throws(OAuthError) -> Bool
    /// Whose login this is, from the row of the first provider.
    func owner(tsid: String, provider: String) async throws(OAuthError) -> String?
    /// Forgets all tokens of the login.
    func delete(tsid: String) async throws(OAuthError)
    /// A usable access token, refreshed when due: parallel callers cause one refresh.
    func accessToken(provider: String, tsid: String, userID: String) async throws(UpstreamTokenError) -> Secret
}

package enum UpstreamTokenError: Error, Sendable, Hashable {
    /// There is no login, or not at this provider.
    case missing
    /// The token expired and cannot be renewed: the person must sign in again.
    case expired
    /// The provider or our store does not answer now.
    case unavailable
}

/// People and their identities at upstreams.
package protocol Accounts: Sendable {
    /// The user of this identity, created at the first login.
    func resolve(_ login: UpstreamLogin, provider: String) async throws(OAuthError) -> ResolvedUser
}
