// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct UnsupportedFeatureTests {
    private static let oidc = "incomingAuth: {type: oidc, oidc: {issuer: 'https://i', audience: a, resource: r}}"
    private static let prefix = "conflictResolution: prefix, conflictResolutionConfig: {prefixFormat: '{workload}_'}"

    static let cases: [(String, String, String)] = [
        ("incomingAuth", oidc, "incomingAuth.type"),
        ("incomingAuth", "incomingAuth: {type: local, authz: {type: cedar, policies: [p]}}", "incomingAuth.authz"),
        ("outgoingAuth", "outgoingAuth: {source: discovered}", "outgoingAuth.source"),
        (
            "outgoingAuth",
            "outgoingAuth: {source: inline, default: {type: token_exchange, tokenExchange: {tokenUrl: 'https://t'}}}",
            "outgoingAuth.default"
        ),
        (
            "outgoingAuth",
            "outgoingAuth: {source: inline, backends: {one: {type: header_injection, "
                + "headerInjection: {headerName: X, headerValue: y}}}}", "outgoingAuth.backends.one"
        ),
        (
            "aggregation", "aggregation: {\(prefix), tools: [{workload: one, toolConfigRef: {name: r}}]}",
            "aggregation.tools[0].toolConfigRef"
        ),
        ("compositeTools", "compositeTools: [{name: t, description: d, steps: [{id: a, tool: t}]}]", "compositeTools"),
        ("compositeToolRefs", "compositeToolRefs: [{name: r}]", "compositeToolRefs"),
        ("telemetry", "telemetry: {serviceName: s}", "telemetry"),
        ("audit", "audit: {}", "audit"),
        ("optimizer", "optimizer: {}", "optimizer"),
        ("codeMode", "codeMode: {enabled: true}", "codeMode"),
        ("sessionStorage", "sessionStorage: {provider: redis, address: 'r:6379'}", "sessionStorage.provider"),
        ("rateLimiting", "rateLimiting: {shared: {maxTokens: 1, refillPeriod: 1s}}", "rateLimiting"),
        ("authServer", "\(oidc)\nauthServer: {runConfig: {}}", "authServer"),
    ]

    @Test("Each feature that is not there is named with its place", arguments: cases)
    func feature(key: String, text: String, keyPath: String) throws {
        let parts: KeyValuePairs<String, String> =
            key == "authServer" ? ["incomingAuth": text] : KeyValuePairs(dictionaryLiteral: (key, text))
        let outcome = LoadOutcome(ConfigurationText.with(parts))
        let features = try #require(outcome.configuration, "\(outcome.description)").unsupportedFeatures()
        let others = key == "authServer" ? ["incomingAuth.type", keyPath] : [keyPath]
        #expect(features.map(\.keyPath) == others)
        #expect(features.allSatisfy { $0.severity == .note && $0.position != nil && $0.file == "vmcp.yaml" })
    }

    @Test("What is there or switched off is not named")
    func supported() throws {
        let text = ConfigurationText.with([
            "incomingAuth": "incomingAuth: {type: local, authz: {type: none}}",
            "outgoingAuth":
                "outgoingAuth: {source: inline, default: {type: unauthenticated}, "
                + "backends: {one: {type: unauthenticated}}}",
            "audit": "audit: {enabled: false}",
            "codeMode": "codeMode: {}",
            "sessionStorage": "sessionStorage: {provider: Memory}",
            "passthroughHeaders": "passthroughHeaders: [X-Tag]",
        ])
        let outcome = LoadOutcome(text)
        #expect(try #require(outcome.configuration, "\(outcome.description)").unsupportedFeatures() == [])
    }
}
