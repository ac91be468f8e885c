// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What one visit of a browser to an upstream is about.
package struct UpstreamLeg: Sendable {
    package var state: String
    package var codeChallenge: String
    package var nonce: String
    /// Who signs in; `nil` at the leg that is to find that out.
    package var userID: String?

    package init(state: String, codeChallenge: String, nonce: String, userID: String?) {
        self.state = state
        self.codeChallenge = codeChallenge
        self.nonce = nonce
        self.userID = userID
    }
}

/// Where the browser is sent, and what the answer will be held against.
package struct UpstreamVisit: Sendable {
    package var url: String
    package var binding: UpstreamBinding?

    package init(url: String, binding: UpstreamBinding?) {
        self.url = url
        self.binding = binding
    }
}

/// Whose a code, and later the tokens, are: kept with them from before the redirect on (MCP 2026-07-28, Authorization).
///
/// An upstream that is found out about anew now and then may have another authorization server tomorrow. What was given
/// by one is never shown to the other.
package struct UpstreamBinding: Sendable, Hashable, Codable {
    package var issuer: String
    /// What the token is for (RFC 8707), as the resource spells it.
    package var resource: String
    package var clientID: String
    /// The row of our registration; `nil` with a configured client.
    package var registration: String?
    /// What was asked for, or what was granted where nothing was.
    package var scopes: [String]
    /// Whether responses have to name their issuer (RFC 9207 section 2.4).
    package var namesIssuer: Bool

    package init(
        issuer: String, resource: String, clientID: String, registration: String?, scopes: [String], namesIssuer: Bool
    ) {
        self.issuer = issuer
        self.resource = resource
        self.clientID = clientID
        self.registration = registration
        self.scopes = scopes
        self.namesIssuer = namesIssuer
    }
}

extension UpstreamBinding? {
    /// Whether a refresh token of one is as good as one of the other (RFC 6749 section 10.4).
    func isSameClient(as other: UpstreamBinding?) -> Bool {
        switch (self, other) {
        case (nil, nil): true
        case (let one?, let other?):
            one.issuer == other.issuer && one.resource == other.resource && one.clientID == other.clientID
        default: false
        }
    }
}

/// An upstream with one authorization server and one client for as long as the process runs: nothing has to be bound.
package protocol FixedUpstream: UpstreamProvider {
    /// Where to send the browser.
    func authorizationURL(state: String, codeChallenge: String, nonce: String) async throws(UpstreamError) -> String
    /// Checks the `iss` of an authorization response (RFC 9207): mandatory when the provider advertises it.
    func acceptsIssuer(_ issuer: String?) async throws(UpstreamError) -> Bool
    /// Redeems the upstream's code and finds out who signed in.
    func exchange(code: String, codeVerifier: String, nonce: String) async throws(UpstreamError) -> UpstreamLogin
}

extension FixedUpstream {
    package func begin(_ leg: UpstreamLeg) async throws(UpstreamError) -> UpstreamVisit {
        UpstreamVisit(
            url: try await authorizationURL(state: leg.state, codeChallenge: leg.codeChallenge, nonce: leg.nonce),
            binding: nil)
    }

    package func accepts(issuer: String?, binding: UpstreamBinding?) async throws(UpstreamError) -> Bool {
        guard binding == nil else { return false }
        return try await acceptsIssuer(issuer)
    }

    package func exchange(
        code: String, codeVerifier: String, nonce: String, binding: UpstreamBinding?
    ) async throws(UpstreamError) -> UpstreamLogin {
        guard binding == nil else { throw .otherServer }
        return try await exchange(code: code, codeVerifier: codeVerifier, nonce: nonce)
    }

    package func honours(_ binding: UpstreamBinding?) -> Bool { binding == nil }

    /// What is asked for is configured.
    package func asksForLess(than binding: UpstreamBinding?, userID: String?) async -> Bool { false }
}
