// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One escape sequence: what it stands for and how many bytes spell it.
///
/// In bytes that no validation has seen, the backslash of a broken escape stands for itself. So no escape ever takes
/// less room than the UTF-8 of its character: one byte for one, two for one, six for up to three, twelve for four.
struct JSONEscape {
    let scalar: Unicode.Scalar
    let length: Int

    /// The UTF-8 of the character.
    var utf8: Unicode.UTF8.EncodedScalar {
        Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter
    }

    /// Reads the escape at `offset`, which holds a backslash; `length` never passes the end of `content`.
    init(in content: UnsafeRawBufferPointer, at offset: Int) {
        guard offset + 1 < content.count else {
            self.init(scalar: Self.backslash, length: 1)
            return
        }
        switch content[offset + 1] {
        case 0x62: self.init(scalar: "\u{08}", length: 2)
        case 0x66: self.init(scalar: "\u{0C}", length: 2)
        case 0x6E: self.init(scalar: "\n", length: 2)
        case 0x72: self.init(scalar: "\r", length: 2)
        case 0x74: self.init(scalar: "\t", length: 2)
        case 0x75: self.init(unicodeIn: content, at: offset)
        case let byte where byte < 0x80: self.init(scalar: Unicode.Scalar(byte), length: 2)
        default: self.init(scalar: Self.backslash, length: 1)
        }
    }

    private init(scalar: Unicode.Scalar, length: Int) {
        self.scalar = scalar
        self.length = length
    }

    /// Reads `\uXXXX`, or two of them when they form a surrogate pair (RFC 8259 section 7).
    private init(unicodeIn content: UnsafeRawBufferPointer, at offset: Int) {
        guard let unit = Self.unit(in: content, at: offset) else {
            self.init(scalar: Self.backslash, length: 1)
            return
        }
        if let scalar = Unicode.Scalar(unit) {
            self.init(scalar: scalar, length: 6)
        } else if unit < 0xDC00, let low = Self.unit(in: content, at: offset + 6), (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        {
            self.init(scalar: scalar, length: 12)
        } else {
            self.init(scalar: Self.replacement, length: 6)
        }
    }

    /// The code unit of the `\uXXXX` at `offset`, if there is one.
    private static func unit(in content: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
        guard offset + 6 <= content.count, content[offset] == .backslash, content[offset + 1] == 0x75 else {
            return nil
        }
        var unit: UInt32 = 0
        for index in offset + 2..<offset + 6 {
            guard let digit = content[index].hexadecimalValue else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }

    private static var backslash: Unicode.Scalar { "\\" }
    private static var replacement: Unicode.Scalar { "\u{FFFD}" }
}
