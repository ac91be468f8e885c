// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation
internal import JSONTypes
internal import Storage

/// `POST /oauth/revoke` (RFC 7009): a client gives up a token.
///
/// `token_type_hint` is not needed: the two kinds of tokens look different.
package struct RevocationEndpoint: AuthEndpoint {
    package let rules = EndpointRules(
        methods: ["POST"], content: .form, limitClass: .token, allowsCrossOrigin: true)

    private let issuer: String
    private let records: RecordStore
    private let tokens: OpaqueTokens
    private let keys: any PublicKeyProvider
    private let revocation: FamilyRevocation
    private let denials: Denials
    private let tokenRules: TokenRules
    private let authenticate: ClientAuthentication
    private let rendering: any AnswerRendering
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    package init(
        issuer: String, records: RecordStore, tokens: OpaqueTokens, keys: any PublicKeyProvider,
        revocation: FamilyRevocation, denials: Denials, rules: TokenRules,
        authenticate: @escaping ClientAuthentication, rendering: any AnswerRendering, audit: AuditLog,
        now: @escaping @Sendable () -> Date
    ) {
        self.issuer = issuer
        self.records = records
        self.tokens = tokens
        self.keys = keys
        self.revocation = revocation
        self.denials = denials
        tokenRules = rules
        self.authenticate = authenticate
        self.rendering = rendering
        self.audit = audit
        self.now = now
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        var event = AuditEvent(.revoke, .success, clientAddress: request.http.clientAddress)
        do throws(OAuthError) {
            let client = try await authenticate(request)
            event.clientID = client.id
            guard let token = request.parameters["token"] else {
                throw OAuthError(.invalidRequest, "The parameter token is missing")
            }
            if let signature = tokens.verify(token, as: .refreshToken) {
                event.family = try await revoke(refreshToken: signature, of: client)
                event.reason = event.family == nil ? "unknown" : "refresh_token"
            } else if let claims = accessToken(token) {
                try await revoke(claims, of: client)
                event.reason = "access_token"
            } else {
                event.reason = "unknown"
            }
            audit.record(event)
            return AuthResponse(status: 200)
        } catch {
            // 503 tells the client that the token still exists and to come back (RFC 7009 §2.2.1).
            let error = error.code == .serverError ? Self.unavailable : error
            event.outcome = .failure
            event.reason = error.code.rawValue
            audit.record(event)
            return rendering.json(error, to: request.http)
        }
    }

    private static let unavailable = OAuthError(
        .serverError, "The authorization server cannot reach its state", status: 503, retryAfter: 5)
    private static let otherClient = OAuthError(
        .unauthorizedClient, "The token was issued to another client", status: 400)

    /// - Returns: the family that was ended; `nil` when the token is not known any more.
    private func revoke(refreshToken signature: String, of client: OAuthClient) async throws(OAuthError) -> String? {
        let stored = try await storing { () async throws(StorageError) in
            try await records.load(RefreshTokenRow.self, signature)
        }
        guard let row = stored?.record else { return nil }
        guard row.family.clientID.utf8.elementsEqual(client.id.utf8) else { throw Self.otherClient }
        _ = try await revocation.end(tsid: row.family.tsid, accessExpiresAt: row.accessExpiresAt)
        return row.family.id
    }

    private func revoke(_ token: AccessToken, of client: OAuthClient) async throws(OAuthError) {
        guard token.clientID.utf8.elementsEqual(client.id.utf8) else { throw Self.otherClient }
        try await denials.deny(
            DenialRow(.jti(token.id), until: token.expiresAt.addingTimeInterval(tokenRules.denialMargin)))
    }

    private struct AccessToken {
        let id: String
        let clientID: String
        let expiresAt: Date
    }

    /// An access token of ours that has not expired.
    private func accessToken(_ text: String) -> AccessToken? {
        guard let jws = try? CompactJWS(parsing: text), let keyID = jws.keyID,
            keys.publicKeys().contains(where: { $0.id.utf8.elementsEqual(keyID.utf8) && jws.isSigned(by: $0) }),
            let issuer = jws.payload["iss"]?.string, issuer.utf8.elementsEqual(self.issuer.utf8),
            let id = jws.payload["jti"]?.string, let clientID = jws.payload["client_id"]?.string,
            let expires = jws.payload["exp"]?.int
        else { return nil }
        let expiresAt = Date(timeIntervalSince1970: TimeInterval(expires))
        guard now() < expiresAt else { return nil }
        return AccessToken(id: id, clientID: clientID, expiresAt: expiresAt)
    }
}
