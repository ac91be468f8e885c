// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import AuthServer

@Suite("Hostile requests")
struct AuthorizationFuzzTests {
    typealias Bench = AuthorizationBench

    private static let names = [
        "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "code_challenge",
        "code_challenge_method", "resource", "audience", "prompt", "dpop_jkt", "request", "request_uri", "registration",
        "nonce", "iss", "code", "error", "",
    ]

    private static let values = [
        Bench.web, Bench.configured, "loopback", "editor", Bench.webURI, "https://static.example.org/cb",
        "https://evil.example/cb", "https://app.example.net/cb?tenant=1#x", "https://app.example.net/cb?tenant=1&y",
        "https://app.example.net@evil.example/cb?tenant=1", "https://app.example.net\\@evil.example/",
        "//evil.example", "javascript:alert(1)", "data:text/html,x", "http://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb/../x", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1:1@evil.example/cb",
        "http://2130706433/cb", "http://[::1]:2/cb", "HTTP://127.0.0.1:3/cb", "cursor://anysphere.cursor/cb",
        "cursor://evil/cb", "\r\nLocation: https://evil.example", "\u{0}", "\u{202E}", "%0d%0a", "code", "token",
        "query",
        "fragment", "openid", "openid admin", " ", "S256", "plain", Bench.challenge, Bench.resource,
        "https://mcp.example.com/mcp/", "none", "consent", PushedRequests.uriPrefix, PushedRequests.uriPrefix + "x",
        "https://evil.example/request", "{}", "", String(repeating: "A", count: 2048), "é", "e\u{301}",
    ]

    private static let registered = [
        Bench.webURI, "https://static.example.org/cb", "cursor://anysphere.cursor/cb",
    ]

    private func isRegistered(_ location: String) -> Bool {
        if location.hasPrefix("http://127.0.0.1/cb?") { return true }
        if let rest = location.wholeMatch(of: /(?i:http):\/\/127\.0\.0\.1:[0-9]+\/cb\?(.*)/)?.1 { return !rest.isEmpty }
        return Self.registered.contains { location.hasPrefix($0 + ($0.contains("?") ? "&" : "?")) }
    }

    @Test("no query, however mangled, sends anybody to an unregistered URI", arguments: UInt64(1)...UInt64(8))
    func property(_ seed: UInt64) async throws {
        let bench = try Bench()
        var generator = FlowGenerator(seed: seed)
        var redirects = 0
        var pages = 0
        for round in 0..<500 {
            var query = Bench.query(
                client: [Bench.web, Bench.configured, "loopback", "editor"].randomElement(using: &generator)!)
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let name = Self.names.randomElement(using: &generator)!
                let value = Self.values.randomElement(using: &generator)!
                switch Int.random(in: 0...3, using: &generator) {
                case 0: query.append((name, value))
                case 1: query.removeAll { $0.name == name }
                default:
                    query.removeAll { $0.name == name }
                    query.append((name, value))
                }
            }
            let browser = FlowBrowser(isPerson: round.isMultiple(of: 2))
            let answer = await bench.authorize(query, browser)
            if let location = answer.header("location") {
                redirects += 1
                #expect(answer.status == 303)
                #expect(isRegistered(location), "\(location)")
                #expect(location.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
                #expect(answer.redirectTarget?.queryValue("error") != nil)
                #expect(answer.sentCookies.isEmpty)
            }
            if let link = bench.rendering.pages.dropFirst(pages).last?.link {
                #expect(isRegistered(link.url), "\(link.url)")
            }
            pages = bench.rendering.pages.count
            #expect(bench.log.lines("authorize").count == round + 1)
        }
        for page in bench.rendering.consents {
            // Threats 6 and 8: whatever gets as far as a person has a challenge, one resource and registered scopes.
            let id = RecordStore.id(ofHandle: page.txn)
            let grant = try #require(try await bench.records.load(ConsentRequest.self, id)).record.grant
            #expect(grant.codeChallenge == Bench.challenge)
            #expect(grant.resource == Bench.resource)
            #expect(Set(grant.scopes).isSubset(of: ["openid", "profile"]))
            #expect(isRegistered(AuthorizationRedirects.url(grant.redirectURI, adding: [("code", "x")])))
        }
        #expect(redirects > 20)
        #expect(bench.rendering.consents.count > 20)
        // Nobody approved anything.
        #expect(bench.upstreams[0].visits.isEmpty)
        #expect(bench.codes.issued.isEmpty)
    }

    @Test("the text of a query is decoded before it is judged, once")
    func encoded() async throws {
        let bench = try Bench()
        let text =
            "client_id=loopback&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcb&response_type=code&state=a%2526b%3Dc"
            + "&code_challenge=\(Bench.challenge)&code_challenge_method=S256&scope=admin"
        let parameters = try Parameters(parsing: Array(text.utf8))
        let answer = await bench.endpoints.authorize.respond(
            to: EndpointRequest(
                http: FlowBrowser().request("GET", "/oauth/authorize", []), parameters: parameters))
        #expect(answer.header("location")?.hasPrefix("http://127.0.0.1:7/cb?error=invalid_scope&") == true)
        #expect(answer.redirectTarget?.queryValue("state") == "a%26b=c")
    }

    @Test("no secret and no code is ever logged")
    func secrecy() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git", isOptional: true)])
        let browser = FlowBrowser()
        let push = await bench.push(Bench.query(["client_secret": Bench.secret], client: "confidential"))
        let uri = try #require(push.answerText.split(separator: "\"").first { $0.hasPrefix("urn:") }.map(String.init))
        _ = await bench.authorize([("client_id", "confidential"), ("request_uri", uri)], browser)
        var secrets = [uri, Bench.secret, Bench.state, Bench.challenge]
        for decision in ["approve", "deny", "x"] {
            let page = await bench.authorize(Bench.query(["prompt": "consent"]), browser)
            let form = try bench.form(decision)
            secrets += form.prefix(2).map(\.value) + page.sentCookies.map(\.value)
            let answer = await bench.consent(form, browser)
            secrets += answer.sentCookies.map(\.value)
            guard decision == "approve" else { continue }
            let second = try await bench.comeBack(from: answer, browser, ["code": "upstream-code-77"])
            secrets += second.sentCookies.map(\.value)
            let done = try await bench.comeBack(
                from: second, browser, ["code": nil, "error": "words-of-the-idp", "error_description": "more-words"])
            secrets += ["upstream-code-77", "words-of-the-idp", "more-words"]
            secrets.append(try #require(done.redirectTarget?.queryValue("code")))
        }
        _ = await bench.authorize(Bench.query(["scope": "scope-of-a-stranger"]), browser)
        for upstream in bench.upstreams {
            secrets += upstream.visits.flatMap { [$0.state, $0.nonce] } + upstream.exchanges.map(\.verifier)
            secrets += ["upstream-access-\(upstream.name)", "upstream-refresh-\(upstream.name)"]
        }
        secrets += bench.codes.issued.map(\.tsid) + ["scope-of-a-stranger", "user-alice", Bench.web, "confidential"]
        #expect(bench.log.lines.count >= 8)
        for secret in secrets where !secret.isEmpty {
            #expect(!bench.log.contains(secret), "\(secret)")
        }
    }
}

/// The same numbers for the same seed.
private struct FlowGenerator: RandomNumberGenerator {
    private let source: PredictableRandomSource

    init(seed: UInt64) { source = PredictableRandomSource(seed: seed) }

    mutating func next() -> UInt64 { source.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
