// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
internal import Observability
internal import Storage

/// Makes authorization codes and finds them again.
package struct CodeStore: CodeIssuing {
    private let records: RecordStore
    private let tokens: OpaqueTokens
    private let rules: TokenRules
    private let random: any RandomSource
    private let now: @Sendable () -> Date

    package init(
        records: RecordStore, tokens: OpaqueTokens, rules: TokenRules, random: any RandomSource = SystemRandomSource(),
        now: @escaping @Sendable () -> Date
    ) {
        self.records = records
        self.tokens = tokens
        self.rules = rules
        self.random = random
        self.now = now
    }

    /// A new code, which is the only copy of it; the store gets its signature part.
    package func issueCode(for authorization: CompletedAuthorization) async throws(OAuthError) -> String {
        guard CodeVerifier.isChallenge(authorization.grant.codeChallenge) else {
            throw OAuthError(.invalidRequest, "The code_challenge is missing or malformed")
        }
        let code = tokens.mint(.authorizationCode)
        let row = CodeRow(
            authorization, familyID: RandomHandle.uuid(from: random),
            expiresAt: now().addingTimeInterval(rules.codeLifespan))
        let outcome = try await storing { () async throws(StorageError) in
            try await records.create(
                row, code.signature, expires: row.forgottenAt(rules: rules),
                groups: [TokenGroups.login(row.tsid), TokenGroups.user(authorization.user.id)])
        }
        switch outcome {
        case .committed: break
        case .full: throw .noRoom
        case .conflict: throw .storage
        }
        return code.value.exposed
    }
}
