// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct HeaderValueTests {
    @Test(
        "HM-10, HM-12, HM-13: header values are trimmed and decoded, or refused",
        arguments: [
            ("plain", "plain"), ("  plain\t", "plain"), ("two words", "two words"), ("", ""),
            ("=?base64?w6k=?=", "é"), ("=?base64?aGk=?=", "hi"), ("=?base64??=", ""),
            (" =?base64?IHg=?= ", " x"),
            ("=?base64?aGk=", "=?base64?aGk="), ("aGk=?=", "aGk=?="), ("=?BASE64?aGk=?=", "=?BASE64?aGk=?="),
            ("=?base64?=", "=?base64?="),
            ("=?base64?aGk?=", nil), ("=?base64?aG=k?=", nil), ("=?base64?a-k=?=", nil), ("=?base64?a===?=", nil),
            ("=?base64?aGl=?=", nil), ("=?base64?/w==?=", nil), ("é", nil), ("a\u{7F}", nil), ("a\nb", nil),
        ])
    func decoding(text: String, value: String?) {
        #expect(HeaderValue.decode(text) == value)
        // It says what it decodes to, and nothing else, whatever it looks like.
        #expect(!HeaderValue.says(text, "other"))
        #expect(HeaderValue.says(text, text) == (value == text))
        if let value { #expect(HeaderValue.says(text, value)) }
    }

    @Test("Base64 of every length comes back", arguments: 0...9) func base64(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: 251 &- $0 &* 37) }
        #expect(HeaderValue.base64(Self.encoded(bytes).utf8) == bytes)
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var bits = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            bits <<= UInt32(8 * (3 - part.count))
            for index in 0..<4 {
                text.append(index <= part.count ? digits[Int(bits >> UInt32(18 - 6 * index) & 63)] : "=")
            }
        }
        return text
    }

    private static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "text": ["type": "string", "x-mcp-header": "Text"],
            "count": ["type": "integer", "x-mcp-header": "Count"],
            "flag": ["type": "boolean", "x-mcp-header": "Flag"],
            "in": ["type": "object", "properties": ["deep": ["type": "string", "x-mcp-header": "Deep"]]],
            "ratio": ["type": "number", "x-mcp-header": "Ratio"],
            "list": ["type": "array", "items": ["type": "string", "x-mcp-header": "Item"]],
        ],
    ]

    @Test func `Annotations are found along properties alone, on strings, integers and booleans`() {
        let found = HeaderParameter.all(in: Self.schema)
        #expect(found.map(\.field) == ["mcp-param-text", "mcp-param-count", "mcp-param-flag", "mcp-param-deep"])
        #expect(found.last?.path == ["in", "deep"])
    }

    @Test(
        "HM-14, HM-15, HM-16: a header and its argument say the same",
        arguments: [
            (#"{"text":"a b"}"#, "mcp-param-text", ["a b"], true), (#"{"text":"a"}"#, "mcp-param-text", ["A"], false),
            (#"{"text":"é"}"#, "mcp-param-text", ["=?base64?w6k=?="], true),
            (#"{"text":""}"#, "mcp-param-text", [""], true),
            (#"{"text":"a"}"#, "mcp-param-text", [], false), (#"{"text":"a"}"#, "mcp-param-text", ["a", "a"], false),
            (#"{"text":null}"#, "mcp-param-text", [], true), (#"{"text":null}"#, "mcp-param-text", [""], false),
            ("{}", "mcp-param-text", [], true), ("{}", "mcp-param-text", ["a"], false),
            (#"{"count":42}"#, "mcp-param-count", ["42"], true), (#"{"count":42}"#, "mcp-param-count", ["42.0"], true),
            (#"{"count":42.0}"#, "mcp-param-count", ["42"], true), (#"{"count":42}"#, "mcp-param-count", ["43"], false),
            (#"{"count":42}"#, "mcp-param-count", ["0x2A"], false),
            (#"{"count":42}"#, "mcp-param-count", ["nan"], false),
            (#"{"flag":true}"#, "mcp-param-flag", ["true"], true),
            (#"{"flag":true}"#, "mcp-param-flag", ["True"], false),
            (#"{"in":{"deep":"x"}}"#, "mcp-param-deep", ["x"], true), (#"{"in":{}}"#, "mcp-param-deep", [], true),
            (#"{"in":{"deep":"x"}}"#, "mcp-param-deep", ["y"], false),
        ])
    func comparison(arguments: String, field: String, values: [String], fits: Bool) throws {
        let parameter = try HeaderParameter.all(in: Self.schema).first { $0.field == field }.required()
        let arguments = try JSONSlice(validating: ByteBuffer(string: arguments))
        if fits {
            try parameter.check(arguments, values)
        } else {
            #expect { try parameter.check(arguments, values) } throws: { ($0 as? RPCError)?.code == -32020 }
        }
    }
}
