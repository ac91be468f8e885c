// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A JSON value that we author or take apart; forwarded values stay `JSONSlice`s.
///
/// Two values are equal when they are spelled alike: member order counts, `1.0` is not `1`, strings are compared
/// without Unicode normalisation, and a `slice` equals only a slice of the same bytes.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
    /// Spliced verbatim when written.
    case slice(JSONSlice)

    /// The first member with this key, compared byte by byte; nil when there is none or this is not an object.
    package subscript(key: String) -> JSONValue? {
        switch self {
        case .object(let object): object[key]
        case .slice(let slice): slice.member(key).map { .slice($0) }
        default: nil
        }
    }
}

extension JSONValue: Hashable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.slice(let left), .slice(let right)): left == right
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0 as UInt8)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(exactly: value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        case .slice(let value): hasher.combine(value)
        }
    }
}

extension Hasher {
    /// Feeds the bytes of a text; `combine(_:)` would make normalised spellings equal.
    mutating func combine(exactly text: String) {
        combine(text.utf8.count)
        var text = text
        text.withUTF8 { combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
