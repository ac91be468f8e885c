// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The health of one backend, shared by its calls, its monitor and the status routes.
package final class HealthRecord: Sendable {
    private let health: Mutex<BackendHealth>

    init(settings: HealthSettings, breaker: CircuitBreakerSettings?, hasCredentials: Bool) {
        health = Mutex(
            BackendHealth(settings: settings, breaker: breaker, hasCredentials: hasCredentials, at: .now))
    }

    /// Leave to try; `nil` while the breaker keeps everyone away.
    func admit() -> CircuitBreaker.Permit? {
        health.withLock { health in
            if let permit = health.breaker.closedPermit { return permit }
            return if case .admitted(let permit) = health.admit(at: .now) { permit } else { nil }
        }
    }

    @discardableResult
    func trafficSucceeded(_ permit: CircuitBreaker.Permit) -> HealthTracker.Transition? {
        health.withLock { health in
            // A healthy backend's success changes nothing, and this runs for every call.
            if health.tracker.status == .healthy, health.tracker.consecutiveFailures == 0,
                health.breaker.state == .closed
            {
                return nil
            }
            return health.trafficSucceeded(permit, at: .now)
        }
    }

    @discardableResult
    func trafficFailed(_ permit: CircuitBreaker.Permit, _ kind: HealthErrorCategory) -> HealthTracker.Transition? {
        health.withLock { $0.trafficFailed(permit, kind: kind, at: .now) }
    }

    func probeSucceeded(_ permit: CircuitBreaker.Permit, latency: Duration) -> HealthTracker.Transition? {
        health.withLock { $0.probeSucceeded(permit, latency: latency, at: .now) }
    }

    func probeFailed(_ permit: CircuitBreaker.Permit, _ kind: HealthErrorCategory) -> HealthTracker.Transition? {
        health.withLock { $0.probeFailed(permit, kind: kind, at: .now) }
    }

    package var status: HealthStatus { health.withLock { $0.tracker.status } }

    /// Whether the backend has failed so often that it does not count as working.
    package var isFailed: Bool {
        switch status {
        case .unhealthy, .unauthenticated: true
        case .healthy, .degraded, .unknown: false
        }
    }

    /// One moment's health, as the status routes show it.
    package var current: BackendHealth { health.withLock { $0 } }
}

extension HealthInstant {
    package static var now: HealthInstant {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return HealthInstant(
            monotonic: .now, unixMilliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000)
    }
}

extension BackendError {
    /// What a failed request says of its backend.
    enum Verdict {
        /// It answered, if only to refuse.
        case works
        case says(HealthErrorCategory)
        /// The request never came to the point where the backend could show anything.
        case nothing
    }

    var verdict: Verdict {
        switch self {
        case .answered, .sessionLost, .notSubscribable, .noRoom: .works
        case .unavailable, .outcomeUnknown: .says(.connectionFailed)
        case .timeout: .says(.timeout)
        case .rejected(let status): status >= 500 ? .says(.backendUnavailable) : .works
        case .unauthorized: .says(.authenticationFailed)
        case .invalidResponse: .says(.healthCheckFailed)
        case .cancelled, .busy, .circuitOpen, .closed, .noCredential: .nothing
        }
    }
}
