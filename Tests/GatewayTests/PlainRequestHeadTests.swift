// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import Gateway

@Suite("Heads that are read before the decoder")
struct PlainRequestHeadTests {
    private static let usual =
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:4483\r\nContent-Type: application/json\r\n"
        + "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
        + "Mcp-Session-Id: 0123456789abcdef0123456789abcdef\r\nContent-Length: 12\r\n\r\n"

    private func read(_ text: String, bytes: Int = 16 << 10, lines: Int = 64) -> PlainRequestHead? {
        ByteBuffer(string: text).withUnsafeReadableBytes {
            PlainRequestHead($0, maximumBytes: bytes, maximumLines: lines)
        }
    }

    private func headers(_ text: String) throws -> RequestHeaders {
        try ByteBuffer(string: text).withUnsafeReadableBytes { bytes in
            let head = try #require(PlainRequestHead(bytes, maximumBytes: 16 << 10, maximumLines: 64))
            return RequestHeaders(head, in: bytes, target: String(decoding: bytes[head.target], as: UTF8.self))
        }
    }

    @Test("What the endpoint needs of a usual head is found")
    func usual() throws {
        let head = try #require(read(Self.usual + "{\"a\":\"body\"}"))
        #expect(head.length == Self.usual.utf8.count)
        #expect(head.contentLength == 12)
        let headers = try headers(Self.usual)
        #expect(headers.method == .post)
        #expect(headers.target == "/mcp")
        #expect(headers.keepsAlive)
        #expect(headers.hasJSONBody && headers.acceptsJSON && headers.acceptsEventStream)
        #expect(headers.sessionID == "0123456789abcdef0123456789abcdef")
        #expect(headers.protocolVersion == "2025-11-25")
        #expect(headers.authorization == .none && headers.dpop == .none)
    }

    @Test("Names are read without regard to case, values as they are")
    func spelling() throws {
        let headers = try headers(
            "POST /a/b-c_d.e~f?x=1&y=%20 HTTP/1.1\r\nhOST:h\r\ncontent-LENGTH:  0\r\nAUTHORIZATION: Bearer aB.c\r\n"
                + "DPoP: x.Y.z\r\nACCEPT: application/json\r\ncontent-type: Application/JSON; charset=utf-8\r\n"
                + "Connection: Keep-Alive\r\nX-Other: (anything) <at all>\r\n\r\n")
        #expect(headers.target == "/a/b-c_d.e~f?x=1&y=%20")
        #expect(headers.authorization == ["Bearer aB.c"])
        #expect(headers.dpop == ["x.Y.z"])
        #expect(headers.hasJSONBody && headers.acceptsJSON && !headers.acceptsEventStream)
        #expect(headers.sessionID == nil)
    }

    @Test("Fields that repeat a Modern body are found, whatever their case and number")
    func routing() throws {
        let headers = try headers(
            Self.with("MCP-METHOD: tools/call\r\nmcp-name: echo\r\nMcp-Param-A: 1\r\nMcp-Param-A: 2\r\n"))
        #expect(headers.all["mcp-method"] == ["tools/call"])
        #expect(headers.all["Mcp-Name"] == ["echo"])
        #expect(headers.all["mcp-param-a"] == ["1", "2"])
        #expect(try self.headers(Self.usual).all.isEmpty)
    }

    @Test("Fields that trace a Modern request are kept, and cost other requests nothing")
    func trace() throws {
        let fields = "TraceParent: 00-a-b-01\r\ntracestate: v=1, w=2\r\n"
        let modern = try headers(Self.with(fields + "Mcp-Method: tools/call\r\n"))
        #expect(modern.all["traceparent"] == ["00-a-b-01"])
        #expect(modern.all["tracestate"] == ["v=1, w=2"])
        #expect(try headers(Self.with(fields)).all.isEmpty)
    }

    private static func with(_ line: String) -> String {
        usual.replacing("Content-Length", with: line + "Content-Length")
    }

