// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Logging
import Observability
import OutboundHTTP

/// The authorization code flow (MCP 2026-07-28, Authorization): PKCE, `resource` in every request, and nothing of one
/// authorization server shown to another.
extension MCPUpstream {
    package func begin(_ leg: UpstreamLeg) async throws(UpstreamError) -> UpstreamVisit {
        let known = try await current()
        let scopes = scopes(known, besides: try await wanted(known, of: leg.userID))
        let credentials = try await credentials(known, covering: scopes)
        let parameters =
            UpstreamForm.authorization(
                settings, clientID: credentials.client.id, scopes: scopes, state: leg.state,
                codeChallenge: leg.codeChallenge) + [("resource", known.resource.identifier)]
        return UpstreamVisit(
            url: UpstreamForm.url(known.server.authorizationEndpoint, parameters + settings.additionalParameters),
            binding: UpstreamBinding(
                issuer: known.server.issuer, resource: known.resource.identifier, clientID: credentials.client.id,
                registration: credentials.registration, scopes: scopes, namesIssuer: known.server.namesIssuer))
    }

    /// Held against what was known when the browser left (RFC 9207 section 2.4).
    package func accepts(issuer: String?, binding: UpstreamBinding?) async throws(UpstreamError) -> Bool {
        guard let binding else { return false }
        guard let issuer else { return !binding.namesIssuer }
        return UpstreamText.areEqual(issuer, binding.issuer)
    }

    package func exchange(
        code: String, codeVerifier: String, nonce: String, binding: UpstreamBinding?
    ) async throws(UpstreamError) -> UpstreamLogin {
        let (known, client, bound) = try await bound(binding)
        let parameters =
            UpstreamForm.codeGrant(code: code, verifier: codeVerifier, redirectURI: settings.redirectURI) + [
                (name: "resource", value: bound.resource)
            ]
        let answer = try await asking(bound) { () async throws(UpstreamError) in
            let object = try await endpoint.request(
                parameters, at: known.server.tokenEndpoint.text, as: client, over: known.http)
            return try UpstreamTokenAnswer(reading: object, mapping: nil, now: now())
        }
        answer.noteMissingScopes(of: bound.scopes, upstream: name, logger: logger)
        let identity = UpstreamIdentity(synthesizedFrom: answer.accessToken)
        var kept = bound
        // Nothing was asked for: what was granted is what a later demand adds to.
        if kept.scopes.isEmpty {
            kept.scopes = answer.scopes.flatMap { AuthenticationChallenge.scopes(in: $0.joined(separator: " ")) } ?? []
        }
        return UpstreamLogin(
            subject: identity.subject, name: nil, email: nil, isSynthetic: true, accessToken: answer.accessToken,
            refreshToken: answer.refreshToken, idToken: nil, expiresAt: answer.expiresAt, binding: kept)
    }

