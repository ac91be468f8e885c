// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Testing

@testable import AuthServer

@Suite("POST /oauth/consent")
struct ConsentEndpointTests {
    typealias Bench = AuthorizationBench

    @Test("AU-24: threat 1: nothing of a login exists before the person approved")
    func nothingBefore() async throws {
        let bench = try Bench()
        let answer = await bench.authorize()
        #expect(answer.status == 200)
        #expect(bench.upstreams[0].visits.isEmpty)
        #expect(try await bench.count(PendingAuthorization.self) == 0)
        #expect(try await bench.count(ConsentRequest.self) == 1)
        let cookie = try #require(answer.sentCookies.first)
        let page = try #require(bench.rendering.consents.first)
        #expect(answer.sentCookies.count == 1)
        #expect(cookie.name == "__Host-asc-\(HandleTag.of(page.txn))")
        #expect(cookie.value == page.csrf)
        #expect(cookie.attributes == ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=600"])
    }

    @Test("AU-23: the page says who asks, for what, and where the answers go")
    func page() async throws {
        let bench = try Bench(upstreams: [
            FlowUpstream("corp"), FlowUpstream("git", scopes: ["repo"], isOptional: true),
        ])
        bench.clients.change(Bench.web) {
            $0.name = "Cl\u{202E}aude\u{0000}  \u{200B}Desktop" + String(repeating: "x", count: 99)
        }
        _ = await bench.authorize()
        let page = try #require(bench.rendering.consents.first)
        #expect(page.serverName == "Test")
        #expect(page.clientName.hasPrefix("Claude Desktop"))
        #expect(page.clientName.count == 64)
        #expect(page.client == .unverified)
        #expect(page.target == .host("app.example.net"))
        #expect(page.resource == Bench.resource)
        #expect(page.scopes == ["openid", "profile"])
        #expect(
            page.upstreams == [
                ConsentPage.Upstream(name: "corp", host: "corp.idp.example", scopes: ["openid"], isOptional: false),
                ConsentPage.Upstream(name: "git", host: "git.idp.example", scopes: ["repo"], isOptional: true),
            ])
    }

    @Test(
        "every kind of client and of redirect URI is named as what it is",
        arguments: [
            (
                Bench.document, ConsentPage.ClientIdentity.verifiedHost("cimd.example"),
                ConsentPage.Target.host("cimd.example")
            ),
            (Bench.configured, .configured, .host("static.example.org")), ("editor", .unverified, .scheme("cursor")),
            ("loopback", .unverified, .loopback(port: nil)),
        ])
    func identities(
        _ client: String, _ identity: ConsentPage.ClientIdentity, _ target: ConsentPage.Target
    ) async throws {
        let bench = try Bench()
        bench.clients.change(client) { $0.name = " \u{200B} " }
        _ = await bench.authorize(Bench.query(client: client))
        let page = try #require(bench.rendering.consents.first)
        #expect(page.client == identity)
        #expect(page.target == target)
        #expect(page.clientName == "unnamed")
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let name: String
        var headers: [(name: String, value: String)] = [("origin", Bench.issuer), ("sec-fetch-site", "same-origin")]
        var csrf: String?
        var hasField = true
        var hasCookie = true
        var cookie: String?
        var testDescription: String { name }
    }

    @Test(
        "AU-23: threat 2: an answer that did not come from our page is refused and the page stays open",
        arguments: [
            Forgery(name: "other origin", headers: [("origin", "https://evil.example")]),
            Forgery(name: "origin of another port", headers: [("origin", "https://auth.example.com:444")]),
            Forgery(name: "origin over http", headers: [("origin", "http://auth.example.com")]),
            Forgery(name: "opaque origin", headers: [("origin", "null")]),
            Forgery(name: "two origins", headers: [("origin", Bench.issuer), ("origin", "https://evil.example")]),
            Forgery(name: "cross-site", headers: [("sec-fetch-site", "cross-site")]),
            Forgery(name: "same-site", headers: [("sec-fetch-site", "same-site")]),
            Forgery(name: "no site", headers: [("sec-fetch-site", "none")]),
            Forgery(name: "framed", headers: [("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "iframe")]),
            Forgery(name: "no field", hasField: false), Forgery(name: "no cookie", hasCookie: false),
            Forgery(name: "neither", hasField: false, hasCookie: false),
            Forgery(name: "wrong field", csrf: String(repeating: "A", count: 43)),
            Forgery(name: "wrong cookie", cookie: String(repeating: "A", count: 43)),
        ])
    func forgeries(_ forgery: Forgery) async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        let real = try bench.form()
        let forged = real.compactMap { pair -> (name: String, value: String)? in
            guard pair.name == "csrf" else { return pair }
            return forgery.hasField ? ("csrf", forgery.csrf ?? pair.value) : nil
        }
        let sender = forgery.hasCookie ? browser.copy() : FlowBrowser()
        if let cookie = forgery.cookie { sender.jar = sender.jar.mapValues { _ in cookie } }
        let answer = await bench.consent(forged, sender, headers: forgery.headers)
        #expect(answer.status == 403)
        #expect(answer.header("location") == nil)
        #expect(answer.sentCookies.isEmpty)
        #expect(bench.upstreams[0].visits.isEmpty)
        #expect(bench.log.lines("consent").count == 1)
        #expect(bench.log.lines("consent")[0].contains("outcome=denied"))
        // The person can still answer.
        #expect(await bench.consent(real, browser).status == 303)
    }

    @Test("a browser that says nothing about origins is judged by its cookie alone")
    func noHeaders() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        #expect(await bench.consent(try bench.form(), browser, headers: []).status == 303)
    }

    @Test("the page's origin is that of the authorization endpoint")
    func otherBase() async throws {
        let bench = try Bench { $0.authorizationEndpointBase = "https://login.example.com/base" }
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        #expect(await bench.consent(try bench.form(), browser).status == 403)
        let own = [(name: "origin", value: "https://login.example.com")]
        #expect(await bench.consent(try bench.form(), browser, headers: own).status == 303)
    }

    @Test("an approved page goes on once, with a 303, and its cookie is cleared")
    func approve() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        let form = try bench.form()
        let answer = await bench.consent(form, browser)
        #expect(answer.status == 303)
        #expect(answer.redirectTarget?.host == "corp.idp.example")
        let cleared = try #require(answer.sentCookies.first { $0.name.hasPrefix("__Host-asc-") })
        #expect(cleared.value.isEmpty)
        #expect(cleared.attributes.isSuperset(of: ["Max-Age=0", "Path=/", "Secure", "SameSite=Strict"]))
        let again = await bench.consent(form, browser)
        #expect(again.status == 400)
        #expect(bench.upstreams[0].visits.count == 1)
        #expect(bench.log.lines("consent").map { $0.contains("outcome=success") } == [true, false])
    }

    @Test("of parallel answers to one page one counts")
    func parallel() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        let form = try bench.form()
        bench.storage.gather(50, ConsentRequest.table)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                let copy = browser.copy()
                group.addTask { await bench.consent(form, copy).status }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 303 } == 1)
        #expect(statuses.count { $0 == 400 } == 49)
        #expect(bench.upstreams[0].visits.count == 1)
    }

    @Test("deny tells a client that is known, and asks the person before it tells another")
    func deny() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(client: Bench.configured), browser)
        let known = await bench.consent(try bench.form("deny"), browser)
        #expect(known.status == 303)
        #expect(known.redirectTarget?.queryValue("error") == "access_denied")
        #expect(known.redirectTarget?.queryValue("state") == Bench.state)
        #expect(known.redirectTarget?.queryValue("iss") == Bench.issuer)

        _ = await bench.authorize(Bench.query(), browser)
        let unknown = await bench.consent(try bench.form("deny"), browser)
        #expect(unknown.status == 400)
        #expect(unknown.header("location") == nil)
        let link = try #require(bench.rendering.pages.last?.link)
        #expect(link.target == "app.example.net")
        #expect(link.url.contains("error=access_denied"))
        #expect(bench.upstreams[0].visits.isEmpty)
        #expect(try await bench.count(ConsentDecisions.self) == 0)
        #expect(bench.log.lines("consent").allSatisfy { $0.contains("outcome=denied") })
    }

    @Test("an answer that is neither yes nor no is none", arguments: ["", "APPROVE", "yes"])
    func unclear(_ decision: String) async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        #expect(await bench.consent(try bench.form(decision), browser).status == 400)
        #expect(bench.upstreams[0].visits.isEmpty)
    }

    @Test("a page that is unknown or ten minutes old is gone")
    func expiry() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        #expect(await bench.consent([("decision", "approve")], browser).status == 400)
        #expect(await bench.consent([("txn", "x"), ("csrf", "x"), ("decision", "approve")], browser).status == 400)
        _ = await bench.authorize(Bench.query(), browser)
        bench.clock.advance(599)
        let second = browser.copy()
        _ = await bench.authorize(Bench.query(), second)
        let late = try bench.form()
        bench.clock.advance(600)
        #expect(await bench.consent(late, second).status == 400)
    }

    @Test("a store that is down answers 500, or server_error at the client once the page was taken")
    func storageDown() async throws {
        let bench = try Bench()
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        let form = try bench.form()
        bench.storage.fail(.init(reads: true))
        #expect(await bench.consent(form, browser).status == 500)
        bench.storage.fail(.init(writes: true))
        #expect(await bench.consent(form, browser).status == 500)
        bench.storage.fail(.init(writes: true, table: "pending"))
        let answer = await bench.consent(form, browser)
        #expect(answer.status == 303)
        #expect(answer.redirectTarget?.queryValue("error") == "server_error")
        #expect(!answer.sentCookies.contains { $0.name.hasPrefix("__Host-asb-") })
    }

    @Test("an upstream that cannot be asked is server_error at the client, and no login is left")
    func upstreamDown() async throws {
        let bench = try Bench()
        bench.upstreams[0].script { $0.urlError = .unreachable }
        let browser = FlowBrowser()
        _ = await bench.authorize(Bench.query(), browser)
        let answer = await bench.consent(try bench.form(), browser)
        #expect(answer.redirectTarget?.queryValue("error") == "server_error")
        #expect(try await bench.count(PendingAuthorization.self) == 0)
        // The person need not decide again.
        bench.upstreams[0].script { $0.urlError = nil }
        #expect(await bench.authorize(Bench.query(), browser).status == 302)
    }

    @Test("on a plain-HTTP issuer cookies have plain names")
    func development() async throws {
        let bench = try Bench(issuer: "http://127.0.0.1:8080")
        let browser = FlowBrowser()
        let page = await bench.authorize(Bench.query(), browser)
        let form = try bench.form()
        let own = [(name: "origin", value: "http://127.0.0.1:8080")]
        let answer = await bench.consent(form, browser, headers: own)
        let cookies = page.sentCookies + answer.sentCookies
        #expect(
            Set(cookies.map { String($0.name.prefix(5)) }) == [
                "asc-\(HandleTag.of(form[0].value).prefix(1))",
                "asb-\(HandleTag.of(bench.upstreams[0].visits[0].state).prefix(1))", "as-co",
            ])
        #expect(cookies.allSatisfy { !$0.attributes.contains("Secure") && $0.attributes.contains("HttpOnly") })
        #expect(try await bench.comeBack(from: answer, browser).redirectTarget?.queryValue("code") != nil)
    }
}
