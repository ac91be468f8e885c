// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@Suite struct RequestIDTests {
    private func id(_ json: String) throws -> RequestID? {
        RequestID(try JSONSlice(validating: ByteBuffer(string: json)))
    }

    @Test(
        "BP-01: an id is a string or an integer and keeps its spelling",
        arguments: [
            "1", "0", "-1", "9007199254740993", #""1""#, #""""#, #""a_b""#, #""\u0061""#, #""é""#,
        ])
    func accepted(_ json: String) throws {
        let id = try #require(try id(json))
        #expect(id.json == json)
        #expect(String(buffer: id.slice.bytes) == json)
        #expect("\(id)" == json)
    }

    @Test("Nothing else is an id", arguments: ["null", "true", "false", "{}", "[1]", "1.5", "1e-3", "1e400"])
    func refused(_ json: String) throws {
        #expect(try id(json) == nil)
    }

    @Test("BP-01: 1 and \"1\" are different ids")
    func kinds() throws {
        #expect(try id("1") != id(#""1""#))
        #expect(try id("1") == RequestID(1))
        #expect(try Set([id("1"), id(#""1""#), id("1")]).count == 2)
    }

    @Test(
        "Only an integer of ours stands for a number",
        arguments: [
            ("7", 7), ("-7", -7), (#""7""#, nil), (#""seven""#, nil), ("9223372036854775807", Int.max),
        ])
    func number(_ json: String, _ expected: Int?) throws {
        #expect(try id(json)?.number == expected)
    }

    @Test("An id is kept while a request runs, so its length is bounded")
    func length() throws {
        let longest = "\"" + String(repeating: "x", count: RequestID.maximumLength - 2) + "\""
        #expect(try id(longest) != nil)
        #expect(try id("\"x" + longest.dropFirst()) == nil)
    }
}
