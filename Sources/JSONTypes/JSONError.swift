// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a text was refused as JSON, and at which byte.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// The text stops inside a value, or holds none at all.
        case unexpectedEnd
        /// A byte that the grammar does not allow at this place; a byte order mark arrives here too.
        case unexpectedByte(UInt8)
        /// Overlong, truncated, surrogate or out-of-range UTF-8 inside a string.
        case invalidUTF8
        /// A backslash that is not followed by one of `"\/bfnrt` or by `u` and four hexadecimal digits.
        case invalidEscape
        /// A number with a leading zero, or without digits where RFC 8259 section 6 needs them.
        case invalidNumber
        /// An unescaped character below U+0020 inside a string.
        case controlCharacter
        case tooDeep(limit: Int)
        case stringTooLong(limit: Int)
        case tooManyValues(limit: Int)
        /// Something other than white space follows the value.
        case trailingBytes
        /// A member name occurs twice where we interpret the object; thrown by the interpreting code.
        case duplicateKey(String)
    }

    package let reason: Reason
    /// Distance of the offending byte from the start of the text.
    package let offset: Int

    package init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String {
        "invalid JSON at byte \(offset): \(reason.description)"
    }
}

extension JSONError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpectedEnd: "the text ends before the value is complete"
        case .unexpectedByte(let byte): "unexpected \(Self.spelling(of: byte))"
        case .invalidUTF8: "the string is not valid UTF-8; send the text as UTF-8"
        case .invalidEscape: "unknown escape sequence; use one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX"
        case .invalidNumber: "malformed number; digits must follow a sign, point or exponent, and no zero may lead"
        case .controlCharacter: "unescaped control character in a string; write it as \\u00XX"
        case .tooDeep(let limit): "more than \(limit) nested arrays and objects; flatten the value"
        case .stringTooLong(let limit): "a string or key of more than \(limit) bytes; shorten it"
        case .tooManyValues(let limit): "more than \(limit) values; split the message"
        case .trailingBytes: "something follows the value; send exactly one JSON value"
        case .duplicateKey(let key): "the member \(String(reflecting: key)) occurs more than once; send it once"
        }
    }

    private static func spelling(of byte: UInt8) -> String {
        let hexadecimal = "0x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        guard (0x21...0x7E).contains(byte) else { return "byte \(hexadecimal)" }
        return "'\(Character(Unicode.Scalar(byte)))' (\(hexadecimal))"
    }
}
