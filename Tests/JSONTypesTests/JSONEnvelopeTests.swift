// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON envelope")
struct JSONEnvelopeTests {
    /// What one scan reported, as text.
    private func scan(
        _ text: String, limits: JSONLimits = .standard
    ) throws -> (top: JSONTopLevel, members: [(key: String, isEscaped: Bool, value: String)]) {
        var members: [(key: String, isEscaped: Bool, value: String)] = []
        var buffer = ByteBuffer(string: "..." + text)
        buffer.moveReaderIndex(forwardBy: 3)
        let top = try JSONSlice.scanObject(validating: buffer, limits: limits) { bytes, range in
            let value = JSONSlice(valueOf: range, in: buffer)
            members.append((range.key(in: bytes), range.keyIsEscaped, value.description))
        }
        return (top, members)
    }

    @Test("Top-level members are reported in order with their ranges, nested ones not at all")
    func reportsMembers() throws {
        let text =
            #" { "jsonrpc" : "2.0" ,"id":12,"params":{"id":[{"id":1}],"x":{}},"\u006dethod":"a\"}","e":[ ],"id":null} "#
        let (top, members) = try scan(text)
        #expect(top.kind == .object)
        #expect(top.start == 1)
        #expect(top.end == text.utf8.count - 1)
        #expect(members.map(\.key) == ["jsonrpc", "id", "params", "method", "e", "id"])
        #expect(members.map(\.isEscaped) == [false, false, false, true, false, false])
        #expect(members.map(\.value) == [#""2.0""#, "12", #"{"id":[{"id":1}],"x":{}}"#, #""a\"}""#, "[ ]", "null"])
    }

    @Test("The reported ranges are those that lazy navigation finds", arguments: JSONGrammarTests.accepted.map(\.text))
    func agreesWithNavigation(_ text: String) throws {
        let (top, members) = try scan(text)
        let slice = try json(text)
        #expect(top.kind == slice.kind)
        #expect(members.map(\.key) == slice.members.map(\.key.string))
        #expect(members.map(\.value) == slice.members.map(\.value.description))
    }

    @Test(
        "A well-formed text that is no object is told apart from a malformed one",
        arguments: [
            ("[]", .array), (#"[{"id":1}]"#, .array), ("1", .number), (#""{}""#, .string), (" true ", .boolean),
            ("null", .null), ("{}", .object),
        ] as [(String, JSONSlice.Kind)])
    func tellsKinds(_ text: String, _ kind: JSONSlice.Kind) throws {
        let (top, members) = try scan(text)
        #expect(top.kind == kind)
        #expect(members.isEmpty)
    }

    @Test("The same texts are refused for the same reasons as by validation", arguments: JSONGrammarTests.refused)
    func refuses(_ row: RefusedText) {
        #expect(throws: JSONError(reason: row.reason, offset: row.offset)) { try scan(row.text) }
    }

    @Test("Limits apply to the envelope")
    func applesLimits() {
        #expect(throws: JSONError(reason: .tooDeep(limit: 1), offset: 5)) {
            try scan(#"{"a":[]}"#, limits: JSONLimits(depth: 1))
        }
        #expect(throws: JSONError(reason: .tooManyValues(limit: 1), offset: 5)) {
            try scan(#"{"a":0}"#, limits: JSONLimits(values: 1))
        }
        #expect(throws: JSONError(reason: .stringTooLong(limit: 1), offset: 1)) {
            try scan(#"{"ab":0}"#, limits: JSONLimits(stringBytes: 1))
        }
    }

    @Test("A caller can switch on the key's length and compare in place, escaped or not")
    func matchesKeys() throws {
        for text in [#"{"id":1,"method":2}"#, #"{"\u0069d":1,"m\u0065thod":2}"#] {
            var found: [String] = []
            _ = try JSONSlice.scanObject(validating: ByteBuffer(string: text)) { bytes, range in
                if range.hasKey("id", in: bytes) { found.append("id") }
                if range.hasKey("method", in: bytes) { found.append("method") }
                if range.hasKey("metho", in: bytes) || range.hasKey("methods", in: bytes) { found.append("wrong") }
            }
            #expect(found == ["id", "method"])
        }
    }

    @Test("Limits of depth beyond 64 keep top-level members apart from deep ones")
    func reportsBehindDeepMembers() throws {
        let deep = String(repeating: #"{"x":["#, count: 100) + "1" + String(repeating: "]}", count: 100)
        let (_, members) = try scan(#"{"a":\#(deep),"b":2}"#, limits: JSONLimits(depth: 300))
        #expect(members.map(\.key) == ["a", "b"])
        #expect(members.first?.value == deep)
    }
}
