// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension JSONSlice {
    /// The unescaped text of a string, with U+FFFD for lone surrogates; nil for other kinds.
    package var string: String? {
        bytes.withUnsafeReadableBytes { text in
            guard let first = text.first, first == .quote,
                let content = JSONSkip.endOfString(in: text, from: 1)
            else { return nil }
            return JSONEscapes.string(text.slice(1, content.end), isEscaped: content.isEscaped)
        }
    }

    /// Whether this is the string `text`, compared byte by byte after unescaping; allocates nothing.
    package func isString(_ text: StaticString) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in
            guard let first = bytes.first, first == .quote,
                let content = JSONSkip.endOfString(in: bytes, from: 1)
            else { return false }
            let range = JSONMemberRange(
                keyStart: 1, keyEnd: content.end, valueStart: 0, valueEnd: 0, keyIsEscaped: content.isEscaped)
            return range.hasKey(text, in: bytes)
        }
    }

    /// Whether this is a string or a number without a fraction that `Int` can hold.
    package var isStringOrInteger: Bool {
        bytes.withUnsafeReadableBytes { $0.first == .quote || JSONNumber.integer(spelledBy: $0) != nil }
    }

    /// Whether this is a string with `text` between its quotes, which reads the same where `text` has no backslash.
    package func isString(spelled text: String) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in
            bytes.first == .quote && bytes.count >= 2 && text.isSpelled(bytes.slice(1, bytes.count - 1))
        }
    }

    /// Whether the value is spelled so from its first byte on.
    package func begins(with text: StaticString) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in
            bytes.count >= text.utf8CodeUnitCount
                && text.withUTF8Buffer { bytes.matches(UnsafeRawBufferPointer($0), at: 0) }
        }
    }

    package var bool: Bool? {
        bytes.withUnsafeReadableBytes { text in
            switch text.first {
            case 0x74: true
            case 0x66: false
            default: nil
            }
        }
    }

    /// The exact integer that a number stands for, however it is spelled: 5, 5.0 and 50e-1 are all 5.
    ///
    /// Nil for other kinds, for fractions, and outside the range of `Int`.
    package var int: Int? {
        bytes.withUnsafeReadableBytes { JSONNumber.integer(spelledBy: $0) }
    }

    /// The nearest `Double` of a number; nil for other kinds and where it would be infinite.
    package var double: Double? {
        bytes.withUnsafeReadableBytes { text in
            guard Kind(first: text.first) == .number else { return nil }
            return JSONNumber.double(spelledBy: text)
        }
    }

    package var isNull: Bool {
        bytes.withUnsafeReadableBytes { $0.first == 0x6E }
    }
}
