// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import TestSupport
import Testing

@Suite("An event stream's bounds")
struct SSELimitsTests {
    private static let limits = SSELimits(maxEventBytes: 12, maxLineBytes: 20)

    @Test(
        "accept what just fits",
        arguments: [
            "data: 12345678901\n\n", "data: 12345\ndata: 12345\n\n",
            "data:\n" + String(repeating: "data\n", count: 11) + "\n",
            ": comment of 20 byte\n\ndata: a\n\n", "event: 123456\ndata: 12345\n\n", "id: 123456\ndata: 12345\n\n",
            "event: message\n\nevent: message\n\ndata: 12345678901\n\n",
        ])
    func fits(stream: String) {
        for chunks in ByteChunks.everySplit(of: Array(stream.utf8)) {
            let outcome = SSEDrain.afterEachChunk.parse(chunks, limits: Self.limits)
            #expect(outcome.error == nil)
            #expect(outcome.events.count == 1)
        }
    }

    @Test(
        "refuse what is one byte too long",
        arguments: [
            ("data: 123456789012\n\n", SSEError.eventTooLarge(limit: 12)),
            ("data: 12345\ndata: 123456\n\n", .eventTooLarge(limit: 12)),
            (String(repeating: "data\n", count: 13) + "\n", .eventTooLarge(limit: 12)),
            ("event: 123456\ndata: 123456\n\n", .eventTooLarge(limit: 12)),
            ("id: 1234567\nid: 123456\n", .eventTooLarge(limit: 12)),
            ("event: message\nevent: message\n", .eventTooLarge(limit: 12)),
            (": a comment of 21 byte", .lineTooLong(limit: 20)),
            ("data: a\n\n: a comment of 21 byte\n", .lineTooLong(limit: 20)),
            ("unknown: 123456789012\r\r", .lineTooLong(limit: 20)),
        ])
    func refuses(stream: String, error: SSEError) {
        for drain in SSEDrain.allCases {
            let whole = drain.parse([ByteBuffer(string: stream)], limits: Self.limits)
            #expect(whole.error == error)
            for chunks in ByteChunks.everySplit(of: Array(stream.utf8)) {
                #expect(drain.parse(chunks, limits: Self.limits) == whole)
            }
        }
    }

    @Test("keep their error: nothing is parsed after it")
    func sticky() {
        var parser = SSEParser(limits: Self.limits)
        parser.append(ByteBuffer(string: "data: 1234567890123\n\ndata: a\n\n"))
        for _ in 0..<2 {
            #expect(throws: SSEError.eventTooLarge(limit: 12)) { try parser.next() }
        }
        parser.append(ByteBuffer(string: "data: a\n\n"))
        #expect(throws: SSEError.eventTooLarge(limit: 12)) { try parser.next() }
    }

    @Test("say in their errors what was exceeded and by what bound")
    func descriptions() {
        #expect("\(SSEError.lineTooLong(limit: 20))".contains("line of more than 20 bytes"))
        #expect("\(SSEError.eventTooLarge(limit: 12))".contains("event of more than 12 bytes"))
    }
}
