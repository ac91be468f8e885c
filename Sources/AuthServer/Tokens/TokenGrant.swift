// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// One way to get tokens at the token endpoint, chosen by `grant_type`.
///
/// A grant records the audit event of its own outcome: it alone knows whom the tokens are for.
package protocol TokenGrant: Sendable {
    var grantType: String { get }
    /// Whether the grant carries its own proof of who asks (RFC 7523), so that a request without any client credential
    /// is not authenticated.
    var isCredentialFree: Bool { get }

    /// - Parameters:
    ///   - client: authenticated, and allowed to use the grant; `nil` only where `isCredentialFree`.
    ///   - proof: the thumbprint of the key that the request's DPoP proof is of.
    func answer(
        _ request: EndpointRequest, client: OAuthClient?, proof: String?
    ) async throws(OAuthError) -> TokenAnswer
}

extension TokenGrant {
    package var isCredentialFree: Bool { false }
}

/// What the grants work with that give out the tokens of a sign-in.
package struct SignInGrantParts: Sendable {
    let records: RecordStore
    let tokens: OpaqueTokens
    let minter: AccessTokenMinter
    let revocation: FamilyRevocation
    let rules: TokenRules
    let audit: AuditLog
    let now: @Sendable () -> Date

    package init(
        records: RecordStore, tokens: OpaqueTokens, minter: AccessTokenMinter, revocation: FamilyRevocation,
        rules: TokenRules, audit: AuditLog, now: @escaping @Sendable () -> Date
    ) {
        self.records = records
        self.tokens = tokens
        self.minter = minter
        self.revocation = revocation
        self.rules = rules
        self.audit = audit
        self.now = now
    }
}
