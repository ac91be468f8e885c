// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// How calls are parked: the keys of `parking` with their defaults.
package struct ParkingSettings: Sendable, Hashable {
    package var isOn = true
    /// Whether callers that nothing tells apart may park.
    package var allowsAnonymous = false
    /// Whether Legacy backends are told that clients have roots.
    package var roots = false
    /// Whether a question names the backend that asks it.
    package var labelsQuestions = true
    /// Whether URLs to be visited may be plain HTTP on this machine.
    package var allowsLoopbackHTTP = false

    /// How long questions that come together are gathered, and how long at most.
    package var debounce = TimeAmount.milliseconds(50)
    package var debounceMaximum = TimeAmount.milliseconds(200)
    /// How long a round waits for the client.
    package var roundTime = TimeAmount.seconds(300)
    /// From the first request to the end, all rounds together.
    package var lifeTime = TimeAmount.seconds(1800)
    /// How long the backend may take to settle after a cancellation.
    package var cancelDrain = TimeAmount.seconds(5)

    package var maximumParks = 1000
    package var perPrincipal = 16
    package var perBackend = 100
    package var maximumRounds = 10
    /// Questions of one round; the rest waits for the next.
    package var asksPerRound = 8
    /// Questions of one call that wait for a round.
    package var maximumQueued = 32
    /// Bytes of one question's parameters, of a round's, of the answers of one retry, and of a result that waits.
    package var askBytes = 64 << 10
    package var roundBytes = 256 << 10
    package var responseBytes = 4 << 20
    package var heldBytes = 4 << 20

    /// How long, and of how many calls that ended, the reason is remembered.
    package var tombstoneTime = TimeAmount.minutes(10)
    package var maximumTombstones = 10_000

    package init() {}
}
