// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension CELLexer {
    /// A text or byte string, if one starts here: `"…"`, `'…'`, three of either, with `r` and `b` in front.
    mutating func textLiteral() throws(CELError) -> CELToken.Kind? {
        var prefix = 0
        let isBytes = peek() == "b" || peek() == "B"
        if isBytes { prefix += 1 }
        let isRaw = peek(prefix) == "r" || peek(prefix) == "R"
        if isRaw { prefix += 1 }
        guard let quote = peek(prefix), quote == "\"" || quote == "'" else { return nil }
        let start = position
        advance(prefix)
        let isTriple = peek(1) == quote && peek(2) == quote
        advance(isTriple ? 3 : 1)
        var text = String.UnicodeScalarView()
        var bytes: [UInt8] = []
        while true {
            guard let scalar = peek() else {
                throw CELError(.syntax, at: start, "the text is not closed")
            }
            if scalar == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                advance(isTriple ? 3 : 1)
                return isBytes ? .bytes(bytes) : .string(String(text))
            }
            if !isTriple, scalar == "\n" || scalar == "\r" {
                throw CELError(.syntax, at: start, "the text is not closed on its line")
            }
            if scalar == "\\", !isRaw {
                let (value, isByte) = try escape(inBytes: isBytes)
                text.append(value)
                bytes += isByte ? [UInt8(truncatingIfNeeded: value.value)] : Array(String(value).utf8)
            } else {
                advance()
                text.append(scalar)
                bytes += Array(String(scalar).utf8)
            }
        }
    }

    /// What an escape stands for, and whether it is one byte of a byte string rather than a character.
    private mutating func escape(inBytes: Bool) throws(CELError) -> (Unicode.Scalar, isByte: Bool) {
        let start = position
        advance()
        guard let letter = peek() else { throw CELError(.syntax, at: start, "the text is not closed") }
        if ("0"..."3").contains(letter) {
            return (try code(digits: 3, radix: 8, from: start), true)
        }
        advance()
        switch letter {
        case "a": return ("\u{7}", false)
        case "b": return ("\u{8}", false)
        case "f": return ("\u{C}", false)
        case "n": return ("\n", false)
        case "r": return ("\r", false)
        case "t": return ("\t", false)
        case "v": return ("\u{B}", false)
        case "\\", "?", "\"", "'", "`": return (letter, false)
        case "x", "X": return (try code(digits: 2, radix: 16, from: start), true)
        case "u" where !inBytes: return (try code(digits: 4, radix: 16, from: start), false)
        case "U" where !inBytes: return (try code(digits: 8, radix: 16, from: start), false)
        default:
            throw CELError(
                .syntax, at: start, "unknown escape; write \"\\\\\" for a backslash, or r\"…\"")
        }
    }

    private mutating func code(digits: Int, radix: UInt32, from start: CELPosition) throws(CELError)
        -> Unicode.Scalar
    {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = peek()?.celHexDigit, digit < radix else {
                throw CELError(.syntax, at: start, "the escape needs \(digits) digits")
            }
            // Eight digits fit exactly.
            value = value &* radix &+ digit
            advance()
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw CELError(.syntax, at: start, "the escape is not a Unicode character")
        }
        return scalar
    }
}
