// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Testing

@testable import AuthServer

@Suite("Remembered consent")
struct RememberedConsentTests {
    typealias Bench = AuthorizationBench

    @Test("an approval makes the page unnecessary, in this browser only")
    func remembered() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        let cookie = try #require(browser.jar["__Host-as-consent"])
        #expect(cookie.count == 43)
        let silent = await bench.authorize(Bench.query(), browser)
        #expect(silent.status == 302)
        #expect(silent.redirectTarget?.host == "corp.idp.example")
        let done = try await bench.comeBack(from: silent, browser)
        #expect(done.redirectTarget?.queryValue("code") != nil)
        #expect(await bench.authorize(Bench.query(), FlowBrowser()).status == 200)
        #expect(bench.codes.issued.map(\.user.id) == ["user-alice", "user-alice"])
        #expect(Set(bench.codes.issued.map(\.tsid)).count == 2)
    }

    @Test("the cookie lives as long as the decision")
    func cookie() async throws {
        let bench = try Bench { $0.consentTTL = .seconds(3600) }
        let answer = try await bench.approve(FlowBrowser())
        let cookie = try #require(answer.sentCookies.first { $0.name == "__Host-as-consent" })
        #expect(cookie.attributes == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=3600"])
    }

    @Test("a decision ends with its time")
    func expiry() async throws {
        let bench = try Bench { $0.consentTTL = .seconds(3600) }
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        bench.clock.advance(3599)
        #expect(await bench.authorize(Bench.query(), browser).status == 302)
        bench.clock.advance(1)
        #expect(await bench.authorize(Bench.query(), browser).status == 200)
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        var query: [String: String?] = [:]
        var client: (@Sendable (inout OAuthClient) -> Void)?
        let isCovered: Bool
        var testDescription: String { name }
    }

    @Test(
        "AU-24: a decision covers exactly what was on the page",
        arguments: [
            Change(name: "the same", isCovered: true),
            Change(name: "fewer scopes", query: ["scope": "openid"], isCovered: true),
            Change(name: "other order", query: ["scope": "profile openid"], isCovered: true),
            Change(name: "another state and key", query: ["state": "x", "dpop_jkt": Bench.challenge], isCovered: true),
            Change(name: "one more scope", query: ["scope": "openid profile email"], isCovered: false),
            Change(name: "another resource", query: ["resource": "https://mcp.example.com/two"], isCovered: false),
            Change(name: "prompt=consent", query: ["prompt": "consent"], isCovered: false),
            Change(name: "prompt=login is ignored", query: ["prompt": "login"], isCovered: true),
            Change(
                name: "threat 20: changed registration or document", client: { $0.fingerprint = "other" },
                isCovered: false),
            Change(
                name: "another redirect URI", query: ["redirect_uri": "https://app.example.net/2"], isCovered: false),
        ])
    func matrix(_ change: Change) async throws {
        let bench = try Bench(audiences: [Bench.resource, "https://mcp.example.com/two"])
        bench.clients.change(Bench.web) { $0.redirectURIs.append("https://app.example.net/2") }
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        if let body = change.client { bench.clients.change(Bench.web, body) }
        let answer = await bench.authorize(Bench.query(change.query), browser)
        #expect(answer.status == (change.isCovered ? 302 : 200))
    }

    @Test("AU-24: another client is not covered")
    func otherClient() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        #expect(await bench.authorize(Bench.query(client: Bench.document), browser).status == 200)
    }

    @Test("other upstreams, or other scopes there, ask again")
    func upstreams() {
        let grant = Self.grant()
        let now = Date(timeIntervalSince1970: 0)
        let corp = [UpstreamConsent(name: "corp", scopes: ["openid"])]
        let decision = Self.decision("1", corp, expires: now + 1)
        #expect(decision.covers(grant, upstreams: corp, now: now))
        #expect(!decision.covers(grant, upstreams: corp, now: now + 1))
        for other in [
            [], corp + corp, [UpstreamConsent(name: "corp", scopes: ["openid", "mail"])],
            [UpstreamConsent(name: "git", scopes: ["openid"])],
        ] {
            #expect(!decision.covers(grant, upstreams: other, now: now))
        }
    }

    @Test("threat 18: loopback and private-use clients see the page every time", arguments: ["loopback", "editor"])
    func local(_ client: String) async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(Bench.query(client: client), browser)
        #expect(browser.jar["__Host-as-consent"] == nil)
        #expect(try await bench.count(ConsentDecisions.self) == 0)
        #expect(await bench.authorize(Bench.query(client: client), browser).status == 200)
    }

    @Test("prompt=consent is not remembered, and `always` remembers nothing")
    func notRemembered() async throws {
        for mode in [AuthServerSettings.ConsentMode.remember, .always] {
            let bench = try Bench { $0.consent = mode }
            let browser = FlowBrowser()
            _ = try await bench.logIn(Bench.query(["prompt": mode == .always ? nil : "consent"]), browser)
            #expect(try await bench.count(ConsentDecisions.self) == 0)
            #expect(await bench.authorize(Bench.query(), browser).status == 200)
        }
    }

    @Test("a silent use by somebody else ends access_denied, without tokens, and the decision is gone")
    func otherUser() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        bench.upstreams[0].script { $0.result = .success("bob") }
        let silent = await bench.authorize(Bench.query(), browser)
        let done = try await bench.comeBack(from: silent, browser)
        #expect(done.redirectTarget?.queryValue("error") == "access_denied")
        #expect(bench.codes.issued.count == 1)
        #expect(bench.sessions.all.rows.count == 1)
        #expect(bench.sessions.all.deleted.count == 1)
        #expect(await bench.authorize(Bench.query(), browser).status == 200)
    }

    @Test("whoever approves again owns the decision")
    func newOwner() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        bench.upstreams[0].script { $0.result = .success("bob") }
        _ = try await bench.logIn(Bench.query(["scope": "openid profile email"]), browser)
        let silent = await bench.authorize(Bench.query(), browser)
        #expect(try await bench.comeBack(from: silent, browser).redirectTarget?.queryValue("code") != nil)
    }

    @Test("a decision that vanished during a silent login counts for nothing")
    func vanished() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        let silent = await bench.authorize(Bench.query(), browser)
        let cookie = try #require(browser.jar["__Host-as-consent"])
        try await bench.storage.delete(bench.records.key(ConsentDecisions.self, RecordStore.id(ofHandle: cookie)))
        #expect(try await bench.comeBack(from: silent, browser).redirectTarget?.queryValue("error") == "access_denied")
    }

    @Test("people whom the upstream does not name are asked every time, and never refused")
    func synthetic() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        bench.upstreams[0].script { $0.isSynthetic = true }
        for name in ["tk-1", "tk-2"] {
            bench.upstreams[0].script { $0.result = .success(name) }
            let done = try await bench.logIn(browser)
            #expect(done.redirectTarget?.queryValue("code") != nil)
        }
        #expect(await bench.authorize(Bench.query(), browser).status == 200)
    }

    @Test("a cookie that is not of this server is replaced, one that is stays")
    func cookieReuse() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        let planted = String(repeating: "p", count: 43)
        browser.jar["__Host-as-consent"] = planted
        _ = try await bench.logIn(browser)
        let own = try #require(browser.jar["__Host-as-consent"])
        #expect(own != planted)
        _ = try await bench.logIn(Bench.query(client: Bench.document), browser)
        #expect(browser.jar["__Host-as-consent"] == own)
        #expect(try await bench.count(ConsentDecisions.self) == 1)
        #expect(await bench.authorize(Bench.query(), browser).status == 302)
        #expect(await bench.authorize(Bench.query(client: Bench.document), browser).status == 302)
    }

    @Test("at most 50 decisions are kept, the oldest goes first")
    func bound() {
        let now = Date(timeIntervalSince1970: 0)
        var decisions = ConsentDecisions()
        for index in 0..<60 {
            var decision = Self.decision("\(index)", [], expires: now + 100)
            decision.clientID = "client-\(index)"
            decisions.add(decision, now: now)
        }
        #expect(decisions.decisions.count == 50)
        #expect(decisions.decisions.first?.id == "10")
        #expect(decisions.decisions.last?.id == "59")
        decisions.add(Self.decision("x", [], expires: now + 300), now: now + 100)
        #expect(decisions.decisions.map(\.id) == ["x"])
    }

    @Test("a new decision replaces what it covers, and what was about another registration")
    func replacement() {
        let now = Date(timeIntervalSince1970: 0)
        var decisions = ConsentDecisions([Self.decision("old", [], scopes: ["a"], expires: now + 9)])
        decisions.add(Self.decision("disjoint", [], scopes: ["b"], expires: now + 9), now: now)
        #expect(decisions.decisions.map(\.id) == ["old", "disjoint"])
        decisions.add(Self.decision("both", [], scopes: ["a", "b"], expires: now + 9), now: now)
        #expect(decisions.decisions.map(\.id) == ["both"])
        var changed = Self.decision("changed", [], scopes: ["c"], expires: now + 9)
        changed.clientFingerprint = "other"
        decisions.add(changed, now: now)
        #expect(decisions.decisions.map(\.id) == ["changed"])
    }

    @Test("parallel approvals in one browser are all remembered")
    func parallelApprovals() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = try await bench.logIn(Bench.query(client: Bench.configured), browser)
        let clients = [Bench.web, Bench.document, "two-uris", "bound-client", "confidential"]
        var forms: [[(name: String, value: String)]] = []
        for client in clients {
            _ = await bench.authorize(Bench.query(client: client), browser)
            forms.append(try bench.form())
        }
        // They look for the cookie's row, and then all change the same version of it.
        bench.storage.gather(clients.count, ConsentDecisions.table, rounds: 2)
        await withTaskGroup(of: Void.self) { group in
            for form in forms {
                let copy = browser.copy()
                group.addTask { #expect(await bench.consent(form, copy).status == 303) }
            }
        }
        for client in clients {
            #expect(await bench.authorize(Bench.query(client: client), browser).status == 302, "\(client)")
        }
    }

    // MARK: Fixtures

    static func grant() -> AuthorizationGrant {
        AuthorizationGrant(
            clientID: "c", clientFingerprint: "f", redirectURI: "https://a.example/cb", state: nil,
            codeChallenge: Bench.challenge, scopes: ["a"], resource: Bench.resource, dpopThumbprint: nil,
            promptsConsent: false)
    }

    static func decision(
        _ id: String, _ upstreams: [UpstreamConsent], scopes: Set<String> = ["a", "b"], expires: Date
    ) -> ConsentDecision {
        ConsentDecision(
            id: id, clientID: "c", clientFingerprint: "f", redirectURI: "https://a.example/cb", scopes: scopes,
            resource: Bench.resource, upstreams: upstreams, userID: nil, expires: expires)
    }
}
