// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Functions, methods and macros, whose opening parenthesis is behind.
extension CELParser {
    mutating func call(_ name: String, at position: CELPosition) throws(CELError) -> CELNode.Index {
        if name == "has" { return try has(at: position) }
        guard let function = CELFunction(rawValue: name), function.style != .method else {
            if CELFunction(rawValue: name) != nil || CELMacro(rawValue: name) != nil {
                throw CELError(.reference, at: position, "\"\(name)\" is a method; write value.\(name)(…)")
            }
            throw CELError(.reference, at: position, "there is no function \"\(name)\"")
        }
        return try make(function, try list(until: .closeParenthesis), at: position)
    }

    mutating func method(
        _ name: String, of receiver: CELNode.Index, at position: CELPosition
    ) throws(CELError) -> CELNode.Index {
        if let macro = CELMacro(rawValue: name) {
            return try comprehension(macro, over: receiver, at: position)
        }
        guard let function = CELFunction(rawValue: name), function.style != .function else {
            if name == "has" || CELFunction(rawValue: name) != nil {
                throw CELError(
                    .reference, at: position, "\"\(name)\" is not a method; write \(name)(value)")
            }
            throw CELError(.reference, at: position, "there is no method \"\(name)\"")
        }
        return try make(function, [receiver] + list(until: .closeParenthesis), at: position)
    }

    private mutating func make(
        _ function: CELFunction, _ arguments: [CELNode.Index], at position: CELPosition
    ) throws(CELError) -> CELNode.Index {
        guard arguments.count == function.arguments else {
            let count = function.arguments == 1 ? "one value" : "two values"
            throw CELError(
                .reference, at: position, "\"\(function.rawValue)\" takes \(count), its receiver included")
        }
        if function == .matches, case .literal(.string(let text)) = nodes[arguments[1]].kind {
            let pattern: CELPattern
            do throws(CELPattern.Problem) {
                pattern = try CELPattern(parsing: text)
            } catch {
                throw CELError(.syntax, at: nodes[arguments[1]].position, error.reason)
            }
            return try add(.matches(arguments[0], pattern), at: position, over: arguments)
        }
        return try add(.call(function, arguments), at: position, over: arguments)
    }

    private mutating func has(at position: CELPosition) throws(CELError) -> CELNode.Index {
        let arguments = try list(until: .closeParenthesis)
        guard arguments.count == 1, case .member(let operand, let name) = nodes[arguments[0]].kind
        else {
            throw CELError(.syntax, at: position, "\"has\" takes a member, such as has(claims.act)")
        }
        return try add(.has(operand, name), at: position, over: [operand])
    }

    private mutating func comprehension(
        _ macro: CELMacro, over range: CELNode.Index, at position: CELPosition
    ) throws(CELError) -> CELNode.Index {
        guard case .identifier(let variable) = token.kind, !isReserved(variable) else {
            throw unexpected("the name of a variable for \"\(macro.rawValue)\"")
        }
        advance()
        try expect(.comma)
        let slot = scope.count
        scope.append(variable)
        let bodies = try list(until: .closeParenthesis)
        scope.removeLast()
        guard bodies.count == 1 || (macro == .map && bodies.count == 2) else {
            throw CELError(
                .reference, at: position, "\"\(macro.rawValue)\" takes a variable and one expression")
        }
        let isPlainMap = macro == .map && bodies.count == 1
        let value = CELComprehension(
            macro: macro, range: range, slot: slot, condition: isPlainMap ? nil : bodies[0],
            transform: macro == .map ? bodies[bodies.count - 1] : nil)
        return try add(.comprehension(value), at: position, over: [range] + bodies)
    }
}
