// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// Everything that a backend's client needs to know about it.
package struct BackendSettings: Sendable {
    package enum Endpoint: Sendable {
        case streamableHTTP(HTTPEndpoint)
        /// HTTP with SSE, revision 2024-11-05.
        case legacySSE(HTTPEndpoint)
        case stdio(StdioCommand)

        package var http: HTTPEndpoint? {
            switch self {
            case .streamableHTTP(let endpoint), .legacySSE(let endpoint): endpoint
            case .stdio: nil
            }
        }

        /// As `/status` names it.
        package var transportName: String {
            switch self {
            case .streamableHTTP: "streamable-http"
            case .legacySSE: "sse"
            case .stdio: "stdio"
            }
        }
    }

    /// What requests prove besides where they come from.
    package enum Credentials: Sendable, Hashable {
        case none
        /// The operator's, the same for everyone, in `headers`.
        case shared
        /// Each caller's own: what the gateway itself asks is anonymous, so a refusal proves that the backend works, and
        /// lists may differ between callers.
        case ofCaller

        /// As `/status` names it.
        package var strategyName: String {
            switch self {
            case .none: "unauthenticated"
            case .shared: "header_injection"
            case .ofCaller: "upstream_inject"
            }
        }
    }

    package var name: String
    package var endpoint: Endpoint
    package var caBundlePath: String?
    /// Sent with every HTTP request.
    package var headers: [(String, String)] = []
    package var credentials = Credentials.none
    package var metadata: [String: String] = [:]
    package var era = EraSetting.auto

    /// How long one request may take, connecting and waiting for a place included.
    package var requestTimeout: TimeAmount = .seconds(30)
    package var connectTimeout: TimeAmount = .seconds(10)
    /// How long a backend that may be of the other era is given to answer `server/discover`.
    package var probeTimeout: TimeAmount = .seconds(5)
    /// How long a backend is waited for that has been asked to tell of changes: some send nothing before there is one.
    package var tellingPatience: TimeAmount = .milliseconds(250)
    /// Silence after which the kernel asks whether the backend is still there.
    package var probeInterval: TimeAmount = .seconds(30)
    package var maximumConcurrentRequests = 256
    package var maximumQueuedRequests = 1024
    /// What may wait for a child process that does not read.
    package var maximumQueuedBytes = 64 << 20
    package var limits = HTTPLimits()
    package var jsonLimits = JSONLimits.standard

    package var health: HealthSettings
    /// `nil` without a circuit breaker.
    package var breaker: CircuitBreakerSettings?

    package init(name: String, endpoint: Endpoint, health: HealthSettings, breaker: CircuitBreakerSettings? = nil) {
        self.name = name
        self.endpoint = endpoint
        self.health = health
        self.breaker = breaker
    }
}
