// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
    @inline(__always) static var quote: UInt8 { 0x22 }
    @inline(__always) static var plus: UInt8 { 0x2B }
    @inline(__always) static var comma: UInt8 { 0x2C }
    @inline(__always) static var minus: UInt8 { 0x2D }
    @inline(__always) static var point: UInt8 { 0x2E }
    @inline(__always) static var zero: UInt8 { 0x30 }
    @inline(__always) static var nine: UInt8 { 0x39 }
    @inline(__always) static var colon: UInt8 { 0x3A }
    @inline(__always) static var openBracket: UInt8 { 0x5B }
    @inline(__always) static var backslash: UInt8 { 0x5C }
    @inline(__always) static var closeBracket: UInt8 { 0x5D }
    @inline(__always) static var openBrace: UInt8 { 0x7B }
    @inline(__always) static var closeBrace: UInt8 { 0x7D }

    @inline(__always) var isDigit: Bool { self &- .zero < 10 }

    @inline(__always) var isWhiteSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

    /// The value of a hexadecimal digit of either case.
    @inline(__always) var hexadecimalValue: UInt32? {
        switch self {
        case 0x30...0x39: UInt32(self &- 0x30)
        case 0x41...0x46: UInt32(self &- 0x37)
        case 0x61...0x66: UInt32(self &- 0x57)
        default: nil
        }
    }
}

extension UInt64 {
    /// Marks the bytes that end a run of plain characters: `"`, `\`, controls and everything outside ASCII.
    ///
    /// The lowest mark is exact; marks above it may be borrowed from it and mean nothing.
    @inline(__always) var plainRunStops: UInt64 {
        let quotes = (self ^ 0x2222_2222_2222_2222) &- 0x0101_0101_0101_0101
        let backslashes = (self ^ 0x5C5C_5C5C_5C5C_5C5C) &- 0x0101_0101_0101_0101
        let controls = self &- 0x2020_2020_2020_2020
        return (quotes | backslashes | controls | self) & 0x8080_8080_8080_8080
    }

    /// Marks `"` and `\` among arbitrary bytes; only the lowest mark is exact.
    @inline(__always) var quoteStops: UInt64 {
        let quotes = self ^ 0x2222_2222_2222_2222
        let backslashes = self ^ 0x5C5C_5C5C_5C5C_5C5C
        let found =
            ((quotes &- 0x0101_0101_0101_0101) & ~quotes)
            | ((backslashes &- 0x0101_0101_0101_0101) & ~backslashes)
        return found & 0x8080_8080_8080_8080
    }

    /// Index, in memory order, of the byte that carries the lowest mark.
    @inline(__always) var lowestMarkedByte: Int { trailingZeroBitCount &>> 3 }
}

extension UnsafeRawBufferPointer {
    /// Eight bytes in memory order, the first one lowest; the caller has checked that they exist.
    @inline(__always) func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always) func endOfWhiteSpace(from start: Int) -> Int {
        var offset = start
        while offset < count, self[offset] <= 0x20, self[offset].isWhiteSpace {
            offset &+= 1
            while offset &+ 8 <= count, word(at: offset) == 0x2020_2020_2020_2020 { offset &+= 8 }
        }
        return offset
    }

    func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[start..<end])
    }
}
