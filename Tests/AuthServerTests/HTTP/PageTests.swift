// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

@Suite struct PageTests {
    private static let rendering = HTTPAnswerRendering(issuer: "https://as.example.com", serverName: "Acme Tools")

    static func consent(
        name: String = "Claude Code", client: ConsentPage.ClientIdentity = .unverified,
        target: ConsentPage.Target = .host("claude.ai"),
        upstreams: [ConsentPage.Upstream] = [
            .init(name: "okta", host: "acme.okta.com", scopes: ["openid", "groups"], isOptional: false)
        ]
    ) -> ConsentPage {
        ConsentPage(
            serverName: "Acme Tools", clientName: name, client: client, target: target,
            resource: "https://mcp.acme.example/mcp", scopes: ["openid", "tools:write"], upstreams: upstreams,
            txn: "txn-value", csrf: "csrf-value")
    }

    private static let hostile = [
        "</title></style><script>alert(1)</script>", "\" autofocus onfocus=\"alert(1)", "<img src=x onerror=alert(1)>",
        "\u{202E}evil\u{202C}", "a\u{0}b\u{1B}c", "\u{2066}x\u{2069}", "javascript:alert(1)", "{{7*7}}", "' style='x",
    ]

    @Test("Nothing hostile in any field becomes markup or reaches the page unseen", arguments: hostile)
    func hostileFields(text: String) {
        var page = Self.consent(
            name: text, client: .verifiedHost(text), target: .host(text),
            upstreams: [.init(name: text, host: text, scopes: [text], isOptional: true)])
        page.serverName = text
        page.resource = text
        page.scopes = [text]
        page.txn = text
        page.csrf = text
        let answers = [
            Self.rendering.consent(page),
            HTTPAnswerRendering(issuer: text, serverName: text).page(
                ErrorPage(
                    status: 400, title: "Title", explanation: "Why", advice: "What",
                    link: (target: text, url: "https://app.example.com/cb?\(text)"))),
        ]
        for answer in answers {
            let html = answer.bodyText
            for piece in [
                "<script", "<img", "onfocus=\"", "onerror=a\"", "' style=", "\u{202E}", "\u{0}", "\u{1B}", "\u{2066}",
            ] {
                #expect(!html.contains(piece), "\(piece)")
            }
            #expect(html.components(separatedBy: "</style>").count == 2)
            #expect(html.components(separatedBy: "<title>").count == 2)
            #expect(Self.isWellFormed(html))
        }
    }

