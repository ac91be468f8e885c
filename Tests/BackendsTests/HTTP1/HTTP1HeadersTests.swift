// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore
import Testing

@Suite("Response headers")
struct HTTP1HeadersTests {
    private static func head(_ text: String) throws -> HTTP1ResponseHead {
        var parser = HTTP1ResponseParser(maxBodyBytes: 100)
        parser.append(ByteBuffer(string: text))
        guard case .head(let head) = try parser.next() else {
            throw NoHead()
        }
        return head
    }

    private struct NoHead: Error {}

    private static func headers(_ lines: String...) throws -> HTTP1Headers {
        try head("HTTP/1.1 200 OK\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n").headers
    }

    @Test("keep order and spelling, and repeat what is repeated")
    func order() throws {
        let headers = try Self.headers("B: 1", "a:2", "b:  3\t", "C:", "D: x y")
        #expect(headers.map(\.name) == ["B", "a", "b", "C", "D"])
        #expect(headers.map(\.value) == ["1", "2", "3", "", "x y"])
        #expect(headers.count == 5)
    }

    @Test("are found without regard to case", arguments: ["mcp-session-id", "MCP-SESSION-ID", "Mcp-Session-Id"])
    func lookup(name: String) throws {
        let headers = try Self.headers("x: 1", "Mcp-Session-Id: abc", "mcp-session-id: def", "Mcp-Session: no")
        #expect(headers.first(name) == "abc")
        #expect(headers.values(name) == ["abc", "def"])
        #expect(headers.first("mcp-session-i") == nil)
        #expect(headers.values("y").isEmpty)
        #expect(headers.first("") == nil)
    }

    @Test("are found by static names too")
    func staticLookup() throws {
        let name: StaticString = "x-a"
        let headers = try Self.headers("X-A: 1", "x-a: 2", "x\u{7C}a: 3")
        #expect(headers.first(name) == "1")
        #expect(headers.values(name) == ["1", "2"])
    }

    @Test("are not confused by bytes that differ in the case bit but are no letters")
    func caseBit() throws {
        let headers = try Self.headers("a^: 1", "a~: 2", "a`: 3")
        #expect(headers.first("a~") == "2")
        #expect(headers.first("a^") == "1")
        #expect(headers.first("a@") == nil)
    }

    @Test(
        "give the media type in lower case without parameters",
        arguments: [
            ("application/json", "application/json"), ("Application/JSON; charset=utf-8", "application/json"),
            ("text/event-stream;charset=utf-8", "text/event-stream"), ("TEXT/HTML ; a=b", "text/html"),
            ("", ""), (" ; x", ""), ("application/jsonx", "application/jsonx"),
        ])
    func contentType(value: String, type: String) throws {
        #expect(try Self.headers("x: y", "content-TYPE: \(value)").contentType == type)
    }

    @Test("without Content-Type have no media type, and of several the first counts")
    func contentTypes() throws {
        #expect(try Self.headers("content-typ: a/b").contentType == nil)
        #expect(try Self.headers("content-type: a/b", "content-type: c/d").contentType == "a/b")
    }

    @Test("tell the framing")
    func framing() throws {
        let fixed = try Self.headers("content-length: 12")
        #expect(fixed.contentLength == 12)
        #expect(!fixed.isChunked)
        let chunked = try Self.headers("transfer-encoding: chunked")
        #expect(chunked.contentLength == nil)
        #expect(chunked.isChunked)
        #expect(try Self.headers("content-length: 9223372036854775807").contentLength == .max)
    }

    @Test("repair values that are no UTF-8")
    func repair() throws {
        var parser = HTTP1ResponseParser(maxBodyBytes: 1)
        parser.append(ByteBuffer(bytes: Array("HTTP/1.1 200 OK\r\nx: a".utf8) + [0xFF] + Array("b\r\n\r\n".utf8)))
        guard case .head(let head) = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.headers.first("x") == "a\u{FFFD}b")
    }

    @Test(
        "come with version, status and reason",
        arguments: [
            ("HTTP/1.1 200 OK", 1, 200, "OK"), ("HTTP/1.0 404 Not Found", 0, 404, "Not Found"),
            ("HTTP/1.1 500 ", 1, 500, ""), ("HTTP/1.1 500", 1, 500, ""), ("HTTP/1.1 299  x", 1, 299, " x"),
        ])
    func statusLine(line: String, minorVersion: Int, status: Int, reason: String) throws {
        let head = try Self.head("\(line)\r\n\r\n")
        #expect(head.minorVersion == minorVersion)
        #expect(head.status == status)
        #expect(head.reason == reason)
        #expect(head.headers.count == 0)
    }

    @Test("are equal when they are spelled the same")
    func equality() throws {
        let one = try Self.head("HTTP/1.1 200 OK\r\na: b\r\n\r\n")
        #expect(try one == Self.head("HTTP/1.1 200 OK\r\na: b\r\n\r\nbody"))
        #expect(try one != Self.head("HTTP/1.1 200 OK\r\na: c\r\n\r\n"))
    }
}
