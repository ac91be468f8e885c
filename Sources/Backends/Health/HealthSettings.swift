// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of health checks, from `operational.failureHandling`.
package struct HealthSettings: Sendable, Hashable {
    package let interval: Duration
    /// The time limit of one probe; nil means none.
    package let timeout: Duration?
    /// Consecutive failures that change the status.
    package let unhealthyThreshold: Int
    /// A successful probe slower than this makes the backend `degraded`.
    package let degradedThreshold: Duration

    package init(
        interval: Duration = .seconds(30),
        timeout: Duration? = .seconds(10),
        unhealthyThreshold: Int = 3,
        degradedThreshold: Duration = .seconds(5)
    ) throws(HealthSettingsError) {
        guard interval > .zero else { throw .notPositive("healthCheckInterval") }
        guard unhealthyThreshold > 0 else { throw .notPositive("unhealthyThreshold") }
        guard degradedThreshold > .zero else { throw .notPositive("degradedThreshold") }
        if let timeout {
            guard timeout > .zero else { throw .notPositive("healthCheckTimeout") }
            guard timeout < interval else { throw .timeoutNotBelowInterval(timeout: timeout, interval: interval) }
        }
        self.interval = interval
        self.timeout = timeout
        self.unhealthyThreshold = unhealthyThreshold
        self.degradedThreshold = degradedThreshold
    }
}

/// Bounds of a circuit breaker, from `operational.failureHandling.circuitBreaker`.
package struct CircuitBreakerSettings: Sendable, Hashable {
    /// Consecutive failures that open the circuit.
    package let failureThreshold: Int
    /// How long it stays open before one attempt is let through.
    package let timeout: Duration

    package init(failureThreshold: Int = 5, timeout: Duration = .seconds(60)) throws(HealthSettingsError) {
        guard failureThreshold > 0 else { throw .notPositive("circuitBreaker.failureThreshold") }
        guard timeout >= .seconds(1) else { throw .breakerTimeoutTooShort(timeout) }
        self.failureThreshold = failureThreshold
        self.timeout = timeout
    }
}

package enum HealthSettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    case notPositive(String)
    case timeoutNotBelowInterval(timeout: Duration, interval: Duration)
    case breakerTimeoutTooShort(Duration)

    package var description: String {
        switch self {
        case .notPositive(let key):
            "\(key) must be greater than zero"
        case .timeoutNotBelowInterval(let timeout, let interval):
            "healthCheckTimeout (\(timeout)) must be shorter than healthCheckInterval (\(interval))"
        case .breakerTimeoutTooShort(let timeout):
            "circuitBreaker.timeout (\(timeout)) must be at least 1 second"
        }
    }
}
