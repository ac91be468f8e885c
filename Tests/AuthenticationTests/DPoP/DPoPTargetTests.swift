// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import TestSupport
import Testing

struct DPoPTargetTests {
    @Test(
        "URLs have one normal form",
        arguments: [
            ("https://server.example.com/token", "https://server.example.com/token"),
            ("HTTPS://Server.EXAMPLE.com/token", "https://server.example.com/token"),
            ("https://server.example.com:443/token", "https://server.example.com/token"),
            ("https://server.example.com:/token", "https://server.example.com/token"),
            ("https://server.example.com:0443/token", "https://server.example.com/token"),
            ("https://server.example.com:8443/token", "https://server.example.com:8443/token"),
            ("http://server.example.com:80/", "http://server.example.com/"),
            ("http://server.example.com:443/", "http://server.example.com:443/"),
            ("https://server.example.com", "https://server.example.com/"),
            ("https://server.example.com?a=b", "https://server.example.com/"),
            ("https://server.example.com#f", "https://server.example.com/"),
            ("https://server.example.com/token?a=/b#c", "https://server.example.com/token"),
            ("https://server.example.com/token#c?d", "https://server.example.com/token"),
            ("https://server.example.com/%74oken", "https://server.example.com/token"),
            ("https://server.example.com/a%2fb", "https://server.example.com/a%2Fb"),
            ("https://server.example.com/a%2Fb", "https://server.example.com/a%2Fb"),
            ("https://server.example.com/a/./b/../c", "https://server.example.com/a/c"),
            ("https://server.example.com/a/%2e%2E/c", "https://server.example.com/c"),
            ("https://server.example.com/../../c", "https://server.example.com/c"),
            ("https://server.example.com/a/..", "https://server.example.com/"),
            ("https://server.example.com/a/.", "https://server.example.com/a/"),
            ("https://server.example.com/a/", "https://server.example.com/a/"),
            ("https://server.example.com/a//b", "https://server.example.com/a//b"),
            ("https://server.example.com//", "https://server.example.com//"),
            ("https://%65xample.com/", "https://example.com/"),
            ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
            ("https://[2001:db8::1]:9/x", "https://[2001:db8::1]:9/x"),
            ("https://127.0.0.1:8080/mcp", "https://127.0.0.1:8080/mcp"),
            ("https://example.com/~a;b=c,d@e:f!$&'()*+", "https://example.com/~a;b=c,d@e:f!$&'()*+"),
        ])
    func normalised(url: String, normal: String) {
        #expect(DPoPTarget(url)?.description == normal)
        #expect(DPoPTarget(normal)?.description == normal, "the normal form is its own")
    }

    @Test(
        "different resources stay different",
        arguments: [
            ("https://a.example/x", "http://a.example/x"), ("https://a.example/x", "https://a.example/x/"),
            ("https://a.example/x", "https://a.example/X"), ("https://a.example/a%2Fb", "https://a.example/a/b"),
            ("https://a.example/x", "https://b.example/x"), ("https://a.example/x", "https://a.example:444/x"),
            ("https://a.example/a//b", "https://a.example/a/b"),
        ])
    func different(left: String, right: String) throws {
        #expect(try #require(DPoPTarget(left)) != #require(DPoPTarget(right)))
    }

    @Test(
        "what is no http URL has no normal form",
        arguments: [
            "", "/token", "token", "https:/a.example/", "https//a.example", "https://", "https:///x", "https://:443/x",
            "ftp://a.example/", "javascript://a.example/", "https://user@a.example/", "https://u:p@a.example/",
            "https://a.example:x/", "https://a.example:70000/", "https://a.example:1:2/", "https://a.example:-1/",
            "https://a.example/%", "https://a.example/%4", "https://a.example/%4g", "https://a.example/a b",
            "https://a.example/\u{7F}", "https://a.example/\n", "https://a.example/ä", "https://ä.example/",
            "https://a.example/\\", "https://a.example/{x}", "https://a%2eexample%2Fb/", "https://[::1/",
            "https://[]/", "https://[::g]/", "https://[::1]x/", "https://a[b]/", " https://a.example/",
        ])
    func refused(url: String) {
        #expect(DPoPTarget(url) == nil)
    }

    @Test("length is bounded")
    func length() {
        let base = "https://a.example/"
        let path = String(repeating: "x", count: DPoPTarget.maximumBytes - base.utf8.count)
        #expect(DPoPTarget(base + path) != nil)
        #expect(DPoPTarget(base + path + "x") == nil)
    }

    @Test("normalising is stable under mutation")
    func mutation() {
        var generator = SeededGenerator(seed: 5)
        let start = Array("https://Server.example:443/a/%2e%2E/b%2fc/./d?e#f".utf8)
        for _ in 0..<5_000 {
            let text = String(decoding: start.mutated(using: &generator), as: UTF8.self)
            guard let target = DPoPTarget(text) else { continue }
            #expect(DPoPTarget(target.description) == target)
        }
    }
}
