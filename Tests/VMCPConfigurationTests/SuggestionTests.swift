// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

struct SuggestionTests {
    @Test(
        "Slips of the finger find the word that was meant",
        arguments: [
            ("prefx", "prefix"), ("prefxi", "prefix"), ("PREFIX", "prefix"), ("priorty", "priority"),
            ("manaul", "manual"),
            ("manuall", "manual"),
        ])
    func near(word: String, expected: String) {
        #expect(Suggestion.nearest(to: word, among: ["prefix", "priority", "manual"]) == expected)
    }

    @Test(
        "Words that are far off find nothing",
        arguments: ["", "x", "banana", "pre", String(repeating: "p", count: 100)])
    func far(word: String) {
        #expect(Suggestion.nearest(to: word, among: ["prefix", "priority", "manual"]) == nil)
    }

    @Test(
        "Unknown keys come with advice",
        arguments: [
            ("group: x", "group: unknown key; did you mean \"groupRef\"?"),
            ("incomingAuht: {}", "incomingAuht: unknown key; did you mean \"incomingAuth\"?"),
            ("codemode: {}", "codemode: unknown key; did you mean \"codeMode\"?"),
            ("timeouts: {}", "timeouts: unknown key; did you mean \"operational.timeouts\"?"),
            ("listen: x", "listen: unknown key; the address is given to the serve command with --host and --port"),
            ("tokenCache: {}", "tokenCache: unknown key; remove it"),
            (
                "http: {cors: true}",
                "http.cors: unknown key; the keys here are allowedHosts, allowedOrigins, allowAnonymousNonLoopback, "
                    + "trustedProxies, legacySSE, pathPrefix"
            ),
        ])
    func keys(text: String, message: String) {
        #expect(LoadOutcome(ConfigurationText.with(["metadata": text])).errors == [message])
    }
}
