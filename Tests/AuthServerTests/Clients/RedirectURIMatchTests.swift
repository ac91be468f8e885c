// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct RedirectURIMatchTests {
    private struct Row: CustomTestStringConvertible, Sendable {
        let registered: [String]
        let requested: String?
        let isMatch: Bool
        let why: String
        var testDescription: String { why }

        init(_ registered: [String], _ requested: String?, _ isMatch: Bool, _ why: String) {
            self.registered = registered
            self.requested = requested
            self.isMatch = isMatch
            self.why = why
        }
    }

    private static let rows = [
        Row(["https://a.example/cb"], "https://a.example/cb", true, "the same text"),
        Row(["https://a.example/cb"], "https://a.example/CB", false, "another case of the path"),
        Row(["https://a.example/cb"], "https://A.example/cb", false, "another case of the host"),
        Row(["https://a.example/cb"], "https://a.example/cb/", false, "a slash more"),
        Row(["https://a.example/cb"], "https://a.example/cb?x=1", false, "a query more"),
        Row(["https://a.example/cb"], "https://a.example:443/cb", false, "the default port spelled out"),
        Row(["https://a.example/cb"], "https://a.example/%63b", false, "an escape for a letter"),
        Row(["https://a.example/cb"], "https://a.example/x/../cb", false, "dot segments"),
        Row(["https://a.example/cb"], "https://a.example/cb#f", false, "a fragment"),
        Row(["https://a.example/cb"], "https://a.example.evil.example/cb", false, "a longer host"),
        Row(["https://a.example/cb"], "https://a.example@evil.example/cb", false, "user information"),
        Row(["https://a.example/cb"], "https://a.example\\@evil.example/cb", false, "a backslash"),
        Row(["https://a.example/caf\u{E9}"], "https://a.example/cafe\u{301}", false, "canonically equal, other bytes"),
        Row(["https://a.example/cb"], nil, true, "left out, one registered"),
        Row(["https://a.example/cb", "https://a.example/2"], nil, false, "left out, two registered"),
        Row([], nil, false, "left out, none registered"),
        Row([], "https://a.example/cb", false, "none registered"),
        Row(["https://a.example/cb"], "", false, "empty"),

        Row(["http://127.0.0.1/cb"], "http://127.0.0.1:5000/cb", true, "any port on 127.0.0.1"),
        Row(["http://127.0.0.1:1/cb"], "http://127.0.0.1:5000/cb", true, "another port on 127.0.0.1"),
        Row(["http://127.0.0.1:1/cb"], "http://127.0.0.1/cb", true, "no port on 127.0.0.1"),
        Row(["http://[::1]:1/cb"], "http://[::1]:5000/cb", true, "another port on [::1]"),
        Row(["http://localhost/cb"], "http://localhost:5000/cb", true, "any port on localhost"),
        Row(["http://localhost/cb"], "http://LocalHost:5000/cb", true, "localhost in any case"),
        Row(["http://LOCALHOST/cb"], "http://localhost:5000/cb", true, "registered in any case"),
        Row(["http://localhost/cb?a=1"], "http://localhost:9/cb?a=1", true, "the same query"),
        Row(["http://localhost/cb"], "http://127.0.0.1:5000/cb", false, "localhost is not 127.0.0.1"),
        Row(["http://127.0.0.1/cb"], "http://localhost:5000/cb", false, "127.0.0.1 is not localhost"),
        Row(["http://127.0.0.1/cb"], "http://[::1]:5000/cb", false, "127.0.0.1 is not [::1]"),
        Row(["http://127.0.0.1/cb"], "http://127.0.0.2:5000/cb", false, "another loopback address"),
        Row(["http://127.0.0.1/cb"], "http://127.1:5000/cb", false, "a short spelling"),
        Row(["http://127.0.0.1/cb"], "http://2130706433:5000/cb", false, "a number"),
        Row(["http://127.0.0.1/cb"], "http://0x7f.0.0.1:5000/cb", false, "a hexadecimal number"),
        Row(["http://[::1]/cb"], "http://[0:0:0:0:0:0:0:1]:5000/cb", false, "a long spelling"),
        Row(["http://localhost/cb"], "http://localhost.:5000/cb", false, "a dot behind localhost"),
        Row(["http://localhost/cb"], "http://app.localhost:5000/cb", false, "a name below localhost"),
        Row(
            ["http://app.localhost/cb"], "http://app.localhost:5000/cb", false, "names below localhost keep theirs"),
        Row(["http://localhost/cb"], "http://localhost:5000/other", false, "another path"),
        Row(["http://localhost/cb"], "http://localhost:5000/cb/", false, "a slash more on loopback"),
        Row(["http://localhost"], "http://localhost:5000/", false, "an empty path is not a slash"),
        Row(["http://localhost/cb"], "http://localhost:5000/%63b", false, "the escaped path differs"),
        Row(["http://localhost/cb"], "http://localhost:5000/cb?", false, "a bare question mark"),
        Row(["http://localhost/cb?"], "http://localhost:5000/cb", false, "a bare question mark missing"),
        Row(["http://localhost/cb?a=1"], "http://localhost:5000/cb?a=2", false, "another query"),
        Row(["http://localhost/cb"], "http://localhost:5000/cb#f", false, "a fragment on loopback"),
        Row(["http://localhost/cb"], "http://localhost:5000/cb#", false, "an empty fragment on loopback"),
        Row(["http://localhost/cb"], "http://user@localhost:5000/cb", false, "user information on loopback"),
        Row(["http://localhost/cb"], "http://localhost:5000@evil.example/cb", false, "a port that is a user"),
        Row(["http://localhost/cb"], "http://localhost:5000\\@evil.example/cb", false, "a backslash on loopback"),
        Row(["http://localhost/cb"], "http://localhost:99999/cb", false, "a port that is none"),
        Row(["http://localhost/cb"], "https://localhost:5000/cb", false, "https instead of http"),
        Row(["https://localhost/cb"], "http://localhost:5000/cb", false, "http instead of https"),
        Row(["https://localhost/cb"], "https://localhost:5000/cb", false, "https on loopback keeps its port"),
        Row(["https://a.example/cb"], "https://a.example:5000/cb", false, "a port elsewhere"),
        Row(["http://localhost/a/../cb"], "http://localhost:1/a/../cb", false, "dot segments on loopback"),
        Row(["cursor://x:1/y"], "cursor://x:2/y", false, "a port in a private-use URI"),
    ]

    @Test("AU-16: A public client may use what it registered, and other ports on loopback only", arguments: rows)
    private func publicClients(row: Row) {
        let client = OAuthClient.sample(redirectURIs: row.registered)
        let expected: RedirectMatch =
            row.isMatch ? .matched(row.requested ?? row.registered[0]) : RedirectMatch.none
        #expect(RedirectURIRules.match(requested: row.requested, client: client) == expected)
    }

    @Test(
        "A client with a secret gets no other port",
        arguments: ["http://127.0.0.1:5000/cb", "http://localhost:5000/cb", "http://[::1]:5000/cb"])
    func confidentialClients(requested: String) {
        let registered = requested.replacing(":5000", with: "")
        let client = OAuthClient.sample(redirectURIs: [registered], secret: "s", method: nil)
        #expect(RedirectURIRules.match(requested: requested, client: client) == RedirectMatch.none)
        #expect(RedirectURIRules.match(requested: registered, client: client) == .matched(registered))
    }

    @Test(
        "A page names the place that a redirect URI leads to",
        arguments: [
            ("https://App.example.com/cb", ConsentPage.Target.host("app.example.com")),
            ("https://app.example.com:8443/cb", .host("app.example.com:8443")),
            ("http://localhost:33418/cb", .loopback(port: 33418)), ("http://127.0.0.1/cb", .loopback(port: nil)),
            ("https://[::1]/cb", .loopback(port: nil)), ("cursor://anysphere/cb", .scheme("cursor")),
            ("com.example.app:/cb", .scheme("com.example.app")),
        ])
    func targets(uri: String, target: ConsentPage.Target) {
        #expect(RedirectURIRules.target(uri) == target)
        let isLoopback = if case .loopback = target { true } else { false }
        let isPrivateUse = if case .scheme = target { true } else { false }
        #expect(RedirectURIRules.isLoopback(uri) == isLoopback)
        #expect(RedirectURIRules.isPrivateUse(uri) == isPrivateUse)
    }

    @Test(
        "An origin is scheme, host and port as browsers compare them",
        arguments: [
            ("https://App.Example.com/cb", "https://app.example.com"),
            ("https://app.example.com:443/cb", "https://app.example.com"),
            ("https://app.example.com:8443/cb", "https://app.example.com:8443"),
            ("http://localhost:80/", "http://localhost"), ("cursor://x/y", nil), ("nonsense", nil),
        ] as [(String, String?)])
    func origins(uri: String, origin: String?) {
        #expect(RedirectURIRules.origin(uri) == origin)
    }

    @Test("An invalid URI is neither loopback nor private-use and has no target")
    func invalid() {
        for uri in ["", "x", "http://localhost\\@evil.example/", "http://127.1/", "https://a..b/"] {
            #expect(!RedirectURIRules.isLoopback(uri))
            #expect(!RedirectURIRules.isPrivateUse(uri))
            #expect(RedirectURIRules.target(uri) == nil)
        }
    }
}
