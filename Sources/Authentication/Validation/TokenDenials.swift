// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// Tokens and login sessions that are refused although they have not expired: revoked, logged out, or of a reused
/// refresh token.
///
/// The authorization server of this process adds, the validator asks on every request. A replica learns from the shared
/// store instead. An entry may be forgotten once the last token that it concerns has expired.
package final class TokenDenials: Sendable {
    /// Each takes a login or a revocation, which are limited per client, and lives at most as long as a token.
    package static let standardCapacity = 100_000

    private struct Key: Hashable {
        enum Kind { case session, token }
        let kind: Kind
        let id: String
    }

    private let capacity: Int
    private let now: @Sendable () -> Date
    private let entries = Mutex<[Key: Date]>([:])
    private let counter = Atomic<UInt64>(0)

    package init(capacity: Int = TokenDenials.standardCapacity, now: @escaping @Sendable () -> Date = { Date() }) {
        self.capacity = max(1, capacity)
        self.now = now
    }

    /// Counts additions: who saw a token pass at one generation need not ask again before the next.
    package var generation: UInt64 { counter.load(ordering: .acquiring) }

    /// Refuses every token of a login session.
    package func deny(tsid: String, until expiry: Date) { add(Key(kind: .session, id: tsid), expiry) }

    /// Refuses one token.
    package func deny(jti: String, until expiry: Date) { add(Key(kind: .token, id: jti), expiry) }

    package func isDenied(tsid: String?, jti: String?) -> Bool {
        guard tsid != nil || jti != nil, generation > 0 else { return false }
        let now = now()
        return entries.withLock { entries in
            if let tsid, let expiry = entries[Key(kind: .session, id: tsid)], expiry > now { return true }
            if let jti, let expiry = entries[Key(kind: .token, id: jti)], expiry > now { return true }
            return false
        }
    }

    package var count: Int { entries.withLock { $0.count } }

    private func add(_ key: Key, _ expiry: Date) {
        let now = now()
        guard expiry > now else { return }
        entries.withLock { entries in
            if entries.count >= capacity, entries[key] == nil { makeRoom(in: &entries, now: now) }
            entries[key] = max(expiry, entries[key] ?? expiry)
            counter.add(1, ordering: .releasing)
        }
    }

    /// Forgets what expired and, when all is alive, the sixteenth that would expire first: what is lost that way is
    /// the least that can be.
    private func makeRoom(in entries: inout [Key: Date], now: Date) {
        entries = entries.filter { $0.value > now }
        guard entries.count >= capacity else { return }
        let surplus = entries.count - capacity + max(1, capacity / 16)
        for (key, _) in entries.sorted(by: { $0.value < $1.value }).prefix(surplus) { entries.removeValue(forKey: key) }
    }
}
