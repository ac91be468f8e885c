// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Foundation
package import Logging
internal import Storage
internal import Synchronization

/// Why a registration could not be kept.
package enum ClientRegistryError: Error, Sendable, Hashable {
    /// As many clients as we keep, and none has been idle for long enough to make room.
    case full
    case unavailable
}

/// The clients that the operator configured and those that registered themselves (RFC 7591).
///
/// A registration lives for a day until its first successful token request, then for thirty days after the last one.
/// The operator's clients are never stored, never expire, and win over a stored client of the same identifier.
package final class ClientRegistry: ClientDirectory {
    package static let capacity = 10_000
    package static let unprovenLifetime: Duration = .seconds(24 * 3600)
    package static let provenLifetime: Duration = .seconds(30 * 24 * 3600)
    /// A new registration is not thrown out before it had time to be used.
    package static let unprovenGrace: Duration = .seconds(3600)
    /// A client in daily use is not thrown out for ones that nobody has used yet.
    package static let provenGrace: Duration = .seconds(24 * 3600)
    /// How many idle clients make room at once, so that a full table is not searched for every registration.
    package static let evictionBatch = 100
    /// Renewals closer together than this are not written.
    package static let renewalInterval: Duration = .seconds(3600)
    /// Client identifiers that we make up for grants without a client begin with this.
    package static let reservedPrefix = "synthetic:"
    private static let maximumIDBytes = 256
    private static let searchPause: Duration = .seconds(10)

    private let records: RecordStore
    private let configured: [String: OAuthClient]
    private let policy: ClientPolicy
    private let now: @Sendable () -> Date
    private let logger: Logger
    /// Until when a search for idle clients is known to find none.
    private let noRoomUntil = Mutex(Date.distantPast)

    package init(
        records: RecordStore, configured: [DelegateClient], policy: ClientPolicy,
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        self.records = records
        self.policy = policy
        self.now = now
        self.logger = logger
        let clients = configured.filter { !$0.id.hasPrefix(Self.reservedPrefix) }.map { Self.client($0, now()) }
        self.configured = Dictionary(clients.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The operator's client of this identifier.
    package func configuredClient(_ id: String) -> OAuthClient? {
        configured[id].flatMap { $0.id.utf8.elementsEqual(id.utf8) ? $0 : nil }
    }

    package func client(_ id: String) async throws(ClientLookupError) -> OAuthClient {
        if let client = configuredClient(id) { return client }
        guard (1...Self.maximumIDBytes).contains(id.utf8.count), !id.hasPrefix(Self.reservedPrefix) else {
            throw .unknown
        }
        do {
            let keys = [records.key(ClientRecord.self, id), records.key(ClientUseRecord.self, id)]
            let rows = try await records.storage.load(keys)
            guard rows.count == 2, let row = rows[0] else { throw ClientLookupError.unknown }
            let stored: Stored<ClientRecord> = try records.decode(row, keys[0])
            var use: Stored<ClientUseRecord>?
            if let row = rows[1] { use = try records.decode(row, keys[1]) }
            return current(stored.record.client, provenAt: use?.record.provenAt)
        } catch let error as ClientLookupError {
            throw error
        } catch {
            logger.error("Clients cannot be read from the store", metadata: ["reason": "\(error)"])
            throw .unavailable
        }
    }

    /// Keeps a new client, making room if there is none.
    package func register(_ client: OAuthClient) async throws(ClientRegistryError) {
        do {
            if try await create(client) { return }
            guard now() >= noRoomUntil.withLock({ $0 }), try await evictIdleClients() > 0 else {
                throw ClientRegistryError.full
            }
            guard try await create(client) else { throw ClientRegistryError.full }
        } catch let error as ClientRegistryError {
            throw error
        } catch {
            logger.error("A client cannot be stored", metadata: ["reason": "\(error)"])
            throw .unavailable
        }
    }

    package func proveUse(of client: OAuthClient) async {
        guard client.origin == .registration else { return }
        do {
            guard let use = try await records.load(ClientUseRecord.self, client.id) else { return }
            let now = now()
            if let provenAt = use.record.provenAt, now < provenAt + Self.renewalInterval.timeInterval { return }
            let expires = now + Self.provenLifetime.timeInterval
            let renewed = ClientUseRecord(createdAt: use.record.createdAt, provenAt: now)
            let writes = [
                try records.put(renewed, client.id, expires: expires, groups: [renewed.group]),
                .touch(records.key(ClientRecord.self, client.id), expires: expires),
            ]
            // A conflict means that a parallel request renewed it, or that it was removed; both are fine.
            let useKey = records.key(ClientUseRecord.self, client.id)
            _ = try await records.storage.commit(
                StorageChanges(conditions: [.version(useKey, use.version)], writes: writes))
        } catch {
            // The token was issued; the client only may have to register again sooner.
            logger.warning("A client's use cannot be recorded", metadata: ["reason": "\(error)"])
        }
    }

    /// A stored client under the configuration of today.
    private func current(_ stored: OAuthClient, provenAt: Date?) -> OAuthClient {
        var client = stored
        client.scopes = policy.current(stored.scopes)
        client.audiences = policy.audiences
        client.isProven = provenAt != nil
        return client
    }

    private func create(_ client: OAuthClient) async throws -> Bool {
        let expires = now() + Self.unprovenLifetime.timeInterval
        let use = ClientUseRecord(createdAt: client.createdAt)
        let changes = StorageChanges(
            conditions: [.absent(records.key(ClientRecord.self, client.id))],
            writes: [
                try records.put(ClientRecord(client: client), client.id, expires: expires, groups: []),
                try records.put(use, client.id, expires: expires, groups: [use.group]),
            ])
        switch try await records.storage.commit(changes) {
        case .committed: return true
        case .full: return false
        case .conflict: throw ClientRegistryError.unavailable
        }
    }

    /// Removes those that were idle longest, never proven ones first.
    private func evictIdleClients() async throws -> Int {
        let now = now()
        var idle: [StorageKey] = []
        for group in [ClientUseRecord.unprovenGroup, ClientUseRecord.provenGroup] where idle.isEmpty {
            for (key, row) in try await records.storage.rows(inGroup: group, limit: Self.evictionBatch) {
                let stored: Stored<ClientUseRecord> = try records.decode(row, key)
                if Self.isIdle(stored.record, at: now) { idle.append(key) }
            }
        }
        guard !idle.isEmpty else {
            noRoomUntil.withLock { $0 = now + Self.searchPause.timeInterval }
            return 0
        }
        let writes = idle.flatMap { key in
            [StorageWrite.delete(key), .delete(records.key(ClientRecord.self, key.id))]
        }
        _ = try await records.storage.commit(StorageChanges(writes: writes))
        logger.info("Idle clients made room for new ones", metadata: ["count": "\(idle.count)"])
        return idle.count
    }

    private static func isIdle(_ use: ClientUseRecord, at now: Date) -> Bool {
        if let provenAt = use.provenAt { return now >= provenAt + provenGrace.timeInterval }
        return now >= use.createdAt + unprovenGrace.timeInterval
    }

    private static func client(_ settings: DelegateClient, _ now: Date) -> OAuthClient {
        OAuthClient(
            id: settings.id, origin: .configuration, name: settings.id, redirectURIs: [],
            grantTypes: [GrantType.tokenExchange], scopes: settings.scopes, audiences: settings.audiences,
            secretDigest: ClientSecret.digest(settings.secret), authenticationMethod: nil, createdAt: now,
            isProven: true, fingerprint: OAuthClient.fingerprint(name: settings.id, redirectURIs: []))
    }
}
