// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import JSONTypes
import NIOCore

/// SHA-256 of arguments by what they say: white space, the order of members and the spelling of numbers and strings do
/// not matter, because a client may write its own arguments anew for a retry.
enum ArgumentDigest {
    /// Absent arguments are `{}`.
    static func of(_ arguments: JSONSlice?) -> String {
        var canonical = ByteBuffer()
        write(arguments ?? .emptyObject, to: &canonical)
        return Base64URL.encode(SHA256.hash(data: Array(canonical.readableBytesView)))
    }

    /// The depth is bounded by the limits that the message was read with.
    private static func write(_ value: JSONSlice, to output: inout ByteBuffer) {
        switch value.kind {
        case .object:
            output.writeStaticString("{")
            for (index, member) in sortedMembers(of: value).enumerated() {
                if index > 0 { output.writeStaticString(",") }
                writeString(member.key, to: &output)
                output.writeStaticString(":")
                write(member.value, to: &output)
            }
            output.writeStaticString("}")
        case .array:
            output.writeStaticString("[")
            for (index, element) in value.elements.enumerated() {
                if index > 0 { output.writeStaticString(",") }
                write(element, to: &output)
            }
            output.writeStaticString("]")
        case .string: writeString(value, to: &output)
        case .number: output.writeString(number(value.description))
        case .boolean, .null: output.writeJSON(value)
        }
    }

    /// By code point, which is the order of the bytes; repeated keys stay in their order.
    private static func sortedMembers(of object: JSONSlice) -> [JSONMember] {
        object.members.enumerated()
            .map { (key: Array(($0.element.key.string ?? "").utf8), index: $0.offset, member: $0.element) }
            .sorted { left, right in
                left.key == right.key ? left.index < right.index : left.key.lexicographicallyPrecedes(right.key)
            }
            .map(\.member)
    }

    private static func writeString(_ slice: JSONSlice, to output: inout ByteBuffer) {
        let text = slice.string ?? ""
        output.writeJSONString(text)
        // Escapes of lone surrogates all read alike, so only their spelling tells them apart.
        if text.unicodeScalars.contains("\u{FFFD}") { output.writeJSON(slice) }
    }

    /// One spelling for each value: the digits from the first to the last that is not zero, and a power of ten.
    static func number(_ text: String) -> String {
        var digits: [UInt8] = []
        var exponent = 0
        var isFraction = false
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        while let byte = rest.first, byte != UInt8(ascii: "e"), byte != UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: ".") {
                isFraction = true
                continue
            }
            if isFraction { exponent -= 1 }
            if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
        }
        if digits.isEmpty { return "0" }
        if !rest.isEmpty {
            let spelled = Substring(rest.dropFirst())
            let isSmall = spelled.utf8.count <= 15
            // No program computes with such numbers; that they differ when spelled differently is safe.
            guard isSmall, let power = Int(spelled) else { return text }
            exponent += power
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        return (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self) + "e\(exponent)"
    }
}
