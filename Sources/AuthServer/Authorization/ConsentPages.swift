// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Shows people who asks for what, and keeps the question until it is answered.
package struct ConsentPages: Sendable {
    private let serverName: String
    private let upstreams: [ConsentPage.Upstream]
    private let records: RecordStore
    private let cookies: BrowserCookies
    private let rendering: any AnswerRendering
    private let random: any RandomSource
    private let now: @Sendable () -> Date

    package init(
        serverName: String, upstreams: [any UpstreamProvider], records: RecordStore, cookies: BrowserCookies,
        rendering: any AnswerRendering, random: any RandomSource, now: @escaping @Sendable () -> Date
    ) {
        self.serverName = serverName
        self.upstreams = upstreams.map {
            ConsentPage.Upstream(name: $0.name, host: $0.host, scopes: $0.scopes, isOptional: $0.isOptional)
        }
        self.records = records
        self.cookies = cookies
        self.rendering = rendering
        self.random = random
        self.now = now
    }

    package func show(_ authorization: ValidatedAuthorization) async throws(LoginFailure) -> AuthResponse {
        let (grant, client) = (authorization.grant, authorization.client)
        let txn = RandomHandle.base64URL(from: random)
        let csrf = RandomHandle.base64URL(from: random)
        let request = ConsentRequest(
            grant: grant, isConfiguredClient: client.origin == .configuration,
            csrfDigest: RecordStore.id(ofHandle: csrf))
        try await LoginFailure.creating(
            request, RecordStore.id(ofHandle: txn), in: records,
            until: now().addingTimeInterval(TimeInterval(BrowserCookies.waitSeconds)))
        var answer = rendering.consent(
            ConsentPage(
                serverName: serverName, clientName: ClientNameCleaning.clean(client.name), client: identity(client),
                target: RedirectURIRules.target(grant.redirectURI) ?? .host(grant.redirectURI),
                resource: grant.resource, scopes: grant.scopes, upstreams: upstreams, txn: txn, csrf: csrf))
        answer.headers.append(
            cookies.set(cookies.consentPage(txn: txn), csrf, seconds: BrowserCookies.waitSeconds, .strict))
        return answer
    }

    private func identity(_ client: OAuthClient) -> ConsentPage.ClientIdentity {
        switch client.origin {
        case .registration: .unverified
        case .configuration: .configured
        case .metadataDocument: client.verifiedHost.map { .verifiedHost($0) } ?? .unverified
        }
    }
}
