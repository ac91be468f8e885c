// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import Testing

@testable import Gateway

/// The `Host` and `Origin` of a request, and why it is refused.
struct OriginCase: Sendable, CustomTestStringConvertible {
    let rule: String
    let fields: [(String, String)]
    let version: HTTPVersion
    let refusal: OriginPolicy.Refusal?

    init(
        _ rule: String, host: String? = "localhost:4483", origin: String? = nil, more: [(String, String)] = [],
        version: HTTPVersion = .http1_1, _ refusal: OriginPolicy.Refusal? = nil
    ) {
        self.rule = rule
        fields = (host.map { [("Host", $0)] } ?? []) + (origin.map { [("Origin", $0)] } ?? []) + more
        self.version = version
        self.refusal = refusal
    }

    var testDescription: String { "\(rule) \(fields.map { "\($0): \($1)" }.joined(separator: ", "))" }

    func refusal(by policy: OriginPolicy) -> OriginPolicy.Refusal? {
        var last: String?
        return refusal(by: policy, after: &last)
    }

    /// The refusal of a request on a connection that remembers its last `Host`.
    func refusal(by policy: OriginPolicy, after last: inout String?) -> OriginPolicy.Refusal? {
        let head = HTTPRequestHead(version: version, method: .POST, uri: "/mcp", headers: HTTPHeaders(fields))
        var origin: String?
        return policy.refusal(of: head, lastAllowedHost: &last, origin: &origin)
    }
}

@Suite struct OriginPolicyTests {
    private let loopback = OriginPolicy(isLoopback: true, allowedHosts: [], allowedOrigins: [])

    @Test(
        "A loopback listener knows its own origins",
        arguments: [
            OriginCase("SE-01"),
            OriginCase("SE-01", origin: "http://localhost"), OriginCase("SE-01", origin: "http://localhost:3000"),
            OriginCase("SE-01", origin: "https://127.0.0.1:1"), OriginCase("SE-01", origin: "http://127.8.9.10"),
            OriginCase("SE-01", origin: "http://[::1]:4483"), OriginCase("SE-01", origin: "HTTP://LocalHost:1"),
        ])
    func ownOrigins(_ row: OriginCase) {
        #expect(row.refusal(by: loopback) == nil)
    }

    @Test(
        "A loopback listener refuses every other origin",
        arguments: [
            "null", "http://evil.example", "https://evil.example:443", "http://localhost.evil.example",
            "http://127.0.0.1.evil.example", "http://evil.example/http://localhost", "http://localhost@evil.example",
            "http://localhost:80@evil.example", "http://evil.example#localhost", "http://localhost:",
            "http://localhost:x",
            "http://localhost:80:80", "http://", "://localhost", "localhost", "file://", "file://localhost",
            "ftp://localhost",
            "chrome-extension://abcdef", "", " ", "http://0.0.0.0", "http://127.1", "http://2130706433",
            "http://127.0.0.256",
            "http://[::1", "http://[::1]x", "http://[::ffff:127.0.0.1]x", "http://localhost\u{0}", "xhttp://localhost",
            "http://localhost, http://evil.example", "http:// localhost",
        ])
    func foreignOrigins(_ origin: String) {
        #expect(OriginCase("SE-01", origin: origin).refusal(by: loopback) == .foreignOrigin)
    }

    @Test("SE-01: two origins are refused, even when each would do")
    func duplicateOrigin() {
        let row = OriginCase("SE-01", origin: "http://localhost", more: [("origin", "http://localhost")])
        #expect(row.refusal(by: loopback) == .foreignOrigin)
    }

    @Test(
        "SE-02: a loopback listener answers to loopback names",
        arguments: [
            "localhost", "localhost:4483", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:65535", "127.255.255.254", "[::1]",
            "[::1]:4483",
        ])
    func ownHosts(_ host: String) {
        #expect(OriginCase("SE-02", host: host).refusal(by: loopback) == nil)
    }

    @Test(
        "SE-02: a loopback listener answers to no other name",
        arguments: [
            "evil.example", "evil.example:4483", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:",
            "localhost:x",
            "localhost:80:80", "localhost:-1", "[::1", "[::1]x", "[::1]:", "[::2]", "::1", "", "0.0.0.0", "127.1",
            "127.0.0.1.",
            "127.0.0.256", "127.0.0", "user@localhost", "localhost/", "localhost ", "128.0.0.1",
        ])
    func foreignHosts(_ host: String) {
        #expect(OriginCase("SE-02", host: host).refusal(by: loopback) == .foreignHost(host))
    }

