// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import NIOCore
import Synchronization

/// What the calls under one limit are counted with.
protocol CallBuckets: Sendable {
    /// Takes a token; what has to be waited for one if there is none, in whole seconds.
    func take(for principal: Principal, at now: NIODeadline) -> Int?
    /// Puts a token back that was not used after all.
    func giveBack(to principal: Principal)
}

/// One bucket for everybody.
final class SharedCallBucket: CallBuckets {
    private let rate: CallRate
    private let bucket = Mutex(CallBucket())

    init(_ rate: CallRate) { self.rate = rate }

    func take(for principal: Principal, at now: NIODeadline) -> Int? {
        bucket.withLock { $0.take(rate, at: now) }
    }

    func giveBack(to principal: Principal) { bucket.withLock { $0.giveBack(rate) } }
}

/// A bucket for each caller, in a table that no number of callers can make grow beyond its bound.
///
/// Full buckets are forgotten when room is needed. Where there are none left, those go that are nearest to being full:
/// whoever is over the limit stays known, and a newcomer is not refused for what others did.
final class UserCallBuckets: CallBuckets {
    private final class Stripe: Sendable {
        let buckets = Mutex<[Principal: CallBucket]>([:])
    }

    private static let maximumStripes = 16

    private let rate: CallRate
    private let stripes: [Stripe]
    private let capacity: Int

    /// - Parameter maximum: of callers that are known at a time.
    init(_ rate: CallRate, maximum: Int) {
        self.rate = rate
        let maximum = max(maximum, 1)
        stripes = (0..<min(Self.maximumStripes, maximum)).map { _ in Stripe() }
        capacity = maximum / stripes.count
    }

    /// How many callers are known.
    var count: Int { stripes.reduce(0) { $0 + $1.buckets.withLock { $0.count } } }

    func take(for principal: Principal, at now: NIODeadline) -> Int? {
        stripe(of: principal).buckets.withLock { buckets in
            if let index = buckets.index(forKey: principal) { return buckets.values[index].take(rate, at: now) }
            if buckets.count >= capacity { makeRoom(in: &buckets, at: now) }
            var bucket = CallBucket()
            let wait = bucket.take(rate, at: now)
            // Without the claims of its token, which would be kept as long as the entry.
            buckets[Principal(issuer: principal.issuer, subject: principal.subject)] = bucket
            return wait
        }
    }

    func giveBack(to principal: Principal) {
        stripe(of: principal).buckets.withLock { $0[principal]?.giveBack(rate) }
    }

    private func stripe(of principal: Principal) -> Stripe {
        stripes[Int(UInt(bitPattern: principal.hashValue) % UInt(stripes.count))]
    }

    /// Makes room for an eighth of all at once, so that a flood of callers does not sort the table with each of them.
    private func makeRoom(in buckets: inout [Principal: CallBucket], at now: NIODeadline) {
        buckets = buckets.filter { !$0.value.isFull(rate, at: now) }
        let excess = buckets.count - (capacity - max(capacity / 8, 1))
        guard excess > 0 else { return }
        for (principal, _) in buckets.sorted(by: { $0.value.isFullBefore($1.value) }).prefix(excess) {
            buckets[principal] = nil
        }
    }
}
