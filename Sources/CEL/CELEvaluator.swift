// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Computes an expression, within the bounds of one evaluation (cel-spec, "Evaluation").
struct CELEvaluator {
    private let nodes: [CELNode]
    private let variables: [String: CELValue]
    private var locals: [CELValue] = []
    private var remaining = CELLimits.steps
    /// Where the operation that is going on stands.
    var position = CELPosition.start

    init(nodes: [CELNode], variables: [String: CELValue]) {
        self.nodes = nodes
        self.variables = variables
    }

    mutating func spend(_ steps: Int) throws(CELError) {
        remaining -= min(steps, remaining + 1)
        guard remaining >= 0 else {
            throw CELError(
                .limit, at: position, "the evaluation takes more than \(CELLimits.steps) steps")
        }
    }

    /// The cost of going through so many bytes.
    mutating func spend(bytes: Int) throws(CELError) { try spend(bytes / 64) }

    func problem(_ reason: String) -> CELError { CELError(.evaluation, at: position, reason) }

    /// Recursion is as deep as the expression, which the parser bounds.
    mutating func evaluate(_ index: CELNode.Index) throws(CELError) -> CELValue {
        let node = nodes[index]
        position = node.position
        try spend(1)
        switch node.kind {
        case .literal(let value): return value
        case .variable(let name):
            guard let value = variables[name] else {
                throw problem("the variable \"\(name)\" has no value")
            }
            return value
        case .local(let slot): return locals[slot]
        case .and(let operands): return .bool(try logical(operands, decisive: false))
        case .or(let operands): return .bool(try logical(operands, decisive: true))
        case .conditional(let condition, let first, let second):
            return try evaluate(try bool(condition, at: node.position) ? first : second)
        case .comprehension(let value): return try comprehension(value, at: node.position)
        case .list(let elements):
            var values: [CELValue] = []
            for element in elements { values.append(try evaluate(element)) }
            return .list(values)
        case .map(let entries): return try map(entries, at: node.position)
        case .not(let operand): return .bool(!(try bool(operand, at: node.position)))
        case .negative, .member, .has, .element, .binary, .call, .matches: return try strict(node)
        }
    }

    /// Operations whose operands all have values before they start.
    private mutating func strict(_ node: CELNode) throws(CELError) -> CELValue {
        switch node.kind {
        case .negative(let operand):
            let value = try evaluate(operand)
            position = node.position
            return try negative(value)
        case .member(let operand, let name):
            let value = try evaluate(operand)
            position = node.position
            return try member(name, of: value)
        case .has(let operand, let name):
            let value = try evaluate(operand)
            position = node.position
            guard case .map(let map) = value else {
                throw problem("\(value.type.rawValue) has no members")
            }
            return .bool(map[.string(Array(name.utf8))] != nil)
        case .element(let operand, let key):
            let value = try evaluate(operand)
            let key = try evaluate(key)
            position = node.position
            return try element(key, of: value)
        case .binary(let operation, let left, let right):
            let left = try evaluate(left)
            let right = try evaluate(right)
            position = node.position
            return try binary(operation, left, right)
        case .call(let function, let arguments):
            var values: [CELValue] = []
            for argument in arguments { values.append(try evaluate(argument)) }
            position = node.position
            return try call(function, values)
        case .matches(let operand, let pattern):
            let value = try evaluate(operand)
            position = node.position
            return .bool(try matches(value, pattern))
        case .literal, .variable, .local, .list, .map, .not, .and, .or, .conditional, .comprehension:
            throw problem("the operation has no operands")
        }
    }

    func matching(_ value: CELValue) throws(CELError) -> Bool {
        guard case .bool(let value) = value else {
            throw problem("expected bool, found \(value.type.rawValue)")
        }
        return value
    }

    private mutating func bool(_ index: CELNode.Index, at place: CELPosition) throws(CELError) -> Bool {
        let value = try evaluate(index)
        position = place
        return try matching(value)
    }

    /// One operand that decides makes up for errors of others, before it and after it (cel-spec, "Logical operators").
    /// Only a bound that is exceeded ends everything.
    private mutating func logical(_ operands: [CELNode.Index], decisive: Bool) throws(CELError)
        -> Bool
    {
        var failure: CELError?
        for operand in operands {
            do throws(CELError) {
                if try bool(operand, at: nodes[operand].position) == decisive { return decisive }
            } catch {
                guard error.kind != .limit else { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return !decisive
    }

    private mutating func map(
        _ entries: [(key: CELNode.Index, value: CELNode.Index)], at place: CELPosition
    ) throws(CELError) -> CELValue {
        var map = CELMap()
        for entry in entries {
            let key = try evaluate(entry.key)
            position = nodes[entry.key].position
            switch key {
            case .bool, .int, .uint: break
            case .string(let text): try spend(bytes: text.utf8.count)
            case .null, .double, .bytes, .list, .map, .type:
                throw problem("\(key.type.rawValue) cannot be the key of a map")
            }
            guard map.append(key, try evaluate(entry.value)) else {
                position = nodes[entry.key].position
                throw problem("the key is repeated")
            }
        }
        return .map(map)
    }

    private mutating func comprehension(
        _ value: CELComprehension, at place: CELPosition
    ) throws(CELError) -> CELValue {
        let elements: [CELValue]
        let range = try evaluate(value.range)
        position = place
        switch range {
        case .list(let list): elements = list
        case .map(let map): elements = map.keys
        case .null, .bool, .int, .uint, .double, .string, .bytes, .type:
            throw problem(
                "\"\(value.macro.rawValue)\" goes through a list or a map, not \(range.type.rawValue)")
        }
        // What an absorbed error left behind is of macros that have ended.
        locals.removeSubrange(min(value.slot, locals.count)...)
        locals.append(.null)
        var result: [CELValue] = []
        var count = 0
        var failure: CELError?
        for element in elements {
            try spend(1)
            locals.removeSubrange((value.slot + 1)...)
            locals[value.slot] = element
            do throws(CELError) {
                let holds =
                    try value.condition.map { index throws(CELError) in try bool(index, at: place) } ?? true
                switch value.macro {
                case .all: if !holds { return .bool(false) }
                case .exists: if holds { return .bool(true) }
                case .existsOne: if holds { count += 1 }
                case .filter: if holds { result.append(element) }
                case .map:
                    if holds, let transform = value.transform { result.append(try evaluate(transform)) }
                }
            } catch {
                let isAbsorbing = value.macro == .all || value.macro == .exists
                guard isAbsorbing, error.kind != .limit else { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        switch value.macro {
        case .all: return .bool(true)
        case .exists: return .bool(false)
        case .existsOne: return .bool(count == 1)
        case .filter, .map: return .list(result)
        }
    }
}
