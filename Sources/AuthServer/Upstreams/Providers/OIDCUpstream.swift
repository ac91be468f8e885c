// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
package import Foundation
import JSONTypes
package import Logging
import Observability
package import OutboundHTTP
import Synchronization

/// An OpenID provider: its discovery document says where everything is, its ID tokens say who signed in.
package final class OIDCUpstream: StartableUpstream, FixedUpstream {
    /// How old the discovery document may become, and how soon a failed renewal is repeated.
    static let maximumMetadataAge: TimeInterval = 3600
    static let failurePause: TimeInterval = 300
    static let defaultScopes = ["openid", "offline_access"]

    package let name: String
    package let scopes: [String]
    package let isOptional: Bool

    private let issuer: String
    private let issuerURL: OutboundURL
    private let subjectClaim: String
    private let settings: UpstreamSettings
    private let rule: UpstreamEndpointRule
    /// For the discovery document, and for what the document names.
    private let configuredHTTP: UpstreamHTTP
    private let http: UpstreamHTTP
    private let keys: UpstreamKeys
    private let endpoint = UpstreamTokenEndpoint()
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var known: Known?
        var fetchedAt = Date.distantPast
        var attemptedAt = Date.distantPast
    }

    private struct Known: Sendable {
        let metadata: UpstreamMetadata
        let client: UpstreamClient
    }

    /// - Throws: `UpstreamStartError` for settings that cannot work; nothing is fetched before `start()`.
    package init(
        _ settings: UpstreamSettings, issuer: String, subjectClaim: String, http client: any OutboundHTTPClient,
        now: @escaping @Sendable () -> Date, logger: Logger
    ) throws(UpstreamStartError) {
        let configured = UpstreamEndpointRule(configured: settings.addresses)
        guard let url = configured.endpoint(issuer), !url.target.contains("?") else {
            throw UpstreamStartError(settings.name, .url(setting: "issuer_url"))
        }
        guard !settings.clientID.isEmpty else {
            throw UpstreamStartError(settings.name, .missing(setting: "client_id"))
        }
        let scopes = settings.scopes.isEmpty ? Self.defaultScopes : settings.scopes
        guard scopes.contains("openid") else {
            throw UpstreamStartError(settings.name, .missing(setting: "the scope openid"))
        }
        if let parameter = settings.additionalParameters.first(where: { UpstreamForm.reserved.contains($0.name) }) {
            throw UpstreamStartError(settings.name, .reservedParameter(parameter.name))
        }
        name = settings.name
        self.scopes = scopes
        isOptional = settings.isOptional
        self.issuer = issuer
        issuerURL = url
        self.subjectClaim = subjectClaim.isEmpty ? "sub" : subjectClaim
        self.settings = settings
        rule = UpstreamEndpointRule(settings.addresses, namedBy: url)
        configuredHTTP = UpstreamHTTP(client: client, policy: settings.addresses)
        self.http = UpstreamHTTP(client: client, policy: settings.addresses.forURLs(namedBy: issuer))
        keys = UpstreamKeys(upstream: settings.name, now: now, logger: logger)
        self.now = now
        self.logger = logger
    }

    package var host: String {
        state.withLock { $0.known }?.metadata.authorizationEndpoint.displayHost ?? issuerURL.displayHost
    }

    package func start() async throws(UpstreamStartError) {
        do throws(UpstreamStartError.Problem) {
            try await discover()
        } catch {
            throw UpstreamStartError(name, error)
        }
    }

    package func maintain() async {
        let now = now()
        let isDue = state.withLock {
            now.timeIntervalSince($0.fetchedAt) >= Self.maximumMetadataAge
                && now.timeIntervalSince($0.attemptedAt) >= Self.failurePause
        }
        guard isDue else { return }
        do throws(UpstreamStartError.Problem) {
            try await discover()
        } catch {
            logger.warning(
                "Upstream discovery failed, the earlier document stays in use",
                metadata: ["upstream": "\(name)", "reason": "\(error)"])
        }
    }

    private func discover() async throws(UpstreamStartError.Problem) {
        state.withLock { $0.attemptedAt = now() }
        let document: JSONSlice
        do throws(UpstreamFetchError) {
            document = try await configuredHTTP.document(at: UpstreamMetadata.url(ofIssuer: issuer))
        } catch {
            throw .fetch(.discovery, error)
        }
        let metadata = try UpstreamMetadata(reading: document, issuer: issuer, rule: rule)
        guard
            let client = UpstreamClient(
                id: settings.clientID, secret: settings.clientSecret, supported: metadata.clientMethods, isOIDC: true)
        else { throw .noClientAuthentication }
        state.withLock {
            $0.known = Known(metadata: metadata, client: client)
            $0.fetchedAt = now()
        }
    }

    private func known() throws(UpstreamError) -> Known {
        guard let known = state.withLock({ $0.known }) else { throw .notConfigured }
        return known
    }

    package func authorizationURL(
        state: String, codeChallenge: String, nonce: String
    ) async throws(UpstreamError) -> String {
        let parameters =
            UpstreamForm.authorization(settings, scopes: scopes, state: state, codeChallenge: codeChallenge) + [
                ("nonce", nonce)
            ]
        return UpstreamForm.url(try known().metadata.authorizationEndpoint, parameters + settings.additionalParameters)
    }

    package func acceptsIssuer(_ issuer: String?) async throws(UpstreamError) -> Bool {
        guard let issuer else { return !(try known().metadata.namesIssuerInResponses) }
        return UpstreamText.areEqual(issuer, self.issuer)
    }

    package func exchange(
        code: String, codeVerifier: String, nonce: String
    ) async throws(UpstreamError) -> UpstreamLogin {
        let known = try known()
        let object = try await endpoint.request(
            UpstreamForm.codeGrant(code: code, verifier: codeVerifier, redirectURI: settings.redirectURI),
            at: known.metadata.tokenEndpoint.text, as: known.client, over: http)
        let answer = try UpstreamTokenAnswer(reading: object, mapping: nil, now: now())
        guard let idToken = answer.idToken else { throw .invalidIDToken }
        let claims = try await verified(idToken, nonce: nonce, known)
        answer.noteMissingScopes(of: scopes, upstream: name, logger: logger)
        return UpstreamLogin(
            subject: try subject(in: claims), name: UpstreamText.name(claims["name"]),
            email: UpstreamText.name(claims["email"]), isSynthetic: false, accessToken: answer.accessToken,
            refreshToken: answer.refreshToken, idToken: idToken, expiresAt: answer.expiresAt)
    }

    package func refresh(_ tokens: UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens {
        guard let refreshToken = tokens.refreshToken else { throw .refused(code: "invalid_grant") }
        let known = try known()
        let object = try await endpoint.refresh(
            with: refreshToken, scopes: scopes, at: known.metadata.tokenEndpoint.text, as: known.client, over: http)
        let answer = try UpstreamTokenAnswer(reading: object, mapping: nil, now: now())
        if let idToken = answer.idToken {
            let claims = try await verified(idToken, nonce: nil, known)
            guard UpstreamText.areEqual(try subject(in: claims), tokens.subject) else { throw .subjectChanged }
        }
        return tokens.renewed(by: answer, idToken: answer.idToken)
    }

    private func verified(
        _ idToken: Secret, nonce: String?, _ known: Known
    ) async throws(UpstreamError) -> JSONSlice {
        guard let token = try? CompactJWS(parsing: idToken.exposed, maximumBytes: IDTokenRules.maximumBytes) else {
            throw .invalidIDToken
        }
        try await keys.verify(token, keysAt: known.metadata.keysURL.text, over: http)
        try IDTokenRules(issuer: issuer, clientID: settings.clientID, now: now()).check(token, nonce: nonce)
        return token.payload
    }

    /// The configured claim and no other: falling back to `sub` would make one person two.
    private func subject(in claims: JSONSlice) throws(UpstreamError) -> String {
        guard let subject = UpstreamText.subjectString(claims.member(subjectClaim)) else { throw .noSubject }
        return subject
    }
}
