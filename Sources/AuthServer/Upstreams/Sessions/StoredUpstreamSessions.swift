// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging
package import Observability
import Storage

/// The upstream tokens of logins, one sealed row for each login and upstream.
package struct StoredUpstreamSessions: UpstreamSessions {
    /// Rows of one person that are looked at for a refresh token to carry over.
    static let carryLimit = 1000
    /// A token that is younger was not refused because of its age, and another one would not be better: a backend that
    /// takes none is no reason to ask the provider at every call.
    static let refusalPause: TimeInterval = 60
    static let maximumReasonBytes = UpstreamText.maximumCodeBytes

    private let records: RecordStore
    private let providers: [any UpstreamProvider]
    private let renewal: UpstreamRenewal
    private let renewals = SharedFlights<String, UpstreamRenewal.Outcome>()
    private let pauses: RenewalPauses
    private let recent = RecentUpstreamTokens()
    private let sessionLifetime: TimeInterval
    private let now: @Sendable () -> Date
    private let audit: AuditLog
    private let logger: Logger

    /// - Parameters:
    ///   - sessionLifetime: how long a login may last; rows of tokens that do not expire are kept as long.
    ///   - sleep: waits between attempts to store, and bounds a refresh.
    package init(
        records: RecordStore, providers: [any UpstreamProvider], sessionLifetime: Duration,
        now: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        audit: AuditLog, logger: Logger
    ) {
        let lifetime = TimeInterval(sessionLifetime.components.seconds)
        self.records = records
        self.providers = providers
        self.sessionLifetime = lifetime
        self.now = now
        self.audit = audit
        self.logger = logger
        pauses = RenewalPauses(now: now)
        renewal = UpstreamRenewal(
            records: records, providers: providers, sessionLifetime: lifetime, now: now, sleep: sleep, audit: audit,
            logger: logger)
    }

    package func store(
        _ login: UpstreamLogin, provider: String, tsid: String, user: ResolvedUser, clientID: String
    ) async throws(OAuthError) {
        let now = now()
        var tokens = UpstreamTokenRecord.Tokens(
            login, userID: user.id, clientID: clientID, sessionExpiresAt: now.addingTimeInterval(sessionLifetime),
            now: now)
        if tokens.refreshToken == nil { tokens.refreshToken = await carriedRefreshToken(for: tokens, provider) }
        try await put(
            UpstreamTokenRecord(provider: provider, content: .tokens(tokens)), tsid: tsid, expires: tokens.rowExpiry,
            groups: [UpstreamTokenRecord.group(userID: user.id)])
    }

    package func skip(provider: String, tsid: String, reason: String) async throws(OAuthError) {
        let reason = reason.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }
            .prefix(Self.maximumReasonBytes)
        try await put(
            UpstreamTokenRecord(
                provider: provider, content: .skipped(reason: String(String.UnicodeScalarView(reason)))),
            tsid: tsid, expires: now().addingTimeInterval(sessionLifetime), groups: [])
    }

    package func isSatisfied(provider: String, tsid: String) async throws(OAuthError) -> Bool {
        guard let record = try await record(provider, tsid) else { return false }
        guard let tokens = record.tokens else { return true }
        guard honours(tokens, provider) else { return false }
        guard !tokens.isUsable(at: now()) else { return true }
        guard case .renewed = await renew(provider, tsid) else { return false }
        return true
    }

    package func owner(tsid: String, provider: String) async throws(OAuthError) -> String? {
        try await record(provider, tsid)?.tokens?.userID
    }

    package func delete(tsid: String) async throws(OAuthError) {
        // Before and after: a reading in between must not bring back what is being forgotten.
        recent.forget(tsid: tsid)
        defer { recent.forget(tsid: tsid) }
        do throws(StorageError) {
            try await records.storage.deleteGroup(UpstreamTokenRecord.group(tsid: tsid))
        } catch {
            throw failure(error)
        }
    }

    package func accessToken(
        provider: String, tsid: String, userID: String
    ) async throws(UpstreamTokenError) -> Secret {
        let tokens = try await tokens(provider, tsid)
        try check(tokens, belongTo: userID, provider)
        guard honours(tokens, provider) else { throw .expired }
        guard tokens.isDue(at: now()) else { return Secret(tokens.accessToken) }
        switch await renew(provider, tsid) {
        case .renewed(let renewed):
            try check(renewed, belongTo: userID, provider)
            return Secret(renewed.accessToken)
        case .unanswered: return try rest(of: tokens, or: .unavailable)
        case .failed(let error, keepsToken: true): return try rest(of: tokens, or: error)
        case .failed(let error, keepsToken: false): throw error
        }
    }

    /// Renews a token that a backend refused.
    ///
    /// - Returns: whether there is another one now; false when there is nothing to renew it with, or it is new.
    package func renew(
        _ refused: Secret, provider: String, tsid: String, userID: String
    ) async throws(UpstreamTokenError) -> Bool {
        let tokens = try await tokens(provider, tsid)
        try check(tokens, belongTo: userID, provider)
        guard honours(tokens, provider) else { throw .expired }
        guard Secret(tokens.accessToken) == refused else { return true }
        guard tokens.refreshToken != nil, now().timeIntervalSince(tokens.issuedAt) >= Self.refusalPause else {
            return false
        }
        switch await renew(provider, tsid, refused: refused) {
        case .renewed(let renewed): return Secret(renewed.accessToken) != refused
        case .unanswered: throw .unavailable
        case .failed(let error, _): throw error
        }
    }

    /// What the tokens of a login are bound to.
    package func binding(
        provider: String, tsid: String, userID: String
    ) async throws(UpstreamTokenError) -> UpstreamBinding? {
        let tokens = try await tokens(provider, tsid)
        try check(tokens, belongTo: userID, provider)
        return tokens.binding
    }

    /// A provider that is no longer configured has nothing against its tokens: nobody uses them but as before.
    private func honours(_ tokens: UpstreamTokenRecord.Tokens, _ provider: String) -> Bool {
        providers.first { $0.name == provider }?.honours(tokens.binding) ?? true
    }

    private func tokens(
        _ provider: String, _ tsid: String
    ) async throws(UpstreamTokenError) -> UpstreamTokenRecord.Tokens {
        if let tokens = recent.find(provider, tsid: tsid, at: now()) { return tokens }
        let changes = recent.changes
        let stored: UpstreamTokenRecord?
        do throws(OAuthError) {
            stored = try await record(provider, tsid)
        } catch {
            throw .unavailable
        }
        guard let tokens = stored?.tokens else { throw .missing }
        recent.keep(tokens, provider, tsid: tsid, at: now(), since: changes)
        return tokens
    }

    /// Tokens are renewed early; what is left of the old one bridges a bad moment.
    private func rest(
        of tokens: UpstreamTokenRecord.Tokens, or error: UpstreamTokenError
    ) throws(UpstreamTokenError) -> Secret {
        guard tokens.isUsable(at: now()) else { throw error }
        return Secret(tokens.accessToken)
    }

    /// The `tsid` of a token is signed, so a pairing with another user is forged, or a mistake of ours. To the caller
    /// it is a login that does not exist.
    private func check(
        _ tokens: UpstreamTokenRecord.Tokens, belongTo userID: String, _ provider: String
    ) throws(UpstreamTokenError) {
        guard !UpstreamText.areEqual(tokens.userID, userID) else { return }
        audit.record(
            AuditEvent(.token, .denied, reason: "upstream_owner_mismatch", userID: userID, provider: provider))
        throw .missing
    }

    /// Parallel callers share one refresh, and a failure is not repeated at once.
    private func renew(
        _ provider: String, _ tsid: String, refused: Secret? = nil
    ) async -> UpstreamRenewal.Outcome {
        let id = UpstreamTokenRecord.id(tsid: tsid, provider: provider)
        if pauses.holds(id) { return .unanswered }
        return await renewals.run(id) { [renewal, pauses, recent] in
            let outcome = await renewal.run(provider: provider, tsid: tsid, refused: refused)
            recent.forget(tsid: tsid)
            pauses.note(outcome, id)
            return outcome
        }
    }

    /// The refresh token of the person's newest login at the provider. Some providers give one at the first login only.
    private func carriedRefreshToken(for tokens: UpstreamTokenRecord.Tokens, _ provider: String) async -> String? {
        let rows: [(key: StorageKey, row: StoredRow)]
        do throws(StorageError) {
            rows = try await records.storage.rows(
                inGroup: UpstreamTokenRecord.group(userID: tokens.userID), limit: Self.carryLimit)
        } catch {
            logger.warning(
                "Earlier upstream tokens could not be read, the login goes on without a refresh token",
                metadata: ["provider": "\(provider)", "reason": "\(error)"])
            return nil
        }
        let earlier = rows.compactMap { key, row -> UpstreamTokenRecord.Tokens? in
            let stored: Stored<UpstreamTokenRecord>? = try? records.decode(row, key)
            guard let record = stored?.record, record.provider == provider, let tokens = record.tokens else {
                return nil
            }
            return tokens
        }
        let newest = earlier.filter { earlier in
            earlier.refreshToken != nil && earlier.binding.isSameClient(as: tokens.binding)
                && UpstreamText.areEqual(earlier.userID, tokens.userID)
                && (UpstreamText.areEqual(earlier.subject, tokens.subject)
                    || (earlier.isSynthetic && tokens.isSynthetic))
        }.max { $0.issuedAt < $1.issuedAt }
        if newest != nil {
            // Revoking either login at the provider now ends both: worth a trace.
            audit.record(
                AuditEvent(
                    .login, .success, reason: "refresh_token_carried", userID: tokens.userID, provider: provider))
        }
        return newest?.refreshToken
    }

    private func record(_ provider: String, _ tsid: String) async throws(OAuthError) -> UpstreamTokenRecord? {
        do throws(StorageError) {
            return try await records.load(
                UpstreamTokenRecord.self, UpstreamTokenRecord.id(tsid: tsid, provider: provider))?.record
        } catch {
            throw failure(error)
        }
    }

    private func put(
        _ record: UpstreamTokenRecord, tsid: String, expires: Date?, groups: [String]
    ) async throws(OAuthError) {
        defer { recent.forget(tsid: tsid) }
        let outcome: StorageOutcome
        do throws(StorageError) {
            let write = try records.put(
                record, UpstreamTokenRecord.id(tsid: tsid, provider: record.provider), expires: expires,
                groups: [UpstreamTokenRecord.group(tsid: tsid)] + groups)
            outcome = try await records.storage.commit(StorageChanges(writes: [write]))
        } catch {
            throw failure(error)
        }
        guard outcome == .committed else {
            logger.error(
                "No room for the tokens of another login",
                metadata: ["limit": "\(UpstreamTokenRecord.table.capacity ?? 0)"])
            throw OAuthError(.temporarilyUnavailable, "The authorization server cannot take another login")
        }
    }

    private func failure(_ error: StorageError) -> OAuthError {
        logger.error("Upstream tokens cannot be read or written", metadata: ["reason": "\(error)"])
        return .storage
    }
}
