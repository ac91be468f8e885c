// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Backends

@Suite("Where a backend listens")
struct HTTPEndpointTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let url: String
        let isTLS: Bool
        let host: String
        let port: Int
        let target: String
        let hostHeader: String

        init(_ url: String, _ isTLS: Bool, _ host: String, _ port: Int, _ target: String, _ hostHeader: String) {
            self.url = url
            self.isTLS = isTLS
            self.host = host
            self.port = port
            self.target = target
            self.hostHeader = hostHeader
        }

        var testDescription: String { url }
    }

    @Test(
        "A URL is taken apart",
        arguments: [
            Accepted("http://localhost", false, "localhost", 80, "/", "localhost"),
            Accepted("http://h/", false, "h", 80, "/", "h"),
            Accepted("HTTP://h/mcp", false, "h", 80, "/mcp", "h"),
            Accepted("hTTpS://h/mcp", true, "h", 443, "/mcp", "h"),
            Accepted("https://example.com:8443/a/b?c=d&e", true, "example.com", 8443, "/a/b?c=d&e", "example.com:8443"),
            Accepted("https://h:443/", true, "h", 443, "/", "h"),
            Accepted("http://h:443/", false, "h", 443, "/", "h:443"),
            Accepted("https://h:80/", true, "h", 80, "/", "h:80"),
            Accepted("http://h?x=1", false, "h", 80, "/?x=1", "h"),
            Accepted("http://h:81?x=1", false, "h", 81, "/?x=1", "h:81"),
            Accepted("http://127.0.0.1:65535/", false, "127.0.0.1", 65535, "/", "127.0.0.1:65535"),
            Accepted("http://[::1]", false, "::1", 80, "/", "[::1]"),
            Accepted("http://[::1]:8080/mcp", false, "::1", 8080, "/mcp", "[::1]:8080"),
            Accepted("http://[2001:db8::7]?x", false, "2001:db8::7", 80, "/?x", "[2001:db8::7]"),
            Accepted("http://h/a%20b/%2F?c=%3F", false, "h", 80, "/a%20b/%2F?c=%3F", "h"),
            Accepted("http://h/a:b@c", false, "h", 80, "/a:b@c", "h"),
        ]
    )
    func accepted(_ row: Accepted) throws {
        let endpoint = try #require(HTTPEndpoint(row.url))
        #expect(endpoint.isTLS == row.isTLS)
        #expect(endpoint.host == row.host)
        #expect(endpoint.port == row.port)
        #expect(endpoint.target == row.target)
        #expect(endpoint.hostHeader == row.hostHeader)
    }

    @Test(
        "What is no absolute http URL, or holds more than a place, is refused",
        arguments: [
            "", "h", "/mcp", "//h/mcp", "h:80/mcp", "ftp://h/", "ws://h/", "file:///etc/passwd", "http:/h", "http:h",
            " http://h/", "http://h/ ", "http://", "https://", "http:///mcp", "http://?x", "http://:80/",
            // user information
            "http://user@h/", "http://user:secret@h/", "http://@h/", "http://h@/", "http://a@b@h/",
            // fragments
            "http://h/#", "http://h/a#b", "http://h?x#b", "http://h#b", "http://h:80#b", "http://[::1]#b",
            // ports
            "http://h:0/", "http://h:65536/", "http://h:99999999999999999999/", "http://h:-1/", "http://h:+80/",
            "http://h:80:90/", "http://h:abc/", "http://h:8 0/", "http://h:٣/",
            // address literals
            "http://[::1/", "http://::1/", "http://[]/", "http://[::1]x/", "http://[::1]80/", "http://[h]/",
            "http://x[::1]/", "http://[::1]]/",
            // characters that end a line, a word or a header
            "http://h/a b", "http://h h/", "http://h/\r\nX: y", "http://h\r\nX: y/", "http://h/\n", "http://h\n/",
            "http://h/\u{0}", "http://h\u{0}/", "http://h\t/", "http://h/\u{7F}", "http://h\u{7F}/", "http://h\\@x/",
            "http://hé/", "http://h/é", "http://h/\u{202E}",
        ]
    )
    func refused(url: String) {
        #expect(HTTPEndpoint(url) == nil)
    }

    @Test(
        "A reference is read relative to the place that gave it, on the same origin",
        arguments: [
            ("/messages?id=1", "/messages?id=1"), ("/", "/"), ("messages", "/a/messages"),
            ("messages/", "/a/messages/"),
            ("?id=1", "/a/sse?id=1"), ("m?next=/x", "/a/m?next=/x"), ("http://h:8080/m", "/m"), ("http://h:8080", "/"),
            ("HTTP://h:8080/m", "/m"),
            // Hosts and schemes do not depend on case (RFC 3986 §6.2.2.1).
            ("http://H:8080/m", "/m"),
            // A URL inside a query is no scheme.
            ("/m?next=http://x/", "/m?next=http://x/"), ("m?next=http://x/", "/a/m?next=http://x/"),
            // Dot segments (RFC 3986 §5.2.4).
            ("./m", "/a/m"), ("../m", "/m"), ("../../../m", "/m"),
        ]
    )
    func resolved(reference: String, target: String) throws {
        let base = try #require(HTTPEndpoint("http://h:8080/a/sse?key=1"))
        let place = try #require(base.resolving(reference))
        #expect(place.target == target)
        #expect(place.host.lowercased() == base.host)
        #expect(place.port == base.port)
        #expect(place.isTLS == base.isTLS)
    }

    @Test("The port that a scheme implies is the same as the one written out")
    func impliedPort() throws {
        #expect(try #require(HTTPEndpoint("http://h/sse")).resolving("http://h:80/m")?.target == "/m")
        #expect(try #require(HTTPEndpoint("https://h:443/sse")).resolving("https://h/m")?.target == "/m")
    }

    @Test(
        "A reference that leaves the origin, or that cannot stand in a request line, is refused",
        arguments: [
            "https://h:8080/m", "http://h/m", "http://h:8081/m", "http://evil:8080/m", "http://h.evil:8080/m",
            "http://user@h:8080/m", "http://h:8080@evil/m", "//evil/m", "//evil:8080/m", "///evil/m", "ftp://h:8080/m",
            "ws://h:8080/m", "/m\r\nX: y", "/m\nX: y", "/a b", "m\u{0}", "/é", "/m#part", "http://h:8080/m#part",
        ]
    )
    func refusedReference(_ reference: String) throws {
        let base = try #require(HTTPEndpoint("http://h:8080/a/sse?key=1"))
        #expect(base.resolving(reference) == nil)
    }
}
