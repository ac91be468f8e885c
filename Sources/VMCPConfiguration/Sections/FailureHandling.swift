// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// How broken backends are found and treated.
    package struct FailureHandling: Sendable, Hashable {
        package let healthCheckInterval: Duration
        /// How many probes in a row must fail.
        package let unhealthyThreshold: Int
        /// How long one probe may take; always below the interval.
        package let healthCheckTimeout: Duration
        package let statusReportingInterval: Duration
        package let partialFailureMode: PartialFailureMode
        package let circuitBreaker: CircuitBreaker

        /// What happens to the lists of a backend that is unhealthy.
        package enum PartialFailureMode: String, Sendable, Hashable, CaseIterable {
            case fail
            case bestEffort = "best_effort"
        }

        package static let standard = FailureHandling(
            healthCheckInterval: .seconds(30), unhealthyThreshold: 3, healthCheckTimeout: .seconds(10),
            statusReportingInterval: .seconds(30), partialFailureMode: .fail, circuitBreaker: .standard)
    }

    /// When a backend that keeps failing is left alone for a while.
    package struct CircuitBreaker: Sendable, Hashable {
        package let isEnabled: Bool
        /// How many failures in a row open it.
        package let failureThreshold: Int
        /// How long it stays open before one request may try again.
        package let timeout: Duration

        package static let standard = CircuitBreaker(isEnabled: false, failureThreshold: 5, timeout: .seconds(60))
    }
}

extension Configuration.FailureHandling: Section {
    static let summary = "How broken backends are found and treated."

    private enum Keys {
        static let healthCheckInterval = DefaultKey<Duration>(
            "healthCheckInterval", .nonNegativeDuration, default: .seconds(30), "Time between probes; 0 means 30s.")
        static let unhealthyThreshold = DefaultKey<Int>(
            "unhealthyThreshold", .integer(0...Int.max), default: 3, "How many probes in a row must fail; 0 means 3.")
        static let healthCheckTimeout = DefaultKey<Duration>(
            "healthCheckTimeout", .nonNegativeDuration, default: .zero,
            "How long one probe may take; 0 means 10s, or half the interval when that is shorter.")
        static let statusReportingInterval = DefaultKey<Duration>(
            "statusReportingInterval", .nonNegativeDuration, default: .seconds(30),
            "Time between status reports; 0 means 30s.")
        static let partialFailureMode = Key<PartialFailureMode>(
            "partialFailureMode", .nameOrEmpty,
            "Whether the lists of an unhealthy backend disappear (fail) or stay as last known (best_effort).")
        static let circuitBreaker = Key<Configuration.CircuitBreaker>(
            "circuitBreaker", .section, "When a failing backend is left alone for a while.")
    }

    static let keys: [any SectionKey] = [
        Keys.healthCheckInterval, Keys.unhealthyThreshold, Keys.healthCheckTimeout, Keys.statusReportingInterval,
        Keys.partialFailureMode, Keys.circuitBreaker,
    ]

    init(reading section: SectionReader) {
        let interval = section[Keys.healthCheckInterval].orWhenZero(.seconds(30))
        let timeout = section[Keys.healthCheckTimeout]
        healthCheckInterval = interval
        unhealthyThreshold = section[Keys.unhealthyThreshold].orWhenZero(3)
        healthCheckTimeout = timeout.orWhenZero(interval > .seconds(10) ? .seconds(10) : interval / 2)
        statusReportingInterval = section[Keys.statusReportingInterval].orWhenZero(.seconds(30))
        partialFailureMode = section[Keys.partialFailureMode] ?? .fail
        circuitBreaker = section[Keys.circuitBreaker] ?? .standard
        if timeout >= interval {
            section.refuse(
                Keys.healthCheckTimeout,
                "\(GoDuration.text(timeout)) is not below healthCheckInterval \(GoDuration.text(interval)); shorten it"
            )
        }
    }
}

extension Configuration.CircuitBreaker: Section {
    static let summary = "When a backend that keeps failing is left alone for a while."

    private enum Keys {
        static let enabled = DefaultKey<Bool>("enabled", .boolean, default: false, "Whether there is one.")
        static let failureThreshold = DefaultKey<Int>(
            "failureThreshold", .integer(), default: 5, "How many failures in a row open it; 0 means 5.")
        static let timeout = DefaultKey<Duration>(
            "timeout", .duration(), default: .seconds(60), "How long it stays open, at least 1s; 0 means 60s.")
    }

    static let keys: [any SectionKey] = [Keys.enabled, Keys.failureThreshold, Keys.timeout]

    init(reading section: SectionReader) {
        isEnabled = section[Keys.enabled]
        failureThreshold = section[Keys.failureThreshold].orWhenZero(5)
        timeout = section[Keys.timeout].orWhenZero(.seconds(60))
        guard isEnabled else { return }
        if failureThreshold < 1 {
            section.refuse(Keys.failureThreshold, "\(failureThreshold) is too low; write at least 1")
        }
        if timeout < .seconds(1) {
            section.refuse(Keys.timeout, "\(GoDuration.text(timeout)) is too short; write at least 1s")
        }
    }
}

extension Duration {
    /// The duration, or another one for the zero that stands for a default.
    func orWhenZero(_ other: Duration) -> Duration {
        self == .zero ? other : self
    }
}

extension Int {
    /// The number, or another one for the zero that stands for a default.
    func orWhenZero(_ other: Int) -> Int {
        self == 0 ? other : self
    }
}
