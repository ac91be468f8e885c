// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation
package import Logging
package import OutboundHTTP

/// The grants with which somebody gets a token for somebody else: exchange, and assertions where an issuer is trusted
/// for them.
package struct DelegationGrants: Sendable {
    package let grants: [any TokenGrant]

    package init(
        _ settings: AuthServerSettings, keys: any PublicKeyProvider, minter: AccessTokenMinter, records: RecordStore,
        denials: TokenDenials, http: any OutboundHTTPClient, audit: AuditLog, now: @escaping @Sendable () -> Date,
        logger: Logger
    ) {
        let own = OwnTokenVerifier(
            issuer: settings.issuer, types: Array(Set([JWTSigner.accessTokenType, settings.accessTokenType])),
            audiences: settings.allowedAudiences, keys: keys, denials: denials, records: records, now: now)
        let trusted = TrustedTokenVerifier(
            keys: TrustedIssuerKeys(settings.trustedIssuers, http: http, now: now, logger: logger), now: now)
        let delegated = DelegatedTokenMinter(minter: minter, now: now)
        var grants: [any TokenGrant] = [
            TokenExchangeGrant(
                settings,
                verifier: SubjectTokenVerifier(own: own, trusted: trusted, issuers: settings.trustedIssuers),
                minter: delegated, audit: audit)
        ]
        if settings.offersJWTBearer {
            grants.append(
                JWTBearerGrant(
                    settings, verifier: trusted, replays: AssertionReplays(storage: records.storage),
                    minter: delegated, audit: audit))
        }
        self.grants = grants
    }
}
