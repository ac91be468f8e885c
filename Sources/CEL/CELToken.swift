// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A word of an expression (cel-spec, "Syntax").
struct CELToken: Sendable {
    enum Kind: Sendable, Hashable {
        case identifier(String)
        /// A member's name between back quotes.
        case quoted(String)
        /// Without its sign, which the parser knows.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, Sendable, CaseIterable {
        // The longer ones first.
        case or = "||"
        case and = "&&"
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divided = "/"
        case modulo = "%"
        case not = "!"
        case question = "?"
        case colon = ":"
        case comma = ","
        case dot = "."
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBracket = "["
        case closeBracket = "]"
        case openBrace = "{"
        case closeBrace = "}"
    }

    let kind: Kind
    let position: CELPosition

    /// For messages.
    var name: String {
        switch kind {
        case .identifier(let name): "\"\(name)\""
        case .quoted(let name): "`\(name)`"
        case .int, .uint, .double: "a number"
        case .string, .bytes: "a text"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end"
        }
    }
}
