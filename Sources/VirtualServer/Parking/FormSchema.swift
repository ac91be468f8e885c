// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore

/// The schema of a form: a flat object of primitives, of choices, and of lists of choices (2025-11-25, Elicitation,
/// Requested Schema).
///
/// What the backend would get is looked at before it gets it, because its call cannot be answered twice. Members that the
/// schema does not speak about pass: the backend knows what it wanted.
///
/// Both sides of the comparison come from strangers, so its cost is bounded: an answer that would take more than
/// ``maximumWork`` is none.
struct FormSchema {
    /// Bytes of schema that are looked at for one answer, all of its values together.
    static let maximumWork = 8 << 20
    /// What a value costs besides its part of the schema.
    private static let workPerValue = 256
    /// A text that has a format is no longer than that.
    private static let maximumFormattedBytes = 8192

    private let schema: JSONSlice

    init(_ schema: JSONSlice) { self.schema = schema }

    func accepts(_ content: JSONSlice) -> Bool {
        guard content.kind == .object, content.duplicateKey() == nil else { return false }
        var values: [String: JSONSlice] = [:]
        for member in content.members {
            if let name = member.key.string { values[name] = member.value }
        }
        for required in schema["required"].map({ Array($0.elements) }) ?? [] {
            guard let name = required.string, values[name] != nil else { return false }
        }
        guard let properties = schema["properties"], properties.kind == .object else { return true }
        var work = Self.maximumWork
        var seen: Set<String> = []
        for property in properties.members {
            // Of a property that is there twice the first counts.
            guard let name = property.key.string, seen.insert(name).inserted, let value = values[name] else { continue }
            if !Self.fits(value, property.value, &work) { return false }
        }
        return true
    }

    private static func fits(_ value: JSONSlice, _ property: JSONSlice, _ work: inout Int) -> Bool {
        work -= property.bytes.readableBytes + workPerValue
        guard work >= 0, isAmongChoices(value, property) else { return false }
        switch property["type"]?.string {
        case "string": return fitsText(value, property)
        case "integer": return value.int != nil && fitsRange(value, property)
        case "number": return value.kind == .number && fitsRange(value, property)
        case "boolean": return value.kind == .boolean
        case "array": return fitsList(value, property, &work)
        default: return true
        }
    }

    /// `enum`, `const`, and titled choices.
    private static func isAmongChoices(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        let choices = property["enum"]
        let constant = property["const"]
        let titled = ["oneOf", "anyOf"].compactMap { property.member($0) }.filter { $0.kind == .array }
        guard choices != nil || constant != nil || !titled.isEmpty else { return true }
        let chosen = Meaning(value)
        if let choices, choices.kind == .array, !choices.elements.contains(where: { chosen.isThat(of: $0) }) {
            return false
        }
        if let constant, !chosen.isThat(of: constant) { return false }
        for list in titled {
            let constants = list.elements.compactMap { $0["const"] }
            if !constants.isEmpty, !constants.contains(where: { chosen.isThat(of: $0) }) { return false }
        }
        return true
    }

    private static func fitsText(_ value: JSONSlice, _ property: JSONSlice) -> Bool {
        guard let text = value.string else { return false }
        let length = text.unicodeScalars.count
        if let least = property["minLength"]?.int, length < least { return false }
        if let most = property["maxLength"]?.int, length > most { return false }
        guard let format = property["format"]?.string else { return true }
        guard text.utf8.count <= maximumFormattedBytes else { return false }
        switch format {
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

    private static func fitsList(_ value: JSONSlice, _ property: JSONSlice, _ work: inout Int) -> Bool {
        guard value.kind == .array else { return false }
        let items = property["items"]
        var count = 0
        for element in value.elements {
            count += 1
            if let items, !fits(element, items, &work) { return false }
        }
        if let least = property["minItems"]?.int, count < least { return false }
        if let most = property["maxItems"]?.int, count > most { return false }
        return true
    }
}

/// What a value means, however it is spelled; worked out once for all that it is compared with.
private enum Meaning {
    case text(String)
    case number(Double)
    case other(JSONValue)

    init(_ value: JSONSlice) {
        switch value.kind {
        case .string: self = .text(value.string ?? "")
        case .number: self = .number(value.double ?? .nan)
        default: self = .other(value.value)
        }
    }

    func isThat(of other: JSONSlice) -> Bool {
        switch self {
        case .text(let text): other.string == text
        case .number(let number): other.kind == .number && other.double == number
        case .other(let value): other.kind != .string && other.kind != .number && other.value == value
        }
    }
}
