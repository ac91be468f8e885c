// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation
package import Logging
package import OutboundHTTP

/// The keys of the trusted issuers: from where the operator says, or where the issuer says, each within its own bounds
/// on addresses.
package struct TrustedIssuerKeys: Sendable {
    private let sets: [String: RemoteKeySet]

    package init(
        _ issuers: [TrustedIssuer], http: any OutboundHTTPClient, now: @escaping @Sendable () -> Date, logger: Logger
    ) {
        sets = Dictionary(
            issuers.map { issuer in
                (
                    issuer.issuer,
                    RemoteKeySet(
                        issuer: issuer.issuer, keySetURL: issuer.jwksURL, http: http, policy: issuer.addresses,
                        now: now, logger: logger)
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a key of the issuer signed the token, under an algorithm of the shared table that the key allows.
    ///
    /// - Throws: when the keys are not known, so that nobody can say.
    package func isSigned(_ token: CompactJWS, by issuer: TrustedIssuer) async throws(RemoteKeySetError) -> Bool {
        guard let algorithm = token.algorithm, let set = sets[issuer.issuer] else { return false }
        return try await set.keys(id: token.keyID, algorithm: algorithm).contains { token.isSigned(by: $0) }
    }
}
