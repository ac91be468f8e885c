// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Observability
import Storage
import Synchronization
import TestSupport

@testable import AuthServer

/// A clock that stands still until it is told.
final class FlowClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    var now: Date { time.withLock { $0 } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

/// A store in memory that fails on demand, and counts what it is asked.
final class FlowStorage: Storage {
    struct Fault: Sendable {
        var reads = false
        var writes = false
        /// Only rows of this table; all when `nil`.
        var table: String?
    }

    private struct Meeting {
        var table: String
        var size: Int
        var rounds: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let inner: MemoryStorage
    private let state = Mutex((fault: Fault(), calls: 0))
    private let meeting = Mutex<Meeting?>(nil)

    init(now: @escaping @Sendable () -> Date) { inner = MemoryStorage(now: now) }

    var calls: Int { state.withLock { $0.calls } }
    func fail(_ fault: Fault) { state.withLock { $0.fault = fault } }

    private func check(_ tables: [String], isWrite: Bool) throws(StorageError) {
        let fault = state.withLock { state in
            state.calls += 1
            return state.fault
        }
        guard isWrite ? fault.writes : fault.reads else { return }
        guard let table = fault.table else { throw .unavailable("switched off") }
        if tables.contains(table) { throw .unavailable("switched off") }
    }

    /// Lets no reader of the table go on before so many of them have read, so many times.
    func gather(_ readers: Int, _ table: StorageTable, rounds: Int = 1) {
        meeting.withLock { $0 = Meeting(table: table.name, size: readers, rounds: rounds) }
    }

    private func meet(_ keys: [StorageKey]) async {
        await withCheckedContinuation { continuation in
            let released = meeting.withLock { meeting -> [CheckedContinuation<Void, Never>] in
                guard let table = meeting?.table, keys.contains(where: { $0.table.name == table }) else {
                    return [continuation]
                }
                meeting?.waiting.append(continuation)
                guard let full = meeting, full.waiting.count == full.size else { return [] }
                meeting = full.rounds > 1 ? Meeting(table: table, size: full.size, rounds: full.rounds - 1) : nil
                return full.waiting
            }
            for reader in released { reader.resume() }
        }
    }

    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] {
        try check(keys.map(\.table.name), isWrite: false)
        let rows = try await inner.load(keys)
        await meet(keys)
        return rows
    }

    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        try check([key.table.name], isWrite: true)
        return try await inner.take(key)
    }

    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        let keys = changes.writes.compactMap { write -> StorageKey? in
            switch write {
            case .put(let key, _, expires: _, groups: _), .delete(let key), .touch(let key, expires: _): key
            case .deleteGroup: nil
            }
        }
        try check(keys.map(\.table.name), isWrite: true)
        return try await inner.commit(changes)
    }

    func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try await inner.rows(inGroup: group, limit: limit)
    }

    func count(_ table: StorageTable) async throws(StorageError) -> Int { try await inner.count(table) }
    func check() async throws(StorageError) { try await inner.check() }
    func close() async throws(StorageError) { try await inner.close() }
}

final class FlowClients: ClientDirectory {
    private let state: Mutex<(clients: [String: OAuthClient], isDown: Bool)>

    init(_ clients: [OAuthClient]) {
        state = Mutex((Dictionary(uniqueKeysWithValues: clients.map { ($0.id, $0) }), false))
    }

    func client(_ id: String) async throws(ClientLookupError) -> OAuthClient {
        let (client, isDown) = state.withLock { ($0.clients[id], $0.isDown) }
        if isDown { throw .unavailable }
        guard let client else { throw .unknown }
        return client
    }

    func proveUse(of client: OAuthClient) async {}
    func goDown() { state.withLock { $0.isDown = true } }
    func remove(_ id: String) { state.withLock { $0.clients[id] = nil } }
    func change(_ id: String, _ body: @Sendable (inout OAuthClient) -> Void) {
        state.withLock { state in
            guard var client = state.clients[id] else { return }
            body(&client)
            state.clients[id] = client
        }
    }
}

