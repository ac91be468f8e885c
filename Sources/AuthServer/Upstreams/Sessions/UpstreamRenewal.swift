// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Observability
import Storage

/// Renews the tokens of one row. Runs once at a time for a row, whoever asked.
struct UpstreamRenewal: Sendable {
    /// For all that is asked of the provider; the store has bounds of its own.
    static let timeout: Duration = .seconds(30)
    static let storeAttempts = 3
    static let storePause: Duration = .milliseconds(50)

    enum Outcome: Sendable {
        case renewed(UpstreamTokenRecord.Tokens)
        /// The provider gave no answer that says anything about this login; it may do so later.
        case unanswered
        /// - keepsToken: what is left of the old access token may still be used.
        case failed(UpstreamTokenError, keepsToken: Bool)
    }

    private typealias Row = Stored<UpstreamTokenRecord>

    private let records: RecordStore
    private let providers: [any UpstreamProvider]
    private let sessionLifetime: TimeInterval
    private let now: @Sendable () -> Date
    private let sleep: @Sendable (Duration) async throws -> Void
    private let audit: AuditLog
    private let logger: Logger

    init(
        records: RecordStore, providers: [any UpstreamProvider], sessionLifetime: TimeInterval,
        now: @escaping @Sendable () -> Date, sleep: @escaping @Sendable (Duration) async throws -> Void,
        audit: AuditLog, logger: Logger
    ) {
        self.records = records
        self.providers = providers
        self.sessionLifetime = sessionLifetime
        self.now = now
        self.sleep = sleep
        self.audit = audit
        self.logger = logger
    }

    /// - Parameter refused: an access token that the backend did not take, whatever its expiry says.
    func run(provider name: String, tsid: String, refused: Secret? = nil) async -> Outcome {
        let row: Row?
        do throws(StorageError) {
            row = try await load(name, tsid)
        } catch {
            logger.error("Upstream tokens cannot be read", metadata: ["provider": "\(name)", "reason": "\(error)"])
            return .failed(.unavailable, keepsToken: true)
        }
        guard let row, let tokens = row.record.tokens else { return .failed(.missing, keepsToken: false) }
        // Somebody else renewed them between our caller's look and ours.
        guard tokens.isDue(at: now()) || refused == Secret(tokens.accessToken) else { return .renewed(tokens) }
        guard tokens.refreshToken != nil else { return .failed(.expired, keepsToken: true) }
        guard let provider = providers.first(where: { $0.name == name }) else {
            return .failed(.missing, keepsToken: false)
        }
        switch await ask(provider, for: tokens) {
        case .success(let renewed):
            let renewed = tokens.renewed(by: renewed, sessionLifetime: sessionLifetime, now: now())
            return await save(renewed, over: row, tokens, tsid)
        case .failure(let error):
            return await give(up: error, row, tokens, tsid)
        }
    }

