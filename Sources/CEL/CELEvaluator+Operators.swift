// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension CELEvaluator {
    func negative(_ value: CELValue) throws(CELError) -> CELValue {
        switch value {
        case .int(let value):
            let (result, overflow) = Int64(0).subtractingReportingOverflow(value)
            guard !overflow else { throw problem("the result is out of range of int") }
            return .int(result)
        case .double(let value): return .double(-value)
        case .null, .bool, .uint, .string, .bytes, .list, .map, .type:
            throw problem("there is no \"-\" of \(value.type.rawValue)")
        }
    }

    func member(_ name: String, of value: CELValue) throws(CELError) -> CELValue {
        guard case .map(let map) = value else {
            throw problem("\(value.type.rawValue) has no member \"\(name)\"")
        }
        guard let member = map[.string(Array(name.utf8))] else {
            throw problem("there is no member \"\(name)\"")
        }
        return member
    }

    mutating func element(_ key: CELValue, of value: CELValue) throws(CELError) -> CELValue {
        switch value {
        case .list(let list):
            let index: Int?
            switch key {
            case .int(let key): index = Int(exactly: key)
            case .uint(let key): index = Int(exactly: key)
            case .double(let key): index = Int(exactly: key)
            case .null, .bool, .string, .bytes, .list, .map, .type:
                throw problem("the index of a list is int, not \(key.type.rawValue)")
            }
            guard let index, list.indices.contains(index) else {
                throw problem("the index is out of range")
            }
            return list[index]
        case .map(let map):
            if case .string(let text) = key { try spend(bytes: text.utf8.count) }
            guard let key = CELMap.Key(key), let element = map[key] else {
                throw problem("there is no such key")
            }
            return element
        case .null, .bool, .int, .uint, .double, .string, .bytes, .type:
            throw problem("\(value.type.rawValue) has no elements")
        }
    }

    mutating func binary(
        _ operation: CELBinary, _ left: CELValue, _ right: CELValue
    ) throws(CELError) -> CELValue {
        switch operation {
        case .equal: return .bool(try areEqual(left, right))
        case .notEqual: return .bool(!(try areEqual(left, right)))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return .bool(try isOrdered(operation, left, right))
        case .in: return .bool(try isContained(left, in: right))
        case .add, .subtract, .multiply, .divide, .modulo: return try arithmetic(operation, left, right)
        }
    }

    private func unavailable(_ operation: CELBinary, _ left: CELValue, _ right: CELValue) -> CELError {
        problem(
            "there is no \"\(operation.rawValue)\" of \(left.type.rawValue) and \(right.type.rawValue)")
    }

    private mutating func isContained(_ value: CELValue, in container: CELValue) throws(CELError)
        -> Bool
    {
        switch container {
        case .list(let list):
            for element in list where try areEqual(value, element) { return true }
            return false
        case .map(let map):
            if case .string(let text) = value { try spend(bytes: text.utf8.count) }
            return CELMap.Key(value).flatMap { map[$0] } != nil
        case .null, .bool, .int, .uint, .double, .string, .bytes, .type:
            throw unavailable(.in, value, container)
        }
    }

    /// Values of different types differ, except numbers, which are equal by value. Recursion is as deep as values are,
    /// which is bounded.
    mutating func areEqual(_ left: CELValue, _ right: CELValue) throws(CELError) -> Bool {
        try spend(1)
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)):
            guard left.utf8.count == right.utf8.count else { return false }
            try spend(bytes: left.utf8.count)
            return left.utf8.elementsEqual(right.utf8)
        case (.bytes(let left), .bytes(let right)):
            try spend(bytes: left.count)
            return left == right
        case (.type(let left), .type(let right)): return left == right
        case (.list(let left), .list(let right)):
            guard left.count == right.count else { return false }
            for (left, right) in zip(left, right) where try !areEqual(left, right) { return false }
            return true
        case (.map(let left), .map(let right)):
            guard left.count == right.count else { return false }
            for key in left.keys {
                if case .string(let text) = key { try spend(bytes: text.utf8.count) }
                guard let key = CELMap.Key(key), let first = left[key], let second = right[key],
                    try areEqual(first, second)
                else { return false }
            }
            return true
        default: return CELNumbers.compare(left, right) == .equal
        }
    }

    private mutating func isOrdered(
        _ operation: CELBinary, _ left: CELValue, _ right: CELValue
    ) throws(CELError) -> Bool {
        let order: CELNumbers.Order
        switch (left, right) {
        case (.bool(let left), .bool(let right)): order = .init(left ? 1 : 0, right ? 1 : 0)
        case (.string(let left), .string(let right)):
            try spend(bytes: min(left.utf8.count, right.utf8.count))
            // The order of code points is the order of their bytes in UTF-8.
            order = .init(bytes: left.utf8, right.utf8)
        case (.bytes(let left), .bytes(let right)):
            try spend(bytes: min(left.count, right.count))
            order = .init(bytes: left, right)
        default:
            guard let numbers = CELNumbers.compare(left, right) else {
                throw unavailable(operation, left, right)
            }
            order = numbers
        }
        switch operation {
        case .less: return order == .less
        case .lessOrEqual: return order == .less || order == .equal
        case .greater: return order == .greater
        default: return order == .greater || order == .equal
        }
    }

    private mutating func arithmetic(
        _ operation: CELBinary, _ left: CELValue, _ right: CELValue
    ) throws(CELError) -> CELValue {
        switch (left, right) {
        case (.int(let left), .int(let right)): return .int(try integer(operation, left, right, "int"))
        case (.uint(let left), .uint(let right)):
            return .uint(try integer(operation, left, right, "uint"))
        case (.double(let first), .double(let second)):
            switch operation {
            case .add: return .double(first + second)
            case .subtract: return .double(first - second)
            case .multiply: return .double(first * second)
            case .divide: return .double(first / second)
            default: throw unavailable(operation, left, right)
            }
        case (.string(let first), .string(let second)) where operation == .add:
            try checkJoin(first.utf8.count, second.utf8.count)
            return .string(first + second)
        case (.bytes(let first), .bytes(let second)) where operation == .add:
            try checkJoin(first.count, second.count)
            return .bytes(first + second)
        case (.list(let first), .list(let second)) where operation == .add:
            guard first.count + second.count <= CELLimits.elements else {
                throw CELError(
                    .limit, at: position, "the list would have more than \(CELLimits.elements) elements")
            }
            try spend((first.count + second.count) / 16)
            return .list(first + second)
        default: throw unavailable(operation, left, right)
        }
    }

    private mutating func checkJoin(_ first: Int, _ second: Int) throws(CELError) {
        guard first + second <= CELLimits.stringBytes else {
            throw CELError(
                .limit, at: position, "the text would have more than \(CELLimits.stringBytes) bytes")
        }
        try spend(bytes: first + second)
    }

    private func integer<Number: FixedWidthInteger>(
        _ operation: CELBinary, _ left: Number, _ right: Number, _ name: String
    ) throws(CELError) -> Number {
        if operation == .divide || operation == .modulo, right == 0 {
            throw problem("division by zero")
        }
        let (result, overflow) =
            switch operation {
            case .add: left.addingReportingOverflow(right)
            case .subtract: left.subtractingReportingOverflow(right)
            case .multiply: left.multipliedReportingOverflow(by: right)
            case .divide: left.dividedReportingOverflow(by: right)
            default: left.remainderReportingOverflow(dividingBy: right)
            }
        guard !overflow else { throw problem("the result is out of range of \(name)") }
        return result
    }
}

