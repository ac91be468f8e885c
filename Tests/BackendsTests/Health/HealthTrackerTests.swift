// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Backends

/// A clock that only moves when told.
struct FakeHealthClock {
    private let start = ContinuousClock.now
    private var elapsed = Duration.zero

    var now: HealthInstant {
        HealthInstant(monotonic: start + elapsed, unixMilliseconds: milliseconds)
    }

    var milliseconds: Int64 { 1_767_323_045_000 + Int64(elapsed / .milliseconds(1)) }

    mutating func advance(_ duration: Duration) { elapsed += duration }
}

@Suite("Health tracker: the transition table")
struct HealthTrackerTests {
    enum Event: Sendable {
        case ok, slow, fail, refused, lateButOK
        case call, failedCall, refusedCall, cancelledCall
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let rule: String
        var threshold = 3
        var hasCredentials = false
        let events: [Event]
        let statuses: [HealthStatus]

        var testDescription: String { rule }
    }

    static let rows: [Row] = [
        Row(rule: "H2 first ever result is a failure", events: [.fail], statuses: [.unknown]),
        Row(rule: "H2 with threshold 1 the kind at once", threshold: 1, events: [.fail], statuses: [.unhealthy]),
        Row(
            rule: "H2 a refusal with threshold 1", threshold: 1, events: [.refused], statuses: [.unauthenticated]),
        Row(rule: "first ever result is a success", events: [.ok], statuses: [.healthy]),
        Row(rule: "H4 first ever result is slow", events: [.slow], statuses: [.degraded]),
        Row(rule: "H4 exactly 5 s is not slow", events: [.lateButOK], statuses: [.healthy]),
        Row(
            rule: "H4 slow, then quick",
            events: [.ok, .slow, .slow, .ok], statuses: [.healthy, .degraded, .degraded, .healthy]),
        Row(
            rule: "H1 the third failure counts, before it the status stays",
            events: [.ok, .fail, .fail, .fail, .fail],
            statuses: [.healthy, .healthy, .healthy, .unhealthy, .unhealthy]),
        Row(
            rule: "H1 never seen, three failures",
            events: [.fail, .fail, .fail], statuses: [.unknown, .unknown, .unhealthy]),
        Row(
            rule: "H3 recovery is degraded, then healthy",
            events: [.fail, .fail, .fail, .ok, .ok], statuses: [.unknown, .unknown, .unhealthy, .degraded, .healthy]),
        Row(
            rule: "H3 recovery after one failure below the threshold",
            events: [.ok, .fail, .ok, .ok], statuses: [.healthy, .healthy, .degraded, .healthy]),
        Row(
            rule: "H3 a slow success after recovery stays degraded",
            events: [.fail, .ok, .slow, .ok], statuses: [.unknown, .degraded, .degraded, .healthy]),
        Row(
            rule: "a success resets the count",
            events: [.ok, .fail, .fail, .ok, .fail, .fail],
            statuses: [.healthy, .healthy, .healthy, .degraded, .degraded, .degraded]),
        Row(
            rule: "H5 refusal without a strategy",
            events: [.ok, .refused, .refused, .refused], statuses: [.healthy, .healthy, .healthy, .unauthenticated]),
        Row(rule: "H5 refusal with a strategy", hasCredentials: true, events: [.refused], statuses: [.healthy]),
        Row(
            rule: "H5 refusal with a strategy after a failure is a recovery",
            hasCredentials: true, events: [.fail, .refused, .refused], statuses: [.unknown, .degraded, .healthy]),
        Row(
            rule: "the kind of the last failure decides",
            events: [.fail, .fail, .refused, .fail],
            statuses: [.unknown, .unknown, .unauthenticated, .unhealthy]),
        Row(
            rule: "failed calls count towards the threshold",
            events: [.ok, .failedCall, .failedCall, .fail], statuses: [.healthy, .healthy, .healthy, .unhealthy]),
        Row(
            rule: "calls alone can make it unhealthy",
            events: [.ok, .failedCall, .failedCall, .failedCall],
            statuses: [.healthy, .healthy, .healthy, .unhealthy]),
        Row(
            rule: "a call that works clears the count without a recovering step",
            events: [.ok, .fail, .fail, .call, .fail, .fail, .call, .ok],
            statuses: Array(repeating: .healthy, count: 8)),
        Row(
            rule: "a call that works makes it usable, a probe makes it healthy",
            events: [.fail, .fail, .fail, .call, .call, .ok],
            statuses: [.unknown, .unknown, .unhealthy, .degraded, .degraded, .healthy]),
        Row(
            rule: "a cancelled call blames nobody",
            threshold: 1, events: [.ok, .cancelledCall], statuses: [.healthy, .healthy]),
        Row(
            rule: "a refused call with a strategy shows that the backend works",
            threshold: 1, hasCredentials: true, events: [.fail, .refusedCall], statuses: [.unhealthy, .degraded]),
        Row(
            rule: "a refused call without a strategy counts",
            threshold: 1, events: [.ok, .refusedCall], statuses: [.healthy, .unauthenticated]),
    ]

    @Test("each row of the table", arguments: rows)
    func table(row: Row) throws {
        var tracker = HealthTracker(
            settings: try HealthSettings(unhealthyThreshold: row.threshold), hasCredentials: row.hasCredentials)
        var clock = FakeHealthClock()
        var statuses: [HealthStatus] = []
        for event in row.events {
            clock.advance(.seconds(30))
            let before = tracker
            let transition = apply(event, to: &tracker, at: clock.now)
            statuses.append(tracker.status)
            if before.status == tracker.status {
                #expect(transition == nil)
            } else {
                #expect(transition == HealthTracker.Transition(from: before.status, to: tracker.status))
                #expect(tracker.lastTransitionTime == clock.milliseconds)
            }
        }
        #expect(statuses == row.statuses)
    }

