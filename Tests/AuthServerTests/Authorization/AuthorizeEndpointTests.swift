// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Testing

@testable import AuthServer

@Suite("GET /oauth/authorize")
struct AuthorizeEndpointTests {
    typealias Bench = AuthorizationBench

    struct Direct: Sendable, CustomTestStringConvertible {
        let name: String
        let query: [(name: String, value: String)]
        let status: Int
        let error: String
        var testDescription: String { name }
    }

    @Test(
        "an error before the redirect URI is known is never redirected",
        arguments: [
            Direct(
                name: "A1 no client_id", query: Bench.query(["client_id": nil]), status: 401, error: "invalid_client"),
            Direct(
                name: "A2 unknown client", query: Bench.query(["client_id": "nobody"]), status: 401,
                error: "invalid_client"),
            Direct(
                name: "A3 no redirect_uri, several registered",
                query: Bench.query(["redirect_uri": nil, "scope": nil], client: "two-uris"), status: 400,
                error: "invalid_request"),
            Direct(
                name: "no redirect_uri although openid is asked for", query: Bench.query(["redirect_uri": nil]),
                status: 400, error: "invalid_request"),
            Direct(
                name: "A4 unregistered", query: Bench.query(["redirect_uri": "https://evil.example/cb"]), status: 400,
                error: "invalid_request"),
            Direct(
                name: "A9 other path", query: Bench.query(["redirect_uri": "http://127.0.0.1:1/x"], client: "loopback"),
                status: 400, error: "invalid_request"),
            Direct(
                name: "A9 other host literal",
                query: Bench.query(["redirect_uri": "http://localhost/cb"], client: "loopback"), status: 400,
                error: "invalid_request"),
            Direct(
                name: "A11 confidential, other port",
                query: Bench.query(["redirect_uri": "http://127.0.0.1:9001/cb"], client: "confidential"), status: 400,
                error: "invalid_request"),
            Direct(
                name: "A17 two client_id", query: Bench.query() + [("client_id", Bench.web)], status: 400,
                error: "invalid_request"),
            Direct(
                name: "two redirect_uri", query: Bench.query() + [("redirect_uri", Bench.webURI)], status: 400,
                error: "invalid_request"),
            Direct(
                name: "two request_uri", query: Bench.query() + [("request_uri", "a"), ("request_uri", "b")],
                status: 400, error: "invalid_request"),
            Direct(
                name: "unknown pushed request",
                query: Bench.query(["request_uri": PushedRequests.uriPrefix + "unknown"]), status: 400,
                error: "invalid_request_uri"),
        ])
    func direct(_ row: Direct) async throws {
        let bench = try Bench()
        let answer = await bench.authorize(row.query)
        #expect(answer.status == row.status)
        #expect(answer.toldError == row.error)
        #expect(answer.header("location") == nil)
        #expect(answer.sentCookies.isEmpty)
        #expect(bench.log.lines("authorize").count == 1)
        #expect(bench.upstreams[0].visits.isEmpty)
    }

    struct Redirected: Sendable, CustomTestStringConvertible {
        let name: String
        let changes: [String: String?]
        let error: String
        var extra: [(name: String, value: String)] = []
        var testDescription: String { name }
    }

