// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The bounds of what clients without sessions share.
package struct SharingSettings: Sendable, Hashable {
    /// Whether Legacy backends are told of roots (`parking.roots`).
    package var roots = false
    /// Sets of sessions in all, and of one principal.
    package var maximumSets = 10_000
    package var perPrincipal = 32
    /// How long a set stays that nobody uses.
    package var idleTime = TimeAmount.minutes(10)
    /// How long a child process, or a stream that stays open, is kept for nobody.
    package var idleProcessTime = TimeAmount.minutes(2)

    /// Sessions of one key that carry one call at a time (`parking.poolPerKey`), and of one backend for all keys.
    package var poolPerKey = 4
    package var leasesPerBackend = 100
    /// How long a call waits for one of them (`parking.leaseWait`), and how many may wait.
    package var leaseWait = TimeAmount.seconds(5)
    package var maximumWaiting = 64

    package init() {}
}
