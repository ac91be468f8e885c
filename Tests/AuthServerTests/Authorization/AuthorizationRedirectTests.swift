// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

@Suite("Answers through the browser")
struct AuthorizationRedirectTests {
    typealias Bench = AuthorizationBench

    @Test(
        "parameters go behind those that are there, encoded",
        arguments: [
            ("https://a.example/cb", "https://a.example/cb?x=1"), ("https://a.example/cb?", "https://a.example/cb?x=1"),
            ("https://a.example/cb?a=b", "https://a.example/cb?a=b&x=1"),
            ("https://a.example/cb?a=b&", "https://a.example/cb?a=b&x=1"), ("app.x:/cb", "app.x:/cb?x=1"),
            ("https://a.example", "https://a.example?x=1"),
        ])
    func urls(_ base: String, _ expected: String) {
        #expect(AuthorizationRedirects.url(base, adding: [("x", "1")]) == expected)
    }

    @Test("values cannot leave their parameter")
    func encoding() {
        let hostile = "a b&c=d#e?f\r\nLocation: x\"<>%\u{E9}"
        let url = AuthorizationRedirects.url("https://a.example/cb", adding: [("state", hostile)])
        #expect(url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        #expect(URLComponents(string: url)?.queryValue("state") == hostile)
        #expect(url.count { $0 == "&" } == 0)
    }

    @Test("threat 16: an error of a client that nobody knows yet is a page with a link, for people")
    func interstitial() async throws {
        let bench = try Bench()
        let answer = await bench.authorize(Bench.query(["scope": "admin"]))
        #expect(answer.status == 400)
        #expect(answer.header("location") == nil)
        let page = try #require(bench.rendering.pages.first)
        #expect(page.status == 400)
        #expect(page.link?.target == "app.example.net")
        let link = try #require(page.link.flatMap { URLComponents(string: $0.url) })
        #expect(link.withoutQuery == "https://app.example.net/cb")
        #expect(link.queryValue("error") == "invalid_scope")
        #expect(link.queryValue("state") == Bench.state)
        #expect(link.queryValue("iss") == Bench.issuer)
    }

    @Test("a program is redirected as before")
    func program() async throws {
        let bench = try Bench()
        let answer = await bench.authorize(Bench.query(["scope": "admin"]), FlowBrowser(isPerson: false))
        #expect(answer.status == 303)
        #expect(bench.rendering.pages.isEmpty)
    }

    @Test("static clients, loopback addresses and trusted origins get errors by themselves")
    func trusted() async throws {
        let bench = try Bench { $0.trustedRedirectOrigins = ["https://cimd.example:443/"] }
        for client in [Bench.configured, "loopback", "localhost", Bench.document] {
            let answer = await bench.authorize(Bench.query(["scope": "admin"], client: client))
            #expect(answer.status == 303, "\(client)")
        }
        for client in [Bench.web, "editor", "two-uris"] {
            let answer = await bench.authorize(Bench.query(["scope": "admin"], client: client))
            #expect(answer.status == 400, "\(client)")
        }
        #expect(bench.rendering.pages.map { $0.link?.target } == ["app.example.net", "cursor:", "app.example.net"])
    }

    @Test("a client that this browser approved gets errors by itself, at that address, while it is remembered")
    func remembered() async throws {
        let bench = try Bench { $0.consentTTL = .seconds(3600) }
        bench.clients.change(Bench.web) { $0.redirectURIs.append("https://app.example.net/2") }
        let browser = FlowBrowser()
        _ = try await bench.logIn(browser)
        let bad: [String: String?] = ["scope": "admin"]
        #expect(await bench.authorize(Bench.query(bad), browser).status == 303)
        #expect(await bench.authorize(Bench.query(bad), FlowBrowser()).status == 400)
        #expect(await bench.authorize(Bench.query(bad, client: Bench.document), browser).status == 400)
        let elsewhere = bad.merging(["redirect_uri": "https://app.example.net/2"]) { $1 }
        #expect(await bench.authorize(Bench.query(elsewhere), browser).status == 400)
        bench.storage.fail(.init(reads: true))
        #expect(await bench.authorize(Bench.query(bad), browser).status == 400)
        bench.storage.fail(.init())
        bench.clock.advance(3600)
        #expect(await bench.authorize(Bench.query(bad), browser).status == 400)
    }

    @Test("the cookie names follow from the handle alone")
    func cookieNames() {
        let cookies = BrowserCookies(isSecure: true)
        // SHA-256 of the empty text is e3b0c442 98…: base32 of its first five bytes.
        #expect(HandleTag.of("") == "4OYMIQUY")
        #expect(cookies.binding(ofState: "") == "__Host-asb-4OYMIQUY")
        #expect(cookies.consentPage(txn: "") == "__Host-asc-4OYMIQUY")
        #expect(cookies.decisions == "__Host-as-consent")
        #expect(BrowserCookies(isSecure: false).decisions == "as-consent")
        #expect(
            BrowserCookies(isSecure: false).set("a", "b", seconds: 9, .strict).value
                == "a=b; Path=/; HttpOnly; SameSite=Strict; Max-Age=9")
    }
}
