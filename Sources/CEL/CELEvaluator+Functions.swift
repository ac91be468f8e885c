// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension CELEvaluator {
    mutating func call(_ function: CELFunction, _ arguments: [CELValue]) throws(CELError) -> CELValue {
        // The parser has counted the arguments.
        guard let first = arguments.first else { throw unavailable(function, arguments) }
        switch function {
        case .dyn: return first
        case .type: return .type(first.type)
        case .size: return .int(Int64(try size(first)))
        case .contains, .startsWith, .endsWith:
            guard case .string(let text) = first, case .string(let part) = arguments.last else {
                throw unavailable(function, arguments)
            }
            try spend(bytes: text.utf8.count + part.utf8.count)
            return .bool(find(part, in: text, function))
        case .matches:
            guard case .string(let pattern) = arguments.last else {
                throw unavailable(function, arguments)
            }
            return .bool(try matches(first, parsed(pattern)))
        case .int, .uint, .double, .string, .bytes, .bool: return try convert(first, by: function)
        }
    }

    private func unavailable(_ function: CELFunction, _ arguments: [CELValue]) -> CELError {
        let types = arguments.map(\.type.rawValue).joined(separator: ", ")
        return problem("there is no \"\(function.rawValue)\" of (\(types))")
    }

    private mutating func size(_ value: CELValue) throws(CELError) -> Int {
        switch value {
        case .string(let text):
            try spend(bytes: text.utf8.count)
            return text.unicodeScalars.count
        case .bytes(let bytes): return bytes.count
        case .list(let list): return list.count
        case .map(let map): return map.count
        case .null, .bool, .int, .uint, .double, .type: throw unavailable(.size, [value])
        }
    }

    private func find(_ part: String, in text: String, _ function: CELFunction) -> Bool {
        switch function {
        case .startsWith: return text.utf8.starts(with: part.utf8)
        case .endsWith: return text.utf8.reversed().starts(with: part.utf8.reversed())
        default: return Self.contains(Array(text.utf8), Array(part.utf8))
        }
    }

    /// The search of Knuth, Morris and Pratt: both can come from a token, and nothing may take the product of them.
    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard !part.isEmpty else { return true }
        guard part.count <= text.count else { return false }
        var borders = Array(repeating: 0, count: part.count)
        var length = 0
        for index in part.indices.dropFirst() {
            while length > 0, part[index] != part[length] { length = borders[length - 1] }
            if part[index] == part[length] { length += 1 }
            borders[index] = length
        }
        length = 0
        for byte in text {
            while length > 0, byte != part[length] { length = borders[length - 1] }
            if byte == part[length] { length += 1 }
            if length == part.count { return true }
        }
        return false
    }

    private mutating func parsed(_ pattern: String) throws(CELError) -> CELPattern {
        // The most that it can be written out to.
        try spend(CELLimits.patternInstructions)
        do throws(CELPattern.Problem) {
            return try CELPattern(parsing: pattern)
        } catch {
            throw problem(error.reason)
        }
    }

    mutating func matches(_ value: CELValue, _ pattern: CELPattern) throws(CELError) -> Bool {
        guard case .string(let text) = value else {
            throw problem("there is no \"matches\" of \(value.type.rawValue)")
        }
        return try pattern.matches(text) { steps throws(CELError) in try spend(steps) }
    }

    private mutating func convert(_ value: CELValue, by function: CELFunction) throws(CELError)
        -> CELValue
    {
        if value.type.rawValue == function.rawValue { return value }
        switch (function, value) {
        case (.int, .uint(let value)): return .int(try inRange(Int64(exactly: value), function))
        case (.int, .double(let value)):
            return .int(try inRange(Int64(exactly: value.rounded(.towardZero)), function))
        case (.int, .string(let text)):
            return .int(try inRange(Self.isInteger(text) ? Int64(text) : nil, function))
        case (.uint, .int(let value)): return .uint(try inRange(UInt64(exactly: value), function))
        case (.uint, .double(let value)):
            // What is above -1 would become 0, but is not in the range of uint.
            return .uint(
                try inRange(value < 0 ? nil : UInt64(exactly: value.rounded(.towardZero)), function))
        case (.uint, .string(let text)):
            return .uint(
                try inRange(Self.isInteger(text) && text.first != "-" ? UInt64(text) : nil, function))
        case (.double, .int(let value)): return .double(Double(value))
        case (.double, .uint(let value)): return .double(Double(value))
        case (.double, .string(let text)):
            try spend(bytes: text.utf8.count)
            return .double(try inRange(Self.isNumber(text) ? Double(text) : nil, function))
        case (.string, .int(let value)): return .string(String(value))
        case (.string, .uint(let value)): return .string(String(value))
        case (.string, .double(let value)): return .string(Self.text(of: value))
        case (.string, .bool(let value)): return .string(value ? "true" : "false")
        case (.string, .bytes(let bytes)):
            try spend(bytes: bytes.count)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw problem("the bytes are not UTF-8")
            }
            return .string(text)
        case (.bytes, .string(let text)):
            try spend(bytes: text.utf8.count)
            return .bytes(Array(text.utf8))
        case (.bool, .string(let text)):
            switch text {
            case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
            case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
            default: throw problem("the text is no bool")
            }
        default: throw unavailable(function, [value])
        }
    }

    private func inRange<Number>(_ value: Number?, _ function: CELFunction) throws(CELError) -> Number {
        guard let value else {
            throw problem("the value is no \(function.rawValue), or out of its range")
        }
        return value
    }

    private static func isInteger(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.count <= 32 && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Decimal only: the library's own reader knows hexadecimal numbers and words too.
    private static func isNumber(_ text: String) -> Bool {
        if ["NaN", "Infinity", "-Infinity", "+Infinity"].contains(text) { return true }
        return text.utf8.count <= 400
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
    }

    /// Without a fraction where there is none.
    private static func text(of value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Infinity" : "+Infinity" }
        if value.isNaN { return "NaN" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
