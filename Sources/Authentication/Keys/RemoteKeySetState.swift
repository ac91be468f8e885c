// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OutboundHTTP

/// When the keys of an issuer are used, fetched, refreshed or given up: the decisions, without the fetching.
struct RemoteKeySetState {
    /// After this, the next use starts a refresh beside it.
    static let refreshAge: TimeInterval = 300
    /// After this, keys that could not be refreshed are not believed any more.
    static let maximumAge: TimeInterval = 3600
    /// At most one fetch in this time for the sake of unknown keys, which anybody can invent.
    static let unknownKeyCooldown: TimeInterval = 30
    static let firstBackoff: TimeInterval = 1
    static let maximumBackoff: TimeInterval = 30

    enum Decision: Sendable, Hashable {
        case use([PublicKey], refreshing: Bool)
        /// Fetch, then decide again.
        case fetch
        /// The issuer has no such key.
        case unknown
        /// Nobody can say.
        case unavailable(RemoteKeySetError)
    }

    private(set) var keys: JWKSet?
    private var fetched = Date.distantPast
    private var attempted = Date.distantPast
    private var failures = 0
    private var problem: RemoteKeySetError = .unreachable(.unreachable)

    /// - Parameter justFetched: this very lookup has fetched already.
    func decide(id: String?, algorithm: SigningAlgorithm, now: Date, justFetched: Bool = false) -> Decision {
        let mayFetch = !justFetched && (failures == 0 || now.timeIntervalSince(attempted) >= backoff)
        guard let keys, now.timeIntervalSince(fetched) <= Self.maximumAge else {
            return mayFetch ? .fetch : .unavailable(problem)
        }
        let matching = keys.keys(id: id, algorithm: algorithm)
        if !matching.isEmpty {
            return .use(matching, refreshing: mayFetch && now.timeIntervalSince(fetched) > Self.refreshAge)
        }
        // A key of that name that does not allow the algorithm is an answer; fetching would not change it.
        if let id, keys.keys.contains(where: { $0.id == id }) { return .unknown }
        if failures > 0 { return mayFetch ? .fetch : .unavailable(problem) }
        return mayFetch && now.timeIntervalSince(attempted) >= Self.unknownKeyCooldown ? .fetch : .unknown
    }

    /// - Returns: whether the keys are other ones than before.
    mutating func succeeded(_ new: JWKSet, now: Date) -> Bool {
        let changed = keys.map { Set($0.keys) != Set(new.keys) } ?? true
        keys = new
        fetched = now
        attempted = now
        failures = 0
        return changed
    }

    mutating func failed(_ error: RemoteKeySetError, now: Date) {
        problem = error
        attempted = now
        failures = min(failures + 1, 16)
    }

    private var backoff: TimeInterval {
        min(Self.maximumBackoff, Self.firstBackoff * Double(1 << max(0, failures - 1)))
    }
}
