// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ByteBuffer {
    /// Writes a value without white space; slices in it are copied verbatim.
    ///
    /// Recursion is as deep as the tree, whose depth the scanner's limit bounds where it came from a peer.
    package mutating func writeJSON(_ value: JSONValue) {
        switch value {
        case .null:
            writeStaticString("null")
        case .bool(let value):
            writeStaticString(value ? "true" : "false")
        case .number(let number):
            writeString(number.text)
        case .string(let string):
            writeJSONString(string)
        case .array(let elements):
            writeInteger(UInt8.openBracket)
            var isFirst = true
            for element in elements {
                if !isFirst { writeInteger(UInt8.comma) }
                isFirst = false
                writeJSON(element)
            }
            writeInteger(UInt8.closeBracket)
        case .object(let object):
            writeInteger(UInt8.openBrace)
            var isFirst = true
            for (key, value) in object {
                if !isFirst { writeInteger(UInt8.comma) }
                isFirst = false
                writeJSONString(key)
                writeInteger(UInt8.colon)
                writeJSON(value)
            }
            writeInteger(UInt8.closeBrace)
        case .slice(let slice):
            writeJSON(slice)
        }
    }

    package mutating func writeJSON(_ slice: JSONSlice) {
        writeImmutableBuffer(slice.bytes)
    }

    /// Writes a text as a JSON string; only `"`, `\` and the controls below U+0020 are escaped.
    package mutating func writeJSONString(_ string: String) {
        var string = string
        string.withUTF8 { utf8 in
            let text = UnsafeRawBufferPointer(utf8)
            let end = Self.endOfVerbatimRun(in: text, from: 0)
            if end == text.count {
                writeQuoted(verbatim: text)
            } else {
                writeQuoted(escaping: text, from: end)
            }
        }
    }

    private mutating func writeQuoted(verbatim text: UnsafeRawBufferPointer) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: text.count + 2) { target in
            target[0] = .quote
            UnsafeMutableRawBufferPointer(rebasing: target[1...]).copyMemory(from: text)
            target[text.count + 1] = .quote
            return text.count + 2
        }
    }

    private mutating func writeQuoted(escaping text: UnsafeRawBufferPointer, from firstEscape: Int) {
        reserveCapacity(minimumWritableBytes: text.count + 8)
        writeInteger(UInt8.quote)
        writeBytes(text.slice(0, firstEscape))
        var cursor = firstEscape
        while cursor < text.count {
            writeEscape(of: text[cursor])
            let end = Self.endOfVerbatimRun(in: text, from: cursor + 1)
            writeBytes(text.slice(cursor + 1, end))
            cursor = end
        }
        writeInteger(UInt8.quote)
    }

    /// The offset of the next byte that must be escaped, or the end.
    private static func endOfVerbatimRun(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var cursor = start
        while cursor < text.count {
            if cursor &+ 8 <= text.count {
                let stops = text.word(at: cursor).plainRunStops
                guard stops != 0 else {
                    cursor &+= 8
                    continue
                }
                cursor &+= stops.lowestMarkedByte
            }
            let byte = text[cursor]
            if byte < 0x20 || byte == .quote || byte == .backslash { return cursor }
            cursor &+= 1
        }
        return cursor
    }

    private mutating func writeEscape(of byte: UInt8) {
        switch byte {
        case .quote: writeStaticString("\\\"")
        case .backslash: writeStaticString("\\\\")
        case 0x08: writeStaticString("\\b")
        case 0x09: writeStaticString("\\t")
        case 0x0A: writeStaticString("\\n")
        case 0x0C: writeStaticString("\\f")
        case 0x0D: writeStaticString("\\r")
        default:
            writeStaticString(byte < 0x10 ? "\\u000" : "\\u001")
            let digit = byte & 0x0F
            writeInteger(digit < 10 ? digit + .zero : digit - 10 + 0x61)
        }
    }
}