final class FlowUpstream: FixedUpstream {
    struct Visit: Sendable, Hashable {
        var state: String
        var challenge: String
        var nonce: String
    }

    struct Exchange: Sendable, Hashable {
        var code: String
        var verifier: String
        var nonce: String
    }

    struct Script: Sendable {
        var urlError: UpstreamError?
        var issuer: String?
        var issuerError: UpstreamError?
        var result: Result<String, UpstreamError> = .success("alice")
        var isSynthetic = false
        /// How often it asks for less when its scopes are refused.
        var retreats = 0
    }

    let name: String
    let host: String
    let scopes: [String]
    let isOptional: Bool
    private let state = Mutex((script: Script(), visits: [Visit](), exchanges: [Exchange]()))
    private let onExchange = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ name: String, scopes: [String] = ["openid"], isOptional: Bool = false) {
        self.name = name
        host = "\(name).idp.example"
        self.scopes = scopes
        self.isOptional = isOptional
    }

    var visits: [Visit] { state.withLock { $0.visits } }
    var exchanges: [Exchange] { state.withLock { $0.exchanges } }
    func onExchange(_ body: @escaping @Sendable () -> Void) { onExchange.withLock { $0 = body } }
    func script(_ body: @Sendable (inout Script) -> Void) { state.withLock { body(&$0.script) } }

    func authorizationURL(
        state handle: String, codeChallenge: String, nonce: String
    ) async throws(UpstreamError) -> String {
        let script = state.withLock { $0.script }
        if let error = script.urlError { throw error }
        state.withLock { $0.visits.append(Visit(state: handle, challenge: codeChallenge, nonce: nonce)) }
        return "https://\(host)/authorize?state=\(handle)&code_challenge=\(codeChallenge)&nonce=\(nonce)"
    }

    func acceptsIssuer(_ issuer: String?) async throws(UpstreamError) -> Bool {
        let script = state.withLock { $0.script }
        if let error = script.issuerError { throw error }
        return script.issuer == nil ? issuer == nil || issuer == "https://\(host)" : issuer == script.issuer
    }

    func exchange(code: String, codeVerifier: String, nonce: String) async throws(UpstreamError) -> UpstreamLogin {
        let script = state.withLock { state in
            state.exchanges.append(Exchange(code: code, verifier: codeVerifier, nonce: nonce))
            return state.script
        }
        onExchange.withLock { $0 }?()
        await Task.yield()
        switch script.result {
        case .failure(let error): throw error
        case .success(let subject):
            return UpstreamLogin(
                subject: subject, name: "Name of \(subject)", email: nil, isSynthetic: script.isSynthetic,
                accessToken: Secret("upstream-access-\(name)-\(subject)"),
                refreshToken: Secret("upstream-refresh-\(name)-\(subject)"), idToken: nil, expiresAt: nil)
        }
    }

    func refresh(_ tokens: UpstreamTokens) async throws(UpstreamError) -> UpstreamTokens { tokens }

    func asksForLess(than binding: UpstreamBinding?, userID: String?) async -> Bool {
        state.withLock { state in
            guard userID != nil, state.script.retreats > 0 else { return false }
            state.script.retreats -= 1
            return true
        }
    }
}

final class FlowSessions: UpstreamSessions {
    struct Row: Sendable, Hashable {
        var provider: String
        var userID: String
        var subject: String
        var clientID: String
    }

    struct State: Sendable {
        var rows: [String: [Row]] = [:]
        var skipped: [String: [String: String]] = [:]
        var deleted: [String] = []
        var storeError: OAuthError?
        var satisfied: Set<String> = []
        var satisfiedError: OAuthError?
        var ownerOverride: String?
        var deleteError: OAuthError?
    }

    private let state = Mutex(State())

    var all: State { state.withLock { $0 } }
    func set(_ body: @Sendable (inout State) -> Void) { state.withLock { body(&$0) } }

    func store(
        _ login: UpstreamLogin, provider: String, tsid: String, user: ResolvedUser, clientID: String
    ) async throws(OAuthError) {
        if let error = all.storeError { throw error }
        state.withLock {
            $0.rows[tsid, default: []].append(
                Row(provider: provider, userID: user.id, subject: login.subject, clientID: clientID))
        }
    }

