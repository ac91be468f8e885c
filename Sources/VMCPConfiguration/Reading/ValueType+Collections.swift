// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a null entry of a list or map means.
enum NullEntry<Value: Sendable>: Sendable {
    /// It is left out with a warning.
    case skipped
    /// It stands for a value.
    case value(Value)
    /// It is an error.
    case refused
}

extension ValueType {
    /// A list of values; a malformed item is reported and left out.
    static func list<Element: Sendable>(
        of element: ValueType<Element>, nulls: NullEntry<Element> = .refused
    ) -> ValueType where Value == [Element] {
        ValueType(
            schema: { ["type": "array", "items": element.schema($0)] },
            spell: { value in .list(value.compactMap(element.spell)) },
            read: { place in
                guard case .sequence(let items) = place.node.content else {
                    place.malformed("expected a list, found \(place.kind)\(listAdvice(place))")
                    return nil
                }
                return items.enumerated().compactMap { index, node in
                    entry(place.item(node, index: index), element, nulls) ?? element.placeholder?()
                }
            })
    }

    /// A map whose keys are free names.
    static func map<Element: Sendable>(
        of element: ValueType<Element>, nulls: NullEntry<Element> = .refused
    ) -> ValueType where Value == [String: Element] {
        ValueType(
            schema: { ["type": "object", "additionalProperties": element.schema($0)] },
            read: { place in
                guard let members = place.members() else {
                    place.malformed("expected a map, found \(place.kind)")
                    return nil
                }
                var result: [String: Element] = [:]
                for member in members {
                    let child = place.child(member.value, key: member.key, at: member.keyPosition)
                    result[member.key] = entry(child, element, nulls)
                }
                return result
            })
    }

    private static func entry<Element: Sendable>(
        _ place: Place, _ element: ValueType<Element>, _ nulls: NullEntry<Element>
    ) -> Element? {
        guard place.node.isNull else { return element.read(place) }
        switch nulls {
        case .skipped: place.warn("is empty and left out")
        case .value(let value): return value
        case .refused: place.malformed("is empty; write a value or remove the entry")
        }
        return nil
    }

    private static func listAdvice(_ place: Place) -> String {
        guard case .scalar(let scalar) = place.node.content, scalar.text.utf8.count <= 40 else { return "" }
        return "; write [\(scalar.text)]"
    }
}

extension ValueType where Value == [String] {
    static var strings: ValueType { list(of: .string, nulls: .skipped) }
    static var nonEmptyStrings: ValueType { list(of: .nonEmptyString, nulls: .skipped) }
}

extension ValueType where Value == [String: String] {
    static var stringMap: ValueType { map(of: .string, nulls: .value("")) }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the names of an enumeration, spelt exactly.
    static var name: ValueType {
        let names = Value.allCases.map(\.rawValue)
        return ValueType(
            schema: { _ in ["type": "string", "enum": .list(names.map { .string($0) })] },
            spell: { .string($0.rawValue) },
            read: { place in
                guard let text = ValueType<String>.string.read(place) else { return nil }
                if let value = Value(rawValue: text) { return value }
                let written = names.filter { !$0.isEmpty }
                place.refuse(
                    "\(quoted(text)) is not one of \(written.joined(separator: ", "))."
                        + Suggestion.text(for: text, among: written))
                return nil
            })
    }

    /// The same, where an empty text means that the key is absent.
    static var nameOrEmpty: ValueType {
        let type = name
        return ValueType(
            schema: { _ in ["type": "string", "enum": .list([""] + Value.allCases.map { .string($0.rawValue) })] },
            spell: type.spell,
            read: { place in
                if case .scalar(let scalar) = place.node.content, scalar.text.isEmpty { return nil }
                return type.read(place)
            })
    }
}

extension ValueType where Value == ConfigurationValue {
    /// Anything at all, kept as written.
    static var anything: ValueType {
        ValueType(schema: { _ in true }) { ConfigurationValue(reading: $0) }
    }

    /// A map with free content, kept as written.
    static var freeMap: ValueType {
        ValueType(schema: { _ in ["type": "object"] }) { place in
            guard place.members() != nil else {
                place.malformed("expected a map, found \(place.kind)")
                return nil
            }
            return ConfigurationValue(reading: place)
        }
    }
}
