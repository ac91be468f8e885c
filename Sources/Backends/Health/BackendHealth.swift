// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The health of one backend: its tracker and its breaker, fed with the same results.
///
/// Probes and calls ask `admit` first. While the circuit is open nothing is sent, so the status is frozen.
package struct BackendHealth: Sendable, Hashable {
    package private(set) var tracker: HealthTracker
    package private(set) var breaker: CircuitBreaker
    private let hasCredentials: Bool

    /// - Parameter hasCredentials: see `HealthTracker`.
    package init(
        settings: HealthSettings,
        breaker: CircuitBreakerSettings?,
        hasCredentials: Bool,
        at now: HealthInstant
    ) {
        self.tracker = HealthTracker(settings: settings, hasCredentials: hasCredentials)
        self.breaker = CircuitBreaker(settings: breaker, at: now)
        self.hasCredentials = hasCredentials
    }

    package mutating func admit(at now: HealthInstant) -> CircuitBreaker.Admission {
        breaker.admit(at: now)
    }

    package mutating func probeSucceeded(
        _ permit: CircuitBreaker.Permit, latency: Duration, at now: HealthInstant
    ) -> HealthTracker.Transition? {
        guard breaker.isCurrent(permit) else { return nil }
        breaker.succeeded(permit, at: now)
        return tracker.probeSucceeded(latency: latency, at: now)
    }

    package mutating func probeFailed(
        _ permit: CircuitBreaker.Permit, kind: HealthErrorCategory, at now: HealthInstant
    ) -> HealthTracker.Transition? {
        guard breaker.isCurrent(permit) else { return nil }
        if kind == .authenticationFailed, hasCredentials {
            breaker.succeeded(permit, at: now)
        } else {
            breaker.failed(permit, at: now)
        }
        return tracker.probeFailed(kind: kind, at: now)
    }

    package mutating func trafficSucceeded(
        _ permit: CircuitBreaker.Permit, at now: HealthInstant
    ) -> HealthTracker.Transition? {
        guard breaker.isCurrent(permit) else { return nil }
        breaker.succeeded(permit, at: now)
        return tracker.trafficSucceeded(at: now)
    }

    package mutating func trafficFailed(
        _ permit: CircuitBreaker.Permit, kind: HealthErrorCategory, at now: HealthInstant
    ) -> HealthTracker.Transition? {
        guard breaker.isCurrent(permit) else { return nil }
        switch kind {
        case .cancelled: breaker.abandoned(permit, at: now)
        case .authenticationFailed where hasCredentials: breaker.succeeded(permit, at: now)
        default: breaker.failed(permit, at: now)
        }
        return tracker.trafficFailed(kind: kind, at: now)
    }
}
