// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging
package import Storage

/// Ends everything that came of a login: its code and refresh tokens, its access tokens, its upstream tokens.
///
/// Used when a code or refresh token is reused, when a client revokes, and when an operator logs a person out.
package struct FamilyRevocation: Sendable {
    /// Upstream rows live 30 days longer than their token; so long is it worth remembering to remove them.
    static let removalLifespan: TimeInterval = 60 * 24 * 3600

    /// Of finding a person's rows: a round ends all that it finds.
    static let maximumRounds = 100

    let records: RecordStore
    let denials: Denials
    let upstreams: any UpstreamSessions
    let rules: TokenRules
    let logger: Logger
    let now: @Sendable () -> Date

    package init(
        records: RecordStore, denials: Denials, upstreams: any UpstreamSessions, rules: TokenRules, logger: Logger,
        now: @escaping @Sendable () -> Date
    ) {
        self.records = records
        self.denials = denials
        self.upstreams = upstreams
        self.rules = rules
        self.logger = logger
        self.now = now
    }

    /// Ends a login and its family in one commit; then the resource server refuses its tokens, and its upstream tokens are forgotten.
    ///
    /// What happens after the commit cannot undo it: a failure there is logged, and made good by `resume`.
    ///
    /// - Parameters:
    ///   - accessExpiresAt: when its last access token expires, as far as the caller knows.
    ///   - conditions: what the decision is based on.
    /// - Returns: false when a condition does not hold; then nothing happened.
    package func end(
        tsid: String, accessExpiresAt: Date, if conditions: [StorageCondition] = []
    ) async throws(OAuthError) -> Bool {
        let denial = DenialRow(.tsid(tsid), until: denialEnd(accessExpiresAt))
        let removal = UpstreamRemoval(tsid: tsid)
        let kill = StorageWrite.deleteGroup(TokenGroups.login(tsid))
        var outcome = try await storing { () async throws(StorageError) in
            try await records.storage.commit(
                StorageChanges(
                    conditions: conditions,
                    writes: [
                        kill, denials.write(denial),
                        records.put(
                            removal, removal.id, expires: now().addingTimeInterval(Self.removalLifespan),
                            groups: [UpstreamRemoval.group]),
                    ]))
        }
        if case .full(let table) = outcome {
            // A full table must not keep a stolen token alive; only a restart would forget what is then in memory.
            logger.error(
                "No room to remember a revocation; it holds until the next start", metadata: ["table": "\(table.name)"])
            outcome = try await storing { () async throws(StorageError) in
                try await records.storage.commit(StorageChanges(conditions: conditions, writes: [kill]))
            }
        }
        guard outcome == .committed else { return false }
        denials.enforce(denial)
        await forgetUpstream(removal)
        return true
    }

    /// Ends every login of a person, and codes that were not redeemed yet.
    ///
    /// - Returns: how many rows of tokens were found.
    @discardableResult
    package func endAll(user: String) async throws(OAuthError) -> Int {
        var count = 0
        for _ in 0..<Self.maximumRounds {
            let rows = try await storing { () async throws(StorageError) in
                try await records.storage.rows(inGroup: TokenGroups.user(user), limit: StorageLimits.groupRows)
            }
            guard !rows.isEmpty else { return count }
            count += rows.count
            var ended: Set<String> = []
            for (key, row) in rows {
                let (tsid, expires) = try await storing { () async throws(StorageError) in
                    try origin(of: row, key)
                }
                // The rows of a login go together.
                guard ended.insert(tsid).inserted else { continue }
                _ = try await end(tsid: tsid, accessExpiresAt: expires)
            }
        }
        throw .contention
    }

    /// Forgets upstream tokens that an earlier revocation could not; at start, and now and then.
    package func resume() async throws(StorageError) {
        let rows = try await records.storage.rows(inGroup: UpstreamRemoval.group, limit: StorageLimits.groupRows)
        for (key, row) in rows {
            let removal: Stored<UpstreamRemoval> = try records.decode(row, key)
            guard await forgetUpstream(removal.record) else { return }
        }
    }

    /// Every access token that was issued until now expires before; the known expiry counts when the clock went back or
    /// the lifespan was shortened since.
    private func denialEnd(_ accessExpiresAt: Date) -> Date {
        let latest = now().addingTimeInterval(rules.accessLifespan.timeInterval)
        return max(latest, accessExpiresAt).addingTimeInterval(rules.denialMargin)
    }

    private func origin(
        of row: StoredRow, _ key: StorageKey
    ) throws(StorageError) -> (tsid: String, accessExpiresAt: Date) {
        if key.table == CodeRow.table {
            let code: Stored<CodeRow> = try records.decode(row, key)
            guard case .used(let expires) = code.record.state else { return (code.record.tsid, code.record.expiresAt) }
            return (code.record.tsid, expires)
        }
        let token: Stored<RefreshTokenRow> = try records.decode(row, key)
        return (token.record.family.tsid, token.record.accessExpiresAt)
    }

    @discardableResult
    private func forgetUpstream(_ removal: UpstreamRemoval) async -> Bool {
        do throws(OAuthError) {
            try await upstreams.delete(tsid: removal.tsid)
            try await storing { () async throws(StorageError) in
                try await records.storage.delete(records.key(UpstreamRemoval.self, removal.id))
            }
            return true
        } catch {
            logger.warning(
                "Upstream tokens of a revoked login are not removed yet", metadata: ["error": "\(error.code.rawValue)"])
            return false
        }
    }
}
