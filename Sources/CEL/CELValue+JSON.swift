// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

extension CELValue {
    /// A JSON value: numbers spelled as integers within `int` are `int`, the others `double`.
    ///
    /// - Throws: `.limit` when it is larger than `CELLimits` allow, `.evaluation` for numbers out of range and for
    ///   objects in which a key is repeated, because two readers would see different values.
    package init(json: JSONSlice) throws(CELError) {
        var remaining = CELLimits.values
        self = try Self.read(json, depth: 0, remaining: &remaining)
    }

    private static func read(_ json: JSONSlice, depth: Int, remaining: inout Int) throws(CELError)
        -> CELValue
    {
        remaining -= 1
        guard remaining >= 0 else {
            throw .variable(.limit, "has more than \(CELLimits.values) values")
        }
        guard depth < CELLimits.valueDepth else {
            throw .variable(.limit, "is nested deeper than \(CELLimits.valueDepth) levels")
        }
        switch json.kind {
        case .null: return .null
        case .boolean: return .bool(json.bool ?? false)
        case .string: return .string(try text(json))
        case .number: return try number(json)
        case .array:
            var list: [CELValue] = []
            for element in json.elements {
                guard list.count < CELLimits.elements else { throw .tooManyElements }
                list.append(try read(element, depth: depth + 1, remaining: &remaining))
            }
            return .list(list)
        case .object:
            var map = CELMap()
            for member in json.members {
                guard map.count < CELLimits.elements else { throw .tooManyElements }
                let key = try text(member.key)
                guard
                    map.append(.string(key), try read(member.value, depth: depth + 1, remaining: &remaining))
                else {
                    throw .variable(.evaluation, "has an object with a repeated key")
                }
            }
            return .map(map)
        }
    }

    private static func text(_ json: JSONSlice) throws(CELError) -> String {
        // An escape is never shorter than what it stands for.
        guard json.bytes.readableBytes <= 6 * CELLimits.stringBytes, let text = json.string,
            text.utf8.count <= CELLimits.stringBytes
        else { throw .variable(.limit, "has a text of more than \(CELLimits.stringBytes) bytes") }
        return text
    }

    private static func number(_ json: JSONSlice) throws(CELError) -> CELValue {
        let isInteger = json.bytes.readableBytesView.allSatisfy {
            $0 == 0x2D || (0x30...0x39).contains($0)
        }
        if isInteger, let integer = json.int { return .int(Int64(integer)) }
        guard let double = json.double else {
            throw .variable(.evaluation, "has a number out of range")
        }
        return .double(double)
    }
}

extension CELError {
    /// Something about a value that is given to an expression, which has no place in its text.
    fileprivate static func variable(_ kind: Kind, _ reason: String) -> CELError {
        CELError(kind, at: .start, "the given value \(reason)")
    }

    fileprivate static var tooManyElements: CELError {
        variable(.limit, "has a list or an object of more than \(CELLimits.elements) elements")
    }
}
