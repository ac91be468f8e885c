// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import Testing

@Suite("The event stream encoder")
struct SSEEncoderTests {
    private static func encoded(
        id: String? = nil, event: String? = nil, data: String?, retry: Int? = nil
    ) -> String {
        var buffer = ByteBuffer()
        SSEEncoder.event(id: id, event: event, data: data.map { ByteBuffer(string: $0) }, retry: retry, into: &buffer)
        return String(buffer: buffer)
    }

    @Test("writes the fields in order and ends the event with a blank line")
    func fields() {
        #expect(Self.encoded(data: "{}") == "data: {}\n\n")
        #expect(
            Self.encoded(id: "7", event: "endpoint", data: "{}", retry: 500)
                == "id: 7\nevent: endpoint\nretry: 500\ndata: {}\n\n")
        #expect(Self.encoded(id: "7", data: "") == "id: 7\ndata: \n\n")
        #expect(Self.encoded(id: "7", data: nil) == "id: 7\n\n")
        #expect(Self.encoded(data: "x", retry: -1) == "retry: 0\ndata: x\n\n")
    }

    @Test(
        "turns each line end in the JSON text into a further data line",
        arguments: [
            ("{\n}", "data: {\ndata: }\n\n"), ("{\r}", "data: {\ndata: }\n\n"), ("{\r\n}", "data: {\ndata: }\n\n"),
            ("{\n\r}", "data: {\ndata: \ndata: }\n\n"), ("{}\n", "data: {}\ndata: \n\n"),
            ("\r\n{}", "data: \ndata: {}\n\n"), ("{ \n}", "data: { \ndata: }\n\n"),
        ])
    func lineEnds(json: String, stream: String) {
        #expect(Self.encoded(data: json) == stream)
    }

    @Test("leaves out of id and event type what would break the line")
    func injection() {
        #expect(
            Self.encoded(id: "1\ndata: x\r\0", event: "a\r\n\r\nb", data: "{}")
                == "id: 1data: x\nevent: ab\ndata: {}\n\n")
    }

    @Test(
        "writes comments that a receiver ignores",
        arguments: [("", ":\n\n"), ("ping", ": ping\n\n"), ("a\nb", ": a\n: b\n\n"), ("a\r\nb", ": a\n:\n: b\n\n")])
    func comments(text: String, stream: String) throws {
        var buffer = ByteBuffer()
        SSEEncoder.comment(text, into: &buffer)
        #expect(String(buffer: buffer) == stream)
        SSEEncoder.event(data: ByteBuffer(string: "x"), into: &buffer)
        var parser = SSEParser()
        parser.append(buffer)
        #expect(try parser.next() == SSEEvent(data: ByteBuffer(string: "x")))
        #expect(try parser.next() == nil)
    }

    @Test("leaves what already stands in the buffer alone")
    func appends() {
        var buffer = ByteBuffer(string: "before ")
        let data = ByteBuffer(string: "{}")
        SSEEncoder.event(data: data, into: &buffer)
        SSEEncoder.event(data: data, into: &buffer)
        #expect(String(buffer: buffer) == "before data: {}\n\ndata: {}\n\n")
        #expect(data.readableBytes == 2)
    }
}
