// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What the settings say about tokens, in seconds.
package struct TokenRules: Sendable, Hashable {
    package var accessLifespan: Duration
    package var refreshLifespan: TimeInterval
    package var codeLifespan: TimeInterval
    /// Absolute life of a refresh family.
    package var familyLifespan: TimeInterval
    /// How long a refresh token that was used may be presented again for the same successor.
    package var grace: TimeInterval
    package var allowedAudiences: [String]

    /// How often a successor may be asked for again.
    package var maximumRepeats = 3
    /// How long before its own retirement a token may seem to be presented: the step that a clock may be set back by
    /// between two answers of one client.
    package var clockTolerance: TimeInterval = 60
    /// Spent tokens are remembered until their family ends, so a family must not have any number of them.
    package var maximumGeneration = 20_000
    /// How long a used code is remembered after it expired.
    package var usedCodeMarker: TimeInterval = 30 * 60
    /// Denials outlive the token by this much, for resource servers with a leeway.
    package var denialMargin: TimeInterval = 5 * 60

    package init(
        accessLifespan: Duration, refreshLifespan: TimeInterval, codeLifespan: TimeInterval,
        familyLifespan: TimeInterval, grace: TimeInterval, allowedAudiences: [String]
    ) {
        self.accessLifespan = accessLifespan
        self.refreshLifespan = refreshLifespan
        self.codeLifespan = codeLifespan
        self.familyLifespan = familyLifespan
        self.grace = grace
        self.allowedAudiences = allowedAudiences
    }

    package init(_ settings: AuthServerSettings) {
        self.init(
            accessLifespan: settings.accessTokenLifespan,
            refreshLifespan: settings.refreshTokenLifespan.timeInterval,
            codeLifespan: settings.codeLifespan.timeInterval,
            familyLifespan: settings.sessionMaxLifetime.timeInterval,
            grace: settings.refreshGrace.timeInterval,
            allowedAudiences: settings.allowedAudiences)
    }

    /// Whether tokens for `resource` may still be issued: the operator may have taken it from the list meanwhile.
    package func allows(_ resource: String) -> Bool {
        allowedAudiences.contains { $0.utf8.elementsEqual(resource.utf8) }
    }
}