    /// Every element that is opened is closed, in order, and quotes of attributes are paired.
    private static func isWellFormed(_ html: String) -> Bool {
        var open: [String] = []
        var rest = html[...]
        let void: Set<String> = ["meta", "input", "!doctype"]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return false }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            guard tag.count(where: { $0 == "\"" }).isMultiple(of: 2) else { return false }
            let name = String(tag.prefix { $0 != " " })
            if name.hasPrefix("/") {
                guard open.popLast() == String(name.dropFirst()) else { return false }
            } else if !void.contains(name.lowercased()) {
                open.append(name)
            }
        }
        return open.isEmpty
    }

    @Test("AU-23: The consent page says who asks, where the answer goes, for what, and where one signs in")
    func consentContents() {
        let html = Self.rendering.consent(Self.consent()).bodyText
        for text in [
            "Acme Tools", "“Claude Code”", "unverified", "claude.ai", "https://mcp.acme.example/mcp",
            "Know which account is yours",
            "tools:write", "acme.okta.com", "okta", "groups", "Approve", "Deny",
        ] {
            #expect(html.contains(text), "\(text)")
        }
        #expect(html.contains(#"<input type="hidden" name="txn" value="txn-value">"#))
        #expect(html.contains(#"<input type="hidden" name="csrf" value="csrf-value">"#))
        #expect(html.contains(#"<form method="post" action="consent">"#))
    }

    @Test("A client is called verified only with the host that vouches for it")
    func identities() {
        let verified = Self.rendering.consent(Self.consent(client: .verifiedHost("claude.ai"))).bodyText
        #expect(
            verified.contains("Verified") && verified.contains("<strong>claude.ai</strong>")
                && !verified.contains("unverified"))
        let configured = Self.rendering.consent(Self.consent(client: .configured)).bodyText
        #expect(configured.contains("people who run this server") && !configured.contains("erified"))
    }

    @Test("Whoever could be listening on this computer is warned about")
    func warnings() {
        let loopback = Self.rendering.consent(Self.consent(target: .loopback(port: 33_418))).bodyText
        #expect(loopback.contains("An application on this computer (port 33418)"))
        #expect(loopback.contains("Any program on this computer could be listening"))
        let scheme = Self.rendering.consent(Self.consent(target: .scheme("cursor"))).bodyText
        #expect(scheme.contains("<code>cursor:</code>") && scheme.contains("could have claimed"))
        let host = Self.rendering.consent(Self.consent()).bodyText
        #expect(!host.contains("Any program on this computer"))
    }

    @Test("Both answers are buttons of the same look, and neither is chosen in advance")
    func equalWeight() throws {
        let html = Self.rendering.consent(Self.consent()).bodyText
        let deny = try #require(html.firstMatch(of: /<button ([^>]*)value="deny">/)).1
        let approve = try #require(html.firstMatch(of: /<button ([^>]*)value="approve">/)).1
        #expect(deny == approve)
        #expect(!html.contains("autofocus"))
    }

    @Test("The pages work alone: no script, nothing fetched, a language, a title, one heading of the first level")
    func selfContained() {
        let answers = [
            Self.rendering.consent(Self.consent()),
            Self.rendering.page(ErrorPage(OAuthError(.invalidClient, "Text"))),
        ]
        for answer in answers {
            let html = answer.bodyText
            for piece in ["<script", "src=", "url(", "@import", "http-equiv", " style=", " on", "<link"]
            where piece != " on" {
                #expect(!html.contains(piece), "\(piece)")
            }
            #expect(html.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
            #expect(html.components(separatedBy: "<h1>").count == 2 && html.contains("<main>"))
            #expect(html.firstMatch(of: /<title>[^<]+<\/title>/) != nil)
            #expect(html.contains(#"<meta name="viewport" content="width=device-width, initial-scale=1">"#))
            #expect(html.contains(":focus-visible") && html.contains("prefers-color-scheme: dark"))
            #expect(Self.isWellFormed(html))
        }
    }

    @Test("The policy allows exactly the page's own style, with a nonce that is never used twice")
    func policy() throws {
        var nonces: Set<String> = []
        for _ in 0..<20 {
            let answer = Self.rendering.consent(Self.consent())
            let policy = try #require(answer.header("Content-Security-Policy"))
            let match = try #require(
                policy.wholeMatch(
                    of:
                        /default-src 'none'; style-src 'nonce-([\w-]{22})'; base-uri 'none'; frame-ancestors 'none'/
                ))
            nonces.insert(String(match.1))
            #expect(answer.bodyText.contains("<style nonce=\"\(match.1)\">"))
            #expect(answer.headers("X-Frame-Options") == ["DENY"])
            #expect(answer.header("Content-Type") == "text/html; charset=utf-8")
        }
        #expect(nonces.count == 20)
    }

    @Test("Only the consent page tells itself where the form came from")
    func referrers() {
        #expect(Self.rendering.consent(Self.consent()).header("Referrer-Policy") == "same-origin")
        #expect(
            Self.rendering.page(ErrorPage(OAuthError(.invalidRequest, "Text"))).header("Referrer-Policy")
                == "no-referrer")
    }

    @Test("An address that was not asked about gets a plain link, and one that could run gets none")
    func untrustedLinks() {
        let page = ErrorPage(
            status: 400, title: "T", explanation: "E", advice: "A",
            link: (target: "app.example.com", url: "https://app.example.com/cb?error=invalid_scope&state=x"))
        let answer = Self.rendering.page(page)
        #expect(answer.status == 400 && answer.header("Location") == nil)
        #expect(answer.bodyText.contains(#"href="https://app.example.com/cb?error=invalid_scope&amp;state=x""#))
        #expect(answer.bodyText.contains("rel=\"noreferrer noopener nofollow\""))
        var bad = page
        bad.link = (target: "x", url: "javascript:alert(1)")
        #expect(!Self.rendering.page(bad).bodyText.contains("href"))
    }

    @Test(
        "Every error has a page in a person's words, and a code for those who can help",
        arguments: [
            OAuthError.Code.invalidRequest, .invalidClient, .accessDenied, .serverError, .temporarilyUnavailable,
            .invalidRequestURI, .invalidRedirectURI, .loginRequired, .invalidScope,
        ])
    func errorPages(code: OAuthError.Code) {
        let error = OAuthError(code, "Some text")
        let request = AuthRequest(
            method: "GET", path: "/", headers: [("Accept", "text/html,*/*")], clientAddress: "::1")
        let page = Self.rendering.direct(error, to: request)
        #expect(page.status == error.status && page.header("Content-Type") == "text/html; charset=utf-8")
        #expect(page.bodyText.contains("\(error.status) \(code.rawValue)") && page.bodyText.contains("Some text."))
        let json = Self.rendering.direct(error, to: AuthRequest(method: "GET", path: "/", clientAddress: "::1"))
        #expect(json.status == error.status)
        #expect(json.bodyText == #"{"error":"\#(code.rawValue)","error_description":"Some text"}"#)
    }

    @Test("Basic is asked for exactly when a client tried a header and failed")
    func challenges() {
        let with = AuthRequest(method: "POST", path: "/", headers: [("Authorization", "Basic x")], clientAddress: "::1")
        let without = AuthRequest(method: "POST", path: "/", clientAddress: "::1")
        let invalid = OAuthError(.invalidClient, "Text")
        #expect(
            Self.rendering.json(invalid, to: with).header("WWW-Authenticate")
                == #"Basic realm="https://as.example.com""#)
        #expect(Self.rendering.json(invalid, to: without).header("WWW-Authenticate") == nil)
        #expect(Self.rendering.json(OAuthError(.invalidGrant, "Text"), to: with).header("WWW-Authenticate") == nil)
        let odd = HTTPAnswerRendering(issuer: #"a"b\c"#, serverName: "")
        #expect(odd.json(invalid, to: with).header("WWW-Authenticate") == #"Basic realm="a\"b\\c""#)
        let later = OAuthError(.temporarilyUnavailable, "Text", retryAfter: 5)
        #expect(Self.rendering.json(later, to: without).header("Retry-After") == "5")
    }
}