    static let mistakes: [Redirected] = [
        Redirected(name: "row 5", changes: [:], error: "invalid_request", extra: [("scope", "openid")]),
        Redirected(
            name: "row 5, unknown parameter", changes: [:], error: "invalid_request", extra: [("x", "1"), ("x", "2")]),
        Redirected(
            name: "row 5, two audiences", changes: [:], error: "invalid_request",
            extra: [("audience", Bench.resource), ("audience", Bench.resource)]),
        Redirected(name: "row 6 request", changes: ["request": "eyJ"], error: "request_not_supported"),
        Redirected(
            name: "row 6 request_uri", changes: ["request_uri": "https://x.example/r"],
            error: "request_uri_not_supported"),
        Redirected(name: "row 6 registration", changes: ["registration": "{}"], error: "registration_not_supported"),
        Redirected(name: "row 8 absent", changes: ["response_type": nil], error: "invalid_request"),
        Redirected(name: "A5 token", changes: ["response_type": "token"], error: "unsupported_response_type"),
        Redirected(
            name: "row 8 two types", changes: ["response_type": "code token"], error: "unsupported_response_type"),
        Redirected(
            name: "row 9 fragment", changes: ["response_mode": "fragment"], error: "unsupported_response_mode"),
        Redirected(
            name: "row 9 form_post", changes: ["response_mode": "form_post"], error: "unsupported_response_mode"),
        Redirected(name: "A12 no challenge", changes: ["code_challenge": nil], error: "invalid_request"),
        Redirected(name: "A12 no method", changes: ["code_challenge_method": nil], error: "invalid_request"),
        Redirected(name: "A12 plain", changes: ["code_challenge_method": "plain"], error: "invalid_request"),
        Redirected(
            name: "row 10 short", changes: ["code_challenge": String(repeating: "a", count: 42)],
            error: "invalid_request"),
        Redirected(
            name: "row 10 long", changes: ["code_challenge": String(repeating: "a", count: 44)],
            error: "invalid_request"),
        Redirected(
            name: "row 10 alphabet", changes: ["code_challenge": String(repeating: "+", count: 43)],
            error: "invalid_request"),
        Redirected(name: "row 11", changes: ["scope": "openid admin"], error: "invalid_scope"),
        Redirected(name: "A18", changes: ["resource": "https://other.example/mcp"], error: "invalid_target"),
        Redirected(name: "row 12 not a resource", changes: ["resource": "mcp"], error: "invalid_target"),
        Redirected(name: "row 12 fragment", changes: ["resource": Bench.resource + "#x"], error: "invalid_target"),
        Redirected(
            name: "row 12 two", changes: [:], error: "invalid_target", extra: [("resource", Bench.resource)]),
        Redirected(
            name: "row 12 audience elsewhere", changes: ["resource": nil, "audience": "https://other.example"],
            error: "invalid_target"),
        Redirected(
            name: "row 12 disagreement", changes: ["audience": "https://other.example"], error: "invalid_target"),
        Redirected(name: "row 13 state", changes: ["state": "caf\u{E9}"], error: "invalid_request"),
        Redirected(
            name: "row 13 long state", changes: ["state": String(repeating: "s", count: 2049)],
            error: "invalid_request"),
        Redirected(name: "row 13 dpop_jkt", changes: ["dpop_jkt": "short"], error: "invalid_request"),
        Redirected(name: "row 13 prompt", changes: ["prompt": "none"], error: "login_required"),
    ]

    @Test(
        "AU-14, AU-18, AU-19: an error behind the redirect URI goes to the client with state and iss",
        arguments: mistakes)
    func redirected(_ row: Redirected) async throws {
        let bench = try Bench()
        let answer = await bench.authorize(Bench.query(row.changes) + row.extra, FlowBrowser(isPerson: false))
        let location = try #require(answer.redirectTarget)
        #expect(answer.status == 303)
        #expect(location.withoutQuery == "https://app.example.net/cb")
        #expect(location.queryValue("tenant") == "1")
        #expect(location.queryValue("error") == row.error)
        #expect(location.queryValue("error_description")?.isEmpty == false)
        #expect(location.queryValue("state") == (row.changes["state"] ?? Bench.state))
        #expect(location.queryValue("iss") == Bench.issuer)
        #expect(location.queryValue("code") == nil)
        #expect(bench.log.lines("authorize").count == 1)
        #expect(bench.storage.calls == 0)
    }

    @Test("a state that was not sent is not echoed")
    func noState() async throws {
        let bench = try Bench()
        let browser = FlowBrowser(isPerson: false)
        let absent = await bench.authorize(Bench.query(["state": nil, "response_type": "x"]), browser)
        #expect(absent.redirectTarget?.queryItems?.contains { $0.name == "state" } == false)
        let repeated = await bench.authorize(Bench.query() + [("state", "other")], browser)
        #expect(repeated.toldError == "invalid_request")
        #expect(repeated.redirectTarget?.queryValue("state") == nil)
    }

