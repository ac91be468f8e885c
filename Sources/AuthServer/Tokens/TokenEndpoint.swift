// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Finds out which client makes a request (RFC 6749 §2.3).
package typealias ClientAuthentication = @Sendable (EndpointRequest) async throws(OAuthError) -> OAuthClient

/// `POST /oauth/token`: what all grants have in common.
package struct TokenEndpoint: AuthEndpoint {
    package let rules = EndpointRules(
        methods: ["POST"], content: .form, limitClass: .token, allowsCrossOrigin: true,
        repeatable: ["resource", "audience"])

    private let url: String
    private let grants: [any TokenGrant]
    private let authenticate: ClientAuthentication
    private let directory: any ClientDirectory
    private let dpop: DPoPGate
    private let rendering: any AnswerRendering
    private let audit: AuditLog

    /// - Parameters:
    ///   - url: as advertised; the target of DPoP proofs.
    ///   - grants: one for each supported `grant_type`.
    package init(
        url: String, grants: [any TokenGrant], authenticate: @escaping ClientAuthentication,
        directory: any ClientDirectory, dpop: DPoPGate, rendering: any AnswerRendering, audit: AuditLog
    ) {
        self.url = url
        self.grants = grants
        self.authenticate = authenticate
        self.directory = directory
        self.dpop = dpop
        self.rendering = rendering
        self.audit = audit
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        var nonce: String?
        var response: AuthResponse
        do throws(OAuthError) {
            response = try await answer(request, nonce: &nonce).response
        } catch {
            response = rendering.json(error, to: request.http)
        }
        if let nonce { response.headers.append(("DPoP-Nonce", nonce)) }
        return response
    }

    private func answer(
        _ request: EndpointRequest, nonce: inout String?
    ) async throws(OAuthError) -> TokenAnswer {
        let grant: any TokenGrant
        let client: OAuthClient?
        let proof: AcceptedProof?
        do throws(OAuthError) {
            grant = try self.grant(of: request)
            client = try await self.client(of: request, for: grant)
            proof = try await accept(request, client: client, nonce: &nonce)
        } catch {
            audit.record(
                AuditEvent(.token, .failure, reason: error.code.rawValue, clientAddress: request.http.clientAddress))
            throw error
        }
        let answer = try await grant.answer(request, client: client, proof: proof?.thumbprint)
        if let client { await directory.proveUse(of: client) }
        return answer
    }

    private func grant(of request: EndpointRequest) throws(OAuthError) -> any TokenGrant {
        guard let type = request.parameters["grant_type"] else {
            throw OAuthError(.invalidRequest, "The parameter grant_type is missing")
        }
        guard let grant = grants.first(where: { $0.grantType.utf8.elementsEqual(type.utf8) }) else {
            throw OAuthError(.unsupportedGrantType, "The grant_type is not supported")
        }
        // Only token exchange knows several audiences.
        guard grant.grantType == GrantType.tokenExchange || !request.parameters.isRepeated("audience") else {
            throw OAuthError(.invalidRequest, "A parameter is repeated")
        }
        return grant
    }

    /// Any client credential makes a grant that needs none authenticate its client (RFC 7523 §3.1).
    private func client(
        of request: EndpointRequest, for grant: any TokenGrant
    ) async throws(OAuthError) -> OAuthClient? {
        if grant.isCredentialFree, !ClientCredentials.arePresent(in: request) { return nil }
        let client = try await authenticate(request)
        guard client.grantTypes.contains(grant.grantType) else {
            throw OAuthError(.unauthorizedClient, "The client may not use this grant_type")
        }
        return client
    }

    private func accept(
        _ request: EndpointRequest, client: OAuthClient?, nonce: inout String?
    ) async throws(OAuthError) -> AcceptedProof? {
        do throws(DPoPRefusal) {
            let proof = try await dpop.accept(request, endpoint: url, required: client?.requiresDPoP ?? false)
            nonce = proof?.nextNonce
            return proof
        } catch {
            nonce = error.nonce
            throw error.error
        }
    }
}
