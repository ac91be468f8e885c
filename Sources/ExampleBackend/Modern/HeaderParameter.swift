// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// An argument of a tool that the client repeats in a header (`x-mcp-header` in the input schema).
struct HeaderParameter: Sendable, Hashable {
    enum Kind: String, Sendable {
        case string
        case integer
        case boolean
    }

    /// The header's name in lower case.
    let field: String
    /// Keys from the arguments' root.
    let path: [String]
    let kind: Kind

    /// The annotated properties that can be reached through `properties` alone.
    static func all(in schema: JSONValue, under path: [String] = []) -> [HeaderParameter] {
        guard case .object(let properties) = schema["properties"] else { return [] }
        var found: [HeaderParameter] = []
        for (name, property) in properties {
            if case .string(let header) = property["x-mcp-header"], case .string(let type) = property["type"],
                let kind = Kind(rawValue: type)
            {
                found.append(
                    HeaderParameter(field: "mcp-param-\(header.lowercased())", path: path + [name], kind: kind))
            }
            found += all(in: property, under: path + [name])
        }
        return found
    }

    /// Compares the header with the argument; throws `-32020` when they differ.
    ///
    /// A header for an argument that is absent or null is a difference too, and so is the reverse.
    func check(_ arguments: JSONSlice?, _ values: [String]) throws(RPCError) {
        var argument = arguments
        for key in path { argument = argument?.member(key) }
        guard let argument, !argument.isNull else {
            guard values.isEmpty else { throw .headerMismatch("\(field) is set but its argument is not") }
            return
        }
        guard values.count == 1, let value = HeaderValue.decode(values[0]) else {
            throw .headerMismatch("\(field) is missing, repeated or malformed")
        }
        guard Self.matches(argument, value) else {
            throw .headerMismatch("\(field) differs from the argument \(path.joined(separator: "."))")
        }
    }

    /// Numbers are compared as numbers, so that `42.0` is 42; everything else by its text.
    private static func matches(_ argument: JSONSlice, _ value: String) -> Bool {
        switch argument.kind {
        case .string: argument.string == value
        case .number: argument.double.map { $0 == JSONNumber(text: value)?.double } ?? false
        case .boolean: argument.description == value
        case .object, .array, .null: true
        }
    }
}
