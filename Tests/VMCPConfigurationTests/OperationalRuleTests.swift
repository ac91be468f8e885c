// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct OperationalRuleTests {
    private static func timeouts(_ members: String) -> KeyValuePairs<String, String> {
        ["operational": "operational: {timeouts: {\(members)}}"]
    }

    private static func failure(_ members: String) -> KeyValuePairs<String, String> {
        ["operational": "operational: {failureHandling: {\(members)}}"]
    }

    private static func breaker(_ members: String) -> KeyValuePairs<String, String> {
        failure("circuitBreaker: {\(members)}")
    }

    private static let path = "operational.failureHandling"

    static let cases: [RuleCase] = [
        RuleCase("P1 default", timeouts("default: -1s"), "operational.timeouts.default", "is negative"),
        RuleCase(
            "P1 workload", timeouts("perWorkload: {one: 0}"), "operational.timeouts.perWorkload.one",
            "is not positive"),
        RuleCase("P1 null", timeouts("perWorkload: {one: }"), "operational.timeouts.perWorkload.one", "is empty"),
        RuleCase("P2 interval", failure("healthCheckInterval: -1s"), "\(path).healthCheckInterval", "is negative"),
        RuleCase("P2 threshold", failure("unhealthyThreshold: -1"), "\(path).unhealthyThreshold", "out of range"),
        RuleCase("P2 timeout", failure("healthCheckTimeout: -1s"), "\(path).healthCheckTimeout", "is negative"),
        RuleCase(
            "P2 order", failure("healthCheckInterval: 5s, healthCheckTimeout: 5s"), "\(path).healthCheckTimeout",
            "is not below healthCheckInterval 5s"),
        RuleCase(
            "P3", failure("partialFailureMode: bestEffort"), "\(path).partialFailureMode",
            "\"bestEffort\" is not one of fail, best_effort. Did you mean \"best_effort\"?"),
        RuleCase(
            "P4 threshold", breaker("enabled: true, failureThreshold: -1"), "\(path).circuitBreaker.failureThreshold",
            "at least 1"),
        RuleCase("P4 timeout", breaker("enabled: true, timeout: -2s"), "\(path).circuitBreaker.timeout", "at least 1s"),
        RuleCase("P4 short", breaker("enabled: true, timeout: 999ms"), "\(path).circuitBreaker.timeout", "at least 1s"),
        RuleCase(
            "level", ["operational": "operational: {logLevel: warn}"], "operational.logLevel",
            "is not one of trace, debug, info, warning, error."),
        RuleCase(
            "H1 empty", ["passthroughHeaders": "passthroughHeaders: ['']"], "passthroughHeaders[0]", "is empty"),
        RuleCase(
            "H1 restricted", ["passthroughHeaders": "passthroughHeaders: [X-Tag, AUTHORIZATION]"],
            "passthroughHeaders[1]", "is restricted"),
        RuleCase(
            "H1 malformed", ["passthroughHeaders": "passthroughHeaders: ['X Tag']"], "passthroughHeaders[0]",
            "is not a header name"),
        RuleCase(
            "telemetry name", ["telemetry": "telemetry: {enablePrometheusMetricsPath: true}"], "telemetry.serviceName",
            "is required"),
        RuleCase(
            "telemetry endpoint", ["telemetry": "telemetry: {serviceName: s, endpoint: 'h:4318'}"],
            "telemetry.endpoint", "has nothing to receive"),
        RuleCase(
            "audit event", ["audit": "audit: {eventTypes: [mcp_tool_cal]}"], "audit.eventTypes[0]",
            "Did you mean \"mcp_tool_call\"?"),
        RuleCase("audit size", ["audit": "audit: {maxDataSize: -1}"], "audit.maxDataSize", "out of range"),
        RuleCase(
            "audit depth", ["audit": "audit: {maxDelegationDepth: 0}"], "audit.maxDelegationDepth", "out of range"),
        RuleCase(
            "optimizer provider", ["optimizer": "optimizer: {embeddingProvider: opena}"], "optimizer.embeddingProvider",
            "Did you mean \"openai\"?"),
        RuleCase(
            "optimizer model", ["optimizer": "optimizer: {embeddingProvider: openai, embeddingService: 'https://e'}"],
            "optimizer.embeddingModel", "is required"),
        RuleCase(
            "optimizer service", ["optimizer": "optimizer: {embeddingProvider: openai, embeddingModel: m}"],
            "optimizer.embeddingService", "is required"),
        RuleCase(
            "optimizer headers", ["optimizer": "optimizer: {embeddingHeaders: {X-A: b}}"], "optimizer.embeddingHeaders",
            "only for embeddingProvider: openai"),
        RuleCase(
            "optimizer reserved",
            [
                "optimizer":
                    "optimizer: {embeddingProvider: openai, embeddingService: 'https://e', embeddingModel: m, "
                    + "embeddingHeaders: {Authorization: b}}"
            ], "optimizer.embeddingHeaders.Authorization", "is set by this program"),
        RuleCase(
            "optimizer tools", ["optimizer": "optimizer: {maxToolsToReturn: 51}"], "optimizer.maxToolsToReturn", "51"),
        RuleCase(
            "optimizer ratio", ["optimizer": "optimizer: {hybridSearchSemanticRatio: 1.5}"],
            "optimizer.hybridSearchSemanticRatio", "from 0 to 1"),
        RuleCase(
            "optimizer distance", ["optimizer": "optimizer: {semanticDistanceThreshold: far}"],
            "optimizer.semanticDistanceThreshold", "from 0 to 2"),
        RuleCase(
            "authz and optimizer",
            [
                "optimizer": "optimizer: {}",
                "incomingAuth": "incomingAuth: {type: local, authz: {type: cedar, policies: [p]}}",
            ], "optimizer", "does not go together"),
        RuleCase(
            "storage provider", ["sessionStorage": "sessionStorage: {provider: Redis}"], "sessionStorage.provider",
            "Did you mean \"redis\"?"),
        RuleCase(
            "storage address", ["sessionStorage": "sessionStorage: {provider: redis}"], "sessionStorage.address",
            "is required"),
        RuleCase(
            "storage prefix", ["sessionStorage": "sessionStorage: {provider: redis, address: 'r:1', keyPrefix: k}"],
            "sessionStorage.keyPrefix", "does not end in a colon"),
        RuleCase(
            "bucket tokens", ["rateLimiting": "rateLimiting: {shared: {maxTokens: 0, refillPeriod: 1m}}"],
            "rateLimiting.shared.maxTokens", "out of range"),
        RuleCase(
            "bucket period", ["rateLimiting": "rateLimiting: {perUser: {maxTokens: 1, refillPeriod: {duration: 0}}}"],
            "rateLimiting.perUser.refillPeriod.duration", "is not positive"),
        RuleCase(
            "bucket tool", ["rateLimiting": "rateLimiting: {tools: [{name: a, shared: {maxTokens: 1}}]}"],
            "rateLimiting.tools[0].shared.refillPeriod", "is required"),
        RuleCase(
            "bucket twice",
            [
                "rateLimiting": "rateLimiting: {tools: [{name: a, shared: {maxTokens: 1, refillPeriod: 1s}}, "
                    + "{name: a, shared: {maxTokens: 1, refillPeriod: 1s}}]}"
            ], "rateLimiting.tools[1].name", "is listed already"),
        RuleCase(
            "addition Modern requests", ["limits": "limits: {maxModernRequests: 0}"], "limits.maxModernRequests",
            "from 1 to 1000000"),
        RuleCase(
            "addition prefix", ["http": "http: {pathPrefix: /tools/}"], "http.pathPrefix", "is not a path"),
        RuleCase(
            "addition prefix of a host", ["http": "http: {pathPrefix: //evil.example}"], "http.pathPrefix",
            "is not a path"),
        RuleCase(
            "addition prefix that climbs", ["http": "http: {pathPrefix: /a/../b}"], "http.pathPrefix",
            "is not a path"),
        RuleCase("addition prefix query", ["http": "http: {pathPrefix: '/a?b'}"], "http.pathPrefix", "is not a path"),
        RuleCase(
            "addition limits", ["limits": "limits: {maxBatchMessages: 0}"], "limits.maxBatchMessages", "from 1 to 10000"
        ),
        RuleCase(
            "addition times", ["limits": "limits: {writeTimeout: 10ms}"], "limits.writeTimeout", "from 1s to 24h"),
        RuleCase(
            "addition host", ["http": "http: {allowedHosts: ['http://a']}"], "http.allowedHosts[0]", "is not a host"),
        RuleCase(
            "addition origin", ["http": "http: {allowedOrigins: ['https://a/']}"], "http.allowedOrigins[0]",
            "is not an origin"),
        RuleCase(
            "addition wildcard", ["http": "http: {allowedOrigins: ['*']}"], "http.allowedOrigins[0]", "is not an origin"
        ),
    ]

    @Test("Each rule about running the server is enforced", arguments: cases)
    func rule(_ row: RuleCase) {
        row.check()
    }

    @Test("A circuit breaker that is off is not held to its rules")
    func breakerOff() {
        #expect(LoadOutcome(ConfigurationText.with(Self.breaker("failureThreshold: -1, timeout: 1ms"))).errors == [])
    }

    @Test("Zeros and missing keys mean the defaults")
    func defaults() throws {
        for text in [
            ConfigurationText.with(),
            ConfigurationText.with(["operational": "operational: {timeouts: {}, failureHandling: {circuitBreaker: {}}}"]
            ),
            ConfigurationText.with([
                "operational": """
                operational:
                  logLevel: ""
                  timeouts: {default: 0}
                  failureHandling:
                    healthCheckInterval: 0
                    unhealthyThreshold: 0
                    healthCheckTimeout: 0s
                    statusReportingInterval:
                    partialFailureMode: ""
                    circuitBreaker: {failureThreshold: 0, timeout: 0}
                """
            ]),
        ] {
            let outcome = LoadOutcome(text)
            #expect(try #require(outcome.configuration).operational == .standard, "\(outcome.description)")
        }
    }

    @Test(
        "A probe ends before the next one starts",
        arguments: [("5s", 2500), ("10s", 5000), ("11s", 10_000), ("1m", 10_000)])
    func probeTimeout(interval: String, milliseconds: Int) throws {
        let text = ConfigurationText.with(Self.failure("healthCheckInterval: \(interval)"))
        let handling = try #require(LoadOutcome(text).configuration).operational.failureHandling
        #expect(handling.healthCheckTimeout == .milliseconds(milliseconds))
    }

    @Test("Timeouts, levels and modes have the values of the file")
    func values() throws {
        let text = ConfigurationText.with([
            "operational": """
            operational:
              logLevel: debug
              timeouts: {default: 45s, perWorkload: {one: 2m}}
              failureHandling:
                partialFailureMode: best_effort
                circuitBreaker: {enabled: true, failureThreshold: 2, timeout: 1500ms}
            """
        ])
        let operational = try #require(LoadOutcome(text).configuration).operational
        #expect(operational.logLevel == .debug)
        #expect(operational.timeouts.timeout(for: "one") == .seconds(120))
        #expect(operational.timeouts.timeout(for: "two") == .seconds(45))
        #expect(operational.failureHandling.partialFailureMode == .bestEffort)
        let breaker = operational.failureHandling.circuitBreaker
        #expect(breaker == .init(isEnabled: true, failureThreshold: 2, timeout: .milliseconds(1500)))
    }

    @Test("Limits have the documented defaults, and each can be set alone")
    func limits() throws {
        let standard = Configuration.Limits.standard
        #expect(try #require(LoadOutcome(ConfigurationText.with()).configuration).limits == standard)
        #expect(standard.maxRequestBodyBytes == 8_388_608)
        #expect(standard.maxHeaderBytes == 65_536)
        #expect(standard.maxHeaderCount == 200)
        #expect(standard.maxJSONDepth == 128)
        #expect(standard.maxBatchMessages == 100)
        #expect(standard.maxSessions == 20_000)
        #expect(standard.maxSessionsPerPrincipal == 20_000)
        #expect(standard.maxStreamsPerSession == 8)
        #expect(standard.maxConnections == 16_384)
        #expect(standard.maxInFlightRequestsPerSession == 256)
        #expect(standard.maxBackendResponseBytes == 104_857_600)
        #expect(standard.maxBufferedResponseBytes == 1_073_741_824)
        #expect(standard.maxEventBytes == 16_777_216)
        #expect(standard.maxResumableBytesPerSession == 1_048_576)
        #expect(standard.maxQueuedBytesPerStream == 4_194_304)
        #expect(standard.requestReadTimeout == .seconds(30))
        #expect(standard.idleConnectionTimeout == .seconds(120))
        #expect(standard.writeTimeout == .seconds(30))
        #expect(standard.keepAliveInterval == .seconds(30))
        #expect(standard.maxModernRequests == 16_384)
        #expect(standard.maxModernRequestsPerPrincipal == 8192)
        #expect(standard.maxSubscriptions == 16_384)
        #expect(standard.maxSubscriptionsPerPrincipal == 16_384)
        #expect(standard.maxResourcesPerSubscription == 1024)
        #expect(standard.maxQueuedBytesPerSubscription == 262_144)
        let text = ConfigurationText.with(["limits": "limits: {maxSessions: 0x10, writeTimeout: 1m}"])
        let changed = try #require(LoadOutcome(text).configuration).limits
        #expect(changed.maxSessions == 16)
        #expect(changed.writeTimeout == .seconds(60))
        #expect(changed.maxConnections == standard.maxConnections)
    }

    @Test("The room for all large answers holds at least one of them")
    func answerRoom() throws {
        func problems(_ limits: String) -> [String] {
            LoadOutcome(ConfigurationText.with(["limits": "limits: {\(limits)}"])).errors.map { "\($0)" }
        }
        let tooSmall = problems("maxBufferedResponseBytes: 50_000_000")
        #expect(tooSmall.count == 1)
        #expect(tooSmall.first?.contains("limits.maxBufferedResponseBytes") == true)
        #expect(tooSmall.first?.contains("104857600") == true)
        #expect(problems("maxBufferedResponseBytes: 50_000_000, maxBackendResponseBytes: 50_000_000").isEmpty)
        #expect(
            problems("maxBufferedResponseBytes: 2_000_000, maxBackendResponseBytes: 2_000_000").first?
                .contains("16777216") == true)
    }

    @Test("A refill period may be a duration or a map with one")
    func refillPeriod() throws {
        let text = ConfigurationText.with([
            "rateLimiting": "rateLimiting: {shared: {maxTokens: 5, refillPeriod: 1m}, "
                + "perUser: {maxTokens: 5, refillPeriod: {duration: 1m}}}"
        ])
        let limits = try #require(LoadOutcome(text).configuration?.rateLimiting)
        #expect(limits.shared == limits.perUser)
        #expect(limits.shared?.refillPeriod == .seconds(60))
    }

    @Test("Limits for each user say that there is one user only, where clients prove nothing")
    func users() {
        let bucket = "{maxTokens: 1, refillPeriod: 1s}"
        func warnings(_ limits: String, _ auth: String) -> [String] {
            let outcome = LoadOutcome(
                ConfigurationText.with([
                    "rateLimiting": "rateLimiting: {\(limits)}", "incomingAuth": "incomingAuth: {\(auth)}",
                ]))
            #expect(outcome.errors == [])
            return outcome.warnings.filter { $0.hasPrefix("rateLimiting") }
        }
        let oidc = "type: oidc, oidc: {issuer: 'https://i', audience: a, resource: 'https://r'}"
        for auth in ["type: anonymous", "type: local"] {
            let found = warnings("perUser: \(bucket), tools: [{name: a, perUser: \(bucket)}]", auth)
            #expect(found.count == 2)
            #expect(found.allSatisfy { $0.contains("holds for all callers together") })
            #expect(warnings("shared: \(bucket)", auth) == [])
        }
        #expect(warnings("perUser: \(bucket)", oidc) == [])
        #expect(warnings("", "type: local").count == 1)
    }

    @Test("Auditing is on when the section is there, unless it says enabled: false")
    func audit() throws {
        func audit(_ text: String) throws -> Configuration.Audit? {
            try #require(LoadOutcome(ConfigurationText.with(["audit": text])).configuration).audit
        }
        #expect(try audit("audit: {}")?.maxDataSize == 1024)
        #expect(try audit("audit: {enabled: true}") != nil)
        #expect(try audit("audit: {enabled: false}") == nil)
        #expect(try audit("") == nil)
    }
}
