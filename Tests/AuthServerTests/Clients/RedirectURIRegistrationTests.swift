// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct RedirectURIRegistrationTests {
    private static let policy = RedirectURIPolicy(
        privateUseSchemes: ["cursor", "vscode", "vscode-insiders"], isStrict: false)

    private static func isValid(
        _ uri: String, policy: RedirectURIPolicy = policy, type: ApplicationType? = nil
    ) -> Bool {
        do {
            try RedirectURIRules.validate(uri, policy: policy, applicationType: type)
            return true
        } catch {
            #expect(error.code == .invalidRedirectURI)
            return false
        }
    }

    @Test(
        "A redirect URI that clients are known to use is accepted",
        arguments: [
            "https://app.example.com/cb", "https://app.example.com", "https://app.example.com/cb?x=1&y=2",
            "https://app.example.com:8443/cb", "HTTPS://App.Example.COM/cb", "https://xn--bcher-kva.example/cb",
            "https://93.184.216.34/cb", "https://[2001:4860:4860::8888]/cb", "https://a_b.example.com/cb",
            "https://app.example.com/a%20b", "https://app.example.com/a..b/...",
            "http://localhost/cb", "http://LOCALHOST:1234/cb", "http://app.localhost:3000/cb", "http://127.0.0.1/cb",
            "http://127.8.9.1:80/cb", "http://[::1]:4000/cb", "http://127.0.0.1:33418/",
            "cursor://anysphere.cursor-mcp/oauth/callback", "vscode://vscode.github-authentication/did-authenticate",
            "VSCode-Insiders://x/y", "com.example.app:/cb", "com.example.app://host/cb", "com.example.app:///cb",
        ])
    func acceptsUsual(uri: String) {
        #expect(Self.isValid(uri))
    }

    @Test(
        "A scheme that a browser runs or handles itself is refused",
        arguments: [
            "javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "ftp", "ws", "wss", "mailto",
            "intent", "content", "view-source",
        ])
    func refusesScheme(scheme: String) {
        // Even when the operator lists it, and in any spelling.
        let policy = RedirectURIPolicy(privateUseSchemes: [scheme], isStrict: false)
        #expect(!Self.isValid("\(scheme):alert(1)", policy: policy))
        #expect(!Self.isValid("\(scheme)://host/path", policy: policy))
        #expect(!Self.isValid("\(scheme.uppercased())://host/path", policy: policy))
    }

    @Test(
        "What two readers could understand differently is refused",
        arguments: [
            // Not absolute.
            "", "/cb", "//app.example.com/cb", "app.example.com/cb", ":", "1http://a/b", "ht tp://a/b",
            // Fragment, wildcard.
            "https://app.example.com/cb#", "https://app.example.com/cb#f", "https://*.example.com/cb",
            "https://app.example.com/*", "https://app.example.com/cb?*",
            // User information.
            "https://user@app.example.com/cb", "https://user:pw@app.example.com/cb", "https://@app.example.com/cb",
            "https://app.example.com@evil.example/cb", "com.example.app://user@host/cb",
            // Backslashes, raw and encoded.
            "https://app.example.com\\@evil.example/cb", "https:\\\\app.example.com/cb", "https://app.example.com/a\\b",
            "https://app.example.com/a%5cb", "https://app.example.com/a%5Cb",
            // Control characters, raw and encoded; spaces.
            "https://app.example.com/\n", "https://app.example.com/\tcb", "https://app.example.com/\u{0}",
            "https://app.example.com/%00", "https://app.example.com/%0d%0aX", "https://app.example.com/%7f",
            "https://app.example.com/a b", " https://app.example.com/cb", "https://app.example.com/cb ",
            // Brackets elsewhere than around an address.
            "https://app.example.com/[a]", "https://app.example.com/?x[]=1", "https://[::1].example.com/",
            "cursor:[::1]",
            // Escapes that are none, and in the host.
            "https://app.example.com/%", "https://app.example.com/%2", "https://app.example.com/%zz",
            "https://app%2eexample.com/cb", "https://%61pp.example.com/cb", "https://app.example.com%2f.evil.example/",
            // Dot segments in every spelling.
            "https://app.example.com/../cb", "https://app.example.com/a/..", "https://app.example.com/./cb",
            "https://app.example.com/%2e%2e/cb", "https://app.example.com/.%2E/cb",
            "https://app.example.com/a%2f..%2fb",
            "com.example.app:/../cb", "cursor://host/a/../b",
            // Hosts: international, empty, odd labels, dots at the end.
            "https://bücher.example/cb", "https://аpp.example.com/cb", "https://app。example.com/cb", "https:///cb",
            "https:cb", "https:/cb", "https://", "https://app.example.com./cb", "https://localhost./cb",
            "http://localhost./cb", "https://.example.com/cb", "https://a..b/cb", "https://-a.example/cb",
            "https://a-.example/cb", "https://a,b/cb", "https://a b/cb",
            "https://\(String(repeating: "a", count: 64)).example/",
            // Numbers in disguise.
            "https://127.1/cb", "https://0x7f.1/cb", "https://2130706433/cb", "https://0177.0.0.1/cb",
            "https://127.0.0.01/cb", "https://256.1.1.1/cb", "https://1.2.3.4.5/cb", "https://example.0x10/cb",
            "https://0.0.0.0/cb", "http://127.1/cb", "http://2130706433/cb", "http://0x7f000001/cb",
            // IPv6 in other spellings, mapped, unspecified, malformed, with zones.
            "https://[::]/cb", "https://[0:0:0:0:0:0:0:1]/cb", "https://[::ffff:7f00:1]/cb",
            "https://[::ffff:127.0.0.1]/cb", "https://[fe80::1%25eth0]/cb", "https://[::1/cb", "https://::1]/cb",
            "https://[1::2::3]/cb", "https://[:::]/cb", "https://[1:2:3]/cb", "https://[12345::]/cb", "https://[]/cb",
            "https://[::+1]/cb",
            // Ports.
            "https://app.example.com:/cb", "https://app.example.com:0/cb", "https://app.example.com:65536/cb",
            "https://app.example.com:080/cb", "https://app.example.com:+80/cb", "https://app.example.com:80:80/cb",
            // http that leaves the computer.
            "http://app.example.com/cb", "http://localhost.example.com/cb", "http://notlocalhost/cb",
            "http://128.0.0.1/cb", "http://10.0.0.1/cb", "http://[::2]/cb", "http://localhost@evil.example/cb",
            "http://127.0.0.1.example.com/cb",
            // Private-use without a dot, without anything behind it.
            "myapp://cb", "cursor2://cb", "com.example.app:", "com.example.app:?x=1", "cursor:",
        ])
    func refusesAmbiguous(uri: String) {
        #expect(!Self.isValid(uri))
    }

    @Test("A URI may have 2048 bytes and no more")
    func boundsLength() {
        let start = "https://app.example.com/"
        let longest = start + String(repeating: "a", count: 2048 - start.utf8.count)
        #expect(Self.isValid(longest))
        #expect(!Self.isValid(longest + "a"))
    }

    @Test("Under strict_redirect_uris only https, and http on loopback, is left")
    func strict() {
        let strict = RedirectURIPolicy(privateUseSchemes: ["cursor"], isStrict: true)
        #expect(Self.isValid("https://app.example.com/cb", policy: strict))
        #expect(Self.isValid("http://127.0.0.1/cb", policy: strict))
        #expect(!Self.isValid("cursor://x/y", policy: strict))
        #expect(!Self.isValid("com.example.app:/cb", policy: strict))
    }

    @Test(
        "A web application has neither loopback nor private-use redirect URIs, a native one may have both",
        arguments: [
            ("https://app.example.com/cb", true), ("http://localhost/cb", false), ("https://localhost/cb", false),
            ("https://127.0.0.1/cb", false), ("https://[::1]/cb", false), ("com.example.app:/cb", false),
            ("https://app.localhost/cb", false),
        ])
    func applicationTypes(uri: String, isFitForWeb: Bool) {
        #expect(Self.isValid(uri, type: .web) == isFitForWeb)
        #expect(Self.isValid(uri, type: .native))
        #expect(Self.isValid(uri, type: nil))
    }

    @Test(
        "A client with a secret is called back over https, elsewhere than on somebody's own computer",
        arguments: [
            ("https://app.example.com/cb", true), ("https://localhost/cb", false), ("https://127.0.0.1/cb", false),
            ("http://localhost/cb", false), ("com.example.app:/cb", false), ("not a uri", false),
        ])
    func fitForSecret(uri: String, isFit: Bool) {
        #expect(RedirectURIRules.isFitForSecret(uri) == isFit)
    }

    @Test(
        "A link is offered only when a browser opens it and does not run it",
        arguments: [
            ("https://a.example/cb?error=x", true), ("http://127.0.0.1:1/cb", true), ("cursor://x/y?e=1", true),
            ("javascript:alert(1)", false), ("JaVaScRiPt:alert(1)", false), ("data:text/html,x", false),
            ("java\nscript:alert(1)", false), (" javascript:alert(1)", false), ("/relative", false), ("", false),
            ("vbscript:x", false), ("https://a.example/\\x", false), ("https://a.example/é", false),
        ])
    func safeLinks(url: String, isSafe: Bool) {
        #expect(RedirectURIRules.isSafeLink(url) == isSafe)
    }
}
