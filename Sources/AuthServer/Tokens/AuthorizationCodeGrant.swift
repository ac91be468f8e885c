// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Storage

/// Redeems authorization codes (RFC 6749 §4.1.3), each for one client and once.
package struct AuthorizationCodeGrant: TokenGrant {
    package let grantType = GrantType.authorizationCode

    /// A code's row changes twice in its life: it is used, and it is removed with its family.
    static let maximumAttempts = 4

    private let parts: SignInGrantParts

    package init(_ parts: SignInGrantParts) { self.parts = parts }

    package func answer(
        _ request: EndpointRequest, client: OAuthClient?, proof: String?
    ) async throws(OAuthError) -> TokenAnswer {
        do throws(OAuthError) {
            return try await redeem(request, client: client, proof: proof)
        } catch {
            parts.audit.record(
                AuditEvent(
                    .token, .failure, reason: error.code.rawValue, clientID: client?.id,
                    clientAddress: request.http.clientAddress))
            throw error
        }
    }

    private func redeem(
        _ request: EndpointRequest, client: OAuthClient?, proof: String?
    ) async throws(OAuthError) -> TokenAnswer {
        guard let client else { throw OAuthError(.invalidClient, "Client authentication is required") }
        guard let code = request.parameters["code"] else {
            throw OAuthError(.invalidRequest, "The parameter code is missing")
        }
        let resources = request.parameters.all("resource")
        guard resources.count <= 1 else { throw .severalResources }
        guard let signature = parts.tokens.verify(code, as: .authorizationCode) else { throw .invalidCode }
        for _ in 0..<Self.maximumAttempts {
            let stored = try await storing { () async throws(StorageError) in
                try await parts.records.load(CodeRow.self, signature)
            }
            guard let stored else { throw .invalidCode }
            guard case .issued(let authorization) = stored.record.state else {
                if try await endFamily(of: stored, signature: signature, request: request) { throw .invalidCode }
                continue
            }
            try check(request, stored.record, authorization, client: client, proof: proof)
            try check(resource: resources.first, authorization)
            if let answer = try await commit(stored, signature, authorization, client: client, proof: proof) {
                return answer
            }
        }
        throw .contention
    }

    /// Everything that makes a code unusable for this request without harming it.
    private func check(
        _ request: EndpointRequest, _ row: CodeRow, _ authorization: CodeRow.Authorization, client: OAuthClient,
        proof: String?
    ) throws(OAuthError) {
        guard parts.now() < row.expiresAt, row.clientID.utf8.elementsEqual(client.id.utf8) else { throw .invalidCode }
        // Absent is fine: what the parameter is for, PKCE does for every code (OAuth 2.1).
        if let redirectURI = request.parameters["redirect_uri"] {
            guard redirectURI.utf8.elementsEqual(authorization.grant.redirectURI.utf8) else {
                throw OAuthError(.invalidGrant, "The redirect_uri is not the one of the authorization request")
            }
        }
        guard let verifier = request.parameters["code_verifier"],
            CodeVerifier.matches(verifier, challenge: authorization.grant.codeChallenge)
        else { throw OAuthError(.invalidGrant, "The code_verifier is missing or does not match the code_challenge") }
        if let expected = authorization.grant.dpopThumbprint, proof != expected {
            throw OAuthError(.invalidGrant, "The authorization code is bound to another DPoP key")
        }
    }

    private func check(resource: String?, _ authorization: CodeRow.Authorization) throws(OAuthError) {
        let granted = authorization.grant.resource
        if let resource {
            guard let requested = canonicalResource(resource), requested == canonicalResource(granted) else {
                throw .otherResource
            }
        }
        guard parts.rules.allows(granted) else { throw .otherResource }
    }

    /// Marks the code used and stores what comes of it in one step; `nil` when the code was changed meanwhile.
    ///
    /// The access token is made before, so that nothing can fail once the code is spent.
    private func commit(
        _ stored: Stored<CodeRow>, _ signature: String, _ authorization: CodeRow.Authorization, client: OAuthClient,
        proof: String?
    ) async throws(OAuthError) -> TokenAnswer? {
        let grant = RefreshGrant(
            user: authorization.user, scopes: authorization.grant.scopes, resource: authorization.grant.resource,
            authenticatedAt: authorization.authenticatedAt)
        let access = try parts.minter.mint(
            AccessTokenClaims(
                grant, scopes: grant.scopes, clientID: client.id, tsid: stored.record.tsid, thumbprint: proof,
                lifespan: parts.rules.accessLifespan))
        let refresh = Self.getsRefreshToken(grant.scopes, client) ? parts.tokens.mint(.refreshToken) : nil
        var used = stored.record
        used.state = .used(accessExpiresAt: access.expiresAt)
        let outcome = try await storing { () async throws(StorageError) in
            var writes = [
                try parts.records.put(
                    used, signature, expires: used.forgottenAt(rules: parts.rules),
                    groups: [TokenGroups.login(used.tsid), TokenGroups.user(grant.user.id)])
            ]
            if let refresh {
                let now = parts.now()
                let family = RefreshFamily(
                    id: used.familyID, clientID: client.id, tsid: used.tsid,
                    thumbprint: client.isPublic ? proof : nil, createdAt: now,
                    endsAt: now.addingTimeInterval(parts.rules.familyLifespan))
                let row = RefreshTokenRow(
                    opening: family, grant: grant, accessExpiresAt: access.expiresAt, at: now, rules: parts.rules)
                writes.append(
                    try parts.records.put(row, refresh.signature, expires: family.endsAt, groups: row.groups))
            }
            return try await parts.records.storage.commit(
                StorageChanges(
                    conditions: [.version(parts.records.key(CodeRow.self, signature), stored.version)],
                    writes: writes))
        }
        switch outcome {
        case .conflict: return nil
        case .full: throw .noRoom
        case .committed: break
        }
        parts.audit.record(
            AuditEvent(.token, .success, clientID: client.id, userID: grant.user.id, family: used.familyID))
        return TokenAnswer(access, refreshToken: refresh?.value)
    }

    /// A code that comes a second time was stolen by one of the two who have it; which one, nobody knows.
    ///
    /// - Returns: false when the row changed meanwhile.
    private func endFamily(
        of stored: Stored<CodeRow>, signature: String, request: EndpointRequest
    ) async throws(OAuthError) -> Bool {
        guard case .used(let accessExpiresAt) = stored.record.state else { return false }
        let isEnded = try await parts.revocation.end(
            tsid: stored.record.tsid, accessExpiresAt: accessExpiresAt,
            if: [.version(parts.records.key(CodeRow.self, signature), stored.version)])
        guard isEnded else { return false }
        parts.audit.record(
            AuditEvent(
                .reuse, .denied, reason: "code", clientID: stored.record.clientID, family: stored.record.familyID,
                clientAddress: request.http.clientAddress))
        return true
    }

    private static func getsRefreshToken(_ scopes: [String], _ client: OAuthClient) -> Bool {
        client.grantTypes.contains(GrantType.refreshToken)
            && scopes.contains { $0 == "offline_access" || $0 == "offline" }
    }
}

extension AccessTokenClaims {
    /// - Parameter scopes: those of the grant, or fewer.
    init(
        _ grant: RefreshGrant, scopes: [String], clientID: String, tsid: String, thumbprint: String?,
        lifespan: Duration
    ) {
        self.init(
            subject: grant.user.id, audience: grant.resource, clientID: clientID, scopes: scopes, tsid: tsid,
            name: grant.user.name, email: grant.user.email, authTime: grant.authenticatedAt, thumbprint: thumbprint,
            lifespan: lifespan)
    }
}
