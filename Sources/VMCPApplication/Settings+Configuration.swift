// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import Backends
import Gateway
import JSONTypes
import NIOCore
import VMCPConfiguration
import VirtualServer

// Each subsystem gets the few values that it needs, never the configuration itself.

extension BackendSettings {
    init(
        _ backend: Configuration.Backend, of configuration: Configuration, headers: [(String, String)],
        options: ServeOptions
    ) throws(StartupError) {
        let failure = configuration.operational.failureHandling
        let health: HealthSettings
        let breaker: CircuitBreakerSettings?
        do throws(HealthSettingsError) {
            health = try HealthSettings(
                interval: failure.healthCheckInterval, timeout: failure.healthCheckTimeout,
                unhealthyThreshold: failure.unhealthyThreshold)
            breaker =
                failure.circuitBreaker.isEnabled
                ? try CircuitBreakerSettings(
                    failureThreshold: failure.circuitBreaker.failureThreshold, timeout: failure.circuitBreaker.timeout)
                : nil
        } catch {
            throw StartupError("operational.failureHandling: \(error)")
        }
        let endpoint: Endpoint
        switch backend.transport {
        case .streamableHTTP(let url): endpoint = .streamableHTTP(HTTPEndpoint(url))
        case .sse(let url): endpoint = .legacySSE(HTTPEndpoint(url))
        case .stdio(let command): endpoint = .stdio(StdioCommand(command, options: options))
        }
        self.init(name: backend.name, endpoint: endpoint, health: health, breaker: breaker)
        self.headers = headers
        caBundlePath = backend.caBundlePath
        metadata = backend.metadata
        era = EraSetting(backend.era)
        requestTimeout = TimeAmount(configuration.operational.timeouts.timeout(for: backend.name))
        connectTimeout = min(requestTimeout, .seconds(10))
        probeInterval = TimeAmount(configuration.limits.keepAliveInterval)
        maximumConcurrentRequests = backend.maxConcurrentRequests
        maximumQueuedRequests = backend.maxQueuedRequests
        limits = HTTPLimits(
            responseBytes: configuration.limits.maxBackendResponseBytes, eventBytes: configuration.limits.maxEventBytes)
        jsonLimits = JSONLimits(depth: configuration.limits.maxJSONDepth)
    }
}

extension EraSetting {
    fileprivate init(_ era: Configuration.Backend.Era) {
        self =
            switch era {
            case .auto: .auto
            case .legacy: .legacy
            case .modern: .modern
            }
    }
}

extension HTTPEndpoint {
    fileprivate init(_ url: HTTPURL) {
        self.init(isTLS: url.isSecure, host: url.host, port: url.port, target: url.target)
    }
}

extension StdioCommand {
    /// `command: vmcp` without a path is this very program, so that examples work wherever it is installed.
    fileprivate init(_ command: Configuration.Command, options: ServeOptions) {
        self.init(
            executable: command.executable == "vmcp" ? options.executable : command.executable,
            arguments: command.arguments,
            environment: command.childEnvironment(from: options.environment),
            workingDirectory: command.workingDirectory)
    }
}

extension AggregationSettings {
    init(_ aggregation: Configuration.Aggregation) {
        let strategy: Strategy =
            switch aggregation.conflictResolution {
            case .prefix: .prefix
            case .priority: .priority(order: aggregation.priorityOrder)
            case .manual: .manual
            }
        let workloads = aggregation.tools.map { ($0.workload, WorkloadToolSettings($0)) }
        self.init(
            strategy: strategy,
            prefixFormat: aggregation.prefixFormat,
            onlyOnConflict: aggregation.onlyOnConflict,
            workloads: Dictionary(workloads, uniquingKeysWith: { first, _ in first }),
            excludeAllTools: aggregation.excludeAllTools,
            defaultVisibility: aggregation.defaultToolVisibility == .deny ? .deny : .allow,
            maximumToolNameLength: aggregation.maxToolNameLength)
    }
}

extension WorkloadToolSettings {
    fileprivate init(_ selection: Configuration.ToolSelection) {
        self.init(
            filter: selection.filter,
            overrides: selection.overrides.mapValues { override in
                ToolOverride(
                    name: override.name, description: override.description,
                    annotations: override.annotations.map { annotations in
                        ToolAnnotationsOverride(
                            title: annotations.title, readOnlyHint: annotations.readOnlyHint,
                            destructiveHint: annotations.destructiveHint, idempotentHint: annotations.idempotentHint,
                            openWorldHint: annotations.openWorldHint)
                    })
            },
            excludeAll: selection.excludeAll)
    }
}

extension GatewaySettings {
    /// - Parameter publicHosts: names under which clients are known to come.
    init(_ configuration: Configuration, options: ServeOptions, publicHosts: [String]) {
        self.init()
        group = configuration.groupRef
        isLoopback = options.isLoopback
        allowedHosts = configuration.http.allowedHosts
        // Without a list every name is right for a public listener; adding to none would make a list.
        if options.isLoopback || !allowedHosts.isEmpty { allowedHosts += publicHosts }
        allowedOrigins = configuration.http.allowedOrigins
        passthroughHeaders = configuration.passthroughHeaders.map { $0.lowercased() }
        hasLegacySSE = configuration.http.legacySSE
        pathPrefix = configuration.http.pathPrefix
        limits = GatewayLimits(configuration.limits, sessionIdleTime: options.sessionIdleTime)
    }
}

extension GatewayLimits {
    fileprivate init(_ limits: Configuration.Limits, sessionIdleTime: Duration) {
        self.init()
        requestBodyBytes = limits.maxRequestBodyBytes
        headerBytes = limits.maxHeaderBytes
        headerCount = limits.maxHeaderCount
        json = JSONLimits(depth: limits.maxJSONDepth)
        batchMessages = limits.maxBatchMessages
        sessions = limits.maxSessions
        sessionsPerPrincipal = limits.maxSessionsPerPrincipal
        streamsPerSession = limits.maxStreamsPerSession
        connections = limits.maxConnections
        inFlightRequestsPerSession = limits.maxInFlightRequestsPerSession
        modernRequests = limits.maxModernRequests
        modernRequestsPerPrincipal = limits.maxModernRequestsPerPrincipal
        subscriptions = limits.maxSubscriptions
        subscriptionsPerPrincipal = limits.maxSubscriptionsPerPrincipal
        resourcesPerSubscription = limits.maxResourcesPerSubscription
        queuedBytesPerSubscription = limits.maxQueuedBytesPerSubscription
        resumableBytesPerSession = limits.maxResumableBytesPerSession
        queuedBytesPerStream = limits.maxQueuedBytesPerStream
        requestReadTimeout = TimeAmount(limits.requestReadTimeout)
        idleConnectionTimeout = TimeAmount(limits.idleConnectionTimeout)
        writeTimeout = TimeAmount(limits.writeTimeout)
        keepAliveInterval = TimeAmount(limits.keepAliveInterval)
        self.sessionIdleTime = TimeAmount(sessionIdleTime)
    }
}

extension PartialFailureMode {
    init(_ mode: Configuration.FailureHandling.PartialFailureMode) {
        switch mode {
        case .fail: self = .withhold
        case .bestEffort: self = .keep
        }
    }
}

extension Configuration.IncomingAuth {
    /// Whether no client has to prove anything.
    var letsEverybodyIn: Bool {
        switch method {
        case .anonymous, .local: true
        case .oidc: false
        }
    }
}
