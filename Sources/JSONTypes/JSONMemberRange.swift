// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Where one member of an object lies, as offsets from the first readable byte of the text.
package struct JSONMemberRange: Sendable, Hashable {
    /// First byte of the key, after its opening quote.
    package var keyStart = 0
    /// The closing quote of the key.
    package var keyEnd = 0
    package var valueStart = 0
    package var valueEnd = 0
    /// Whether the key is spelled with a backslash, so that its bytes are not the key itself.
    package var keyIsEscaped = false

    /// A place to keep a range until it is known.
    package init() {}

    @inline(__always)
    init(keyStart: Int, keyEnd: Int, valueStart: Int, valueEnd: Int, keyIsEscaped: Bool) {
        self.keyStart = keyStart
        self.keyEnd = keyEnd
        self.valueStart = valueStart
        self.valueEnd = valueEnd
        self.keyIsEscaped = keyIsEscaped
    }

    /// Whether the unescaped key is `text`; allocates nothing.
    package func hasKey(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        hasKey(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), in: bytes)
    }

    /// Whether the key is spelled without escapes and begins with `prefix`.
    package func keyBegins(with prefix: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard !keyIsEscaped, keyEnd &- keyStart >= prefix.utf8CodeUnitCount else { return false }
        return bytes.matches(
            UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount), at: keyStart)
    }

    @inline(__always)
    func hasKey(_ text: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Bool {
        if keyIsEscaped {
            return JSONEscapes.spells(bytes.slice(keyStart, keyEnd), text)
        }
        return keyEnd &- keyStart == text.count && bytes.matches(text, at: keyStart)
    }

    /// The unescaped key.
    package func key(in bytes: UnsafeRawBufferPointer) -> String {
        JSONEscapes.string(bytes.slice(keyStart, keyEnd), isEscaped: keyIsEscaped)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes from `offset` on, which the caller has checked to exist, are those of `other`.
    @inline(__always) package func matches(_ other: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        var index = 0
        while index &+ 8 <= other.count {
            guard word(at: offset &+ index) == other.word(at: index) else { return false }
            index &+= 8
        }
        while index < other.count {
            guard self[offset &+ index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }
}
