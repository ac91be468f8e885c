// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore
import TestSupport
import Testing

@Suite("A response's bounds")
struct HTTP1LimitsTests {
    private static let limits = HTTP1ResponseLimits(
        bodyBytes: 10, headBytes: 80, fields: 3, chunkLineBytes: 12, trailerBytes: 20, informationalResponses: 2)

    private static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    private static let fitting = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: \(String(repeating: "y", count: 37))\r\n\r\n",
        "HTTP/1.1 204 OK\r\na: b\r\na: b\r\na: b\r\n\r\n",
        chunkedHead + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
        chunkedHead + "1;aaaaaaaa\r\nx\r\n0\r\n\r\n",
        chunkedHead + "0\r\na: 3456789012345\r\n\r\n",
        chunkedHead + "0\r\na:\r\na:\r\na:\r\n\r\n",
        "HTTP/1.1 100 a\r\n\r\nHTTP/1.1 100 a\r\n\r\nHTTP/1.1 204 a\r\n\r\n",
        "HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n",
    ]

    @Test("accept what just fits, in each response anew", arguments: fitting)
    func fits(response: String) {
        let bytes = Array((response + response + response).utf8)
        for chunks in ByteChunks.everySplit(of: bytes) {
            let outcome = HTTP1Drain.afterEachChunk.parse(chunks, limits: Self.limits)
            #expect(outcome.error == nil)
            #expect(outcome.trace.filter { $0 == "end keep-alive" }.count == 3)
        }
    }

    private static let exceeding: [(String, [String], HTTP1ParseError)] = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: \(String(repeating: "y", count: 38))\r\n\r\n", [],
            .headTooLarge(limit: 80)
        ),
        ("HTTP/1.1 200 OK\r\nx: \(String(repeating: "y", count: 60))", [], .headTooLarge(limit: 80)),
        ("HTTP/1.1 204 OK\r\na: b\r\na: b\r\na: b\r\na: b\r\n\r\n", [], .tooManyFields(limit: 3)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", ["head 200"], .bodyTooLarge(limit: 10)),
        ("HTTP/1.1 200 OK\r\n\r\n01234567890", ["head 200", "body 0123456789"], .bodyTooLarge(limit: 10)),
        (chunkedHead + "b\r\n01234567890\r\n0\r\n\r\n", ["head 200"], .bodyTooLarge(limit: 10)),
        (chunkedHead + "5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n", ["head 200", "body 01234"], .bodyTooLarge(limit: 10)),
        (chunkedHead + "1;aaaaaaaaa\r\nx\r\n0\r\n\r\n", ["head 200"], .chunkLineTooLong(limit: 12)),
        (chunkedHead + "000000000000", ["head 200"], .chunkLineTooLong(limit: 12)),
        (chunkedHead + "0\r\na: 34567890123456\r\n\r\n", ["head 200"], .trailersTooLarge(limit: 20)),
        (chunkedHead + "0\r\na: 3456789\r\nb: 3456789", ["head 200"], .trailersTooLarge(limit: 20)),
        (chunkedHead + "0\r\na:\r\na:\r\na:\r\na:\r\n\r\n", ["head 200"], .tooManyFields(limit: 3)),
        (
            "HTTP/1.1 100 a\r\n\r\nHTTP/1.1 100 a\r\n\r\nHTTP/1.1 100 a\r\n\r\n", ["100", "100"],
            .tooManyInformationalResponses(limit: 2)
        ),
    ]

    @Test("refuse what is one too much, at the same place however it is cut", arguments: exceeding)
    func exceeds(response: String, trace: [String], error: HTTP1ParseError) {
        for drain in HTTP1Drain.allCases {
            for chunks in ByteChunks.everySplit(of: Array(response.utf8)) {
                let outcome = drain.parse(chunks, limits: Self.limits)
                #expect(outcome.trace == trace)
                #expect(outcome.error == error)
            }
        }
    }

    @Test("refuse chunk extensions that outweigh the content")
    func extensions() {
        let chunk = "1;" + String(repeating: "a", count: 1000) + "\r\nx\r\n"
        let limits = HTTP1ResponseLimits(bodyBytes: 1000)
        let accepted = Self.chunkedHead + String(repeating: chunk, count: 16) + "0\r\n\r\n"
        #expect(HTTP1Drain.atTheEnd.parse([ByteBuffer(string: accepted + accepted)], limits: limits).error == nil)
        let refused = Self.chunkedHead + String(repeating: chunk, count: 17) + "0\r\n\r\n"
        #expect(
            HTTP1Drain.atTheEnd.parse([ByteBuffer(string: refused)], limits: limits).error == .tooManyChunkExtensions)
    }

    @Test(
        "say in their errors by what bound they were exceeded",
        arguments: [
            HTTP1ParseError.headTooLarge(limit: 4711), .tooManyFields(limit: 4711), .chunkLineTooLong(limit: 4711),
            .tooManyInformationalResponses(limit: 4711), .trailersTooLarge(limit: 4711), .bodyTooLarge(limit: 4711),
        ])
    func descriptions(error: HTTP1ParseError) {
        #expect("\(error)".contains(" 4711 "))
    }

    @Test("have the documented defaults")
    func defaults() {
        let limits = HTTP1ResponseParser(maxBodyBytes: 7).limits
        #expect(limits.bodyBytes == 7)
        #expect(limits.headBytes == 65_536)
        #expect(limits.fields == 200)
        #expect(limits.chunkLineBytes == 4096)
    }
}
