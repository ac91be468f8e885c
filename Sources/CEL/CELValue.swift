// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A value of the language (cel-spec, "Values").
///
/// There is no `==`: equality of the language is not reflexive (NaN) and costs time, so it is the evaluator's.
package enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([CELValue])
    case map(CELMap)
    case type(CELType)

    package var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list
        case .map: .map
        case .type: .type
        }
    }
}

/// The type of a value, which is a value itself; the raw value is its name in an expression.
package enum CELType: String, Sendable, Hashable {
    case null = "null_type"
    case bool, int, uint, double, string, bytes, list, map, type
}

/// A map, in the order in which it was written.
package struct CELMap: Sendable {
    /// What a key is equal by: numbers by value whatever their type, texts byte by byte (and not by canonical
    /// equivalence as `String` is).
    package enum Key: Sendable, Hashable {
        case bool(Bool)
        case int(Int64)
        /// Above the range of `int`.
        case uint(UInt64)
        case string([UInt8])

        /// Nil for what cannot be a key and equals none. A double finds the integer that it is equal to.
        package init?(_ value: CELValue) {
            switch value {
            case .bool(let value): self = .bool(value)
            case .int(let value): self = .int(value)
            case .uint(let value): self = Int64(exactly: value).map(Key.int) ?? .uint(value)
            case .string(let value): self = .string(Array(value.utf8))
            case .double(let value):
                if let integer = Int64(exactly: value) {
                    self = .int(integer)
                } else if let integer = UInt64(exactly: value) {
                    self = .uint(integer)
                } else {
                    return nil
                }
            case .null, .bytes, .list, .map, .type: return nil
            }
        }
    }

    package private(set) var keys: [CELValue] = []
    private var values: [Key: CELValue] = [:]

    package init() {}

    package var count: Int { keys.count }

    package subscript(key: Key) -> CELValue? { values[key] }

    /// - Returns: whether the key was new; if not, nothing changes.
    package mutating func append(_ key: CELValue, _ value: CELValue) -> Bool {
        guard let index = Key(key), values[index] == nil else { return false }
        keys.append(key)
        values[index] = value
        return true
    }
}
