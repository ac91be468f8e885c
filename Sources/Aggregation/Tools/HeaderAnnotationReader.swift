// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// Reads the `x-mcp-header` annotations of an input schema and checks them.
///
/// A client must refuse a tool whose annotations break a rule (MCP 2026-07-28, SEP-2243), so such a tool is not listed.
/// Annotations count wherever a schema may stand, `$defs`, combinators and `items` included, and are valid only below
/// a chain of `properties`. The same word as an argument's name, or inside `default` or `enum`, is no annotation.
struct HeaderAnnotationReader {
    static let maximumDepth = 64
    static let maximumNameLength = 256

    struct Defect: Error {
        let sentence: String
    }

    private var fields: [ParameterHeaders.Field] = []
    private var names: Set<String> = []

    static func parameters(of schema: JSONSlice) throws(Defect) -> ParameterHeaders {
        guard mayMention(schema) else { return .none }
        var reader = HeaderAnnotationReader()
        try reader.visit(schema, path: [], depth: 0)
        return ParameterHeaders(fields: reader.fields)
    }

    /// Whether the text has the word, or an escape that could spell it.
    private static func mayMention(_ schema: JSONSlice) -> Bool {
        schema.bytes.withUnsafeReadableBytes { text in
            var index = 0
            while index < text.count {
                switch text[index] {
                case UInt8(ascii: "x"):
                    if text[index...].starts(with: "x-mcp-header".utf8) { return true }
                case UInt8(ascii: "\\"):
                    if index + 1 < text.count, text[index + 1] == UInt8(ascii: "u") { return true }
                    index += 1
                default:
                    break
                }
                index += 1
            }
            return false
        }
    }

    /// - Parameter path: nil where `properties` alone do not lead to.
    private mutating func visit(_ schema: JSONSlice, path: [String]?, depth: Int) throws(Defect) {
        guard schema.kind == .object else { return }
        guard depth <= Self.maximumDepth else {
            if Self.mayMention(schema) {
                throw Defect(sentence: "the input schema is nested deeper than \(Self.maximumDepth) levels")
            }
            return
        }
        var annotation: JSONSlice?
        var type: JSONSlice?
        var repeatedKey: String?
        for member in schema.members {
            guard let key = member.key.string else { continue }
            switch key {
            case "x-mcp-header":
                if annotation != nil { repeatedKey = key }
                annotation = member.value
            case "type":
                if type != nil { repeatedKey = key }
                type = member.value
            case "properties":
                for property in member.value.members {
                    let name = property.key.string ?? ""
                    try visit(property.value, path: path.map { $0 + [name] }, depth: depth + 1)
                }
            case let key where Self.schemaMaps.contains(key):
                for entry in member.value.members { try visit(entry.value, path: nil, depth: depth + 1) }
            case let key where Self.schemas.contains(key):
                try visit(member.value, path: nil, depth: depth + 1)
                for element in member.value.elements { try visit(element, path: nil, depth: depth + 1) }
            default:
                break
            }
        }
        guard let annotation else { return }
        if let repeatedKey { throw Defect(sentence: "a property with x-mcp-header has \"\(repeatedKey)\" twice") }
        try add(annotation, type: type, path: path)
    }

    private mutating func add(_ annotation: JSONSlice, type: JSONSlice?, path: [String]?) throws(Defect) {
        guard let path, !path.isEmpty else {
            throw Defect(sentence: "x-mcp-header stands where a chain of \"properties\" does not lead")
        }
        let place = "x-mcp-header of \"\(printable(path.joined(separator: ".")))\""
        guard let name = annotation.string, !name.isEmpty else {
            throw Defect(sentence: "\(place) is not a non-empty string")
        }
        guard name.utf8.count <= Self.maximumNameLength, name.utf8.allSatisfy(Self.isTokenCharacter) else {
            throw Defect(sentence: "\(place) is not an HTTP token of at most \(Self.maximumNameLength) characters")
        }
        guard let kind = type?.string.flatMap({ Self.kinds[$0] }) else {
            throw Defect(sentence: "\(place) is on a property whose type is not string, integer or boolean")
        }
        guard names.insert(name.lowercased()).inserted else {
            throw Defect(sentence: "\(place) repeats the header name \"\(printable(name))\"")
        }
        fields.append(ParameterHeaders.Field(name: name, path: path, kind: kind))
    }

    private static let kinds: [String: ParameterHeaders.Kind] = [
        "string": .string, "integer": .integer, "boolean": .boolean,
    ]

    /// RFC 9110 section 5.6.2.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// JSON Schema keywords whose members are schemas.
    private static let schemaMaps: Set<String> = [
        "$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties",
    ]

    /// JSON Schema keywords that hold a schema or an array of them.
    private static let schemas: Set<String> = [
        "additionalItems", "additionalProperties", "allOf", "anyOf", "contains", "contentSchema", "else", "if", "items",
        "not", "oneOf", "prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    ]
}