    static let notPlain: [String] = [
        // Incomplete, at every line and within them.
        "", "P", "POST /mcp HTTP/1.1\r\n", String(usual.dropLast()), String(usual.dropLast(2)),
        String(usual.dropLast(3)), String(usual.prefix(60)),
        // Other request lines.
        usual.replacing("POST", with: "GET"), usual.replacing("POST", with: "post"),
        usual.replacing("POST", with: "PUT"), usual.replacing("HTTP/1.1", with: "HTTP/1.0"),
        usual.replacing("HTTP/1.1", with: "HTTP/2.0"), usual.replacing("HTTP/1.1", with: "http/1.1"),
        usual.replacing("POST ", with: "POST  "), usual.replacing(" HTTP", with: "  HTTP"),
        usual.replacing(" /mcp", with: " http://h/mcp"), usual.replacing(" /mcp", with: " *"),
        usual.replacing("/mcp", with: "/m\tcp"), usual.replacing("/mcp", with: "/mcp#x"),
        usual.replacing("/mcp", with: "/é"), usual.replacing("/mcp", with: "/\"\\"), "\r\n" + usual,
        // Line ends.
        usual.replacing("\r\n", with: "\n"), usual.replacing("4483\r\n", with: "4483\n"),
        usual.replacing("4483\r\n", with: "4483\r"), usual.replacing("HTTP/1.1\r\n", with: "HTTP/1.1\n"),
        usual.replacing("12\r\n\r\n", with: "12\r\n\n"), usual.replacing("12\r\n\r\n", with: "12\n\r\n"),
        // Lines.
        usual.replacing("Host:", with: "Host :"), usual.replacing("Host: ", with: "Host:\t"),
        usual.replacing("Host:", with: " Host:"), usual.replacing("json\r\n", with: "json\r\n folded\r\n"),
        usual.replacing("4483", with: "4483 "), with("X-A:\r\n"), with("X-A: \r\n"), with(": a\r\n"), with("X-A\r\n"),
        with("X A: b\r\n"), with("X-A: é\r\n"), with("Xé: a\r\n"), with("X-A: a\u{0}b\r\n"), with("X-A: a\u{7F}b\r\n"),
        with("X-A: a\u{1}bcdefghijk\r\n"), with("X-A: abcdefghijk\u{7F}\r\n"), with("X-A: a\tb\r\n"),
        with("X-A: a\rb\r\n"), with("X-A: a\nb: c\r\n"), with("(X): a\r\n"),
        // What decides where the message ends.
        usual.replacing("Content-Length: 12\r\n", with: ""), with("Content-Length: 12\r\n"),
        with("Content-Length: 13\r\n"), with("Transfer-Encoding: chunked\r\n"), with("transfer-encoding: identity\r\n"),
        usual.replacing(" 12", with: " +12"), usual.replacing(" 12", with: " -12"),
        usual.replacing(" 12", with: " 0x12"), usual.replacing(" 12", with: " 012"),
        usual.replacing(" 12", with: " 1 2"), usual.replacing(" 12", with: " 12, 12"),
        usual.replacing(" 12", with: " 12;"), usual.replacing(" 12", with: " 12345678901"),
        // What decides what becomes of the connection, or who may ask.
        with("Connection: close\r\n"), with("Connection: keep-alive, upgrade\r\n"), with("Upgrade: h2c\r\n"),
        with("Proxy-Connection: close\r\n"), with("TE: trailers\r\n"), with("Trailer: X\r\n"),
        with("Expect: 100-continue\r\n"), with("Origin: https://page.example\r\n"), with("Host: other\r\n"),
        usual.replacing("Host: 127.0.0.1:4483\r\n", with: ""),
        // What is there twice, or is not for a POST.
        with("Accept: */*\r\n"), with("Content-Type: text/plain\r\n"), with("Mcp-Session-Id: other\r\n"),
        with("MCP-Protocol-Version: 2025-06-18\r\n"), with("Authorization: a\r\nAuthorization: b\r\n"),
        with("DPoP: a\r\nDPoP: b\r\n"), with("Last-Event-ID: 1-1\r\n"),
    ]

    @Test("Whatever could be read in two ways, or needs more than reading, is left to the decoder", arguments: notPlain)
    func left(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test("Long heads are left to the decoder, which has its own bounds")
    func bounds() {
        #expect(read(Self.usual, bytes: Self.usual.utf8.count) != nil)
        #expect(read(Self.usual, bytes: Self.usual.utf8.count - 1) == nil)
        #expect(read(Self.usual, lines: 6) != nil)
        #expect(read(Self.usual, lines: 5) == nil)
    }

    /// What the decoder makes of bytes: heads and the lengths of bodies, or `nil` when it refuses them.
    private func decoded(_ bytes: ByteBuffer) -> [(head: HTTPRequestHead, body: Int)]? {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        var messages: [(head: HTTPRequestHead, body: Int)] = []
        do {
            try channel.writeInbound(bytes)
            while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
                switch part {
                case .head(let head): messages.append((head, 0))
                case .body(let body): messages[messages.count - 1].body += body.readableBytes
                case .end: break
                }
            }
            return messages
        } catch {
            return nil
        }
    }

    @Test("SE-12: whatever is read here, the decoder reads alike", arguments: 0..<40)
    func agreement(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("\r\n\t :,;0129aAzZ/?#%\"\\-_\u{0}\u{7F}".utf8) + [0x80, 0xFF]
        let lines = ["Transfer-Encoding: chunked\r\n", "Content-Length: 1\r\n", "Connection: close\r\n", "X: y\r\n"]
        let seeds = [Self.usual] + Self.notPlain
        var plain = 0
        for _ in 0..<500 {
            var bytes = Array(seeds[generator.below(seeds.count)].utf8)
            if generator.below(2) == 0 { bytes = Array(Self.usual.utf8) }
            for _ in 0..<generator.below(4) where !bytes.isEmpty {
                let place = generator.below(bytes.count)
                switch generator.below(5) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(alphabet[generator.below(alphabet.count)], at: place)
                case 2: bytes.insert(contentsOf: lines[generator.below(lines.count)].utf8, at: place)
                default: bytes[place] = alphabet[generator.below(alphabet.count)]
                }
            }
            let found = bytes.withUnsafeBytes { PlainRequestHead($0, maximumBytes: 16 << 10, maximumLines: 64) }
            guard let found, found.length == bytes.count, found.contentLength < 1 << 16 else { continue }
            plain += 1
            let head = String(decoding: bytes, as: UTF8.self)
            let body = String(repeating: "b", count: found.contentLength)
            let messages = try #require(decoded(ByteBuffer(string: head + body)), "the decoder refuses \(head)")
            try #require(messages.count == 1, "\(head)")
            let message = messages[0]
            #expect(message.body == found.contentLength)
            #expect(message.head.isKeepAlive)
            let expected = RequestHeaders(message.head)
            let actual = try headers(head)
            #expect(actual.target == expected.target)
            #expect(actual.accept == expected.accept)
            #expect(actual.contentType == expected.contentType)
            #expect(actual.sessionID == expected.sessionID)
            #expect(actual.protocolVersion == expected.protocolVersion)
            #expect(actual.authorization == expected.authorization)
            #expect(actual.dpop == expected.dpop)
            #expect(message.head.headers["host"] == [String(decoding: bytes[found.host], as: UTF8.self)])
            for name in ["origin", "expect", "transfer-encoding", "upgrade", "last-event-id"] {
                #expect(!message.head.headers.contains(name: name))
            }
        }
        #expect(plain > 20)
    }
}
