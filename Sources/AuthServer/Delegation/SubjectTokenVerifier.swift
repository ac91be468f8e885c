// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import CEL
import JSONTypes

/// Verifies what an exchange presents: tokens of this server, and of the issuers that the operator trusts for it.
struct SubjectTokenVerifier: Sendable {
    let own: OwnTokenVerifier
    let trusted: TrustedTokenVerifier
    let issuers: [TrustedIssuer]

    /// The subject of a token of either kind. Who issued it is read before anything is believed, and only chooses the
    /// keys.
    func subject(_ text: String) async throws(PresentedTokenError) -> SubjectToken {
        let token = try Self.parse(text)
        guard let issuer = token.payload["iss"]?.string else { throw .issuer }
        if issuer.isExactly(own.issuer) { return try await own.verify(token) }
        guard let known = issuers.first(where: { $0.issuer.isExactly(issuer) }),
            let audience = known.expectedAudience
        else { throw .issuer }
        return try await subject(token, of: known, audience: audience)
    }

    /// The subject of a token of this server: an actor is never somebody else's.
    func actor(_ text: String) async throws(PresentedTokenError) -> SubjectToken {
        try await own.verify(Self.parse(text))
    }

    static func parse(_ text: String) throws(PresentedTokenError) -> CompactJWS {
        let token: CompactJWS
        do throws(JWSError) {
            token = try CompactJWS(parsing: text)
        } catch {
            throw .malformed
        }
        guard token.algorithm != nil else { throw .algorithm }
        return token
    }

    private func subject(
        _ token: CompactJWS, of issuer: TrustedIssuer, audience: String
    ) async throws(PresentedTokenError) -> SubjectToken {
        guard TrustedTokenVerifier.hasType(token, among: ["JWT", "at+jwt"]) else { throw .type }
        let (claims, expires) = try await trusted.verify(token, of: issuer, audiences: [audience])
        let actor = claims.label(issuer.actorClaim).flatMap { PresentedClaims.isName($0) ? $0 : nil }
        let mayAct = try MayAct.subject(in: claims, issuer: own.issuer, isIssuerRequired: true)
        if mayAct == nil {
            let isListed = actor.map { issuer.allowedActors.containsExactly($0) } ?? false
            // An expression that fails is not true, and so accepts nobody.
            guard isListed || issuer.actorMatcher?.matches(claims: claims.payload) == true else { throw .actor }
        } else if !issuer.allowsMayAct {
            // The token restricts who may act; to look away would be to widen it.
            throw .mayAct
        }
        return try SubjectToken(
            claims, from: .trusted(issuer, actor: actor),
            subject: SubjectToken.name(of: claims.subject(), at: issuer.issuer), expiresAt: expires, mayAct: mayAct)
    }
}
