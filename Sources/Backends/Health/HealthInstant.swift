// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A moment on both clocks: one to measure with, one to show.
package struct HealthInstant: Sendable, Hashable {
    package let monotonic: ContinuousClock.Instant
    /// The wall clock as milliseconds since 1970-01-01T00:00:00Z.
    package let unixMilliseconds: Int64

    package init(monotonic: ContinuousClock.Instant, unixMilliseconds: Int64) {
        self.monotonic = monotonic
        self.unixMilliseconds = unixMilliseconds
    }
}
