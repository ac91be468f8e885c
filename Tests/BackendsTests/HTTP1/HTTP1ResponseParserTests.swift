// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore
import TestSupport
import Testing

@Suite("A response parser")
struct HTTP1ResponseParserTests {
    @Test("accepts what RFC 9112 allows, however it is cut", arguments: HTTP1Rule.accepted, HTTP1Drain.allCases)
    func accepts(rule: HTTP1Rule, drain: HTTP1Drain) {
        check(rule, drain)
    }

    @Test("refuses what RFC 9112 forbids or leaves ambiguous, however it is cut", arguments: HTTP1Rule.refused)
    func refuses(rule: HTTP1Rule) {
        for drain in HTTP1Drain.allCases { check(rule, drain) }
    }

    private func check(_ rule: HTTP1Rule, _ drain: HTTP1Drain) {
        for chunks in ByteChunks.everySplit(of: rule.bytes) {
            let outcome = drain.parse(chunks, expectNoBody: rule.expectNoBody, closes: rule.closes)
            #expect(outcome.trace == rule.trace, "\(chunks.map(\.readableBytes))")
            #expect(outcome.error == rule.error, "\(chunks.map(\.readableBytes))")
        }
    }

    @Test("throws the same error again and again")
    func stickyError() {
        var parser = HTTP1ResponseParser(maxBodyBytes: 100)
        parser.append(ByteBuffer(string: "HTTP/1.1 200 OK\n"))
        #expect(throws: HTTP1ParseError.bareLineFeed) { try parser.next() }
        parser.append(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        #expect(throws: HTTP1ParseError.bareLineFeed) { try parser.next() }
        #expect(throws: HTTP1ParseError.bareLineFeed) { try parser.connectionClosed() }
    }

    @Test("hands out body parts as slices of the chunk they came in")
    func noCopy() throws {
        let chunk = ByteBuffer(
            string: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                + "\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")
        var parser = HTTP1ResponseParser(maxBodyBytes: 100)
        parser.append(chunk)
        var bodies: [String] = []
        while let part = try parser.next() {
            guard case .body(let bytes) = part else { continue }
            bodies.append(String(buffer: bytes))
            let isInside = chunk.withUnsafeReadableBytes { outer in
                bytes.withUnsafeReadableBytes { inner in
                    guard let outer = outer.baseAddress, let inner = inner.baseAddress else { return false }
                    return inner >= outer && inner < outer + chunk.readableBytes
                }
            }
            #expect(isInside)
        }
        #expect(bodies == ["hello", "ab", "cde"])
    }

    @Test("keeps heads and bodies as they were while the connection goes on")
    func isolation() throws {
        var parser = HTTP1ResponseParser(maxBodyBytes: 100)
        parser.append(ByteBuffer(string: "HTTP/1.1 200 OK\r\nX: one\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 20"))
        guard case .head(let head) = try parser.next(), case .body(let body) = try parser.next() else {
            Issue.record("no head and body")
            return
        }
        #expect(try parser.next() == .end(keepAlive: true))
        parser.append(ByteBuffer(string: "1 Created\r\nY: two\r\nContent-Length: 0\r\n\r\n"))
        guard case .head(let second) = try parser.next() else {
            Issue.record("no second head")
            return
        }
        #expect(head.status == 200)
        #expect(head.headers.map(\.name) == ["X", "Content-Length"])
        #expect(head.headers.first("x") == "one")
        #expect(body == ByteBuffer(string: "abc"))
        #expect(second.status == 201)
        #expect(second.reason == "Created")
        #expect(second.headers.map(\.value) == ["two", "0"])
    }

    @Test("tells bytes that nobody asked for from an idle connection")
    func unasked() throws {
        var parser = HTTP1ResponseParser(maxBodyBytes: 100)
        #expect(parser.isIdle)
        parser.append(ByteBuffer(string: "HTTP/1.1 204 No Content\r\n\r\n"))
        #expect(!parser.isIdle)
        _ = try parser.next()
        #expect(!parser.isIdle)
        #expect(try parser.next() == .end(keepAlive: true))
        #expect(parser.isIdle)
        parser.append(ByteBuffer(string: "HTTP"))
        #expect(!parser.isIdle)
    }

    @Test("needs time proportional to the response, fed byte by byte", .timeLimit(.minutes(5)))
    func linearTime() throws {
        let bodyBytes = 100_000
        var parser = HTTP1ResponseParser(
            limits: HTTP1ResponseLimits(
                bodyBytes: bodyBytes, headBytes: 1 << 20, fields: 10_000, chunkLineBytes: 1 << 20))
        var stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx: \(String(repeating: "y", count: 60_000))\r\n"
        stream += String(repeating: "a: b\r\n", count: 5000) + "\r\n" + String(repeating: "0", count: 60_000)
        stream += String(bodyBytes, radix: 16) + "\r\n" + String(repeating: "z", count: bodyBytes) + "\r\n0\r\n\r\n"
        var received = 0
        var ended = false
        for byte in stream.utf8 {
            parser.append(ByteBuffer(bytes: [byte]))
            while let part = try parser.next() {
                if case .body(let bytes) = part { received += bytes.readableBytes }
                if case .end = part { ended = true }
            }
        }
        #expect(ended)
        #expect(received == bodyBytes)
    }
}
