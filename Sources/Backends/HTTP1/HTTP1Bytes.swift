// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Byte classes and comparisons of RFC 9110, section 5.6.
package enum HTTP1Bytes {
    /// The `tchar` set as two 64-bit sets: bytes 0 to 63, and 64 to 127.
    @inline(__always)
    private static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let set: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return (set &>> UInt64(byte & 63)) & 1 == 1
    }

    /// Whether a text is a token: not empty, and nothing else in it.
    static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isToken) }

    /// Where the token from `start` on ends.
    package static func endOfToken(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < bytes.count, isToken(bytes[position]) { position += 1 }
        return position
    }

    @inline(__always)
    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09
    }

    /// Whether a byte may stand in a field value or reason phrase: visible, white space or `obs-text`.
    @inline(__always)
    static func isText(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// Whether `bytes` are `text`, which is in lower case, without regard to ASCII case.
    ///
    /// All bytes get the bit that lower case has, eight at a time. Of what a field may have, only letters so become what
    /// `text` may have: letters, digits, hyphens and slashes.
    package static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count == count else { return false }
        let text = UnsafeRawBufferPointer(start: text.utf8Start, count: count)
        var offset = 0
        while offset + 8 <= count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard word | 0x2020_2020_2020_2020 == text.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else {
                return false
            }
            offset += 8
        }
        while offset < count {
            guard bytes[offset] | 0x20 == text[offset] else { return false }
            offset += 1
        }
        return true
    }

    /// Where the visible ASCII characters and spaces from `start` on end, looked at eight at a time.
    ///
    /// The lowest mark in a word is exact; marks above it may be borrowed from it and mean nothing.
    package static func endOfPlainText(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let marks =
                ((word &- 0x2020_2020_2020_2020) | (word &+ 0x0101_0101_0101_0101) | word) & 0x8080_8080_8080_8080
            if marks != 0 { return position + marks.trailingZeroBitCount >> 3 }
            position += 8
        }
        while position < bytes.count, bytes[position] >= 0x20, bytes[position] < 0x7F { position += 1 }
        return position
    }

    /// Compares without regard to ASCII case.
    static func equals(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count where lowercased(left[offset]) != lowercased(right[offset]) { return false }
        return true
    }

    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var lower = 0
        var upper = bytes.count
        while lower < upper, isWhitespace(bytes[lower]) { lower += 1 }
        while lower < upper, isWhitespace(bytes[upper - 1]) { upper -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[lower..<upper])
    }

    /// Calls `body` with each member of a comma-separated list, trimmed, empty ones included.
    static func forEachMember<E: Error>(
        of list: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        var start = 0
        while true {
            var end = start
            while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
            try body(trimmed(UnsafeRawBufferPointer(rebasing: list[start..<end])))
            guard end < list.count else { return }
            start = end + 1
        }
    }
}
