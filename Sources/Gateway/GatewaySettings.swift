// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// What the client edge is told by the configuration.
package struct GatewaySettings: Sendable {
    /// The server's name in Kubernetes terms and in `/status`.
    package var group = ""
    package var isLoopback = true
    /// Besides loopback names, which are always right for a loopback listener.
    package var allowedHosts: [String] = []
    package var allowedOrigins: [String] = []
    /// Header names that are copied from clients to backends, in lower case.
    package var passthroughHeaders: [String] = []
    /// Whether clients of 2024-11-05 find their HTTP+SSE transport.
    package var hasLegacySSE = false
    /// The path that a proxy has cut off from requests, for addresses that clients are told.
    package var pathPrefix = ""
    package var limits = GatewayLimits()

    package init() {}
}

/// The bounds of the client edge.
package struct GatewayLimits: Sendable, Hashable {
    package var requestBodyBytes = 8 << 20
    package var headerBytes = 64 << 10
    package var headerCount = 200
    package var json = JSONLimits(depth: 128)
    package var batchMessages = 100
    package var sessions = 20_000
    package var sessionsPerPrincipal = 20_000
    package var streamsPerSession = 8
    package var connections = 16_384
    package var inFlightRequestsPerSession = 256
    /// Modern requests that run at a time; they belong to no session.
    package var modernRequests = 16_384
    package var modernRequestsPerPrincipal = 8192
    /// Open `subscriptions/listen` streams.
    package var subscriptions = 16_384
    package var subscriptionsPerPrincipal = 16_384
    package var resourcesPerSubscription = 1024
    /// Waiting for a client that does not read its subscription.
    package var queuedBytesPerSubscription = 256 << 10
    /// Kept of a session's streams so that they can be resumed.
    package var resumableBytesPerSession = 1 << 20
    /// Waiting for a client that does not read.
    package var queuedBytesPerStream = 4 << 20

    package var sessionIdleTime: TimeAmount = .minutes(30)
    package var requestReadTimeout: TimeAmount = .seconds(30)
    package var idleConnectionTimeout: TimeAmount = .seconds(120)
    package var writeTimeout: TimeAmount = .seconds(30)
    package var keepAliveInterval: TimeAmount = .seconds(30)
    /// How long a backend's question may wait for the person it is for.
    package var questionTimeout: TimeAmount = .minutes(10)

    package init() {}
}
