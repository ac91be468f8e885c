// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Cuts an expression into words.
struct CELLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var offset = 0
    private var line = 1
    private var column = 1

    /// - Throws: `.limit` when the text is too long.
    static func tokens(of text: String) throws(CELError) -> [CELToken] {
        guard text.utf8.count <= CELLimits.textBytes else {
            throw CELError(
                .limit, at: .start, "the expression is longer than \(CELLimits.textBytes) bytes")
        }
        var lexer = CELLexer(text)
        var tokens: [CELToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    var position: CELPosition { CELPosition(offset: offset, line: line, column: column) }

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        index + distance < scalars.count ? scalars[index + distance] : nil
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < scalars.count {
            let scalar = scalars[index]
            index += 1
            offset += UTF8.width(scalar)
            column += 1
            if scalar == "\n" {
                line += 1
                column = 1
            }
        }
    }

    func starts(with text: String) -> Bool {
        scalars[index...].starts(with: text.unicodeScalars)
    }

    private mutating func skipSpace() {
        while let scalar = peek() {
            switch scalar {
            case " ", "\t", "\n", "\r", "\u{C}": advance()
            case "/" where peek(1) == "/":
                while let scalar = peek(), scalar != "\n" { advance() }
            default: return
            }
        }
    }

    private mutating func next() throws(CELError) -> CELToken {
        skipSpace()
        let start = position
        guard let first = peek() else { return CELToken(kind: .end, position: start) }
        let kind: CELToken.Kind
        if let literal = try textLiteral() {
            kind = literal
        } else if first.isCELDigit || (first == "." && peek(1)?.isCELDigit == true) {
            kind = try number()
        } else if first.isCELLetter {
            kind = .identifier(identifier())
        } else if first == "`" {
            kind = try quotedName()
        } else if let symbol = CELToken.Symbol.allCases.first(where: { starts(with: $0.rawValue) }) {
            advance(symbol.rawValue.utf8.count)
            kind = .symbol(symbol)
        } else {
            throw CELError(.syntax, at: start, Self.advice(first))
        }
        return CELToken(kind: kind, position: start)
    }

    private static func advice(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "=": "\"=\" is no operator; compare with \"==\""
        case "&": "\"&\" is no operator; write \"&&\""
        case "|": "\"|\" is no operator; write \"||\""
        default:
            scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F
                ? "unexpected character \"\(scalar)\""
                : "unexpected character U+\(String(scalar.value, radix: 16, uppercase: true))"
        }
    }

    private mutating func identifier() -> String {
        var name = String.UnicodeScalarView()
        while let scalar = peek(), scalar.isCELLetter || scalar.isCELDigit {
            name.append(scalar)
            advance()
        }
        return String(name)
    }

    private mutating func quotedName() throws(CELError) -> CELToken.Kind {
        let start = position
        advance()
        var name = String.UnicodeScalarView()
        while let scalar = peek(), scalar != "`" {
            guard scalar.isCELLetter || scalar.isCELDigit || "-./ ".unicodeScalars.contains(scalar) else {
                throw CELError(
                    .syntax, at: position,
                    "a name between back quotes has letters, digits, _ - . / and spaces only")
            }
            name.append(scalar)
            advance()
        }
        guard peek() != nil else { throw CELError(.syntax, at: start, "the name is not closed") }
        advance()
        guard !name.isEmpty else { throw CELError(.syntax, at: start, "the name is empty") }
        return .quoted(String(name))
    }

    private mutating func digits(_ isDigit: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = peek(), isDigit(scalar) {
            text.unicodeScalars.append(scalar)
            advance()
        }
        return text
    }

    private mutating func number() throws(CELError) -> CELToken.Kind {
        let start = position
        var radix = 10
        var text: String
        var isDouble = false
        if peek() == "0", peek(1) == "x" || peek(1) == "X", peek(2)?.celHexDigit != nil {
            advance(2)
            radix = 16
            text = digits { $0.celHexDigit != nil }
        } else {
            text = digits(\.isCELDigit)
            if peek() == ".", peek(1)?.isCELDigit == true {
                isDouble = true
                advance()
                text = (text.isEmpty ? "0" : text) + "." + digits(\.isCELDigit)
            }
            let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
            if peek() == "e" || peek() == "E", peek(1 + sign)?.isCELDigit == true {
                isDouble = true
                text += sign == 1 ? "e\(peek(1) == "-" ? "-" : "+")" : "e"
                advance(1 + sign)
                text += digits(\.isCELDigit)
            }
        }
        let isUnsigned = !isDouble && (peek() == "u" || peek() == "U")
        if isUnsigned { advance() }
        if let scalar = peek(), scalar.isCELLetter || scalar.isCELDigit {
            throw CELError(.syntax, at: position, "unexpected \"\(scalar)\" after a number")
        }
        if isDouble {
            guard let value = Double(text), value.isFinite else {
                throw CELError(.syntax, at: start, "the number is out of range of double")
            }
            return .double(value)
        }
        guard let value = UInt64(text, radix: radix) else {
            throw CELError(
                .syntax, at: start, "the number is out of range of \(isUnsigned ? "uint" : "int")")
        }
        return isUnsigned ? .uint(value) : .int(value)
    }
}

extension Unicode.Scalar {
    var isCELDigit: Bool { ("0"..."9").contains(self) }
    var isCELLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" }
    var celHexDigit: UInt32? { isASCII ? Character(self).hexDigitValue.map(UInt32.init) : nil }
}