    private func ask(
        _ provider: any UpstreamProvider, for tokens: UpstreamTokenRecord.Tokens
    ) async -> Result<UpstreamTokens, UpstreamError> {
        let value = tokens.value(provider: provider.name)
        return await withTaskGroup(of: Result<UpstreamTokens, UpstreamError>?.self) { group in
            group.addTask {
                do throws(UpstreamError) {
                    return .success(try await provider.refresh(value))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask { [sleep] in
                try? await sleep(Self.timeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .failure(.unreachable)
        }
    }

    private func give(
        up error: UpstreamError, _ row: Row, _ tokens: UpstreamTokenRecord.Tokens, _ tsid: String
    ) async -> Outcome {
        let provider = row.record.provider
        audit.record(
            AuditEvent(
                .refresh, .failure, reason: error.word, userID: tokens.userID, provider: provider))
        switch error {
        case .unreachable, .invalidResponse, .notConfigured:
            return .unanswered
        case .refused(let code):
            if Self.passing.contains(code) { return .unanswered }
            // RFC 6749 section 5.2: this refresh token will never work again, so it is not tried again.
            if code == "invalid_grant" { await forgetRefreshToken(row, tokens, tsid) }
            return .failed(.expired, keepsToken: true)
        case .subjectChanged:
            await remove(provider, tsid)
            return .failed(.expired, keepsToken: false)
        case .invalidIDToken, .noSubject:
            return .failed(.expired, keepsToken: true)
        case .otherServer:
            return .failed(.expired, keepsToken: false)
        }
    }

    /// Refusals that say nothing about this login: signing in again would not help.
    private static let passing: Set<String> = [
        "server_error", "temporarily_unavailable", "slow_down", "invalid_client", "invalid_request",
    ]

    private func save(
        _ renewed: UpstreamTokenRecord.Tokens, over row: Row, _ old: UpstreamTokenRecord.Tokens, _ tsid: String
    ) async -> Outcome {
        let provider = row.record.provider
        var version = row.version
        for attempt in 1...Self.storeAttempts {
            if attempt > 1 { try? await sleep(Self.storePause) }
            do throws(StorageError) {
                if try await replace(renewed, provider, version, tsid) == .committed {
                    audit.record(AuditEvent(.refresh, .success, userID: renewed.userID, provider: provider))
                    return .renewed(renewed)
                }
                // Signed out meanwhile: the row must not come back.
                guard let current = try await load(provider, tsid), let theirs = current.record.tokens else {
                    return .failed(.missing, keepsToken: false)
                }
                guard theirs.isDue(at: now()) else { return .renewed(theirs) }
                guard theirs.refreshToken == nil || theirs.refreshToken == old.refreshToken else {
                    return .failed(.unavailable, keepsToken: true)
                }
                version = current.version
            } catch {
                logger.warning(
                    "Renewed upstream tokens could not be stored",
                    metadata: ["provider": "\(provider)", "attempt": "\(attempt)", "reason": "\(error)"])
            }
        }
        guard renewed.refreshToken != old.refreshToken else { return .renewed(renewed) }
        // The stored refresh token is spent; using it again may look like theft to the provider.
        logger.error(
            "A rotated upstream refresh token was lost, the person must sign in again",
            metadata: ["provider": "\(provider)"])
        await remove(provider, tsid)
        return .failed(.expired, keepsToken: false)
    }

    private func load(_ provider: String, _ tsid: String) async throws(StorageError) -> Row? {
        try await records.load(UpstreamTokenRecord.self, UpstreamTokenRecord.id(tsid: tsid, provider: provider))
    }

    private func replace(
        _ tokens: UpstreamTokenRecord.Tokens, _ provider: String, _ version: Int64, _ tsid: String
    ) async throws(StorageError) -> StorageOutcome {
        try await records.replace(
            UpstreamTokenRecord(provider: provider, content: .tokens(tokens)),
            UpstreamTokenRecord.id(tsid: tsid, provider: provider), version: version, expires: tokens.rowExpiry,
            groups: [UpstreamTokenRecord.group(tsid: tsid), UpstreamTokenRecord.group(userID: tokens.userID)])
    }

    private func forgetRefreshToken(_ row: Row, _ tokens: UpstreamTokenRecord.Tokens, _ tsid: String) async {
        var tokens = tokens
        tokens.refreshToken = nil
        do throws(StorageError) {
            _ = try await replace(tokens, row.record.provider, row.version, tsid)
        } catch {
            logger.warning(
                "A refused refresh token could not be removed",
                metadata: ["provider": "\(row.record.provider)", "reason": "\(error)"])
        }
    }

    private func remove(_ provider: String, _ tsid: String) async {
        let id = UpstreamTokenRecord.id(tsid: tsid, provider: provider)
        do throws(StorageError) {
            try await records.storage.delete(records.key(UpstreamTokenRecord.self, id))
        } catch {
            logger.error(
                "Upstream tokens that must not be used could not be removed",
                metadata: ["provider": "\(provider)", "reason": "\(error)"])
        }
    }
}

extension UpstreamError {
    /// For logs: one word, or the code that the upstream refused with.
    var word: String {
        switch self {
        case .unreachable: "unreachable"
        case .invalidResponse: "invalid_response"
        case .refused(let code): code
        case .invalidIDToken: "invalid_id_token"
        case .noSubject: "no_subject"
        case .subjectChanged: "subject_changed"
        case .notConfigured: "not_configured"
        case .otherServer: "other_server"
        }
    }
}