    @Test(
        "SE-02: Host is there once, and a foreign one is told before the origin",
        arguments: [
            OriginCase("RFC 9112 §3.2 missing", host: nil, .missingHost),
            OriginCase("RFC 9112 §3.2 twice", more: [("host", "localhost:4483")], .ambiguousHost),
            OriginCase("HTTP/1.0 without Host", host: nil, version: .http1_0),
            OriginCase(
                "HTTP/1.0 with a foreign Host", host: "evil.example", version: .http1_0, .foreignHost("evil.example")),
            OriginCase(
                "SE-01 HTTP/1.0 without Host", host: nil, origin: "http://evil.example", version: .http1_0,
                .foreignOrigin),
            OriginCase("both", host: "evil.example", origin: "http://evil.example", .foreignHost("evil.example")),
        ])
    func hostCount(_ row: OriginCase) {
        #expect(row.refusal(by: loopback) == row.refusal)
    }

    @Test("SE-02: what a connection remembers lets nothing else pass")
    func remembered() {
        var last: String?
        let evil = OriginCase("", host: "evil.example")
        let own = OriginCase("", host: "localhost:1")
        #expect(evil.refusal(by: loopback, after: &last) == .foreignHost("evil.example"))
        #expect(evil.refusal(by: loopback, after: &last) == .foreignHost("evil.example"))
        #expect(own.refusal(by: loopback, after: &last) == nil)
        #expect(evil.refusal(by: loopback, after: &last) == .foreignHost("evil.example"))
        #expect(own.refusal(by: loopback, after: &last) == nil)
        // The origin of each request is looked at, whatever its host.
        let page = OriginCase("", host: "localhost:1", origin: "http://evil.example")
        #expect(page.refusal(by: loopback, after: &last) == .foreignOrigin)
        let twice = OriginCase("", host: "localhost:1", more: [("Host", "localhost:1")])
        #expect(twice.refusal(by: loopback, after: &last) == .ambiguousHost)
    }

    @Test("The operator adds names to a loopback listener")
    func addedNames() {
        let policy = OriginPolicy(
            isLoopback: true, allowedHosts: ["Gateway.Example"], allowedOrigins: ["https://App.Example"])
        #expect(OriginCase("", host: "gateway.example").refusal(by: policy) == nil)
        #expect(OriginCase("", host: "GATEWAY.EXAMPLE:8443").refusal(by: policy) == nil)
        #expect(OriginCase("", host: "localhost").refusal(by: policy) == nil)
        #expect(OriginCase("", host: "other.example").refusal(by: policy) == .foreignHost("other.example"))
        #expect(OriginCase("", origin: "https://app.example").refusal(by: policy) == nil)
        #expect(OriginCase("", origin: "https://APP.example").refusal(by: policy) == nil)
        #expect(OriginCase("", origin: "https://app.example:8443").refusal(by: policy) == .foreignOrigin)
        #expect(OriginCase("", origin: "http://app.example").refusal(by: policy) == .foreignOrigin)
    }

    @Test("A listener that others reach knows only the names that it was given")
    func publicListener() {
        let anyHost = OriginPolicy(isLoopback: false, allowedHosts: [], allowedOrigins: [])
        #expect(OriginCase("", host: "whatever.example").refusal(by: anyHost) == nil)
        #expect(
            OriginCase("", host: "whatever.example", origin: "http://localhost").refusal(by: anyHost) == .foreignOrigin)
        #expect(
            OriginCase("", host: "whatever.example", origin: "http://whatever.example").refusal(by: anyHost)
                == .foreignOrigin)
        let named = OriginPolicy(isLoopback: false, allowedHosts: ["gw.example:8443"], allowedOrigins: [])
        #expect(OriginCase("", host: "gw.example:8443").refusal(by: named) == nil)
        #expect(OriginCase("", host: "gw.example:1").refusal(by: named) == .foreignHost("gw.example:1"))
        #expect(OriginCase("", host: "localhost").refusal(by: named) == .foreignHost("localhost"))
    }
}
