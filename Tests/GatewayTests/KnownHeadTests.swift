// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import Gateway

@Suite("Heads that repeat the last one of their connection")
struct KnownHeadTests {
    private static let legacy =
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:4483\r\nAccept: application/json, text/event-stream\r\n"
        + "Content-Length: 12\r\nMcp-Session-Id: 0123456789abcdef\r\nMCP-Protocol-Version: 2025-11-25\r\n\r\n"
    private static let modern =
        "POST /mcp HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        + "Mcp-Method: tools/call\r\nMcp-Name: echo\r\nAuthorization: Bearer a.b\r\nContent-Length: 304\r\n\r\n"
    private static let sessionFirst =
        "POST /mcp HTTP/1.1\r\nmcp-session-id:  x\r\nHost: h\r\nDPoP: a.b.c\r\ncontent-length:7\r\n\r\n"

    private static func fresh(_ text: String, bytes: Int = 16 << 10) -> (PlainRequestHead, RequestHeaders)? {
        ByteBuffer(string: text).withUnsafeReadableBytes { text in
            PlainRequestHead(text, maximumBytes: bytes, maximumLines: 64).map { head in
                (head, RequestHeaders(head, in: text, target: String(decoding: text[head.target], as: UTF8.self)))
            }
        }
    }

    private static func remember(_ text: String, in known: inout KnownHead) throws {
        let (head, headers) = try #require(fresh(text))
        ByteBuffer(string: text).withUnsafeReadableBytes { known.remember(head, headers, in: $0) }
    }

    private static func request(_ text: String, _ known: inout KnownHead, bytes: Int = 16 << 10) -> PlainRequest? {
        ByteBuffer(string: text).withUnsafeReadableBytes { known.request($0, maximumBytes: bytes) }
    }

    private static func known(_ text: String) throws -> KnownHead {
        var known = KnownHead()
        try remember(text, in: &known)
        return known
    }

    @Test(
        "The same head is the same request, whatever its length, and nothing is read anew", arguments: [legacy, modern])
    func repetition(_ text: String) throws {
        var known = try Self.known(text)
        let first = try #require(Self.request(text + "{}", &known))
        #expect(first.headBytes == text.utf8.count)
        #expect(first.bodyBytes == Self.fresh(text)?.0.contentLength)
        let longer = text.replacing(/Content-Length: \d+/, with: "Content-Length: 123456789")
        let second = try #require(Self.request(longer, &known))
        #expect(second.headBytes == longer.utf8.count)
        #expect(second.bodyBytes == 123_456_789)
        #expect(second.headers === first.headers)
    }

    @Test("Of two sessions on one connection, each request names its own")
    func sessions() throws {
        for text in [Self.legacy, Self.sessionFirst] {
            var known = try Self.known(text)
            let own = try #require(Self.fresh(text)?.1.sessionID)
            let other = try #require(Self.request(text.replacing(own, with: "another one"), &known))
            #expect(other.headers.sessionID == "another one")
            #expect(other.headers.protocolVersion == Self.fresh(text)?.1.protocolVersion)
            #expect(try #require(Self.request(text, &known)).headers.sessionID == own)
        }
    }

    @Test("Of two clients on one connection, each is asked for its own credentials")
    func clients() throws {
        var known = try Self.known(Self.modern)
        let other = try #require(Self.request(Self.modern.replacing("a.b", with: "other"), &known))
        #expect(other.headers.authorization == ["Bearer other"])
        #expect(other.headers.sessionID == nil && other.headers.dpop == .none)
        #expect(try #require(Self.request(Self.modern, &known)).headers.authorization == ["Bearer a.b"])
        known = try Self.known(Self.sessionFirst)
        let proof = try #require(Self.request(Self.sessionFirst.replacing("a.b.c", with: "d.e.f"), &known))
        #expect(proof.headers.dpop == ["d.e.f"] && proof.headers.sessionID == "x")
        #expect(proof.headers.authorization == .none)
    }

    @Test(
        "What differs in anything else is not known",
        arguments: [
            legacy.replacing("4483", with: "4484"), legacy.replacing("POST", with: "post"),
            legacy.replacing("2025-11-25", with: "2025-06-18"), legacy.replacing("Accept", with: "accept"),
            legacy.replacing("\r\n\r\n", with: "\r\nExpect: 100-continue\r\n\r\n"),
            legacy.replacing("\r\n\r\n", with: "\r\nContent-Length: 13\r\n\r\n"),
            legacy.replacing(": 12", with: ": 012"), legacy.replacing(": 12", with: ": 1234567890"),
            legacy.replacing(": 12", with: ": "), legacy.replacing(": 12", with: ": 1x"),
            legacy.replacing(": 12", with: ": 12 "), legacy.replacing(": 12", with: ": 12\r\nTE: x"),
            legacy.replacing("0123456789abcdef", with: ""), legacy.replacing("0123456789abcdef", with: " a"),
            legacy.replacing("0123456789abcdef", with: "a "), legacy.replacing("0123456789abcdef", with: "a\tb"),
            legacy.replacing("0123456789abcdef", with: "a\r\nX: y"), legacy.replacing("0123456789abcdef", with: "é"),
            legacy.replacing("Mcp-Session-Id: 0123456789abcdef\r\n", with: ""),
            String(legacy.dropLast()), String(legacy.prefix(30)), "",
        ])
    func difference(_ text: String) throws {
        var known = try Self.known(Self.legacy)
        #expect(Self.request(text, &known) == nil)
    }

