// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import TestSupport
import Testing

@Suite("An event stream parser")
struct SSEParserTests {
    @Test(
        "BC-18: follows each rule of the format, however the stream is cut", arguments: SSERule.all, SSEDrain.allCases)
    func rules(rule: SSERule, drain: SSEDrain) {
        let expected = SSEOutcome(events: rule.events, lastEventID: rule.lastEventID, retry: rule.retry)
        for chunks in ByteChunks.everySplit(of: rule.stream) {
            #expect(drain.parse(chunks) == expected, "\(chunks.map(\.readableBytes))")
        }
    }

    @Test("agrees with the plain reading of the format", arguments: SSERule.all)
    func reference(rule: SSERule) {
        #expect(
            SSEReference.parse(rule.stream)
                == SSEOutcome(events: rule.events, lastEventID: rule.lastEventID, retry: rule.retry))
    }

    @Test("hands an event out with the byte that completes it", arguments: ["\n\n", "\r\r", "\r\n\r"])
    func promptness(ends: String) throws {
        var parser = SSEParser()
        for byte in "data: a\(ends)".utf8.dropLast() {
            parser.append(ByteBuffer(bytes: [byte]))
            #expect(try parser.next() == nil)
        }
        parser.append(ByteBuffer(bytes: [ends.utf8.last ?? 0]))
        #expect(try parser.next()?.data == ByteBuffer(string: "a"))
    }

    @Test(
        "hands out one data line as a slice of the chunk it came in",
        arguments: ["data: abc\n\n", "id: 1\ndata: abc\n\n"])
    func noCopy(stream: String) throws {
        let chunk = ByteBuffer(string: stream + stream)
        var parser = SSEParser()
        parser.append(chunk)
        for _ in 0..<2 {
            let data = try #require(try parser.next()?.data)
            let isInside = chunk.withUnsafeReadableBytes { outer in
                data.withUnsafeReadableBytes { inner in
                    guard let outer = outer.baseAddress, let inner = inner.baseAddress else { return false }
                    return inner >= outer && inner < outer + chunk.readableBytes
                }
            }
            #expect(isInside)
        }
    }

    @Test("keeps a data slice as it was while the stream goes on")
    func sliceIsolation() throws {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: one\n\nda"))
        let first = try #require(try parser.next()?.data)
        parser.append(ByteBuffer(string: "ta: two\ndata: three\n\n"))
        #expect(try parser.next()?.data == ByteBuffer(string: "two\nthree"))
        #expect(first == ByteBuffer(string: "one"))
    }

    @Test("starts from the id that the request resumed after")
    func resumed() throws {
        var parser = SSEParser(lastEventID: "41")
        parser.append(ByteBuffer(string: "data: a\n\n"))
        #expect(try parser.next()?.id == nil)
        #expect(parser.lastEventID == "41")
    }

    @Test("needs time proportional to the stream, fed byte by byte", .timeLimit(.minutes(1)))
    func linearTime() throws {
        let line = Array("data: \(String(repeating: "x", count: 150_000))\n".utf8)
        let stream = line + Array("data:\n".utf8.cycled(times: 8000)) + [0x0A]
        var parser = SSEParser()
        var events: [SSEEvent] = []
        for byte in stream {
            parser.append(ByteBuffer(bytes: [byte]))
            while let event = try parser.next() { events.append(event) }
        }
        #expect(events.map { $0.data?.readableBytes } == [150_000 + 8000])
    }

    @Test("needs time proportional to the stream, asked once for each byte", .timeLimit(.minutes(1)))
    func linearTimeWithBacklog() throws {
        let events = 20_000
        var parser = SSEParser()
        parser.append(ByteBuffer(bytes: "data:x\n\n".utf8.cycled(times: events)))
        var count = 0
        for byte in "data:x\n\n".utf8.cycled(times: events / 8) {
            parser.append(ByteBuffer(bytes: [byte]))
            if try parser.next() != nil { count += 1 }
        }
        while try parser.next() != nil { count += 1 }
        #expect(count == events + events / 8)
    }
}

extension Sequence where Element == UInt8 {
    func cycled(times: Int) -> [UInt8] {
        Array(repeatElement(Array(self), count: times).joined())
    }
}
