// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import MCPTypes

/// How long one list of a backend may be kept, counted from when it was read (2026-07-28, Caching).
package struct ListFreshness: Sendable, Hashable {
    package var hints: CacheHints
    package var read: ContinuousClock.Instant

    package init(hints: CacheHints, read: ContinuousClock.Instant) {
        self.hints = hints
        self.read = read
    }

    /// When the list should be read anew.
    package var expires: ContinuousClock.Instant { read + .milliseconds(hints.milliseconds) }

    /// What is left of the time at `now`, for whoever gets the list then.
    package func remaining(at now: ContinuousClock.Instant) -> CacheHints {
        let left = max(.zero, expires - now)
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        return CacheHints(milliseconds: Int(clamping: milliseconds), scope: hints.scope)
    }
}
