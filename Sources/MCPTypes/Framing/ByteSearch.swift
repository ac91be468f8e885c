// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Searches bytes eight at a time, for the framing parsers.
///
/// A word is tested with plain arithmetic: `(word - n·01…01) & ~word & 80…80` is non-zero exactly when a byte of `word`
/// is below `n`, and its lowest set bit marks the first such byte in memory order.
@usableFromInline
package enum ByteSearch {
    @usableFromInline static let ones: UInt64 = 0x0101_0101_0101_0101
    @usableFromInline static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The offset of the first line feed at or after `start`, or nil when there is none.
    @inlinable
    package static func firstLineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let count = bytes.count
        var offset = start
        while offset &+ 8 <= count {
            let word = UInt64(littleEndian: (base + offset).loadUnaligned(as: UInt64.self)) ^ (0x0A &* ones)
            let match = (word &- ones) & ~word & highBits
            if match != 0 { return offset &+ match.trailingZeroBitCount &>> 3 }
            offset &+= 8
        }
        while offset < count {
            if (base + offset).load(as: UInt8.self) == 0x0A { return offset }
            offset &+= 1
        }
        return nil
    }

    /// The offset of the first line feed or carriage return at or after `start`, or nil when there is neither.
    ///
    /// Whole words are tested for bytes below 0x0E, which JSON text without line breaks and tabs never holds.
    @inlinable
    package static func firstLineEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let count = bytes.count
        var offset = start
        while offset < count {
            if offset &+ 8 <= count {
                let word = UInt64(littleEndian: (base + offset).loadUnaligned(as: UInt64.self))
                let match = (word &- 0x0E &* ones) & ~word & highBits
                if match == 0 {
                    offset &+= 8
                    continue
                }
                offset &+= match.trailingZeroBitCount &>> 3
            }
            let byte = (base + offset).load(as: UInt8.self)
            if byte == 0x0A || byte == 0x0D { return offset }
            offset &+= 1
        }
        return nil
    }
}
