// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Remembers for a short while which addresses a name had, so that a burst of requests is one lookup.
///
/// Holds what a resolver said, not what was allowed: every request checks the addresses against its own policy.
final class ResolutionCache: Sendable {
    /// How long an answer is believed before the name is looked up and vetted again.
    static let lifetime = Duration.seconds(30)
    static let capacity = 256

    private struct Entry {
        let addresses: [IPAddress]
        let expires: ContinuousClock.Instant
    }

    private let entries = Mutex<[String: Entry]>([:])

    func addresses(of name: String, now: ContinuousClock.Instant) -> [IPAddress]? {
        entries.withLock { entries in
            guard let entry = entries[name], entry.expires > now else { return nil }
            return entry.addresses
        }
    }

    func store(_ addresses: [IPAddress], of name: String, now: ContinuousClock.Instant) {
        entries.withLock { entries in
            if entries.count >= Self.capacity, entries[name] == nil {
                entries = entries.filter { $0.value.expires > now }
                if entries.count >= Self.capacity, let oldest = entries.min(by: { $0.value.expires < $1.value.expires })
                {
                    entries.removeValue(forKey: oldest.key)
                }
            }
            entries[name] = Entry(addresses: addresses, expires: now + Self.lifetime)
        }
    }

    var count: Int { entries.withLock { $0.count } }
}
