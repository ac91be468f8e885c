// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// How often something may happen: `burst` times at once, then as fast as tokens come back.
package struct RateLimit: Sendable, Hashable {
    package var burst: Double
    package var perSecond: Double

    package init(burst: Double, perSecond: Double) {
        self.burst = burst
        self.perSecond = perSecond
    }
}

/// The token bucket of one subject of a `RateLimit`.
package struct TokenBucket: Sendable, Hashable {
    private var tokens: Double
    private var filledAt: Date

    package init(full limit: RateLimit, at now: Date) {
        tokens = limit.burst
        filledAt = now
    }

    /// Takes a token, unless that would leave fewer than `reserve`.
    package mutating func take(_ limit: RateLimit, at now: Date, keeping reserve: Double = 0) -> Bool {
        // A clock that was set back must not stop the filling until it has caught up.
        let elapsed = max(0, now.timeIntervalSince(filledAt))
        tokens = min(limit.burst, tokens + elapsed * limit.perSecond)
        filledAt = now
        // Sums of fractions fall a hair short of whole tokens.
        guard tokens - reserve >= 1 - 1e-6 else { return false }
        tokens -= 1
        return true
    }
}
