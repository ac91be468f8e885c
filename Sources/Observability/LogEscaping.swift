// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Writes text so that it cannot break a line, a terminal or a JSON string.
enum LogEscaping {
    /// How much of one message or value is kept, in UTF-8 bytes.
    static let maxBytes = 2048
    /// How many metadata pairs of one event are shown.
    static let maxPairs = 64

    /// The text, or its beginning and a note of how much is missing.
    static func capped(_ text: String) -> String {
        let bytes = text.utf8
        guard bytes.count > maxBytes else { return text }
        var end = bytes.index(bytes.startIndex, offsetBy: maxBytes)
        // A UTF-8 continuation byte cannot start the rest.
        while end > bytes.startIndex, bytes[end] & 0xC0 == 0x80 { end = bytes.index(before: end) }
        let missing = bytes.distance(from: end, to: bytes.endIndex)
        return "\(text[..<end])… (\(missing) bytes cut)"
    }

    /// Appends text for a terminal: control characters and those that reorder text become escapes.
    static func appendPlain(_ text: String, quoted: Bool, to line: inout [UInt8]) {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") }) {
            return line.append(contentsOf: text.utf8)
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line.append(contentsOf: "\\n".utf8)
            case "\r": line.append(contentsOf: "\\r".utf8)
            case "\t": line.append(contentsOf: "\\t".utf8)
            case "\\" where quoted: line.append(contentsOf: "\\\\".utf8)
            case "\"" where quoted: line.append(contentsOf: "\\\"".utf8)
            case _ where isUnprintable(scalar):
                line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
            default: line.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    /// Whether a `key=value` value must stand in quotes to be told apart from what follows.
    static func needsQuotes(_ text: String) -> Bool {
        text.isEmpty
            || text.unicodeScalars.contains { scalar in
                switch scalar {
                case " ", "\"", "=", "\\": true
                default: isUnprintable(scalar)
                }
            }
    }

    static func appendJSONString(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): line.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): line.append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): line.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): line.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): line.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20, 0x7F:
                line.append(contentsOf: #"\u00"#.utf8)
                line.append(hexDigit(byte >> 4))
                line.append(hexDigit(byte & 0xF))
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// C0, DEL and C1 controls, line and paragraph separators, and the characters that change the writing direction.
    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
