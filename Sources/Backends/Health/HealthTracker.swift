// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The status of one backend, decided from probes and from the calls that it serves.
///
/// Probes follow ToolHive's transition table. Calls are evidence too: a failed one counts towards the threshold like a
/// failed probe, so a backend that dies between two probes is noticed, and a call that works clears the count. Only a
/// probe makes a backend `healthy` again, because only a probe is the same question each time.
package struct HealthTracker: Sendable, Hashable {
    package struct Transition: Sendable, Hashable {
        package let from: HealthStatus
        package let to: HealthStatus
    }

    package private(set) var status = HealthStatus.unknown
    package private(set) var consecutiveFailures = 0
    /// Unix milliseconds of the last probe's end; nil until the first one, and then the backend is not listed yet.
    package private(set) var lastCheckTime: Int64?
    package private(set) var lastErrorCategory: HealthErrorCategory?
    /// Unix milliseconds of the last change of `status`.
    package private(set) var lastTransitionTime: Int64?

    private let unhealthyThreshold: Int
    private let degradedThreshold: Duration
    private let hasCredentials: Bool

    /// - Parameter hasCredentials: the backend has an outgoing strategy other than `unauthenticated`. Probes leave user
    ///   credentials out on purpose, so a refusal then proves that the backend works.
    package init(settings: HealthSettings, hasCredentials: Bool) {
        self.unhealthyThreshold = settings.unhealthyThreshold
        self.degradedThreshold = settings.degradedThreshold
        self.hasCredentials = hasCredentials
    }

    package mutating func probeSucceeded(latency: Duration, at now: HealthInstant) -> Transition? {
        lastCheckTime = now.unixMilliseconds
        let isRecovering = consecutiveFailures > 0
        let isSlow = latency > degradedThreshold
        clearFailures()
        return become(isRecovering || isSlow ? .degraded : .healthy, at: now)
    }

    package mutating func probeFailed(kind: HealthErrorCategory, at now: HealthInstant) -> Transition? {
        if kind == .authenticationFailed, hasCredentials { return probeSucceeded(latency: .zero, at: now) }
        let isFirst = lastCheckTime == nil
        lastCheckTime = now.unixMilliseconds
        let transition = fail(kind, at: now)
        if isFirst, lastTransitionTime == nil { lastTransitionTime = now.unixMilliseconds }
        return transition
    }

    /// A call was answered, by a result or by an error that shows that the backend works.
    package mutating func trafficSucceeded(at now: HealthInstant) -> Transition? {
        clearFailures()
        return status.servesTraffic ? nil : become(.degraded, at: now)
    }

    /// A call failed in a way that blames the backend. A caller's own cancellation does not.
    package mutating func trafficFailed(kind: HealthErrorCategory, at now: HealthInstant) -> Transition? {
        if kind == .cancelled { return nil }
        if kind == .authenticationFailed, hasCredentials { return trafficSucceeded(at: now) }
        return fail(kind, at: now)
    }

    private mutating func fail(_ kind: HealthErrorCategory, at now: HealthInstant) -> Transition? {
        consecutiveFailures += 1
        lastErrorCategory = kind
        guard consecutiveFailures >= unhealthyThreshold else { return nil }
        return become(kind == .authenticationFailed ? .unauthenticated : .unhealthy, at: now)
    }

    private mutating func clearFailures() {
        consecutiveFailures = 0
        lastErrorCategory = nil
    }

    private mutating func become(_ next: HealthStatus, at now: HealthInstant) -> Transition? {
        guard next != status else { return nil }
        defer {
            status = next
            lastTransitionTime = now.unixMilliseconds
        }
        return Transition(from: status, to: next)
    }
}
