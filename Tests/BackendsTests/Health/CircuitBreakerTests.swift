// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Backends

@Suite("Circuit breaker")
struct CircuitBreakerTests {
    private var clock = FakeHealthClock()

    private func breaker(threshold: Int = 3) throws -> CircuitBreaker {
        CircuitBreaker(settings: try CircuitBreakerSettings(failureThreshold: threshold), at: clock.now)
    }

    private func permit(_ breaker: inout CircuitBreaker, at now: HealthInstant) throws -> CircuitBreaker.Permit {
        guard case .admitted(let permit) = breaker.admit(at: now) else {
            Issue.record("refused")
            throw HealthSettingsError.notPositive("permit")
        }
        return permit
    }

    private func open(_ breaker: inout CircuitBreaker, failures: Int = 3) throws {
        for _ in 0..<failures { breaker.failed(try permit(&breaker, at: clock.now), at: clock.now) }
        #expect(breaker.state == .open)
    }

    @Test("H6: it opens at the threshold and refuses until the timeout has passed")
    mutating func opens() throws {
        var breaker = try breaker()
        let created = clock.milliseconds
        #expect(breaker.lastChangeTime == created)
        for _ in 0..<2 { breaker.failed(try permit(&breaker, at: clock.now), at: clock.now) }
        #expect(breaker.state == .closed)
        clock.advance(.seconds(1))
        breaker.failed(try permit(&breaker, at: clock.now), at: clock.now)
        #expect(breaker.state == .open)
        #expect(breaker.lastChangeTime == created + 1000)
        #expect(breaker.admit(at: clock.now) == .refused(retryAfter: .seconds(60)))
        clock.advance(.milliseconds(59_999))
        #expect(breaker.admit(at: clock.now) == .refused(retryAfter: .milliseconds(1)))
        #expect(breaker.state == .open)
        clock.advance(.milliseconds(1))
        _ = try permit(&breaker, at: clock.now)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.lastChangeTime == created + 61_000)
    }

    @Test("a success in between resets the count")
    func resets() throws {
        var breaker = try breaker()
        for _ in 0..<10 {
            for _ in 0..<2 { breaker.failed(try permit(&breaker, at: clock.now), at: clock.now) }
            breaker.succeeded(try permit(&breaker, at: clock.now), at: clock.now)
        }
        #expect(breaker.state == .closed)
    }

    @Test("H7: half-open lets one attempt through and refuses the others")
    mutating func oneAttempt() throws {
        var breaker = try breaker()
        try open(&breaker)
        clock.advance(.seconds(60))
        _ = try permit(&breaker, at: clock.now)
        clock.advance(.seconds(1))
        #expect(breaker.admit(at: clock.now) == .refused(retryAfter: .seconds(59)))
        #expect(breaker.admit(at: clock.now) == .refused(retryAfter: .seconds(59)))
    }

    @Test("H8: a success closes it", arguments: [1, 3])
    mutating func closes(threshold: Int) throws {
        var breaker = try breaker(threshold: threshold)
        try open(&breaker, failures: threshold)
        clock.advance(.seconds(60))
        breaker.succeeded(try permit(&breaker, at: clock.now), at: clock.now)
        #expect(breaker.state == .closed)
        _ = try permit(&breaker, at: clock.now)
        if threshold > 1 {
            breaker.failed(try permit(&breaker, at: clock.now), at: clock.now)
            #expect(breaker.state == .closed)
        }
    }

    @Test("H8: a failure opens it again and the wait starts over")
    mutating func opensAgain() throws {
        var breaker = try breaker()
        try open(&breaker)
        clock.advance(.seconds(60))
        let trial = try permit(&breaker, at: clock.now)
        clock.advance(.seconds(10))
        breaker.failed(trial, at: clock.now)
        #expect(breaker.state == .open)
        clock.advance(.seconds(59))
        #expect(breaker.admit(at: clock.now) == .refused(retryAfter: .seconds(1)))
    }

    @Test("H9: a disabled one admits everything and has no time of change")
    func disabled() throws {
        var breaker = CircuitBreaker(settings: nil, at: clock.now)
        for _ in 0..<100 { breaker.failed(try permit(&breaker, at: clock.now), at: clock.now) }
        #expect(breaker.state == .closed)
        #expect(breaker.lastChangeTime == nil)
    }

    @Test("a call that began before it opened decides nothing", arguments: [true, false])
    mutating func lateReports(success: Bool) throws {
        var breaker = try breaker()
        let old = try permit(&breaker, at: clock.now)
        try open(&breaker)
        let openBefore = breaker
        report(old, success, to: &breaker)
        #expect(breaker == openBefore)
        clock.advance(.seconds(60))
        let trial = try permit(&breaker, at: clock.now)
        report(old, success, to: &breaker)
        #expect(breaker.state == .halfOpen)
        breaker.succeeded(trial, at: clock.now)
        #expect(breaker.state == .closed)
        let closedBefore = breaker
        report(old, success, to: &breaker)
        report(trial, success, to: &breaker)
        #expect(breaker == closedBefore)
    }

    private func report(_ permit: CircuitBreaker.Permit, _ success: Bool, to breaker: inout CircuitBreaker) {
        if success {
            breaker.succeeded(permit, at: clock.now)
        } else {
            breaker.failed(permit, at: clock.now)
        }
    }

    @Test("an abandoned attempt makes room for the next, and a lost one does so after the timeout")
    mutating func abandoned() throws {
        var breaker = try breaker()
        try open(&breaker)
        clock.advance(.seconds(60))
        breaker.abandoned(try permit(&breaker, at: clock.now), at: clock.now)
        let lost = try permit(&breaker, at: clock.now)
        clock.advance(.seconds(60))
        let next = try permit(&breaker, at: clock.now)
        breaker.failed(lost, at: clock.now)
        breaker.abandoned(lost, at: clock.now)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.admit(at: clock.now) == .refused(retryAfter: .seconds(60)))
        breaker.succeeded(next, at: clock.now)
        #expect(breaker.state == .closed)
    }

    @Test("the words are those of the health endpoint")
    func words() {
        #expect([CircuitBreaker.State.closed, .open, .halfOpen].map(\.rawValue) == ["closed", "open", "half-open"])
    }
}

