// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A token bucket: full at first, it gives a token for each call and fills evenly within its rate's period.
///
/// It is only the moment at which it will be full again, counted in nanoseconds times `rate.calls`, so that no rate is
/// rounded and no time is lost between calls.
struct CallBucket: Sendable, Hashable {
    private var fullAt: Int128 = 0

    /// Takes a token; what has to be waited for one if there is none, in whole seconds.
    mutating func take(_ rate: CallRate, at now: NIODeadline) -> Int? {
        let calls = Int128(rate.calls)
        let token = Int128(rate.period.nanoseconds)
        let time = Int128(now.uptimeNanoseconds) * calls
        let after = max(fullAt, time) + token
        let excess = after - time - token * calls
        guard excess <= 0 else {
            let second = calls * 1_000_000_000
            return Int(clamping: (excess + second - 1) / second)
        }
        fullAt = after
        return nil
    }

    /// Puts a token back that was not used after all.
    mutating func giveBack(_ rate: CallRate) { fullAt -= Int128(rate.period.nanoseconds) }

    /// A full bucket is as good as none.
    func isFull(_ rate: CallRate, at now: NIODeadline) -> Bool {
        fullAt <= Int128(now.uptimeNanoseconds) * Int128(rate.calls)
    }

    func isFullBefore(_ other: CallBucket) -> Bool { fullAt < other.fullAt }
}
