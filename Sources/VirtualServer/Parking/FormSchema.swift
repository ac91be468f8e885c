// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes

/// The schema of a form: a flat object of primitives, of choices, and of lists of choices (2025-11-25, Elicitation,
/// Requested Schema).
///
/// What the backend would get is looked at before it gets it, because its call cannot be answered twice. Members that the
/// schema does not speak about pass: the backend knows what it wanted.
struct FormSchema {
    private let schema: JSONSlice

    init(_ schema: JSONSlice) { self.schema = schema }

    func accepts(_ content: JSONSlice) -> Bool {
        guard content.kind == .object, content.duplicateKey() == nil else { return false }
        for required in schema["required"].map({ Array($0.elements) }) ?? [] {
            guard let name = required.string, content.member(name) != nil else { return false }
        }
        guard let properties = schema["properties"], properties.kind == .object else { return true }
        for member in content.members {
            guard let name = member.key.string, let property = properties.member(name) else { continue }
            if !Self.fits(member.value, property) { return false }
        }
        return true
    }

    private static func fits(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        guard isAmongChoices(value, property) else { return false }
        switch property["type"]?.string {
        case "string": return fitsText(value, property)
        case "integer": return value.int != nil && fitsRange(value, property)
        case "number": return value.kind == .number && fitsRange(value, property)
        case "boolean": return value.kind == .boolean
        case "array": return fitsList(value, property)
        default: return true
        }
    }

    /// `enum`, `const`, and titled choices.
    private static func isAmongChoices(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        if let choices = property["enum"], choices.kind == .array, !choices.elements.contains(where: { value.says($0) })
        {
            return false
        }
        if let constant = property["const"], !value.says(constant) { return false }
        for key in ["oneOf", "anyOf"] {
            guard let titled = property.member(key), titled.kind == .array else { continue }
            let constants = titled.elements.compactMap { $0["const"] }
            if !constants.isEmpty, !constants.contains(where: { value.says($0) }) { return false }
        }
        return true
    }

    private static func fitsText(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        guard let text = value.string else { return false }
        let length = text.unicodeScalars.count
        if let least = property["minLength"]?.int, length < least { return false }
        if let most = property["maxLength"]?.int, length > most { return false }
        switch property["format"]?.string {
        case "email": return text.wholeMatch(of: #/[^\s@]+@[^\s@]+/#) != nil
        case "uri": return text.wholeMatch(of: #/[A-Za-z][A-Za-z0-9+.-]*:\S+/#) != nil
        case "date": return Self.isDate(text)
        case "date-time":
            let dateTime =
                #/(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d{2}:\d{2})/#
            guard let match = text.wholeMatch(of: dateTime) else { return false }
            return isDate(String(match.output.1))
        default: return true
        }
    }

    private static func isDate(_ text: String) -> Bool {
        guard let match = text.wholeMatch(of: #/(\d{4})-(\d{2})-(\d{2})/#), let month = Int(match.output.2),
            let day = Int(match.output.3)
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }

    private static func fitsRange(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        guard let number = value.double else { return false }
        if let least = property["minimum"]?.double, number < least { return false }
        if let most = property["maximum"]?.double, number > most { return false }
        return true
    }

    private static func fitsList(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        guard value.kind == .array else { return false }
        let elements = Array(value.elements)
        if let least = property["minItems"]?.int, elements.count < least { return false }
        if let most = property["maxItems"]?.int, elements.count > most { return false }
        guard let items = property["items"] else { return true }
        return elements.allSatisfy { fits($0, items) }
    }
}

extension JSONSlice {
    /// Whether two scalars mean the same, however they are spelled.
    fileprivate func says(_ other: JSONSlice) -> Bool {
        guard kind == other.kind else { return false }
        return switch kind {
        case .string: string == other.string
        case .number: double == other.double
        default: value == other.value
        }
    }
}
