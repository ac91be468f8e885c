// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Storage

/// Refreshes access tokens (RFC 6749 §6), replacing the refresh token each time (RFC 9700 §4.14.2).
///
/// One load and one commit for a refresh that nobody interferes with.
package struct RefreshTokenGrant: TokenGrant {
    package let grantType = GrantType.refreshToken

    /// A row changes at most seven times after it was made: it is retired, repeated three times, spent and removed.
    static let maximumAttempts = 8

    private let parts: SignInGrantParts

    package init(_ parts: SignInGrantParts) { self.parts = parts }

    package func answer(
        _ request: EndpointRequest, client: OAuthClient?, proof: String?
    ) async throws(OAuthError) -> TokenAnswer {
        guard let client else { throw OAuthError(.invalidClient, "Client authentication is required") }
        do throws(Refused) {
            return try await refresh(Request(request, client: client, proof: proof))
        } catch {
            parts.audit.record(
                AuditEvent(
                    error.isReuse ? .reuse : .refresh, error.isReuse ? .denied : .failure, reason: error.reason,
                    clientID: client.id, family: error.family, clientAddress: request.http.clientAddress))
            throw error.error
        }
    }

    /// What a request asks for.
    private struct Request {
        let parameters: Parameters
        let client: OAuthClient
        let proof: String?

        init(_ request: EndpointRequest, client: OAuthClient, proof: String?) {
            parameters = request.parameters
            self.client = client
            self.proof = proof
        }
    }

    /// An error for the client, with what the audit log may know besides.
    private struct Refused: Error {
        var error: OAuthError
        var reason: String
        var family: String?
        var isReuse = false

        init(_ error: OAuthError, reason: String? = nil, family: String? = nil, isReuse: Bool = false) {
            self.error = error
            self.reason = reason ?? error.code.rawValue
            self.family = family
            self.isReuse = isReuse
        }
    }

    private func refresh(_ request: Request) async throws(Refused) -> TokenAnswer {
        guard let presented = request.parameters["refresh_token"] else {
            throw Refused(OAuthError(.invalidRequest, "The parameter refresh_token is missing"))
        }
        guard let signature = parts.tokens.verify(presented, as: .refreshToken) else {
            throw Refused(.invalidRefreshToken, reason: "unknown")
        }
        var access: MintedToken?
        for _ in 0..<Self.maximumAttempts {
            if let answer = try await attempt(request, presented, signature, &access) { return answer }
        }
        throw Refused(.contention)
    }

    /// - Parameter access: what an earlier attempt minted.
    /// - Returns: `nil` when somebody else changed the presented token meanwhile.
    private func attempt(
        _ request: Request, _ presented: String, _ signature: String, _ access: inout MintedToken?
    ) async throws(Refused) -> TokenAnswer? {
        guard let stored = try await load(signature) else { throw Refused(.invalidRefreshToken, reason: "unknown") }
        let presentation = RefreshPresentation(clientID: request.client.id, thumbprint: request.proof)
        var row = stored.record
        let moment = parts.now()
        let (minted, successor, user): (MintedToken, OpaqueToken, String)
        var next: RefreshTokenRow?
        switch row.present(presentation, at: moment, rules: parts.rules) {
        case .refuse(let refusal):
            throw Refused(.invalidRefreshToken, reason: refusal.rawValue, family: row.family.id)
        case .revoke(let reuse):
            guard try await revoke(stored, signature) else { return nil }
            throw Refused(.invalidRefreshToken, reason: reuse.rawValue, family: row.family.id, isReuse: true)
        case .rotate(let grant):
            user = grant.user.id
            minted = try mint(&access, grant, row.family, request)
            successor = parts.tokens.successor(of: presented)
            next = row.rotate(
                grant, to: successor.signature, from: signature, accessExpiresAt: minted.expiresAt, at: moment,
                rules: parts.rules)
        case .repeatSuccessor(let grant, let handedOut):
            user = grant.user.id
            minted = try mint(&access, grant, row.family, request)
            successor = try repeated(handedOut, presented, row.family)
            row.countRepeat(accessExpiresAt: minted.expiresAt)
        }
        guard try await commit(row, signature, stored.version, next: next.map { (successor.signature, $0) }) else {
            return nil
        }
        parts.audit.record(
            AuditEvent(.refresh, .success, clientID: row.family.clientID, userID: user, family: row.family.id))
        return TokenAnswer(minted, refreshToken: successor.value)
    }

    /// The successor that was handed out before, made again under whichever secret it was made.
    private func repeated(
        _ signature: String, _ presented: String, _ family: RefreshFamily
    ) throws(Refused) -> OpaqueToken {
        let candidates = parts.tokens.successors(of: presented)
        if let candidate = candidates.first(where: { $0.signature == signature }) { return candidate }
        // Its secret is no longer configured, so the successor itself is void.
        throw Refused(.invalidRefreshToken, reason: "secret", family: family.id)
    }

    // MARK: What is asked for

    /// The access token for the request, once everything that it asks for is within what was granted.
    ///
    /// - Parameter access: the one that an earlier attempt made: what it says cannot have changed.
    private func mint(
        _ access: inout MintedToken?, _ grant: RefreshGrant, _ family: RefreshFamily, _ request: Request
    ) throws(Refused) -> MintedToken {
        if let access { return access }
        do throws(OAuthError) {
            let scopes = try Self.scopes(request, grant)
            try check(request.parameters.all("resource"), grant)
            let minted = try parts.minter.mint(
                AccessTokenClaims(
                    grant, scopes: scopes, clientID: family.clientID, tsid: family.tsid, thumbprint: request.proof,
                    lifespan: parts.rules.accessLifespan))
            access = minted
            return minted
        } catch {
            throw Refused(error, family: family.id)
        }
    }

    /// A narrower scope affects this access token only; the family keeps what was granted.
    private static func scopes(_ request: Request, _ grant: RefreshGrant) throws(OAuthError) -> [String] {
        var scopes = grant.scopes
        if let requested = request.parameters["scope"] {
            let wanted = requested.split(separator: " ").map(String.init)
            guard !wanted.isEmpty, wanted.allSatisfy(grant.scopes.contains) else {
                throw OAuthError(.invalidScope, "The scope goes beyond what was granted")
            }
            scopes = grant.scopes.filter(wanted.contains)
        }
        guard grant.scopes.allSatisfy(request.client.scopes.contains) else {
            throw OAuthError(.invalidScope, "A granted scope is no longer registered for the client")
        }
        return scopes
    }

    private func check(_ resources: [String], _ grant: RefreshGrant) throws(OAuthError) {
        guard resources.count <= 1 else { throw .severalResources }
        if let resource = resources.first {
            guard let requested = canonicalResource(resource), requested == canonicalResource(grant.resource) else {
                throw .otherResource
            }
        }
        guard parts.rules.allows(grant.resource) else { throw .otherResource }
    }

    // MARK: The store

    private func load(_ signature: String) async throws(Refused) -> Stored<RefreshTokenRow>? {
        do throws(StorageError) {
            return try await parts.records.load(RefreshTokenRow.self, signature)
        } catch {
            throw Refused(.storage)
        }
    }

    /// Writes the presented token, its successor, and the marker of the one before it, whose grace ends with the first
    /// use of this one.
    ///
    /// - Returns: false when somebody else changed the presented token meanwhile.
    private func commit(
        _ row: RefreshTokenRow, _ signature: String, _ version: Int64, next: (signature: String, row: RefreshTokenRow)?
    ) async throws(Refused) -> Bool {
        var rows = [(signature, row)]
        if let next {
            rows.append(next)
            if let spent = row.spentPredecessor { rows.append(spent) }
        }
        let outcome: StorageOutcome
        do throws(StorageError) {
            var changes = StorageChanges(
                conditions: [.version(parts.records.key(RefreshTokenRow.self, signature), version)])
            for (signature, row) in rows {
                changes.writes.append(
                    try parts.records.put(row, signature, expires: row.family.endsAt, groups: row.groups))
            }
            outcome = try await parts.records.storage.commit(changes)
        } catch {
            throw Refused(.storage, family: row.family.id)
        }
        switch outcome {
        case .committed: return true
        case .conflict: return false
        case .full: throw Refused(.noRoom, family: row.family.id)
        }
    }

    /// - Returns: false when somebody else changed the presented token meanwhile.
    private func revoke(_ stored: Stored<RefreshTokenRow>, _ signature: String) async throws(Refused) -> Bool {
        let family = stored.record.family
        do throws(OAuthError) {
            return try await parts.revocation.end(
                tsid: family.tsid, accessExpiresAt: stored.record.accessExpiresAt,
                if: [.version(parts.records.key(RefreshTokenRow.self, signature), stored.version)])
        } catch {
            throw Refused(error, family: family.id)
        }
    }
}