    @Test("of two mistakes the earlier row is told", arguments: 0..<mistakes.count - 1)
    func order(_ index: Int) async throws {
        let bench = try Bench()
        let first = Self.mistakes[index]
        for later in Self.mistakes[(index + 1)...] where Set(first.changes.keys).isDisjoint(with: later.changes.keys) {
            var changes = first.changes
            changes.merge(later.changes) { old, _ in old }
            // A repetition is always the earliest mistake; repeated resources are none.
            guard later.extra.allSatisfy({ $0.name == "resource" }) else { continue }
            let query = Bench.query(changes) + first.extra + later.extra
            let answer = await bench.authorize(query, FlowBrowser(isPerson: false))
            #expect(answer.toldError == first.error, "\(first.name) with \(later.name)")
        }
    }

    @Test("A6, A14: an approved request goes to the first upstream with fresh secrets and a bound browser")
    func upstream() async throws {
        let bench = try Bench(upstreams: [FlowUpstream("corp"), FlowUpstream("git")])
        let browser = FlowBrowser()
        let answer = try await bench.approve(browser)
        let visit = try #require(bench.upstreams[0].visits.first)
        #expect(answer.redirectTarget?.host == "corp.idp.example")
        #expect(bench.upstreams[1].visits.isEmpty)
        #expect(visit.state.count == 26)
        #expect(visit.nonce.count == 26)
        #expect(visit.challenge.count == 43)
        let cookie = try #require(answer.sentCookies.first { $0.name.hasPrefix("__Host-asb-") })
        #expect(cookie.name == "__Host-asb-\(HandleTag.of(visit.state))")
        #expect(cookie.value.count == 43)
        #expect(cookie.attributes == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"])
    }

