// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Storage

/// Verifies access tokens that this server issued itself, with the keys that it publishes now.
struct OwnTokenVerifier: Sendable {
    let issuer: String
    /// `typ` headers of our access tokens.
    let types: [String]
    /// `allowed_audiences`.
    let audiences: [String]
    let keys: any PublicKeyProvider
    /// What is refused in this process, then what is refused in the store: another node may have written it.
    let denials: TokenDenials
    let records: RecordStore
    let now: @Sendable () -> Date

    /// - Throws: also `.revoked`, and `.storage` when nobody can say.
    func verify(_ token: CompactJWS) async throws(PresentedTokenError) -> SubjectToken {
        guard types.contains(where: token.hasType) else { throw .type }
        guard isSignedByUs(token) else { throw .signature }
        let claims = PresentedClaims(payload: token.payload)
        guard let issuer = try claims.text("iss"), issuer.isExactly(self.issuer) else { throw .issuer }
        guard try claims.audiences().contains(where: { ResourceName($0).isAny(of: audiences) }) else {
            throw .audience
        }
        let expires = try claims.checkTimes(at: now(), leeway: 0)
        guard !claims.hasIDTokenMarkers else { throw .idToken }
        let subject = try SubjectToken(
            claims, from: .own, subject: claims.subject(), expiresAt: expires,
            mayAct: MayAct.subject(in: claims, issuer: self.issuer, isIssuerRequired: false))
        try await checkDenials(tsid: claims.text("tsid"), jti: claims.text("jti"))
        return subject
    }

    /// A `kid` that is one of ours means that key; otherwise any key may be meant.
    private func isSignedByUs(_ token: CompactJWS) -> Bool {
        guard let algorithm = token.algorithm else { return false }
        let keys = JWKSet(keys: self.keys.publicKeys())
        let isNamed = token.keyID.map { id in keys.keys.contains { $0.id.isExactly(id) } } ?? false
        return keys.keys(id: isNamed ? token.keyID : nil, algorithm: algorithm).contains { token.isSigned(by: $0) }
    }

    private func checkDenials(tsid: String?, jti: String?) async throws(PresentedTokenError) {
        guard !denials.isDenied(tsid: tsid, jti: jti) else { throw .revoked }
        let moment = now()
        let ids = [tsid.map(DenialRow.Subject.tsid), jti.map(DenialRow.Subject.jti)].compactMap { subject in
            subject.map { DenialRow($0, until: moment).id }
        }
        guard !ids.isEmpty else { return }
        let rows: [Stored<DenialRow>?]
        do throws(StorageError) {
            rows = try await records.load(DenialRow.self, ids)
        } catch {
            throw .storage
        }
        guard rows.allSatisfy({ $0 == nil }) else { throw .revoked }
    }
}
