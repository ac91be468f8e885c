// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON grammar")
struct JSONGrammarTests {
    @Test("A text that RFC 8259 allows is accepted, and its value is cut out of the white space", arguments: accepted)
    func accepts(_ row: AcceptedText) throws {
        let slice = try JSONSlice(validating: ByteBuffer(string: row.text))
        #expect(slice.kind == row.kind)
        #expect(slice.description == row.value)
    }

    @Test("A text that RFC 8259 does not allow is refused with the reason and the offset", arguments: refused)
    func refuses(_ row: RefusedText) {
        #expect(throws: JSONError(reason: row.reason, offset: row.offset)) {
            try JSONSlice(validating: ByteBuffer(string: row.text))
        }
    }

    @Test("Each proper prefix of a document is refused")
    func refusesPrefixes() throws {
        let document = #" {"a":[1,-2.5e+3,true,false,null,"x\u00e9\n",{}],"ключ":{"b":[]}} "#
        let bytes = Array(document.utf8)
        _ = try JSONSlice(validating: ByteBuffer(bytes: bytes))
        for length in 0..<bytes.count - 1 {
            let prefix = ByteBuffer(bytes: bytes[..<length])
            #expect(throws: JSONError.self, "prefix of \(length) bytes") { try JSONSlice(validating: prefix) }
        }
    }

    @Test("Every byte outside the grammar is refused as first byte of a value")
    func refusesFirstBytes() {
        let allowed = Set(#"{["-0123456789tfn"#.utf8).union([0x20, 0x09, 0x0A, 0x0D])
        for byte in UInt8.min...UInt8.max where !allowed.contains(byte) {
            #expect(throws: JSONError(reason: .unexpectedByte(byte), offset: 0)) {
                try JSONSlice(validating: ByteBuffer(bytes: [byte, 0x31]))
            }
        }
    }

    @Test("Offsets count from the reader index")
    func countsFromReaderIndex() throws {
        var buffer = ByteBuffer(string: "garbage [1,2] ")
        buffer.moveReaderIndex(forwardBy: 7)
        #expect(try JSONSlice(validating: buffer).description == "[1,2]")
        buffer.writeString("x")
        #expect(throws: JSONError(reason: .trailingBytes, offset: 7)) { try JSONSlice(validating: buffer) }
    }

    @Test("An error names the byte, the place and the remedy")
    func describesErrors() {
        let rows: [(JSONError.Reason, String)] = [
            (.unexpectedByte(0x7D), "invalid JSON at byte 5: unexpected '}' (0x7D)"),
            (.unexpectedByte(0x07), "invalid JSON at byte 5: unexpected byte 0x07"),
            (.tooDeep(limit: 9), "invalid JSON at byte 5: more than 9 nested arrays and objects; flatten the value"),
            (.duplicateKey("id"), "invalid JSON at byte 5: the member \"id\" occurs more than once; send it once"),
        ]
        for (reason, text) in rows {
            #expect(JSONError(reason: reason, offset: 5).description == text)
        }
    }
}

struct AcceptedText: Sendable, CustomTestStringConvertible {
    let text: String
    let kind: JSONSlice.Kind
    let value: String

    init(_ text: String, _ kind: JSONSlice.Kind, value: String? = nil) {
        self.text = text
        self.kind = kind
        self.value = value ?? text
    }

    var testDescription: String { text.debugDescription }
}

struct RefusedText: Sendable, CustomTestStringConvertible {
    let text: String
    let reason: JSONError.Reason
    let offset: Int

    init(_ text: String, _ reason: JSONError.Reason, _ offset: Int) {
        self.text = text
        self.reason = reason
        self.offset = offset
    }

    var testDescription: String { text.debugDescription }
}
