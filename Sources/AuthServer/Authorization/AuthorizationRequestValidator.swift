// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The checks of an authorization request, in the order in which they are promised.
///
/// Until the redirect URI is validated an error is a direct one; afterwards the client gets it (RFC 6749 §4.1.2.1). The
/// pushed request endpoint runs the same checks on what is pushed, and they run again when the pushed request is used:
/// the registration may have changed since.
package struct AuthorizationRequestValidator: Sendable {
    private let clients: any ClientDirectory
    private let pushed: PushedRequests
    private let pushedRequests: AuthServerSettings.Requirement
    private let rules: AuthorizationRequestRules

    package init(
        clients: any ClientDirectory, pushed: PushedRequests, pushedRequests: AuthServerSettings.Requirement,
        rules: AuthorizationRequestRules
    ) {
        self.clients = clients
        self.pushed = pushed
        self.pushedRequests = pushedRequests
        self.rules = rules
    }

    /// Validates a request to the authorization endpoint; a pushed request is used up by it.
    package func validate(_ query: Parameters) async throws(AuthorizationRefusal) -> ValidatedAuthorization {
        let client = try await client(query["client_id"])
        for name in ["client_id", "redirect_uri", "request_uri"] where query.isRepeated(name) {
            throw .direct(OAuthError(.invalidRequest, "client_id, redirect_uri or request_uri is repeated"))
        }
        let (parameters, isPushed) = try await effective(query, client)
        let address = try rules.returnAddress(parameters, client)
        try rules.checkRepeated(parameters, address)
        try rules.checkUnsupported(parameters, address)
        guard isPushed || !(pushedRequests == .required || client.requiresPushedRequests) else {
            throw .redirect(OAuthError(.invalidRequest, "This client must push its authorization requests"), address)
        }
        return ValidatedAuthorization(grant: try rules.grant(parameters, client, address), client: client)
    }

    /// Validates what a client pushes. Where the error would go does not matter: it is the answer.
    package func validate(pushed parameters: Parameters, client: OAuthClient) throws(OAuthError) {
        do throws(AuthorizationRefusal) {
            let address = try rules.returnAddress(parameters, client)
            try rules.checkRepeated(parameters, address)
            _ = try rules.grant(parameters, client, address)
        } catch {
            throw error.error
        }
    }

    private func client(_ id: String?) async throws(AuthorizationRefusal) -> OAuthClient {
        guard let id else { throw .direct(OAuthError(.invalidClient, "client_id is missing")) }
        do {
            return try await clients.client(id)
        } catch {
            throw switch error {
            case .unknown:
                .direct(OAuthError(.invalidClient, "The client is not known, or its metadata cannot be used"))
            case .unavailable: .direct(.storage)
            }
        }
    }

    /// The parameters that count: those of the query, or only those that were pushed (RFC 9126 §4).
    private func effective(
        _ query: Parameters, _ client: OAuthClient
    ) async throws(AuthorizationRefusal) -> (Parameters, isPushed: Bool) {
        guard let uri = query["request_uri"], uri.hasPrefix(PushedRequests.uriPrefix) else { return (query, false) }
        let invalid = OAuthError(.invalidRequestURI, "The request URI is unknown, expired or was used before")
        guard pushedRequests != .off else { throw .direct(invalid) }
        let request: PushedRequest?
        do {
            request = try await pushed.take(uri)
        } catch {
            throw .direct(.storage)
        }
        guard let request else { throw .direct(invalid) }
        guard request.clientID == client.id else {
            throw .direct(OAuthError(.invalidRequest, "The request was pushed by another client"))
        }
        return (request.parameters, true)
    }
}
