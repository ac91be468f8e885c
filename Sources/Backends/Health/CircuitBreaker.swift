// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Stops asking a backend that keeps failing, and tries again with one attempt at a time.
///
/// Every attempt gets a permit and reports with it. A report from before the last change of state is ignored: an old
/// call that ends late says nothing about the attempt that is meant to prove recovery.
package struct CircuitBreaker: Sendable, Hashable {
    /// The raw values are what `/api/backends/health` shows.
    package enum State: String, Sendable, Hashable {
        case closed, open
        case halfOpen = "half-open"
    }

    package struct Permit: Sendable, Hashable {
        fileprivate let generation: UInt64
    }

    package enum Admission: Sendable, Hashable {
        case admitted(Permit)
        /// Nothing may be sent for this long.
        case refused(retryAfter: Duration)
    }

    package private(set) var state = State.closed
    /// Unix milliseconds of the last change of `state`, or of the creation; nil when the breaker is disabled.
    package private(set) var lastChangeTime: Int64?

    private let settings: CircuitBreakerSettings?
    private var failures = 0
    private var generation: UInt64 = 0
    /// When open: when an attempt may be made. When half-open: when an attempt that never reported counts as lost.
    private var waitsUntil: ContinuousClock.Instant

    /// - Parameter settings: nil disables the breaker: it admits everything and stays closed.
    package init(settings: CircuitBreakerSettings?, at now: HealthInstant) {
        self.settings = settings
        self.waitsUntil = now.monotonic
        self.lastChangeTime = settings == nil ? nil : now.unixMilliseconds
    }

    package mutating func admit(at now: HealthInstant) -> Admission {
        guard let settings, state != .closed else { return .admitted(Permit(generation: generation)) }
        guard now.monotonic >= waitsUntil else {
            return .refused(retryAfter: now.monotonic.duration(to: waitsUntil))
        }
        if state == .open {
            become(.halfOpen, at: now)
        } else {
            // The attempt before this one is lost; should it report after all, it is too late.
            generation += 1
        }
        waitsUntil = now.monotonic + settings.timeout
        return .admitted(Permit(generation: generation))
    }

    /// The permit that everyone gets while the circuit is closed: no clock has to be read for it.
    package var closedPermit: Permit? { state == .closed ? Permit(generation: generation) : nil }

    package mutating func succeeded(_ permit: Permit, at now: HealthInstant) {
        guard settings != nil, isCurrent(permit) else { return }
        failures = 0
        if state == .halfOpen { become(.closed, at: now) }
    }

    package mutating func failed(_ permit: Permit, at now: HealthInstant) {
        guard let settings, isCurrent(permit) else { return }
        failures += 1
        if state == .halfOpen || failures >= settings.failureThreshold {
            become(.open, at: now)
            waitsUntil = now.monotonic + settings.timeout
        }
    }

    /// The attempt ended without a verdict (the caller went away): another one may follow at once.
    package mutating func abandoned(_ permit: Permit, at now: HealthInstant) {
        guard isCurrent(permit), state == .halfOpen else { return }
        waitsUntil = now.monotonic
    }

    /// Whether a report with this permit still counts.
    package func isCurrent(_ permit: Permit) -> Bool {
        permit.generation == generation
    }

    private mutating func become(_ next: State, at now: HealthInstant) {
        state = next
        failures = 0
        generation += 1
        lastChangeTime = now.unixMilliseconds
    }
}
