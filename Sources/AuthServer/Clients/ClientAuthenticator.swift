// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Observability

/// Finds out which client sent a request, and that it is that client (RFC 6749 §2.3).
package struct ClientAuthenticator: Sendable {
    private let directory: any ClientDirectory
    /// Names the realm of refusals.
    package let issuer: String

    package init(directory: any ClientDirectory, issuer: String) {
        self.directory = directory
        self.issuer = issuer
    }

    /// A public client only names itself; a confidential one proves itself with its secret, over the channel that it
    /// registered, if it registered one.
    ///
    /// - Throws: `invalid_client` for everything that is the client's, in the same words and after the same work whether
    ///   it exists or not; `invalid_request` when the request does not use exactly one method; `server_error`.
    package func authenticate(_ request: EndpointRequest) async throws(OAuthError) -> OAuthClient {
        let credentials = try ClientCredentials(request)
        let client: OAuthClient
        do {
            client = try await directory.client(credentials.id)
        } catch {
            switch error {
            case .unavailable: throw .storage
            case .unknown:
                _ = ClientSecret.matches(credentials.secret ?? Secret(""), digest: nil)
                throw Self.refusal
            }
        }
        let matches = ClientSecret.matches(credentials.secret ?? Secret(""), digest: client.secretDigest)
        guard client.isPublic else {
            guard matches, credentials.secret != nil, Self.allows(client.authenticationMethod, credentials.channel)
            else { throw Self.refusal }
            return client
        }
        // Somebody who thinks that this client has a secret is mistaken about who it is.
        guard credentials.secret == nil else { throw Self.refusal }
        return client
    }

    private static let refusal = OAuthError(.invalidClient, "The client is not known or could not be authenticated")

    private static func allows(
        _ method: OAuthClient.AuthenticationMethod?, _ channel: ClientCredentials.Channel
    ) -> Bool {
        switch method {
        case nil: true
        case .clientSecretBasic: channel == .header
        case .clientSecretPost: channel == .body
        case .some(.none): false
        }
    }
}
