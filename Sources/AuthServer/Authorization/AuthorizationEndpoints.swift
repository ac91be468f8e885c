// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging

/// The endpoints of the authorization code flow up to the code, put together from what they share.
package struct AuthorizationEndpoints: Sendable {
    package let authorize: AuthorizeEndpoint
    package let consent: ConsentEndpoint
    package let callback: CallbackEndpoint
    package let pushed: PushedAuthorizationEndpoint

    /// What the endpoints need of the rest of the server.
    package struct Parts: Sendable {
        package var records: RecordStore
        package var clients: any ClientDirectory
        package var authenticator: ClientAuthenticator
        package var proofs: any ProofChecking
        /// In the order of the configuration: the first decides who the user is.
        package var upstreams: [any UpstreamProvider]
        package var sessions: any UpstreamSessions
        package var accounts: any Accounts
        package var codes: any CodeIssuing
        package var rendering: any AnswerRendering
        package var random: any RandomSource
        package var now: @Sendable () -> Date
        package var audit: AuditLog
        package var logger: Logger

        package init(
            records: RecordStore, clients: any ClientDirectory, authenticator: ClientAuthenticator,
            proofs: any ProofChecking, upstreams: [any UpstreamProvider], sessions: any UpstreamSessions,
            accounts: any Accounts, codes: any CodeIssuing, rendering: any AnswerRendering, random: any RandomSource,
            now: @escaping @Sendable () -> Date, audit: AuditLog, logger: Logger
        ) {
            self.records = records
            self.clients = clients
            self.authenticator = authenticator
            self.proofs = proofs
            self.upstreams = upstreams
            self.sessions = sessions
            self.accounts = accounts
            self.codes = codes
            self.rendering = rendering
            self.random = random
            self.now = now
            self.audit = audit
            self.logger = logger
        }
    }

    /// - Parameter defaultScopes: of the protected resource, for requests that name none.
    package init(_ settings: AuthServerSettings, defaultScopes: [String], _ parts: Parts) {
        let cookies = BrowserCookies(isSecure: !settings.isDevelopment)
        let consents = RememberedConsents(
            records: parts.records, cookies: cookies, mode: settings.consent, lifetime: settings.consentTTL,
            upstreams: parts.upstreams.map { UpstreamConsent(name: $0.name, scopes: $0.scopes) },
            random: parts.random, now: parts.now)
        let redirects = AuthorizationRedirects(
            issuer: settings.issuer, trustedOrigins: settings.trustedRedirectOrigins, consents: consents,
            rendering: parts.rendering)
        let legs = LoginLegs(
            upstreams: parts.upstreams, records: parts.records, cookies: cookies,
            bindsBrowser: !settings.skipsBrowserChecks, random: parts.random, now: parts.now)
        let pushed = PushedRequests(records: parts.records, random: parts.random, now: parts.now)
        let validator = AuthorizationRequestValidator(
            clients: parts.clients, pushed: pushed, pushedRequests: settings.pushedRequests,
            rules: AuthorizationRequestRules(
                allowedAudiences: settings.allowedAudiences, defaultScopes: defaultScopes,
                bindsToKeys: settings.dpop != .off))
        let pages = ConsentPages(
            serverName: settings.serverName, upstreams: parts.upstreams, records: parts.records, cookies: cookies,
            rendering: parts.rendering, random: parts.random, now: parts.now)
        let progress = LoginProgress(
            legs: legs, sessions: parts.sessions, accounts: parts.accounts, consents: consents,
            clients: parts.clients, codes: parts.codes, audit: parts.audit, logger: parts.logger, now: parts.now)

        authorize = AuthorizeEndpoint(
            validator: validator, asksForConsent: settings.consent != .off && !settings.skipsBrowserChecks,
            consents: consents, pages: pages, legs: legs, redirects: redirects, rendering: parts.rendering,
            audit: parts.audit)
        consent = ConsentEndpoint(
            pageBase: settings.authorizationEndpointBase, records: parts.records, cookies: cookies,
            consents: consents, legs: legs, redirects: redirects, rendering: parts.rendering, audit: parts.audit)
        callback = CallbackEndpoint(
            legs: legs, progress: progress, redirects: redirects, rendering: parts.rendering, audit: parts.audit)
        self.pushed = PushedAuthorizationEndpoint(
            isOn: settings.pushedRequests != .off, dpop: settings.dpop, endpoint: settings.pushedRequestEndpoint,
            authenticator: parts.authenticator, proofs: parts.proofs, validator: validator, pushed: pushed,
            rendering: parts.rendering, audit: parts.audit)
    }
}
