// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Byte classes and comparisons of RFC 9110, section 5.6.
enum HTTP1Bytes {
    // The `tchar` set as two 64-bit sets: bytes 0 to 63, and 64 to 127.
    private static let lowTokenBytes: UInt64 = 0x03FF_6CFA_0000_0000
    private static let highTokenBytes: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let set = byte < 64 ? lowTokenBytes : highTokenBytes
        return (set &>> UInt64(byte & 63)) & 1 == 1
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

    /// Compares without regard to ASCII case.
    @inline(__always)
    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        equals(bytes, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

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
