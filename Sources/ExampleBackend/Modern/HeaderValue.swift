// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The spelling of values in `Mcp-Name` and `Mcp-Param-*` (2026-07-28, streamable HTTP, custom headers).
enum HeaderValue {
    private static let start = "=?base64?"
    private static let end = "?="

    /// The value without outer white space and, if it is marked as such, without its base64.
    ///
    /// Nil for broken base64, for bytes that are not UTF-8, and for characters that a plain value may not have. A
    /// value with only one of the two markers is taken as it is.
    static func decode(_ text: String) -> String? {
        let plain = trimmed(text)
        if plain.hasPrefix(start), plain.hasSuffix(end), plain.utf8.count >= start.utf8.count + end.utf8.count {
            let coded = plain.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count)
            return base64(coded).flatMap { String(validating: $0, as: UTF8.self) }
        }
        let isPlain = plain.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
        return isPlain ? plain : nil
    }

    /// Whether a value, decoded, is `text`; nearly every one needs no decoding.
    static func says(_ value: String, _ text: String) -> Bool {
        if value == text, value.utf8.first != UInt8(ascii: "="), value.utf8.allSatisfy({ 0x20 < $0 && $0 < 0x7F }) {
            return true
        }
        return decode(value) == text
    }

    /// The text without outer spaces and tabs: the text itself, as nearly always, when there are none.
    private static func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return "" }
        if first == bytes.startIndex, bytes.index(after: last) == bytes.endIndex { return text }
        return String(text[first...last])
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// Standard base64 with its padding (RFC 4648 section 4); nil for anything else.
    static func base64(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let digit = digit(character) else { return nil }
            bits = bits << 6 | digit
            count += 1
            if count % 4 == 0 {
                bytes += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
                bits = 0
            }
        }
        switch (count % 4, padding) {
        case (0, 0): return bytes
        case (2, 2) where bits & 15 == 0: return bytes + [UInt8(bits >> 4)]
        case (3, 1) where bits & 3 == 0: return bytes + [UInt8(bits >> 10), UInt8(bits >> 2 & 255)]
        default: return nil
        }
    }

    private static func digit(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
