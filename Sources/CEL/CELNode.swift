// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One operation of a parsed expression; others are named by their index, so that there is no tree to recurse over.
struct CELNode: Sendable {
    typealias Index = Int

    indirect enum Kind: Sendable {
        case literal(CELValue)
        case variable(String)
        /// A variable of a macro, counted from the outermost.
        case local(Int)
        case member(Index, String)
        /// The macro `has`.
        case has(Index, String)
        case element(Index, Index)
        case list([Index])
        case map([(key: Index, value: Index)])
        case not(Index)
        case negative(Index)
        /// `&&` of all: so a long one is not deep.
        case and([Index])
        case or([Index])
        case binary(CELBinary, Index, Index)
        case conditional(Index, Index, Index)
        case call(CELFunction, [Index])
        /// `matches` with a pattern that is known.
        case matches(Index, CELPattern)
        case comprehension(CELComprehension)
    }

    let kind: Kind
    let position: CELPosition
    /// 1 without operands.
    let height: Int
}

enum CELBinary: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in` = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"

    /// Of the operators that stand between two operands; `&&` has 2 and `||` 1.
    init?(_ kind: CELToken.Kind) {
        switch kind {
        case .identifier("in"): self = .in
        case .symbol(let symbol): self.init(rawValue: symbol.rawValue)
        default: return nil
        }
    }

    var precedence: Int {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo: 5
        }
    }
}

/// The functions, by name; the receiver of a method is the first argument.
enum CELFunction: String, Sendable {
    case size, contains, startsWith, endsWith, matches
    case int, uint, double, string, bytes, bool, type, dyn

    enum Style { case method, function, both }

    var style: Style {
        switch self {
        case .size, .matches: .both
        case .contains, .startsWith, .endsWith: .method
        case .int, .uint, .double, .string, .bytes, .bool, .type, .dyn: .function
        }
    }

    /// The receiver included.
    var arguments: Int {
        switch self {
        case .contains, .startsWith, .endsWith, .matches: 2
        case .size, .int, .uint, .double, .string, .bytes, .bool, .type, .dyn: 1
        }
    }
}

/// The macros that go through a list or the keys of a map.
enum CELMacro: String, Sendable {
    case all, exists, filter, map
    case existsOne = "exists_one"
}

struct CELComprehension: Sendable {
    let macro: CELMacro
    let range: CELNode.Index
    let slot: Int
    /// Nil for a `map` without a condition.
    let condition: CELNode.Index?
    /// Only for `map`.
    let transform: CELNode.Index?
}
