// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Where an answer to a client goes: a redirect URI that was validated for it, never one of a later request.
package struct ReturnAddress: Sendable, Hashable {
    package var clientID: String
    /// Whether the operator configured the client, which makes its addresses known ones.
    package var isConfigured: Bool
    package var redirectURI: String
    /// Echoed as it came; `nil` when there was none, or several.
    package var state: String?

    package init(clientID: String, isConfigured: Bool, redirectURI: String, state: String?) {
        self.clientID = clientID
        self.isConfigured = isConfigured
        self.redirectURI = redirectURI
        self.state = state
    }

    package init(_ grant: AuthorizationGrant, isConfigured: Bool) {
        self.init(
            clientID: grant.clientID, isConfigured: isConfigured, redirectURI: grant.redirectURI, state: grant.state)
    }
}

/// Why an authorization request is not a grant.
package enum AuthorizationRefusal: Error, Sendable, Hashable {
    /// There is no address that could be trusted with the error.
    case direct(OAuthError)
    /// The client learns of it at its redirect URI, as far as the trust rule allows.
    case redirect(OAuthError, ReturnAddress)

    package var error: OAuthError {
        switch self {
        case .direct(let error), .redirect(let error, _): error
        }
    }
}

/// An authorization request that passed every check, and the client that made it.
package struct ValidatedAuthorization: Sendable {
    package var grant: AuthorizationGrant
    package var client: OAuthClient

    package init(grant: AuthorizationGrant, client: OAuthClient) {
        self.grant = grant
        self.client = client
    }
}
