// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import JSONTypes
package import Logging
import Observability
package import OutboundHTTP
import Synchronization

/// An OAuth 2.0 service without ID tokens: who signed in is read from its token response or asked of it.
package final class OAuth2Upstream: StartableUpstream, FixedUpstream {
    package let name: String
    package let isOptional: Bool

    private let settings: UpstreamSettings
    private let service: UpstreamSettings.OAuth2
    private let registration: UpstreamRegistration?
    private let mapping: UpstreamTokenAnswer.Mapping?
    private let identityFromToken: IdentityFromToken?
    private let userInfo: UserInfoEndpoint?
    private let client: any OutboundHTTPClient
    private let configuredHTTP: UpstreamHTTP
    private let endpoint = UpstreamTokenEndpoint()
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let state = Mutex<Known?>(nil)

    private struct Known: Sendable {
        let authorizationEndpoint: OutboundURL
        let tokenEndpoint: OutboundURL
        /// For the token endpoint, which may have been found in a document.
        let http: UpstreamHTTP
        let client: UpstreamClient
        let scopes: [String]
        /// Only a discovered service has one.
        let issuer: String?
        let namesIssuerInResponses: Bool
        let secretExpiresAt: Date?
    }

    /// - Throws: `UpstreamStartError` for settings that cannot work; nothing is fetched before `start()`.
    package init(
        _ settings: UpstreamSettings, service: UpstreamSettings.OAuth2, registration: UpstreamRegistration?,
        http client: any OutboundHTTPClient, now: @escaping @Sendable () -> Date, logger: Logger
    ) throws(UpstreamStartError) {
        name = settings.name
        isOptional = settings.isOptional
        self.settings = settings
        self.service = service
        self.registration = registration
        self.client = client
        self.now = now
        self.logger = logger
        configuredHTTP = UpstreamHTTP(client: client, policy: settings.addresses)
        do throws(UpstreamStartError.Problem) {
            let rule = UpstreamEndpointRule(configured: settings.addresses)
            mapping = try service.tokenMapping.map { mapping throws(UpstreamStartError.Problem) in
                try UpstreamTokenAnswer.Mapping(mapping)
            }
            identityFromToken = try service.identityFromToken.map { identity throws(UpstreamStartError.Problem) in
                try IdentityFromToken(identity)
            }
            userInfo = try service.userInfo.map { userInfo throws(UpstreamStartError.Problem) in
                try UserInfoEndpoint(userInfo, client: client, policy: settings.addresses)
            }
            if let parameter = settings.additionalParameters.first(where: { UpstreamForm.reserved.contains($0.name) }) {
                throw .reservedParameter(parameter.name)
            }
            if registration == nil { state.withLock { [known = try configured(rule)] in $0 = known } }
        } catch {
            throw UpstreamStartError(settings.name, error)
        }
    }

    package var scopes: [String] { state.withLock { $0 }?.scopes ?? settings.scopes }

    package var host: String {
        state.withLock { $0 }?.authorizationEndpoint.displayHost
            ?? service.registration?.host ?? settings.name
    }

    package func start() async throws(UpstreamStartError) {
        guard let registration else { return }
        do throws(UpstreamStartError.Problem) {
            let known = try registered(try await registration.credentials())
            state.withLock { $0 = known }
        } catch {
            throw UpstreamStartError(name, error)
        }
    }

    /// A registration whose secret has expired is made again.
    package func maintain() async {
        guard let known = state.withLock({ $0 }), let expiry = known.secretExpiresAt, expiry <= now() else { return }
        do throws(UpstreamStartError) {
            try await start()
        } catch {
            logger.warning(
                "Upstream registration could not be renewed", metadata: ["upstream": "\(name)", "reason": "\(error)"])
        }
    }

    private func configured(_ rule: UpstreamEndpointRule) throws(UpstreamStartError.Problem) -> Known {
        guard !settings.clientID.isEmpty else { throw .missing(setting: "client_id or dcr_config") }
        guard let authorization = rule.endpoint(service.authorizationEndpoint),
            !UpstreamForm.hasReservedParameter(authorization)
        else { throw .url(setting: "authorization_endpoint") }
        guard let token = rule.endpoint(service.tokenEndpoint) else { throw .url(setting: "token_endpoint") }
        guard
            let client = UpstreamClient(
                id: settings.clientID, secret: settings.clientSecret, supported: nil, isOIDC: false)
        else { throw .noClientAuthentication }
        return Known(
            authorizationEndpoint: authorization, tokenEndpoint: token, http: configuredHTTP, client: client,
            scopes: settings.scopes, issuer: nil, namesIssuerInResponses: false, secretExpiresAt: nil)
    }

    private func registered(_ credentials: UpstreamCredentials) throws(UpstreamStartError.Problem) -> Known {
        let record = credentials.record
        guard let authorization = credentials.rule.endpoint(record.authorizationEndpoint),
            let token = credentials.rule.endpoint(record.tokenEndpoint)
        else { throw .endpoint(.discovery, "authorization_endpoint or token_endpoint") }
        return Known(
            authorizationEndpoint: authorization, tokenEndpoint: token,
            http: UpstreamHTTP(client: client, policy: credentials.policy),
            client: UpstreamClient(record),
            scopes: record.scopes, issuer: record.issuer, namesIssuerInResponses: record.namesIssuerInResponses,
            secretExpiresAt: record.secretExpiresAt)
    }

    private func known() throws(UpstreamError) -> Known {
        guard let known = state.withLock({ $0 }) else { throw .notConfigured }
        return known
    }

    package func authorizationURL(
        state: String, codeChallenge: String, nonce: String
    ) async throws(UpstreamError) -> String {
        let known = try known()
        let parameters = UpstreamForm.authorization(
            settings, clientID: known.client.id, scopes: known.scopes, state: state, codeChallenge: codeChallenge)
        return UpstreamForm.url(known.authorizationEndpoint, parameters + settings.additionalParameters)
    }

    package func acceptsIssuer(_ issuer: String?) async throws(UpstreamError) -> Bool {
        let known = try known()
        guard let expected = known.issuer else { return true }
        guard let issuer else { return !known.namesIssuerInResponses }
        return UpstreamText.areEqual(issuer, expected)
    }

    package func exchange(
        code: String, codeVerifier: String, nonce: String
    ) async throws(UpstreamError) -> UpstreamLogin {
        let known = try known()
        let object = try await endpoint.request(
            UpstreamForm.codeGrant(code: code, verifier: codeVerifier, redirectURI: settings.redirectURI),
            at: known.tokenEndpoint.text, as: known.client, over: known.http)
        let answer = try UpstreamTokenAnswer(reading: object, mapping: mapping, now: now())
        let identity = try await identity(of: answer)
        answer.noteMissingScopes(of: known.scopes, upstream: name, logger: logger)
        // An ID token that nobody can verify here is nothing to hand on.
        return UpstreamLogin(
            subject: identity.subject, name: identity.name, email: identity.email, isSynthetic: identity.isSynthetic,
            accessToken: answer.accessToken, refreshToken: answer.refreshToken, idToken: nil,
            expiresAt: answer.expiresAt)
    }

    package func refresh(_ tokens: UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens {
        guard let refreshToken = tokens.refreshToken else { throw .refused(code: "invalid_grant") }
        let known = try known()
        let object = try await endpoint.refresh(
            with: refreshToken, scopes: known.scopes, at: known.tokenEndpoint.text, as: known.client, over: known.http)
        let answer = try UpstreamTokenAnswer(reading: object, mapping: mapping, now: now())
        return tokens.renewed(by: answer, idToken: nil)
    }

    /// From the response, else from the user endpoint, else made up from the token itself.
    private func identity(of answer: UpstreamTokenAnswer) async throws(UpstreamError) -> UpstreamIdentity {
        if let identityFromToken { return try identityFromToken.identity(in: answer.raw) }
        if let userInfo { return try await userInfo.identity(for: answer.accessToken) }
        return UpstreamIdentity(synthesizedFrom: answer.accessToken)
    }
}

extension UpstreamTokenAnswer.Mapping {
    init(_ settings: UpstreamSettings.TokenMapping) throws(UpstreamStartError.Problem) {
        self.init(
            accessToken: try .setting("token_response_mapping.access_token_path", settings.accessTokenPath),
            refreshToken: try .setting("token_response_mapping.refresh_token_path", settings.refreshTokenPath),
            expiresIn: try .setting("token_response_mapping.expires_in_path", settings.expiresInPath),
            scope: try .setting("token_response_mapping.scope_path", settings.scopePath))
    }
}
