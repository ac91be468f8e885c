// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Logging
package import Storage

/// People and their identities at upstreams, in the store.
///
/// There is no linking: the same human at two first providers is two users, because nothing that a provider says about
/// an e-mail address makes two accounts one person.
package struct StoredAccounts: Accounts {
    private let records: RecordStore
    private let now: @Sendable () -> Date
    private let makeID: @Sendable () -> String
    private let logger: Logger

    /// - Parameter makeID: a fresh UUID.
    package init(
        records: RecordStore, now: @escaping @Sendable () -> Date,
        makeID: @escaping @Sendable () -> String = { UUID().uuidString.lowercased() }, logger: Logger
    ) {
        self.records = records
        self.now = now
        self.makeID = makeID
        self.logger = logger
    }

    package func resolve(_ login: UpstreamLogin, provider: String) async throws(OAuthError) -> ResolvedUser {
        // Nobody could be found again by it, so nothing is kept.
        guard !login.isSynthetic else { return Self.user(login.subject, login) }
        do throws(StorageError) {
            if let userID = try await known(login, provider) { return Self.user(userID, login) }
            let userID = makeID()
            switch try await create(userID, login, provider) {
            case .committed: return Self.user(userID, login)
            case .conflict:
                // Another login of the same person was faster: it made the user.
                guard let userID = try await known(login, provider) else { throw StorageError.unavailable("conflict") }
                return Self.user(userID, login)
            case .full: break
            }
        } catch {
            logger.error("Accounts cannot be read or written", metadata: ["reason": "\(error)"])
            throw .storage
        }
        logger.error("No room for another user", metadata: ["limit": "\(UserRecord.table.capacity ?? 0)"])
        throw OAuthError(.temporarilyUnavailable, "The authorization server cannot take another user")
    }

    /// Forgets a person: the user, the identities and the upstream tokens.
    package func delete(userID: String) async throws(StorageError) {
        _ = try await records.storage.commit(
            StorageChanges(
                writes: [
                    .delete(records.key(UserRecord.self, userID)),
                    .deleteGroup(IdentityRecord.group(userID: userID)),
                    .deleteGroup(UpstreamTokenRecord.group(userID: userID)),
                ]))
    }

    private func known(_ login: UpstreamLogin, _ provider: String) async throws(StorageError) -> String? {
        let id = IdentityRecord.id(provider: provider, subject: login.subject)
        guard let stored = try await records.load(IdentityRecord.self, id) else { return nil }
        await noteUse(of: stored, id)
        return stored.record.userID
    }

    /// User and identity at once, and only if nobody else made the identity meanwhile.
    private func create(
        _ userID: String, _ login: UpstreamLogin, _ provider: String
    ) async throws(StorageError) -> StorageOutcome {
        let id = IdentityRecord.id(provider: provider, subject: login.subject)
        let now = now()
        let identity = IdentityRecord(
            userID: userID, provider: provider, subject: login.subject, linkedAt: now, lastUsedAt: now)
        return try await records.storage.commit(
            StorageChanges(
                conditions: [.absent(records.key(IdentityRecord.self, id))],
                writes: [
                    try records.put(UserRecord(id: userID, createdAt: now), userID, expires: nil),
                    try records.put(identity, id, expires: nil, groups: [IdentityRecord.group(userID: userID)]),
                ]))
    }

    /// Best effort: a login does not fail for it, and a conflict means that another one noted it.
    private func noteUse(of stored: Stored<IdentityRecord>, _ id: String) async {
        var identity = stored.record
        identity.lastUsedAt = now()
        do throws(StorageError) {
            _ = try await records.replace(
                identity, id, version: stored.version, expires: nil,
                groups: [IdentityRecord.group(userID: identity.userID)])
        } catch {
            logger.debug("The last use of an identity was not noted", metadata: ["reason": "\(error)"])
        }
    }

    private static func user(_ id: String, _ login: UpstreamLogin) -> ResolvedUser {
        ResolvedUser(id: id, name: login.name, email: login.email)
    }
}
