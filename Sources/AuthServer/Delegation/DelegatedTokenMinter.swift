// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import Observability

/// Makes access tokens that end no later than the token that they were given for.
struct DelegatedTokenMinter: Sendable {
    /// The clock may pass a second while a token is made; twice in a row it does not.
    private static let attempts = 3

    let minter: AccessTokenMinter
    let now: @Sendable () -> Date

    enum Failure: Error, Sendable, Hashable {
        /// The token that it is given for has ended, or has no whole second left.
        case expired
        /// Longer than what resource servers read.
        case tooLarge
        case server(OAuthError)
    }

    /// - Parameters:
    ///   - claims: with the longest lifespan that the settings allow.
    ///   - limit: the end of the presented token.
    func mint(_ claims: AccessTokenClaims, until limit: Date) throws(Failure) -> MintedToken {
        for _ in 0..<Self.attempts {
            let remaining = Int(limit.timeIntervalSince1970 - now().timeIntervalSince1970.rounded(.down))
            guard remaining >= 1, now() < limit else { throw .expired }
            var claims = claims
            claims.lifespan = min(claims.lifespan, .seconds(remaining))
            let token: MintedToken
            do throws(OAuthError) {
                token = try minter.mint(claims)
            } catch {
                throw .server(error)
            }
            guard token.token.exposed.utf8.count <= CompactJWS.maximumBytes else { throw .tooLarge }
            if token.expiresAt <= limit { return token }
        }
        throw .expired
    }
}
