// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
internal import Synchronization

/// Counts requests against the limits of their class, per client network and, for registrations, for all together.
///
/// The table of networks is bounded: the one that was quiet for longest is forgotten, which only gives it a full bucket
/// again.
package final class RateLimiter: Sendable {
    package struct Limits: Sendable, Hashable {
        package var browser = RateLimit(burst: 30, perSecond: 1)
        package var token = RateLimit(burst: 60, perSecond: 5)
        package var registration = RateLimit(burst: 5, perSecond: 1)
        package var allRegistrations = RateLimit(burst: 50, perSecond: 20)

        package init() {}

        func limit(of limitClass: EndpointRules.LimitClass) -> RateLimit? {
            switch limitClass {
            case .browser: browser
            case .token: token
            case .registration: registration
            case .metadata: nil
            }
        }
    }

    package static let maximumNetworks = 20_000

    private struct Subject: Hashable {
        let network: ClientNetwork
        let limitClass: EndpointRules.LimitClass
    }

    private struct State {
        var buckets: LRUTable<Subject, TokenBucket>
        var registrations: TokenBucket
    }

    private let limits: Limits
    private let now: @Sendable () -> Date
    private let state: Mutex<State>

    package init(
        limits: Limits = Limits(), capacity: Int = maximumNetworks, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.limits = limits
        self.now = now
        state = Mutex(
            State(
                buckets: LRUTable(capacity: capacity),
                registrations: TokenBucket(full: limits.allRegistrations, at: now())))
    }

    /// Whether a request may go on; if so, it has been counted.
    package func admits(_ limitClass: EndpointRules.LimitClass, from address: String) -> Bool {
        guard let limit = limits.limit(of: limitClass) else { return true }
        let now = now()
        let subject = Subject(network: ClientNetwork(address), limitClass: limitClass)
        return state.withLock { state in
            var bucket = state.buckets.value(for: subject) ?? TokenBucket(full: limit, at: now)
            let isAdmitted = bucket.take(limit, at: now)
            state.buckets.set(bucket, for: subject)
            // Those over their own limit do not use up what is there for everybody.
            guard isAdmitted, limitClass == .registration else { return isAdmitted }
            return state.registrations.take(limits.allRegistrations, at: now)
        }
    }
}
