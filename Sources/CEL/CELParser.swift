// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Makes operations of words (cel-spec, "Syntax"), by recursive descent.
struct CELParser {
    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in",
        "let", "loop",
        "namespace", "null", "package", "return", "true", "var", "void", "while",
    ]

    private let tokens: [CELToken]
    private let variables: Set<String>
    private var index = 0
    private var depth = 0
    private(set) var nodes: [CELNode] = []
    /// Variables of the macros around, the outermost first.
    var scope: [String] = []

    init(tokens: [CELToken], variables: Set<String>) {
        self.tokens = tokens
        self.variables = variables
    }

    mutating func parse() throws(CELError) -> CELNode.Index {
        guard token.kind != .end else {
            throw CELError(.syntax, at: token.position, "the expression is empty")
        }
        let root = try expression()
        guard token.kind == .end else { throw unexpected("an operator or the end") }
        return root
    }

    // The last word is the end, which nothing goes beyond.
    var token: CELToken { tokens[min(index, tokens.count - 1)] }

    private func token(after count: Int) -> CELToken { tokens[min(index + count, tokens.count - 1)] }

    mutating func advance() { index += 1 }

    mutating func take(_ symbol: CELToken.Symbol) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: CELToken.Symbol) throws(CELError) {
        guard take(symbol) else { throw unexpected("\"\(symbol.rawValue)\"") }
    }

    func unexpected(_ expected: String) -> CELError {
        CELError(.syntax, at: token.position, "expected \(expected), found \(token.name)")
    }

    mutating func add(
        _ kind: CELNode.Kind, at position: CELPosition, over operands: [CELNode.Index] = []
    ) throws(CELError) -> CELNode.Index {
        let height = 1 + (operands.lazy.map { [nodes] in nodes[$0].height }.max() ?? 0)
        guard height <= CELLimits.depth else { throw tooDeep(position) }
        guard nodes.count < CELLimits.nodes else {
            throw CELError(.limit, at: position, "the expression has more than \(CELLimits.nodes) parts")
        }
        nodes.append(CELNode(kind: kind, position: position, height: height))
        return nodes.count - 1
    }

    private func tooDeep(_ position: CELPosition) -> CELError {
        CELError(.limit, at: position, "the expression is nested deeper than \(CELLimits.depth) levels")
    }

    mutating func expression() throws(CELError) -> CELNode.Index {
        depth += 1
        defer { depth -= 1 }
        guard depth <= CELLimits.depth else { throw tooDeep(token.position) }
        let condition = try binary(1)
        let position = token.position
        guard take(.question) else { return condition }
        let first = try binary(1)
        try expect(.colon)
        let second = try expression()
        return try add(
            .conditional(condition, first, second), at: position, over: [condition, first, second])
    }

    /// Operators of at least this precedence; all are left-associative.
    private mutating func binary(_ precedence: Int) throws(CELError) -> CELNode.Index {
        var left = try unary()
        while true {
            let position = token.position
            if precedence <= 1, token.kind == .symbol(.or) {
                let operands = try chain(.or, from: left, precedence: 2)
                left = try add(.or(operands), at: position, over: operands)
            } else if precedence <= 2, token.kind == .symbol(.and) {
                let operands = try chain(.and, from: left, precedence: 3)
                left = try add(.and(operands), at: position, over: operands)
            } else if let operation = CELBinary(token.kind), operation.precedence >= precedence {
                advance()
                let right = try binary(operation.precedence + 1)
                left = try add(.binary(operation, left, right), at: position, over: [left, right])
            } else {
                return left
            }
        }
    }

    private mutating func chain(
        _ symbol: CELToken.Symbol, from first: CELNode.Index, precedence: Int
    ) throws(CELError) -> [CELNode.Index] {
        var operands = [first]
        while take(symbol) { operands.append(try binary(precedence)) }
        return operands
    }

    private mutating func unary() throws(CELError) -> CELNode.Index {
        let position = token.position
        let isNot = token.kind == .symbol(.not)
        guard isNot || token.kind == .symbol(.minus) else { return try postfix(of: primary()) }
        advance()
        if !isNot, case .int(let magnitude) = token.kind {
            // The least integer has no positive counterpart.
            guard magnitude <= Int64.min.magnitude else { throw outOfRange(position) }
            advance()
            let value = Int64(truncatingIfNeeded: 0 &- magnitude)
            return try postfix(of: add(.literal(.int(value)), at: position))
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= CELLimits.depth else { throw tooDeep(position) }
        let operand = try unary()
        return try add(isNot ? .not(operand) : .negative(operand), at: position, over: [operand])
    }

    private func outOfRange(_ position: CELPosition) -> CELError {
        CELError(.syntax, at: position, "the number is out of range of int")
    }

    private mutating func primary() throws(CELError) -> CELNode.Index {
        let position = token.position
        switch token.kind {
        case .int(let magnitude):
            guard let value = Int64(exactly: magnitude) else { throw outOfRange(position) }
            return try literal(.int(value))
        case .uint(let value): return try literal(.uint(value))
        case .double(let value): return try literal(.double(value))
        case .string(let value): return try literal(.string(value))
        case .bytes(let value): return try literal(.bytes(value))
        case .identifier("true"): return try literal(.bool(true))
        case .identifier("false"): return try literal(.bool(false))
        case .identifier("null"): return try literal(.null)
        case .identifier(let name):
            guard !Self.reserved.contains(name) else { throw unexpected("a value") }
            advance()
            return try named(name, at: position, isAbsolute: false)
        case .symbol(.dot):
            advance()
            guard case .identifier(let name) = token.kind, !Self.reserved.contains(name) else {
                throw unexpected("a name")
            }
            advance()
            return try named(name, at: position, isAbsolute: true)
        case .symbol(.openParenthesis):
            advance()
            let inner = try expression()
            try expect(.closeParenthesis)
            return inner
        case .symbol(.openBracket):
            advance()
            let elements = try list(until: .closeBracket, allowsTrailingComma: true)
            return try add(.list(elements), at: position, over: elements)
        case .symbol(.openBrace):
            return try map()
        case .quoted, .symbol, .end: throw unexpected("a value")
        }
    }

    private mutating func literal(_ value: CELValue) throws(CELError) -> CELNode.Index {
        let position = token.position
        advance()
        return try add(.literal(value), at: position)
    }

    /// Expressions between commas, and what closes them.
    mutating func list(
        until end: CELToken.Symbol, allowsTrailingComma: Bool = false
    ) throws(CELError) -> [CELNode.Index] {
        var elements: [CELNode.Index] = []
        if take(end) { return elements }
        while true {
            elements.append(try expression())
            if take(end) { return elements }
            guard take(.comma) else { throw unexpected("\",\" or \"\(end.rawValue)\"") }
            if allowsTrailingComma, take(end) { return elements }
        }
    }

    private mutating func map() throws(CELError) -> CELNode.Index {
        let position = token.position
        advance()
        var entries: [(key: CELNode.Index, value: CELNode.Index)] = []
        while !take(.closeBrace) {
            let key = try expression()
            try expect(.colon)
            entries.append((key, try expression()))
            guard token.kind == .symbol(.closeBrace) || take(.comma) else {
                throw unexpected("\",\" or \"}\"")
            }
        }
        return try add(.map(entries), at: position, over: entries.flatMap { [$0.key, $0.value] })
    }

    /// A name that is no function: the nearest macro's variable, the variables, the types.
    private mutating func named(
        _ name: String, at position: CELPosition, isAbsolute: Bool
    ) throws(CELError) -> CELNode.Index {
        if take(.openParenthesis) { return try call(name, at: position) }
        if token.kind == .symbol(.openBrace) {
            throw CELError(
                .reference, at: position, "\"\(name)\" is no message type; there are none here")
        }
        if !isAbsolute, let slot = scope.lastIndex(of: name) {
            return try add(.local(slot), at: position)
        }
        if variables.contains(name) { return try add(.variable(name), at: position) }
        if let type = CELType(rawValue: name) { return try add(.literal(.type(type)), at: position) }
        let known = variables.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        throw CELError(
            .reference, at: position, "\"\(name)\" is not declared; the only variable is \(known)")
    }

    func isReserved(_ name: String) -> Bool { Self.reserved.contains(name) }

    private mutating func postfix(of first: CELNode.Index) throws(CELError) -> CELNode.Index {
        var operand = first
        while true {
            let position = token.position
            if take(.openBracket) {
                let key = try expression()
                try expect(.closeBracket)
                operand = try add(.element(operand, key), at: position, over: [operand, key])
            } else if take(.dot) {
                let namePosition = token.position
                switch token.kind {
                case .quoted(let name):
                    advance()
                    operand = try add(.member(operand, name), at: position, over: [operand])
                case .identifier(let name) where !["true", "false", "null", "in"].contains(name):
                    advance()
                    if take(.openParenthesis) {
                        operand = try method(name, of: operand, at: namePosition)
                    } else {
                        operand = try add(.member(operand, name), at: position, over: [operand])
                    }
                default: throw unexpected("the name of a member")
                }
            } else {
                return operand
            }
        }
    }
}