    @Test("A head may not outgrow the bound by what differs in it")
    func bound() throws {
        var known = try Self.known(Self.legacy)
        #expect(Self.request(Self.legacy, &known, bytes: Self.legacy.utf8.count) != nil)
        let longer = Self.legacy.replacing("0123456789abcdef", with: "0123456789abcdef0")
        #expect(Self.request(longer, &known, bytes: Self.legacy.utf8.count) == nil)
    }

    @Test("Long heads are read each time, and take the place of the one that was known")
    func room() throws {
        var known = try Self.known(Self.modern)
        let length = (4 << 10) - Self.modern.utf8.count
        let longest = Self.modern.replacing("a.b", with: "a.b" + String(repeating: "x", count: length))
        try Self.remember(longest, in: &known)
        #expect(Self.request(longest, &known) != nil)
        let longer = longest.replacing("a.b", with: "a.bx")
        try Self.remember(longer, in: &known)
        #expect(Self.request(longer, &known) == nil)
        #expect(Self.request(Self.modern, &known) == nil)
    }

    @Test("A connection whose heads all differ has none remembered after a while")
    func patience() throws {
        var known = KnownHead()
        for number in 0..<4 {
            let text = Self.modern.replacing("echo", with: "echo\(number)")
            try Self.remember(text, in: &known)
            // Found again, which is what it is for.
            #expect(Self.request(text, &known) != nil)
        }
        for number in 0..<5 { try Self.remember(Self.modern.replacing("echo", with: "other\(number)"), in: &known) }
        #expect(Self.request(Self.modern.replacing("echo", with: "other4"), &known) == nil)
    }

    @Test("Whatever is known is what reading it anew would find", arguments: 0..<20)
    func agreement(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("\r\n\t :,;0129aAzZ/?#%\"\\-_\u{0}\u{7F}".utf8) + [0x80, 0xFF]
        let lines = ["Transfer-Encoding: chunked\r\n", "Content-Length: 1\r\n", "Connection: close\r\n", "X: y\r\n"]
        var found = 0
        for base in [Self.legacy, Self.modern, Self.sessionFirst] {
            let (head, headers) = try #require(Self.fresh(base))
            let gaps = [head.contentLengthDigits, head.sessionID, head.authorization, head.dpop].compactMap(\.self)
            for _ in 0..<300 {
                var known = try Self.known(base)
                var bytes = Array(base.utf8)
                for _ in 0..<generator.below(3) {
                    // Mostly where something may differ.
                    let gap = gaps[generator.below(gaps.count)]
                    let place =
                        generator.chance(oneIn: 4)
                        ? generator.below(bytes.count)
                        : min(bytes.count - 1, gap.lowerBound + generator.below(gap.count + 1))
                    switch generator.below(5) {
                    case 0: bytes.remove(at: place)
                    case 1: bytes.insert(alphabet[generator.below(alphabet.count)], at: place)
                    case 2:
                        bytes.insert(contentsOf: lines[generator.below(lines.count)].utf8, at: place)
                    default: bytes[place] = UInt8(ascii: "0") + UInt8(generator.below(10))
                    }
                }
                guard let actual = bytes.withUnsafeBytes({ known.request($0, maximumBytes: 16 << 10) }) else {
                    continue
                }
                found += 1
                let text = String(decoding: bytes, as: UTF8.self)
                let (expected, fields) = try #require(Self.fresh(text), "read by nobody else: \(text)")
                #expect(actual.headBytes == expected.length)
                #expect(actual.bodyBytes == expected.contentLength)
                #expect(actual.headers.sessionID == fields.sessionID)
                #expect(actual.headers.target == fields.target)
                #expect(actual.headers.accept == headers.accept && headers.accept == fields.accept)
                #expect(actual.headers.contentType == fields.contentType)
                #expect(actual.headers.protocolVersion == fields.protocolVersion)
                #expect(actual.headers.authorization == fields.authorization)
                #expect(actual.headers.dpop == fields.dpop)
                #expect(Array(actual.headers.all.map(\.name)) == Array(fields.all.map(\.name)))
            }
        }
        #expect(found > 100)
    }
}