    @Test(
        "A7, A8, A10: a public loopback client may use any port, for the code and for errors",
        arguments: [
            ("loopback", "http://127.0.0.1:51111/cb"), ("localhost", "http://localhost:51111/cb"),
            ("localhost", "http://LOCALHOST:51111/cb"),
        ])
    func anyPort(_ client: String, _ uri: String) async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let done = try await bench.logIn(Bench.query(["redirect_uri": uri], client: client), browser)
        #expect(done.header("location")?.hasPrefix("\(uri)?code=") == true)
        let error = await bench.authorize(
            Bench.query(["redirect_uri": uri, "scope": "admin"], client: client), browser)
        #expect(error.header("location")?.hasPrefix("\(uri)?error=invalid_scope") == true)
    }

    @Test("A15: a short state is fine, and so is none")
    func shortState() async throws {
        let bench = try Bench()
        #expect(await bench.authorize(Bench.query(["state": "1"])).status == 200)
        let done = try await bench.logIn(Bench.query(["state": nil]), FlowBrowser())
        #expect(done.redirectTarget?.queryItems?.map(\.name) == ["tenant", "code", "scope", "iss"])
    }

    @Test("A16: a store that is down is a redirected server_error, and nothing is started")
    func storageDown() async throws {
        let bench = try Bench()
        for fault in [FlowStorage.Fault(reads: true), .init(writes: true), .init(reads: true, writes: true)] {
            bench.storage.fail(fault)
            let browser = FlowBrowser(isPerson: false)
            browser.jar = ["__Host-as-consent": String(repeating: "c", count: 43)]
            let answer = await bench.authorize(Bench.query(), browser)
            #expect(answer.toldError == "server_error")
            #expect(answer.redirectTarget?.host == "app.example.net")
            #expect(answer.sentCookies.isEmpty)
        }
        bench.clients.goDown()
        let direct = await bench.authorize()
        #expect(direct.status == 500)
        #expect(direct.toldError == "server_error")
        #expect(direct.header("location") == nil)
        #expect(bench.upstreams[0].visits.isEmpty)
    }

    @Test("absent scopes become those of the resource that the client has, never offline_access")
    func defaultScopes() async throws {
        let bench = try Bench()
        _ = await bench.authorize(Bench.query(["scope": nil]))
        #expect(bench.rendering.consents.last?.scopes == ["openid", "profile"])
        _ = await bench.authorize(Bench.query(["scope": "offline_access  openid openid"]))
        #expect(bench.rendering.consents.last?.scopes == ["offline_access", "openid"])
    }

    @Test(
        "every spelling of a resource becomes that of the configuration",
        arguments: [
            ["resource": "HTTPS://MCP.example.com:443/mcp/"],
            ["resource": nil, "audience": "https://mcp.example.com/mcp/"],
            ["resource": nil], ["audience": "https://MCP.EXAMPLE.com/mcp"],
        ] as [[String: String?]])
    func resources(_ changes: [String: String?]) async throws {
        let bench = try Bench()
        #expect(await bench.authorize(Bench.query(changes)).status == 200)
        #expect(bench.rendering.consents.last?.resource == Bench.resource)
    }

    @Test("an absent resource is an error when there are several")
    func severalResources() async throws {
        let bench = try Bench(audiences: [Bench.resource, "https://mcp.example.com/other"])
        let browser = FlowBrowser(isPerson: false)
        #expect(await bench.authorize(Bench.query(["resource": nil]), browser).toldError == "invalid_target")
        #expect(await bench.authorize(Bench.query(["resource": "https://mcp.example.com/other"])).status == 200)
        // The client may not ask for all of them.
        bench.clients.change(Bench.web) { $0.audiences = [Bench.resource] }
        let foreign = await bench.authorize(Bench.query(["resource": "https://mcp.example.com/other"]), browser)
        #expect(foreign.toldError == "invalid_target")
        #expect(await bench.authorize(Bench.query(["resource": nil])).status == 200)
    }

    @Test("row 7: a request that had to be pushed is refused", arguments: [true, false])
    func mustBePushed(_ isServerWide: Bool) async throws {
        let bench = try Bench { $0.pushedRequests = isServerWide ? .required : .optional }
        let client = isServerWide ? Bench.web : "pushing-client"
        let answer = await bench.authorize(Bench.query(client: client), FlowBrowser(isPerson: false))
        #expect(answer.toldError == "invalid_request")
        #expect(answer.redirectTarget != nil)
    }

    @Test("a key is bound to unless proofs are switched off")
    func thumbprint() async throws {
        for (mode, expected) in [(AuthServerSettings.Requirement.optional, Bench.challenge), (.off, nil)] {
            let bench = try Bench { $0.dpop = mode }
            _ = try await bench.logIn(Bench.query(["dpop_jkt": Bench.challenge]), FlowBrowser())
            #expect(bench.codes.issued.first?.grant.dpopThumbprint == expected)
        }
    }

    @Test("consent off goes straight to the upstream, still bound to the browser")
    func consentOff() async throws {
        let bench = try Bench { $0.consent = .off }
        let browser = FlowBrowser()
        let answer = await bench.authorize(Bench.query(), browser)
        #expect(answer.status == 302)
        #expect(answer.sentCookies.count == 1)
        #expect(try await bench.comeBack(from: answer, FlowBrowser()).status == 400)
        #expect(try await bench.comeBack(from: answer, browser).redirectTarget?.queryValue("code") != nil)
    }

    @Test("without browser checks no cookie is set or needed")
    func noBrowserChecks() async throws {
        let bench = try Bench { $0.skipsBrowserChecks = true }
        let answer = await bench.authorize()
        #expect(answer.status == 302)
        #expect(answer.sentCookies.isEmpty)
        #expect(try await bench.comeBack(from: answer, FlowBrowser()).redirectTarget?.queryValue("code") != nil)
    }

    @Test("more logins than the table holds are refused, not evicted")
    func full() async throws {
        let bench = try Bench()
        #expect(PendingAuthorization.table.capacity == 10_000)
        #expect(ConsentRequest.table.capacity == 10_000)
        #expect(PushedRequest.table.capacity == 10_000)
        let key = StorageKey(ConsentRequest.table, "filler")
        for index in 0..<10_000 {
            _ = try await bench.storage.create(
                StorageKey(ConsentRequest.table, "\(key.id)-\(index)"), [0], expires: bench.clock.now + 600)
        }
        let answer = await bench.authorize(Bench.query(), FlowBrowser(isPerson: false))
        #expect(answer.toldError == "temporarily_unavailable")
        bench.clock.advance(601)
        #expect(await bench.authorize().status == 200)
    }
}
