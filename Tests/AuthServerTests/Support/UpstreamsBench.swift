// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Observability
import Storage
import Synchronization
import TestSupport

@testable import AuthServer

/// A provider that refreshes as it is told, and counts.
final class ScriptedUpstream: FixedUpstream {
    typealias Refresh = @Sendable (UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens

    let name: String
    let host = "idp.example"
    let scopes = ["openid"]
    let isOptional = false
    private let state: Mutex<(refresh: Refresh, seen: [UpstreamTokens])>

    init(_ name: String, _ refresh: @escaping Refresh = { _ throws(UpstreamError) in throw .unreachable }) {
        self.name = name
        state = Mutex((refresh, []))
    }

    var refreshes: [UpstreamTokens] { state.withLock { $0.seen } }
    func onRefresh(_ refresh: @escaping Refresh) { state.withLock { $0.refresh = refresh } }

    func authorizationURL(state: String, codeChallenge: String, nonce: String) async throws(UpstreamError) -> String {
        throw .notConfigured
    }

    func acceptsIssuer(_ issuer: String?) async throws(UpstreamError) -> Bool { true }

    func exchange(code: String, codeVerifier: String, nonce: String) async throws(UpstreamError) -> UpstreamLogin {
        throw .notConfigured
    }

    func refresh(_ tokens: UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens {
        let refresh = state.withLock { state in
            state.seen.append(tokens)
            return state.refresh
        }
        return try await refresh(tokens)
    }
}

extension UpstreamTokens {
    func with(access: String, refresh: String? = nil, expiresAt: Date?) -> UpstreamTokens {
        var tokens = self
        tokens.accessToken = Secret(access)
        if let refresh { tokens.refreshToken = Secret(refresh) }
        tokens.expiresAt = expiresAt
        return tokens
    }
}

/// Sessions over a store in memory, with a clock that stands still.
struct UpstreamsBench {
    static let lifetime: Duration = .seconds(720 * 3600)

    let clock = UpstreamsClock()
    let storage: UpstreamsStorage
    let records: RecordStore
    let corp = ScriptedUpstream("corp")
    let hub = ScriptedUpstream("hub")
    let lines = RecordedLog()
    let sessions: StoredUpstreamSessions
    let alice = ResolvedUser(id: "user-alice", name: nil, email: nil)
    let bob = ResolvedUser(id: "user-bob", name: nil, email: nil)

    init(sleep: @escaping @Sendable (Duration) async throws -> Void = upstreamsSleep) throws {
        let clock = clock
        storage = UpstreamsStorage(now: { clock.now })
        records = try RecordStore.upstreams(storage)
        let logger = lines.logger
        sessions = StoredUpstreamSessions(
            records: records, providers: [corp, hub], sessionLifetime: Self.lifetime, now: { clock.now }, sleep: sleep,
            audit: AuditLog(logger: logger), logger: logger)
    }

    func store(
        _ login: UpstreamLogin, provider: String = "corp", tsid: String = "t1", user: ResolvedUser? = nil
    ) async throws {
        try await sessions.store(login, provider: provider, tsid: tsid, user: user ?? alice, clientID: "client-1")
    }

    func token(_ provider: String = "corp", tsid: String = "t1", user: String = "user-alice") async throws -> String {
        try await sessions.accessToken(provider: provider, tsid: tsid, userID: user).exposed
    }

    func inSeconds(_ seconds: TimeInterval) -> Date { clock.now.addingTimeInterval(seconds) }

    func row(_ provider: String = "corp", tsid: String = "t1") async throws -> Stored<UpstreamTokenRecord>? {
        try await records.load(UpstreamTokenRecord.self, UpstreamTokenRecord.id(tsid: tsid, provider: provider))
    }

    /// The next refreshes answer with these tokens.
    func refreshAnswers(access: String = "access-2", refresh: String? = nil, lifetime: TimeInterval? = 3600) {
        let clock = clock
        corp.onRefresh { tokens throws(UpstreamError) in
            tokens.with(
                access: access, refresh: refresh, expiresAt: lifetime.map { clock.now.addingTimeInterval($0) })
        }
    }

    func refreshFails(_ error: UpstreamError) {
        corp.onRefresh { _ throws(UpstreamError) in throw error }
    }
}
