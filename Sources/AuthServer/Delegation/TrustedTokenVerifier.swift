// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes

/// What tokens of other issuers must be, whether they are subjects of an exchange or assertions.
struct TrustedTokenVerifier: Sendable {
    /// How far an issuer's clock may be ahead of ours.
    static let leeway: TimeInterval = 60

    let keys: TrustedIssuerKeys
    let now: @Sendable () -> Date

    /// - Parameter audiences: one of these must be in `aud`, letter by letter.
    /// - Returns: the claims, and when the token ends.
    func verify(
        _ token: CompactJWS, of issuer: TrustedIssuer, audiences: [String]
    ) async throws(PresentedTokenError) -> (claims: PresentedClaims, expiresAt: Date) {
        let isSigned: Bool
        do throws(RemoteKeySetError) {
            isSigned = try await keys.isSigned(token, by: issuer)
        } catch {
            throw .keys
        }
        guard isSigned else { throw .signature }
        let claims = PresentedClaims(payload: token.payload)
        guard let name = try claims.text("iss"), name.isExactly(issuer.issuer) else { throw .issuer }
        guard try claims.audiences().contains(where: audiences.containsExactly) else { throw .audience }
        let expires = try claims.checkTimes(at: now(), leeway: Self.leeway)
        guard !claims.hasIDTokenMarkers else { throw .idToken }
        _ = try claims.subject()
        return (claims, expires)
    }

    /// No `typ`, an empty one, or one of `names`.
    static func hasType(_ token: CompactJWS, among names: [String]) -> Bool {
        guard let type = token.type, !type.isEmpty else { return true }
        return names.contains(where: token.hasType)
    }
}
