// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import Storage

/// What a person was asked to grant beyond the usual at one remote MCP server, because its operations demanded it.
struct ScopeUpgradeRecord: StoredRecord {
    static let table = StorageTable("upstream-scope", capacity: 100_000)
    static let isSealed = false

    struct Attempt: Codable, Sendable {
        var count: Int
        /// The digest of the login that the last demand was made to: until the person has signed in again, the same demand
        /// is no new attempt.
        var login: String
        var at: Date
    }

    var scopes: [String]
    /// By the digest of the operation.
    var attempts: [String: Attempt]
}

/// What becomes of a demand for more scope.
package enum ScopeDemandOutcome: Sendable, Hashable {
    /// The next sign-in asks for it.
    case signInAgain
    /// The person signed in often enough for this, and it did not help.
    case exhausted
}

/// Remembers demands for more scope, and when to stop asking (MCP 2025-11-25, Authorization).
struct ScopeUpgrades: Sendable {
    static let maximumAttempts = 3
    /// How long a failed upgrade is remembered, and how many operations of one server may have one.
    static let attemptMemory: TimeInterval = 86_400
    static let maximumOperations = 32
    static let lifetime: TimeInterval = 90 * 86_400
    private static let storeAttempts = 3

    let records: RecordStore
    let now: @Sendable () -> Date

    /// A demand of one operation in one login.
    struct Demand: Sendable {
        let userID: String
        let provider: String
        let resource: String
        let operation: String
        let login: String
        /// The union of what was asked for before and what is demanded.
        let scopes: [String]

        var id: String { ScopeUpgrades.id(userID, provider, resource) }
    }

    /// What the person's next sign-in asks for besides the usual.
    func wanted(
        userID: String, provider: String, resource: String
    ) async throws(StorageError) -> [String] {
        try await records.load(ScopeUpgradeRecord.self, Self.id(userID, provider, resource))?.record.scopes ?? []
    }

    func note(_ demand: Demand) async throws(StorageError) -> ScopeDemandOutcome {
        for _ in 0..<Self.storeAttempts {
            let stored = try await records.load(ScopeUpgradeRecord.self, demand.id)
            var record = stored?.record ?? ScopeUpgradeRecord(scopes: [], attempts: [:])
            let outcome = record.note(demand, now: now())
            let expires = now().addingTimeInterval(Self.lifetime)
            let result =
                if let stored {
                    try await records.replace(record, demand.id, version: stored.version, expires: expires)
                } else {
                    try await records.create(record, demand.id, expires: expires)
                }
            switch result {
            case .committed: return outcome
            case .conflict: continue
            case .full: return .exhausted
            }
        }
        throw Self.unsteady
    }

    /// Forgets what was demanded if any of these scopes was. The attempts stay: what demands them again is not asked
    /// for without end.
    func drop(
        _ scopes: [String], userID: String, provider: String, resource: String
    ) async throws(StorageError) {
        let id = Self.id(userID, provider, resource)
        for _ in 0..<Self.storeAttempts {
            guard let stored = try await records.load(ScopeUpgradeRecord.self, id),
                stored.record.scopes.contains(where: scopes.contains)
            else { return }
            var record = stored.record
            record.scopes = []
            let outcome = try await records.replace(record, id, version: stored.version, expires: stored.expires)
            if outcome == .committed { return }
        }
        throw Self.unsteady
    }

    private static var unsteady: StorageError {
        .unavailable("a row of \(ScopeUpgradeRecord.table.name) changes all the time")
    }

    private static func id(_ userID: String, _ provider: String, _ resource: String) -> String {
        UpstreamRowID.id(userID, provider, resource)
    }
}

extension ScopeUpgradeRecord {
    mutating func note(_ demand: ScopeUpgrades.Demand, now: Date) -> ScopeDemandOutcome {
        attempts = attempts.filter { now.timeIntervalSince($0.value.at) < ScopeUpgrades.attemptMemory }
        let operation = UpstreamRowID.id(demand.operation)
        let login = UpstreamRowID.id(demand.login)
        var attempt = attempts[operation] ?? Attempt(count: 0, login: "", at: now)
        if attempt.login == login {
            // No new attempt, but it may be for something else.
            scopes = Self.union(scopes, demand.scopes)
            return .signInAgain
        }
        guard attempt.count < ScopeUpgrades.maximumAttempts,
            attempts[operation] != nil || attempts.count < ScopeUpgrades.maximumOperations
        else { return .exhausted }
        attempt.count += 1
        attempt.login = login
        attempt.at = now
        attempts[operation] = attempt
        scopes = Self.union(scopes, demand.scopes)
        return .signInAgain
    }

    /// In order of appearance, and bounded: more than that nobody is asked to grant.
    static func union(_ lists: [String]...) -> [String] {
        var union: [String] = []
        for scope in lists.joined() where !union.contains(scope) {
            guard union.count < AuthenticationChallenge.maximumScopes else { break }
            union.append(scope)
        }
        return union
    }
}