    private func apply(
        _ event: Event, to tracker: inout HealthTracker, at now: HealthInstant
    ) -> HealthTracker.Transition? {
        switch event {
        case .ok: tracker.probeSucceeded(latency: .milliseconds(20), at: now)
        case .lateButOK: tracker.probeSucceeded(latency: .seconds(5), at: now)
        case .slow: tracker.probeSucceeded(latency: .milliseconds(5001), at: now)
        case .fail: tracker.probeFailed(kind: .timeout, at: now)
        case .refused: tracker.probeFailed(kind: .authenticationFailed, at: now)
        case .call: tracker.trafficSucceeded(at: now)
        case .failedCall: tracker.trafficFailed(kind: .connectionFailed, at: now)
        case .refusedCall: tracker.trafficFailed(kind: .authenticationFailed, at: now)
        case .cancelledCall: tracker.trafficFailed(kind: .cancelled, at: now)
        }
    }

    @Test("the record shows the count, the category and both times")
    func record() throws {
        var tracker = HealthTracker(settings: try HealthSettings(), hasCredentials: false)
        var clock = FakeHealthClock()
        #expect(tracker.lastCheckTime == nil)
        #expect(tracker.lastTransitionTime == nil)
        let first = clock.milliseconds
        _ = tracker.probeFailed(kind: .connectionFailed, at: clock.now)
        #expect(tracker.consecutiveFailures == 1)
        #expect(tracker.lastErrorCategory == .connectionFailed)
        #expect(tracker.lastCheckTime == first)
        #expect(tracker.lastTransitionTime == first)
        clock.advance(.seconds(30))
        _ = tracker.trafficFailed(kind: .backendUnavailable, at: clock.now)
        #expect(tracker.consecutiveFailures == 2)
        #expect(tracker.lastErrorCategory == .backendUnavailable)
        #expect(tracker.lastCheckTime == first)
        #expect(tracker.lastTransitionTime == first)
        clock.advance(.seconds(30))
        _ = tracker.probeSucceeded(latency: .zero, at: clock.now)
        #expect(tracker.consecutiveFailures == 0)
        #expect(tracker.lastErrorCategory == nil)
        #expect(tracker.lastCheckTime == first + 60_000)
        #expect(tracker.lastTransitionTime == first + 60_000)
    }

    @Test("the time that counts as slow is configurable")
    func degradedThreshold() throws {
        let settings = try HealthSettings(degradedThreshold: .milliseconds(100))
        var tracker = HealthTracker(settings: settings, hasCredentials: false)
        _ = tracker.probeSucceeded(latency: .milliseconds(101), at: FakeHealthClock().now)
        #expect(tracker.status == .degraded)
    }

    @Test("H10, H20: backends do not influence each other and a snapshot does not change")
    func values() throws {
        var one = HealthTracker(settings: try HealthSettings(unhealthyThreshold: 1), hasCredentials: false)
        let other = one
        let clock = FakeHealthClock()
        _ = one.probeSucceeded(latency: .zero, at: clock.now)
        let snapshot = one
        _ = one.probeFailed(kind: .timeout, at: clock.now)
        #expect(one.status == .unhealthy)
        #expect(snapshot.status == .healthy)
        #expect(other.status == .unknown)
    }

    @Test("the words are those of the health endpoint")
    func words() {
        #expect(
            HealthStatus.allCases.map(\.rawValue)
                == ["healthy", "degraded", "unhealthy", "unknown", "unauthenticated"])
        #expect(
            HealthErrorCategory.allCases.map(\.rawValue)
                == [
                    "authentication_failed", "timeout", "cancelled", "backend_unavailable", "connection_failed",
                    "health_check_failed",
                ])
        #expect(HealthStatus.allCases.filter(\.servesTraffic) == [.healthy, .degraded])
    }
}

@Suite("Health settings")
struct HealthSettingsTests {
    @Test("H19: impossible bounds are refused by name")
    func refused() throws {
        #expect(throws: HealthSettingsError.notPositive("healthCheckInterval")) {
            try HealthSettings(interval: .zero, timeout: nil)
        }
        #expect(throws: HealthSettingsError.notPositive("healthCheckInterval")) {
            try HealthSettings(interval: .seconds(-1), timeout: nil)
        }
        #expect(throws: HealthSettingsError.notPositive("unhealthyThreshold")) {
            try HealthSettings(unhealthyThreshold: 0)
        }
        #expect(throws: HealthSettingsError.notPositive("degradedThreshold")) {
            try HealthSettings(degradedThreshold: .zero)
        }
        #expect(throws: HealthSettingsError.notPositive("healthCheckTimeout")) {
            try HealthSettings(timeout: .zero)
        }
        #expect(throws: HealthSettingsError.timeoutNotBelowInterval(timeout: .seconds(5), interval: .seconds(5))) {
            try HealthSettings(interval: .seconds(5), timeout: .seconds(5))
        }
        #expect(throws: HealthSettingsError.notPositive("circuitBreaker.failureThreshold")) {
            try CircuitBreakerSettings(failureThreshold: 0)
        }
        #expect(throws: HealthSettingsError.breakerTimeoutTooShort(.milliseconds(999))) {
            try CircuitBreakerSettings(timeout: .milliseconds(999))
        }
        _ = try HealthSettings(interval: .seconds(5), timeout: nil)
        _ = try CircuitBreakerSettings(failureThreshold: 1, timeout: .seconds(1))
    }
}
