// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension JSONScanner {
    /// Validates a string whose opening quote was consumed, and consumes its closing quote.
    ///
    /// - Returns: whether it contains an escape.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> Bool {
        let start = position
        var cursor = start
        var isEscaped = false
        while true {
            while cursor &+ 8 <= text.count {
                let stops = text.word(at: cursor).plainRunStops
                guard stops == 0 else {
                    cursor &+= stops.lowestMarkedByte
                    break
                }
                cursor &+= 8
            }
            guard cursor < text.count else { throw failure(.unexpectedEnd, at: cursor) }
            let byte = text[cursor]
            if byte == .quote { break }
            if byte == .backslash {
                isEscaped = true
                cursor = try endOfEscape(at: cursor)
            } else if byte >= 0x80 {
                cursor = try endOfNonASCII(from: cursor)
            } else if byte < 0x20 {
                throw failure(.controlCharacter, at: cursor)
            } else {
                cursor &+= 1
            }
        }
        if cursor &- start > limits.stringBytes {
            throw failure(.stringTooLong(limit: limits.stringBytes), at: start &- 1)
        }
        position = cursor &+ 1
        return isEscaped
    }

    /// The offset after the escape at `offset`.
    ///
    /// A lone surrogate is well-formed JSON (RFC 8259 section 8.2 leaves its meaning open), so it passes through.
    private func endOfEscape(at offset: Int) throws(JSONError) -> Int {
        guard offset &+ 1 < text.count else { throw failure(.unexpectedEnd, at: text.count) }
        switch text[offset &+ 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74:
            return offset &+ 2
        case 0x75:
            for digit in offset &+ 2..<offset &+ 6 {
                guard digit < text.count else { throw failure(.unexpectedEnd, at: text.count) }
                guard text[digit].hexadecimalValue != nil else { throw failure(.invalidEscape, at: offset) }
            }
            return offset &+ 6
        default:
            throw failure(.invalidEscape, at: offset)
        }
    }

    /// The offset after the run of multi-byte characters at `start`, checked against Unicode table 3-7
    /// ("Well-Formed UTF-8 Byte Sequences").
    @inline(never)
    private func endOfNonASCII(from start: Int) throws(JSONError) -> Int {
        var cursor = start
        while cursor < text.count {
            let lead = text[cursor]
            let length: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch lead {
            case 0x00...0x7F: return cursor
            case 0xC2...0xDF: length = 2
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: length = 3
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: length = 4
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: throw failure(.invalidUTF8, at: cursor)
            }
            guard cursor &+ length <= text.count, second.contains(text[cursor &+ 1]) else {
                throw failure(.invalidUTF8, at: cursor)
            }
            if length > 2, text[cursor &+ 2] & 0xC0 != 0x80 { throw failure(.invalidUTF8, at: cursor) }
            if length > 3, text[cursor &+ 3] & 0xC0 != 0x80 { throw failure(.invalidUTF8, at: cursor) }
            cursor &+= length
        }
        return cursor
    }

    /// Validates the number at `position` against RFC 8259 section 6.
    @inline(__always)
    mutating func scanNumber() throws(JSONError) {
        var cursor = position
        if text[cursor] == .minus { cursor &+= 1 }
        if cursor < text.count, text[cursor] == .zero {
            cursor &+= 1
            if cursor < text.count, text[cursor].isDigit { throw failure(.invalidNumber, at: cursor) }
        } else {
            cursor = try endOfDigits(from: cursor)
        }
        if cursor < text.count, text[cursor] == .point {
            cursor = try endOfDigits(from: cursor &+ 1)
        }
        if cursor < text.count, text[cursor] | 0x20 == 0x65 {
            cursor &+= 1
            if cursor < text.count, text[cursor] == .plus || text[cursor] == .minus { cursor &+= 1 }
            cursor = try endOfDigits(from: cursor)
        }
        position = cursor
    }

    /// The offset after one or more digits.
    @inline(__always)
    private func endOfDigits(from start: Int) throws(JSONError) -> Int {
        guard start < text.count else { throw failure(.unexpectedEnd, at: start) }
        guard text[start].isDigit else { throw failure(.invalidNumber, at: start) }
        var cursor = start &+ 1
        while cursor < text.count, text[cursor].isDigit { cursor &+= 1 }
        return cursor
    }

    /// Consumes `true`, `false` or `null`.
    mutating func scanLiteral(first byte: UInt8) throws(JSONError) {
        let literal: StaticString
        switch byte {
        case 0x74: literal = "true"
        case 0x66: literal = "false"
        case 0x6E: literal = "null"
        default: throw failure(.unexpectedByte(byte), at: position)
        }
        for index in 0..<literal.utf8CodeUnitCount {
            let cursor = position &+ index
            guard cursor < text.count else { throw failure(.unexpectedEnd, at: cursor) }
            guard text[cursor] == literal.utf8Start[index] else {
                throw failure(.unexpectedByte(text[cursor]), at: cursor)
            }
        }
        position &+= literal.utf8CodeUnitCount
    }
}
