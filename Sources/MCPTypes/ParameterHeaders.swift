// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// The arguments of a tool that travel in `Mcp-Param-*` headers as well, as its input schema's `x-mcp-header`
/// annotations say (2026-07-28, Transports, Custom Headers).
package struct ParameterHeaders: Sendable, Hashable {
    package enum Kind: Sendable, Hashable { case string, integer, boolean }

    package struct Field: Sendable, Hashable {
        /// The part after `Mcp-Param-`.
        package let name: String
        /// Property names from the root of the arguments.
        package let path: [String]
        package let kind: Kind

        package var headerName: String { "Mcp-Param-" + name }

        package init(name: String, path: [String], kind: Kind) {
            self.name = name
            self.path = path
            self.kind = kind
        }
    }

    package let fields: [Field]

    package static let none = ParameterHeaders(fields: [])

    package init(fields: [Field]) { self.fields = fields }

    /// Why a tool cannot be offered over HTTP.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    private static let maximumFields = 64
    private static let maximumDepth = 16

    /// - Throws: when an annotation breaks the rules; the tool must then be left out of lists.
    package init(schema: JSONSlice?) throws(Invalid) {
        guard let schema, schema.mentions("x-mcp-header") else {
            self = .none
            return
        }
        var fields: [Field] = []
        try Self.collect(schema, [], &fields)
        // An annotation anywhere else than on a chain of `properties` could not be read from arguments.
        guard schema.count(of: "x-mcp-header") == fields.count else {
            throw Invalid(description: "x-mcp-header on something that is not reached by properties alone")
        }
        var seen: Set<String> = []
        for field in fields where !seen.insert(field.name.lowercased()).inserted {
            throw Invalid(description: "x-mcp-header \"\(field.name.bounded(to: 64))\" occurs twice")
        }
        self.fields = fields
    }

    private static func collect(
        _ schema: JSONSlice, _ path: [String], _ fields: inout [Field]
    ) throws(Invalid) {
        guard path.count <= maximumDepth, let properties = schema["properties"], properties.kind == .object else {
            return
        }
        for member in properties.members {
            guard let name = member.key.string, member.value.kind == .object else { continue }
            let property = member.value
            if let header = property["x-mcp-header"] {
                guard fields.count < maximumFields else { throw Invalid(description: "too many x-mcp-header") }
                fields.append(try field(header, property, path + [name]))
            }
            try collect(property, path + [name], &fields)
        }
    }

    private static func field(
        _ header: JSONSlice, _ property: JSONSlice, _ path: [String]
    ) throws(Invalid) -> Field {
        guard let name = header.string, !name.isEmpty, name.utf8.count <= 128, name.utf8.allSatisfy(\.isTokenCharacter)
        else { throw Invalid(description: "x-mcp-header must be a header field name") }
        let kind: Kind
        switch property["type"]?.string {
        case "string": kind = .string
        case "integer": kind = .integer
        case "boolean": kind = .boolean
        default:
            throw Invalid(
                description: "x-mcp-header \"\(name.bounded(to: 64))\" is only for string, integer and boolean")
        }
        return Field(name: name, path: path, kind: kind)
    }

    // MARK: Values

    /// What `arguments` have at `field`; `nil` when absent or null, which means no header.
    package static func value(of field: Field, in arguments: JSONSlice?) -> JSONSlice? {
        var value = arguments
        for name in field.path { value = value?.member(name) }
        guard let value, !value.isNull else { return nil }
        return value
    }

    /// Whether something on the way to `field` is there twice: its readers could take different ones.
    package static func isAmbiguous(_ field: Field, in arguments: JSONSlice?) -> Bool {
        var value = arguments
        for name in field.path {
            if value?.duplicateKey() != nil { return true }
            value = value?.member(name)
        }
        return false
    }

    /// The header value that says `value`; `nil` when a header cannot.
    package static func text(of value: JSONSlice, _ kind: Kind) -> String? {
        switch kind {
        case .string: value.string.map { HeaderText.encoded($0) }
        case .boolean: value.bool.map { $0 ? "true" : "false" }
        case .integer:
            value.int.flatMap { $0.magnitude <= 9_007_199_254_740_991 ? String($0) : nil }
        }
    }

    /// The headers of a call with `arguments`, in the schema's order.
    package func headers(for arguments: JSONSlice?) -> [(name: String, value: String)] {
        fields.compactMap { field in
            guard let value = Self.value(of: field, in: arguments), let text = Self.text(of: value, field.kind)
            else { return nil }
            return (field.headerName, text)
        }
    }

    /// Whether a header with this value says the same as the argument. Integers compare as numbers: `42.0` is `42`.
    package static func matches(_ header: String, _ value: JSONSlice, _ kind: Kind) -> Bool {
        guard let text = HeaderText.decoded(header) else { return false }
        switch kind {
        // Byte by byte: what is one text to a person may be two to a server.
        case .string: return value.string.map { $0.utf8.elementsEqual(text.utf8) } ?? false
        case .boolean: return value.bool.map { ($0 ? "true" : "false") == text } ?? false
        case .integer:
            guard let number = value.int, let other = JSONNumber(text: text)?.int else { return false }
            return number == other
        }
    }
}

extension UInt8 {
    /// RFC 9110 §5.6.2.
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}

extension JSONSlice {
    /// Whether the text occurs at all; the common schema has no annotation and is not walked.
    fileprivate func mentions(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { needle in
            bytes.withUnsafeReadableBytes { hay in
                guard let first = needle.first, hay.count >= needle.count else { return false }
                for start in 0...(hay.count - needle.count) where hay[start] == first {
                    if hay[start..<(start + needle.count)].elementsEqual(needle) { return true }
                }
                return false
            }
        }
    }

    /// How many objects within this value have a member called `key`, wherever it is a schema keyword or a property.
    fileprivate func count(of key: StaticString) -> Int {
        var count = 0
        var open = [(self, 0)]
        while let (value, depth) = open.popLast() {
            guard depth < 128 else { continue }
            switch value.kind {
            case .object:
                for member in value.members {
                    if member.key.isString(key) {
                        count += 1
                    } else {
                        open.append((member.value, depth + 1))
                    }
                }
            case .array: for element in value.elements { open.append((element, depth + 1)) }
            default: break
            }
        }
        return count
    }
}
