// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct NullTests {
    @Test(
        "A null where a map or a list of maps has its entries is an error that names the place",
        arguments: [
            ("outgoingAuth", "outgoingAuth: {source: inline, backends: {x: }}", "outgoingAuth.backends.x"),
            (
                "aggregation",
                "aggregation: {conflictResolution: prefix, conflictResolutionConfig: {prefixFormat: '{workload}'}, "
                    + "tools: [null]}",
                "aggregation.tools[0]"
            ),
            (
                "aggregation",
                "aggregation: {conflictResolution: prefix, conflictResolutionConfig: {prefixFormat: '{workload}'}, "
                    + "tools: [{workload: one, overrides: {x: }}]}",
                "aggregation.tools[0].overrides.x"
            ),
            ("backends", "backends:\n  -\n", "backends[0]"),
            ("compositeTools", "compositeTools: [~]", "compositeTools[0]"),
            (
                "compositeTools", "compositeTools: [{name: t, description: d, steps: [null]}]",
                "compositeTools[0].steps[0]"
            ),
            ("compositeToolRefs", "compositeToolRefs: [null]", "compositeToolRefs[0]"),
            ("rateLimiting", "rateLimiting: {tools: [null]}", "rateLimiting.tools[0]"),
        ] as [(String, String, String)])
    func entries(key: String, text: String, keyPath: String) {
        let parts = KeyValuePairs(dictionaryLiteral: (key, text))
        #expect(
            LoadOutcome(ConfigurationText.with(parts)).errors == [
                "\(keyPath): is empty; write a value or remove the entry"
            ])
    }

    @Test("A null scalar is as good as an absent one")
    func scalars() throws {
        let configuration = try #require(
            LoadOutcome(
                ConfigurationText.with([
                    "limits": "limits: {maxSessions: , writeTimeout: ~}", "codeMode": "codeMode: {enabled: null}",
                ])
            ).configuration)
        #expect(configuration.limits == .standard)
        #expect(configuration.codeMode == nil)
    }

    @Test("A null list or map is as good as an absent one")
    func collections() throws {
        let outcome = LoadOutcome(
            ConfigurationText.with(["passthroughHeaders": "passthroughHeaders:", "metadata": "metadata:"]))
        #expect(outcome.configuration?.passthroughHeaders == [])
        #expect(outcome.configuration?.metadata == [:])
        #expect(outcome.warnings == [])
    }

    @Test(
        "A section without content is off, with a warning", arguments: ["audit", "optimizer", "operational", "limits"])
    func sections(key: String) throws {
        let outcome = LoadOutcome(ConfigurationText.with(KeyValuePairs(dictionaryLiteral: (key, "\(key):"))))
        #expect(outcome.errors == [])
        #expect(
            outcome.warnings == ["\(key): is empty and has no effect; write {} for its defaults or remove it"])
        #expect(outcome.configuration?.audit == nil)
        #expect(outcome.configuration?.optimizer == nil)
    }

    @Test("A null in a list of texts is left out with a warning")
    func listOfTexts() {
        let outcome = LoadOutcome(
            ConfigurationText.with(["passthroughHeaders": "passthroughHeaders: [X-A, null, X-B]"]))
        #expect(outcome.configuration?.passthroughHeaders == ["X-A", "X-B"])
        #expect(outcome.warnings == ["passthroughHeaders[1]: is empty and left out"])
    }
}