@Suite("Health of one backend")
struct BackendHealthTests {
    private var clock = FakeHealthClock()

    private func health(hasCredentials: Bool = false) throws -> BackendHealth {
        BackendHealth(
            settings: try HealthSettings(unhealthyThreshold: 2),
            breaker: try CircuitBreakerSettings(failureThreshold: 3),
            hasCredentials: hasCredentials,
            at: clock.now
        )
    }

    private func permit(_ health: inout BackendHealth) throws -> CircuitBreaker.Permit {
        guard case .admitted(let permit) = health.admit(at: clock.now) else {
            Issue.record("refused")
            throw HealthSettingsError.notPositive("permit")
        }
        return permit
    }

    @Test("H6: failed probes and calls open the circuit together, and then the status is frozen")
    mutating func frozen() throws {
        var health = try health()
        let old = try permit(&health)
        _ = health.probeFailed(try permit(&health), kind: .timeout, at: clock.now)
        _ = health.trafficFailed(try permit(&health), kind: .connectionFailed, at: clock.now)
        #expect(health.tracker.status == .unhealthy)
        _ = health.trafficFailed(try permit(&health), kind: .connectionFailed, at: clock.now)
        #expect(health.breaker.state == .open)
        let before = health
        clock.advance(.seconds(5))
        #expect(health.admit(at: clock.now) == .refused(retryAfter: .seconds(55)))
        #expect(health.probeSucceeded(old, latency: .zero, at: clock.now) == nil)
        #expect(health.probeFailed(old, kind: .timeout, at: clock.now) == nil)
        #expect(health.trafficSucceeded(old, at: clock.now) == nil)
        #expect(health.trafficFailed(old, kind: .timeout, at: clock.now) == nil)
        #expect(health == before)
        clock.advance(.seconds(55))
        let recovery = health.probeSucceeded(try permit(&health), latency: .zero, at: clock.now)
        #expect(recovery == HealthTracker.Transition(from: .unhealthy, to: .degraded))
        #expect(health.breaker.state == .closed)
    }

    @Test("a cancelled call neither counts nor keeps the one attempt for itself")
    mutating func cancelledCall() throws {
        var health = try health()
        for _ in 0..<3 { _ = health.probeFailed(try permit(&health), kind: .timeout, at: clock.now) }
        clock.advance(.seconds(60))
        _ = health.trafficFailed(try permit(&health), kind: .cancelled, at: clock.now)
        #expect(health.breaker.state == .halfOpen)
        #expect(health.trafficSucceeded(try permit(&health), at: clock.now)?.to == .degraded)
        #expect(health.breaker.state == .closed)
    }

    @Test("H5: a refusal with a strategy keeps the circuit closed, without one it opens it")
    func refusals() throws {
        for hasCredentials in [true, false] {
            var health = try health(hasCredentials: hasCredentials)
            for _ in 0..<2 {
                _ = health.probeFailed(try permit(&health), kind: .authenticationFailed, at: clock.now)
            }
            _ = health.trafficFailed(try permit(&health), kind: .authenticationFailed, at: clock.now)
            #expect(health.breaker.state == (hasCredentials ? .closed : .open))
            #expect(health.tracker.status == (hasCredentials ? .healthy : .unauthenticated))
        }
    }
}
