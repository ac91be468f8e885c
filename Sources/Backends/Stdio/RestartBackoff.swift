// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// How long to wait before a crashed backend is started again.
///
/// The wait doubles with each run that ended early and starts over after a run that was long enough to count as
/// healthy, so a crash loop costs little and a single crash is repaired at once. Half of each wait is random, so
/// backends that died together do not come back together.
package struct RestartBackoff: Sendable, Hashable {
    package let initial: Duration
    package let maximum: Duration
    package let healthyAfter: Duration
    private var base: Duration

    /// - Parameter healthyAfter: a run at least this long makes the next wait the initial one.
    package init(
        initial: Duration = .milliseconds(250),
        maximum: Duration = .seconds(30),
        healthyAfter: Duration = .seconds(60)
    ) {
        self.initial = initial
        self.maximum = max(initial, maximum)
        self.healthyAfter = healthyAfter
        self.base = initial
    }

    /// The wait after a run that lasted `uptime` (zero when it could not be started).
    ///
    /// - Parameter jitter: 0 … 1, random; 0 gives half of the wait, 1 all of it.
    package mutating func wait(afterRunOf uptime: Duration, jitter: Double) -> Duration {
        if uptime >= healthyAfter { base = initial }
        let now = base
        base = min(maximum, base * 2)
        return now / 2 + now / 2 * min(max(jitter.isNaN ? 1 : jitter, 0), 1)
    }
}