    func skip(provider: String, tsid: String, reason: String) async throws(OAuthError) {
        state.withLock { $0.skipped[tsid, default: [:]][provider] = reason }
    }

    func isSatisfied(provider: String, tsid: String) async throws(OAuthError) -> Bool {
        let state = all
        if let error = state.satisfiedError { throw error }
        return state.satisfied.contains(provider)
    }

    func owner(tsid: String, provider: String) async throws(OAuthError) -> String? {
        let state = all
        return state.ownerOverride ?? state.rows[tsid]?.first { $0.provider == provider }?.userID
    }

    func delete(tsid: String) async throws(OAuthError) {
        if let error = all.deleteError { throw error }
        state.withLock {
            $0.rows[tsid] = nil
            $0.deleted.append(tsid)
        }
    }

    func accessToken(
        provider: String, tsid: String, userID: String
    ) async throws(UpstreamTokenError) -> Secret { throw .missing }
}

final class FlowAccounts: Accounts {
    private let error = Mutex<OAuthError?>(nil)

    func fail(_ error: OAuthError) { self.error.withLock { $0 = error } }

    func resolve(_ login: UpstreamLogin, provider: String) async throws(OAuthError) -> ResolvedUser {
        if let error = error.withLock({ $0 }) { throw error }
        return ResolvedUser(id: "user-\(login.subject)", name: login.name, email: login.email)
    }
}

final class FlowCodes: CodeIssuing {
    private let state = Mutex((issued: [CompletedAuthorization](), error: OAuthError?.none))

    var issued: [CompletedAuthorization] { state.withLock { $0.issued } }
    func fail(_ error: OAuthError) { state.withLock { $0.error = error } }

    func issueCode(for authorization: CompletedAuthorization) async throws(OAuthError) -> String {
        await Task.yield()
        if let error = state.withLock({ $0.error }) { throw error }
        return state.withLock { state in
            state.issued.append(authorization)
            return "issued-code-\(state.issued.count)"
        }
    }
}

final class FlowProofs: ProofChecking {
    private let state = Mutex((answer: ProofCheck(.absent), asked: [(endpoint: String, isRequired: Bool)]()))

    var asked: [(endpoint: String, isRequired: Bool)] { state.withLock { $0.asked } }
    func answer(_ check: ProofCheck) { state.withLock { $0.answer = check } }

    func check(_ request: EndpointRequest, endpoint: String, isRequired: Bool) async -> ProofCheck {
        state.withLock { state in
            state.asked.append((endpoint, isRequired))
            return state.answer
        }
    }
}

/// Renders nothing, but remembers what it was given.
final class FlowRendering: AnswerRendering {
    private let state = Mutex((consents: [ConsentPage](), pages: [ErrorPage]()))

    var consents: [ConsentPage] { state.withLock { $0.consents } }
    var pages: [ErrorPage] { state.withLock { $0.pages } }

    func consent(_ page: ConsentPage) -> AuthResponse {
        state.withLock { $0.consents.append(page) }
        return AuthResponse(status: 200, headers: [("Content-Type", "text/html")], body: Array("consent".utf8))
    }

    func page(_ page: ErrorPage) -> AuthResponse {
        state.withLock { $0.pages.append(page) }
        return AuthResponse(status: page.status, headers: [("Content-Type", "text/html")], body: Array("page".utf8))
    }

    func direct(_ error: OAuthError, to request: AuthRequest) -> AuthResponse { json(error, to: request) }

    func json(_ error: OAuthError, to request: AuthRequest) -> AuthResponse {
        AuthResponse(
            status: error.status, headers: [("Content-Type", "application/json")],
            body: Array(#"{"error":"\#(error.code.rawValue)"}"#.utf8))
    }
}

extension RecordedLog {
    /// The audit events of one action, each with a space behind its last field as behind the others.
    func lines(_ action: String) -> [String] {
        lines.filter { "\($0.metadata["action"] ?? "")" == action }.map { $0.text + " " }
    }
}