/// Comparison of numbers by value, across their types.
enum CELNumbers {
    enum Order {
        case less, equal, greater
        /// One of them is not a number.
        case none

        init<Value: Comparable>(_ left: Value, _ right: Value) {
            self = left < right ? .less : left > right ? .greater : left == right ? .equal : .none
        }

        init<Bytes: Collection<UInt8>>(bytes left: Bytes, _ right: Bytes) {
            self =
                left.elementsEqual(right)
                ? .equal : left.lexicographicallyPrecedes(right) ? .less : .greater
        }
    }

    /// Nil when one is no number at all.
    static func compare(_ left: CELValue, _ right: CELValue) -> Order? {
        switch (left, right) {
        // The comparison of integers of different types, and of integers with floating-point numbers, is exact.
        case (.int(let left), .int(let right)): Order(left, right)
        case (.uint(let left), .uint(let right)): Order(left, right)
        case (.double(let left), .double(let right)): Order(left, right)
        case (.int(let left), .uint(let right)): left < right ? .less : left > right ? .greater : .equal
        case (.uint(let left), .int(let right)): left < right ? .less : left > right ? .greater : .equal
        case (.int(let left), .double(let right)): compare(left, right)
        case (.uint(let left), .double(let right)): compare(left, right)
        case (.double(let left), .int(let right)): compare(right, left).reversed
        case (.double(let left), .uint(let right)): compare(right, left).reversed
        default: nil
        }
    }

    private static func compare<Number: FixedWidthInteger>(_ left: Number, _ right: Double) -> Order {
        if right.isNaN { return .none }
        let whole = right.rounded(.down)
        guard let integer = Number(exactly: whole) else { return right < 0 ? .greater : .less }
        if left != integer { return left < integer ? .less : .greater }
        return right > whole ? .less : .equal
    }
}

extension CELNumbers.Order {
    fileprivate var reversed: Self {
        switch self {
        case .less: .greater
        case .greater: .less
        case .equal, .none: self
        }
    }
}