    package func refresh(_ tokens: UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens {
        guard let refreshToken = tokens.refreshToken else { throw .refused(code: "invalid_grant") }
        let (known, client, bound) = try await bound(tokens.binding)
        let answer = try await asking(bound) { () async throws(UpstreamError) in
            let object = try await endpoint.refresh(
                with: refreshToken, scopes: bound.scopes, more: [("resource", bound.resource)],
                at: known.server.tokenEndpoint.text, as: client, over: known.http)
            return try UpstreamTokenAnswer(reading: object, mapping: nil, now: now())
        }
        return tokens.renewed(by: answer, idToken: nil)
    }

    // MARK: Our client there

    private struct Credentials {
        let client: UpstreamClient
        let registration: String?
    }

    private func credentials(
        _ known: Known, covering scopes: [String]
    ) async throws(UpstreamError) -> Credentials {
        guard settings.clientID.isEmpty else {
            return Credentials(client: try configured(known), registration: nil)
        }
        do throws(UpstreamStartError.Problem) {
            let usual = ScopeUpgradeRecord.union(known.resource.scopes ?? [], self.scopes(known, besides: []))
            let id = UpstreamClientRecord.id(
                server: known.server.issuer, upstream: name, redirectURI: settings.redirectURI, scopes: [])
            let record = try await registrar.record(id) { () async throws(UpstreamStartError.Problem) in
                try await register(known, scopes: usual)
            }
            // Some servers let a client ask for nothing but what it was registered with.
            guard !record.scopes.isEmpty, scopes.contains(where: { !record.scopes.contains($0) }),
                let wider = await wider(known, scopes: ScopeUpgradeRecord.union(usual, scopes))
            else { return Credentials(client: UpstreamClient(record), registration: id) }
            return Credentials(client: UpstreamClient(wider.record), registration: wider.id)
        } catch {
            logger.warning(
                "No client can be had at the authorization server of a remote MCP server",
                metadata: ["upstream": "\(name)", "reason": "\(error)"])
            throw error.upstreamError
        }
    }

    /// A client for more scopes than the first one was registered with; the first one asks where there can be none.
    private func wider(_ known: Known, scopes: [String]) async -> (id: String, record: UpstreamClientRecord)? {
        do throws(UpstreamStartError.Problem) {
            return try await registrar.wider(issuer: known.server.issuer, scopes: scopes) {
                () async throws(UpstreamStartError.Problem) in
                try await register(known, scopes: scopes)
            }
        } catch {
            logger.warning(
                "No client with more scopes can be had; the usual one asks for them",
                metadata: ["upstream": "\(name)", "reason": "\(error)"])
            return nil
        }
    }

    private func register(
        _ known: Known, scopes: [String]
    ) async throws(UpstreamStartError.Problem) -> UpstreamClientRecord {
        guard let url = known.server.registrationEndpoint else { throw .noRegistration }
        guard let method = known.server.registrationMethod else { throw .noClientAuthentication }
        let target = RegistrationTarget(
            registrationEndpoint: url, authorizationEndpoint: known.server.authorizationEndpoint,
            tokenEndpoint: known.server.tokenEndpoint, issuer: known.server.issuer,
            namesIssuerInResponses: known.server.namesIssuer, method: method, scopes: scopes)
        return try await registrar.register(at: target, over: known.http)
    }

    private func configured(_ known: Known) throws(UpstreamError) -> UpstreamClient {
        guard
            let client = UpstreamClient(
                id: settings.clientID, secret: settings.clientSecret, supported: known.server.clientMethods,
                isOIDC: true)
        else { throw .notConfigured }
        return client
    }

    /// The server and the client that a code or a token came from, if they still are what they were.
    private func bound(
        _ binding: UpstreamBinding?
    ) async throws(UpstreamError) -> (Known, UpstreamClient, UpstreamBinding) {
        guard let binding else { throw .otherServer }
        let known = try await current()
        guard honours(binding), UpstreamText.areEqual(known.server.issuer, binding.issuer) else { throw .otherServer }
        let client: UpstreamClient
        if let id = binding.registration {
            let record: UpstreamClientRecord?
            do throws(UpstreamStartError.Problem) {
                record = try await registrar.stored(id)
            } catch {
                throw error.upstreamError
            }
            guard let record, record.isOf(binding.issuer) else { throw .otherServer }
            client = UpstreamClient(record)
        } else {
            client = try configured(known)
        }
        guard client.id == binding.clientID else { throw .otherServer }
        return (known, client, binding)
    }

    /// A registration that the server has forgotten is forgotten here, too.
    private func asking(
        _ binding: UpstreamBinding, _ body: () async throws(UpstreamError) -> UpstreamTokenAnswer
    ) async throws(UpstreamError) -> UpstreamTokenAnswer {
        do throws(UpstreamError) {
            return try await body()
        } catch {
            if error == .refused(code: "invalid_client"), let id = binding.registration { await registrar.forget(id) }
            throw error
        }
    }
}

extension UpstreamClient {
    init(_ record: UpstreamClientRecord) {
        self.init(id: record.clientID, secret: record.clientSecret.map { Secret($0) }, method: record.method)
    }
}
