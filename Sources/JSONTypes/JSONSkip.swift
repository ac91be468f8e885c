// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Finding the ends of values in text that was validated before.
///
/// Only brackets and quotes are looked at. On text that is not JSON the answer is meaningless or nil, but no byte
/// outside the buffer is read and each step ends.
enum JSONSkip {
    /// The offset after the value at `start`, or nil when there is none or it is not closed.
    @inline(__always)
    static func endOfValue(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < text.count else { return nil }
        switch text[start] {
        case .quote:
            return endOfString(in: text, from: start &+ 1).map { $0.end &+ 1 }
        case .openBrace, .openBracket:
            return endOfContainer(in: text, from: start &+ 1)
        case .comma, .colon, .closeBrace, .closeBracket:
            return nil
        default:
            return endOfScalar(in: text, from: start)
        }
    }

    /// The offset of the closing quote of the string whose content starts at `start`.
    @inline(__always)
    static func endOfString(in text: UnsafeRawBufferPointer, from start: Int) -> (end: Int, isEscaped: Bool)? {
        var cursor = start
        var isEscaped = false
        while cursor < text.count {
            if cursor &+ 8 <= text.count {
                let stops = text.word(at: cursor).quoteStops
                guard stops != 0 else {
                    cursor &+= 8
                    continue
                }
                cursor &+= stops.lowestMarkedByte
            }
            let byte = text[cursor]
            if byte == .quote { return (cursor, isEscaped) }
            if byte == .backslash {
                isEscaped = true
                cursor &+= 1
            }
            cursor &+= 1
        }
        return nil
    }

    /// The offset after the container whose content starts at `start`.
    private static func endOfContainer(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var cursor = start
        var depth = 1
        while cursor < text.count {
            let byte = text[cursor]
            cursor &+= 1
            switch byte {
            case .quote:
                guard let string = endOfString(in: text, from: cursor) else { return nil }
                cursor = string.end &+ 1
            case .openBrace, .openBracket:
                depth &+= 1
            case .closeBrace, .closeBracket:
                depth &-= 1
                if depth == 0 { return cursor }
            default:
                break
            }
        }
        return nil
    }

    /// The offset after a number or literal; at least one byte further.
    @inline(__always)
    private static func endOfScalar(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var cursor = start &+ 1
        while cursor < text.count {
            switch text[cursor] {
            case .comma, .closeBrace, .closeBracket, .quote, .colon, 0x20, 0x0A, 0x0D, 0x09: return cursor
            default: cursor &+= 1
            }
        }
        return cursor
    }
}
