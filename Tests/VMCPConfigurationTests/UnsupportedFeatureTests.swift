// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

struct UnsupportedFeatureTests {
    private static let oidc = "incomingAuth: {type: oidc, oidc: {issuer: 'https://i', audience: a, resource: r}}"
    private static let prefix = "conflictResolution: prefix, conflictResolutionConfig: {prefixFormat: '{workload}_'}"

    static let cases: [(String, String, String)] = [
        ("incomingAuth", "incomingAuth: {type: local, authz: {type: cedar, policies: [p]}}", "incomingAuth.authz"),
        ("outgoingAuth", "outgoingAuth: {source: discovered}", "outgoingAuth.source"),
        (
            "outgoingAuth",
            "outgoingAuth: {source: inline, default: {type: token_exchange, tokenExchange: {tokenUrl: 'https://t'}}}",
            "outgoingAuth.default"
        ),
        (
            "outgoingAuth",
            "outgoingAuth: {source: inline, backends: {one: {type: obo, obo: {tokenUrl: 'https://t'}}}}",
            "outgoingAuth.backends.one"
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
    ]

    @Test("Each feature that is not there is named with its place", arguments: cases)
    func feature(key: String, text: String, keyPath: String) throws {
        let outcome = LoadOutcome(ConfigurationText.with(KeyValuePairs(dictionaryLiteral: (key, text))))
        let features = try #require(outcome.configuration, "\(outcome.description)").unsupportedFeatures()
        #expect(features.map(\.keyPath) == [keyPath])
        #expect(features.allSatisfy { $0.severity == .note && $0.position != nil && $0.file == "vmcp.yaml" })
    }

    @Test("Features of the authorization server that are not there are named in both forms")
    func authServer() throws {
        let text = AuthServerText.with([
            "storage": """
            storage:
              type: redis
              redis_config: {addr: 'r:1', key_prefix: a, acl_user_config: {password_env_var: P}}
            """
        ])
        let inline = LoadOutcome(AuthServerText.inline(text), environment: ["P": ""])
        let notes = try #require(inline.configuration, "\(inline.description)").unsupportedFeatures()
        #expect(notes.map(\.keyPath) == ["authServer.runConfig.storage.type"])
        #expect(notes.allSatisfy { $0.severity == .note && $0.position != nil && $0.file == "vmcp.yaml" })
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("authserver-config.yaml")
            try text.write(to: file, atomically: true, encoding: .utf8)
            let main = ConfigurationText.with(["incomingAuth": AuthServerText.incomingAuth()])
            let outcome = LoadOutcome(main, environment: ["P": ""], directory: folder.path)
            let notes = try #require(outcome.configuration, "\(outcome.description)").unsupportedFeatures()
            #expect(notes.map(\.keyPath) == ["storage.type"])
            #expect(notes.allSatisfy { $0.position != nil && $0.file == "authserver-config.yaml" })
        }
    }

    @Test("Sign-in and the strategies that come with it are there")
    func modeB() throws {
        let strategies = """
            outgoingAuth:
              source: inline
              default: {type: header_injection, headerInjection: {headerName: X, headerValue: y}}
              backends:
                one: {type: upstream_inject, upstreamInject: {providerName: corp}}
            """
        let outcome = LoadOutcome(
            AuthServerText.inline(AuthServerText.with(), ["outgoingAuth": strategies]), environment: ["HOME": "/h"])
        #expect(try #require(outcome.configuration, "\(outcome.description)").unsupportedFeatures() == [])
        let modeA = LoadOutcome(ConfigurationText.with(["incomingAuth": Self.oidc]))
        #expect(try #require(modeA.configuration, "\(modeA.description)").unsupportedFeatures() == [])
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
            "rateLimiting": "rateLimiting: {shared: {maxTokens: 1, refillPeriod: 1s}}",
            "passthroughHeaders": "passthroughHeaders: [X-Tag]",
        ])
        let outcome = LoadOutcome(text)
        #expect(try #require(outcome.configuration, "\(outcome.description)").unsupportedFeatures() == [])
    }
}
