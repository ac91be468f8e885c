// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Whether a backend may be used; the raw values are what `/status` and `/api/backends/health` show.
package enum HealthStatus: String, Sendable, Hashable, CaseIterable {
    case healthy, degraded, unhealthy, unknown, unauthenticated

    /// Whether its capabilities are offered and calls are sent to it.
    package var servesTraffic: Bool { self == .healthy || self == .degraded }
}

/// Why the last check or call failed; the raw values are the only error text that `/api/backends/health` shows.
package enum HealthErrorCategory: String, Sendable, Hashable, CaseIterable {
    case authenticationFailed = "authentication_failed"
    case timeout
    case cancelled
    case backendUnavailable = "backend_unavailable"
    case connectionFailed = "connection_failed"
    case healthCheckFailed = "health_check_failed"
}
