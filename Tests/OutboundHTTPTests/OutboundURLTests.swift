// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import OutboundHTTP

@Suite("URLs of outgoing requests")
struct OutboundURLTests {
    @Test(
        "A good URL is taken apart and put together in one form",
        arguments: [
            ("https://idp.example.com", "https://idp.example.com/"),
            ("HTTPS://IDP.Example.COM:443/a?b=c", "https://idp.example.com/a?b=c"),
            ("http://h:80/x", "http://h/x"), ("http://h:8080?x=1", "http://h:8080/?x=1"),
            ("https://xn--bcher-kva.example/%7Ea", "https://xn--bcher-kva.example/%7Ea"),
            ("https://192.0.2.1:8443/", "https://192.0.2.1:8443/"),
            ("https://[2001:DB8::1]:8443/p", "https://[2001:db8:0:0:0:0:0:1]:8443/p"),
            ("https://h/a@b:c", "https://h/a@b:c"), ("https://1a.b2/", "https://1a.b2/"),
        ])
    func good(text: String, expected: String) throws {
        let url = try OutboundURL(text)
        #expect(url.text == expected)
        #expect(try OutboundURL(url.text) == url)
    }

    @Test(
        "What other parsers read differently is refused",
        arguments: [
            "", "idp.example.com", "//h/", "ftp://h/", "file:///etc/passwd", "http+unix://%2Ftmp%2Fs/x", "https:/h/",
            "https:///x", "https://", "https://user@h/", "https://user:pw@h/", "https://h@evil/", "https://h#f",
            "https://h/#f", "https://h\\@evil/", "https://h\t/", "https://h\r\n/", " https://h/", "https://h /",
            "https://bücher.example/", "https://ｅxample.com/", "https://h。evil/", "https://127.1/", "https://0x7f.1/",
            "https://0x7f000001/", "https://2130706433/", "https://0177.0.0.1/", "https://127.0.0.1./",
            "https://h./", "https://.h/", "https://a..b/", "https://-a.b/", "https://a-.b/", "https://a_b/",
            "https://h:/", "https://h:0/", "https://h:65536/", "https://h:+80/", "https://h:8 0/", "https://h:80:80/",
            "https://[::1/", "https://::1/", "https://[127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[::1]x/",
            "https://h%2eevil/", "https://h/%", "https://h/%4", "https://h/%zz", "https://h/<", "https://h/\"",
            "https://h/{x}", "https://h/é", "https://256.1.1.1/", "https://a.0x1/", "https://a.1/",
        ])
    func bad(text: String) {
        #expect(throws: OutboundError.invalidURL) { try OutboundURL(text) }
    }

    @Test("Overlong URLs, names and labels are refused")
    func tooLong() throws {
        let label = String(repeating: "a", count: 63)
        #expect(throws: Never.self) { try OutboundURL("https://\(label).b/") }
        #expect(throws: OutboundError.invalidURL) { try OutboundURL("https://\(label)a.b/") }
        #expect(throws: OutboundError.invalidURL) {
            try OutboundURL("https://\(Array(repeating: label, count: 4).joined(separator: "."))/")
        }
        let longest = "https://h/" + String(repeating: "p", count: OutboundURL.maximumLength - 10)
        #expect(throws: Never.self) { try OutboundURL(longest) }
        #expect(throws: OutboundError.invalidURL) { try OutboundURL(longest + "p") }
    }

    @Test(
        "Only localhost and loopback literals are this machine",
        arguments: [
            ("localhost", true), ("LOCALHOST", true), ("127.0.0.1", true), ("127.9.9.9", true), ("[::1]", true),
            ("[::ffff:127.0.0.1]", true), ("localhost.example.com", false), ("a.localhost", false), ("10.0.0.1", false),
            ("[::2]", false), ("0.0.0.0", false), ("[64:ff9b::127.0.0.1]", false),
        ])
    func loopback(host: String, expected: Bool) throws {
        #expect(try OutboundURL("http://\(host)/").host.isLoopback == expected)
    }
}
