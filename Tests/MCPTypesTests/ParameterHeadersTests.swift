// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@Suite struct ParameterHeadersTests {
    private func parsed(_ text: String) throws -> JSONSlice { try JSONSlice(validating: ByteBuffer(string: text)) }

    private static let schema = #"""
        {"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "count":{"type":"integer","x-mcp-header":"Count"},
        "dry":{"type":"boolean","x-mcp-header":"Dry-Run"},
        "plain":{"type":"string"},
        "nested":{"type":"object","properties":{"deep":{"type":"string","x-mcp-header":"Deep"}}}}}
        """#

    @Test("Annotations are found along properties, in the schema's order")
    func found() throws {
        let headers = try ParameterHeaders(schema: try parsed(Self.schema))
        #expect(
            headers.fields.map(\.headerName) == [
                "Mcp-Param-Region", "Mcp-Param-Count", "Mcp-Param-Dry-Run", "Mcp-Param-Deep",
            ])
        #expect(headers.fields.map(\.kind) == [.string, .integer, .boolean, .string])
        #expect(headers.fields.last?.path == ["nested", "deep"])
    }

    @Test(
        "A schema without annotations wants no headers",
        arguments: ["{}", #"{"type":"object"}"#, #"{"properties":{"a":{"type":"string"}}}"#, "true", "[]"])
    func none(_ text: String) throws {
        let schema = try parsed(text)
        #expect(try ParameterHeaders(schema: schema) == .none)
    }

    @Test("No schema wants no headers")
    func absent() throws {
        #expect(try ParameterHeaders(schema: nil) == .none)
    }

    @Test(
        "An annotation that breaks a rule makes the tool unusable over HTTP",
        arguments: [
            #"{"x-mcp-header":"A"}"#,
            #"{"properties":{"a":{"type":"object","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":"array","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":""}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A B"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A:"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"Ä"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":5}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
            #"{"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}"#,
            #"{"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}"#,
            #"{"$defs":{"a":{"type":"string","x-mcp-header":"A"}}}"#,
        ])
    func invalid(_ text: String) throws {
        let schema = try parsed(text)
        #expect(throws: ParameterHeaders.Invalid.self) { try ParameterHeaders(schema: schema) }
    }

    @Test(
        "HM-15: what is absent or null has no header",
        arguments: [
            ("{}", []), (#"{"region":null,"count":null}"#, []), (#"{"region":"eu"}"#, ["Mcp-Param-Region: eu"]),
            (#"{"region":"","dry":false}"#, ["Mcp-Param-Region: ", "Mcp-Param-Dry-Run: false"]),
            (#"{"count":42,"nested":{"deep":"vä"}}"#, ["Mcp-Param-Count: 42", "Mcp-Param-Deep: =?base64?dsOk?="]),
            // Of another type than the schema says, or beyond what all readers of numbers agree on.
            (#"{"region":5,"count":"x","dry":"true","nested":[]}"#, []), (#"{"count":9007199254740993}"#, []),
            (#"{"count":-9007199254740991}"#, ["Mcp-Param-Count: -9007199254740991"]),
        ])
    func writing(_ arguments: String, _ expected: [String]) throws {
        let headers = try ParameterHeaders(schema: try parsed(Self.schema))
        let arguments = try parsed(arguments)
        #expect(headers.headers(for: arguments).map { "\($0.name): \($0.value)" } == expected)
    }

    @Test(
        "HM-14, HM-16: a header says the same as the argument, numbers as numbers",
        arguments: [
            ("eu", #""eu""#, ParameterHeaders.Kind.string, true), (" eu ", #""eu""#, .string, true),
            ("EU", #""eu""#, .string, false), ("=?base64?ZXU=?=", #""eu""#, .string, true),
            ("=?base64?ZXU?=", #""eu""#, .string, false), ("", #""""#, .string, true), ("5", "5", .string, false),
            ("42", "42", .integer, true), ("42.0", "42", .integer, true), ("4.2e1", "42", .integer, true),
            ("43", "42", .integer, false), ("", "42", .integer, false), ("42x", "42", .integer, false),
            ("0x2A", "42", .integer, false), ("42", #""42""#, .integer, false), ("-0", "0", .integer, true),
            // The same to a person and to arithmetic with fractions, and not the same.
            ("=?base64?ZcyB?=", "\"\u{E9}\"", .string, false), ("=?base64?w6k=?=", "\"\u{E9}\"", .string, true),
            ("9007199254740992", "9007199254740993", .integer, false),
            ("42.00000000000000000001", "42", .integer, false),
            ("true", "true", .boolean, true), ("True", "true", .boolean, false), ("false", "true", .boolean, false),
            ("1", "true", .boolean, false), ("true", #""true""#, .boolean, false),
        ])
    func matching(_ header: String, _ value: String, _ kind: ParameterHeaders.Kind, _ isSame: Bool) throws {
        let value = try parsed(value)
        #expect(ParameterHeaders.matches(header, value, kind) == isSame)
    }

    @Test("What is written for an argument matches it")
    func roundTrip() throws {
        let values: [(JSONValue, ParameterHeaders.Kind)] = [
            ("x", .string), ("", .string), (" pad ", .string), ("日本\n", .string), ("=?base64?QQ==?=", .string),
            (0, .integer), (-17, .integer), (9_007_199_254_740_991, .integer), (true, .boolean), (false, .boolean),
        ]
        for (value, kind) in values {
            let slice = JSONSlice(value)
            let text = try #require(ParameterHeaders.text(of: slice, kind))
            #expect(ParameterHeaders.matches(text, slice, kind), "\(slice)")
        }
    }
}
