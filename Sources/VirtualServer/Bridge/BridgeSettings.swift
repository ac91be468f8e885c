// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The bounds of what passes between the eras within one call.
package struct BridgeSettings: Sendable, Hashable {
    /// Rounds of questions within one call of a Legacy client; what client SDKs allow themselves.
    package var maximumRounds = 10
    /// Of these, rounds in which the backend only wants to be asked again.
    package var maximumSilentRounds = 3
    /// The pause before each such round; the last one holds for those that follow.
    package var silentWaits: [Duration] = [
        .milliseconds(50), .milliseconds(100), .milliseconds(200), .milliseconds(250),
    ]
    /// Questions of one round.
    package var maximumEntries = 32
    /// Of a backend's own `requestState`, as it is spelled.
    package var maximumStateBytes = 64 << 10
    /// How long a client may take to answer a round.
    package var roundLifetime = Duration.seconds(1800)
    /// Pages that one -32042 may want visited.
    package var maximumVisits = 8
    /// Whether pages on this machine may be visited without TLS; for development.
    package var allowsInsecureLoopbackURLs = false
    /// Whether questions say which backend asks: the client knows only the gateway.
    package var labelsQuestions = true

    package init() {}
}
