// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A value of a free-form part of the configuration: a schema, arguments, defaults.
package indirect enum ConfigurationValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// A number that is no `Int`, as valid JSON text: nothing is rounded on the way.
    case number(String)
    case string(String)
    case list([ConfigurationValue])
    /// The members in the order of the file.
    case map([Member])

    package struct Member: Sendable, Hashable {
        package let key: String
        package let value: ConfigurationValue

        package init(_ key: String, _ value: ConfigurationValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of a map's member.
    package subscript(key: String) -> ConfigurationValue? {
        members?.first { $0.key == key }?.value
    }

    package var members: [Member]? {
        if case .map(let members) = self { return members }
        return nil
    }

    package var items: [ConfigurationValue]? {
        if case .list(let items) = self { return items }
        return nil
    }

    package var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// A map with one more member.
    func adding(_ key: String, _ value: ConfigurationValue) -> ConfigurationValue {
        guard case .map(let members) = self else { return self }
        return .map(members + [Member(key, value)])
    }
}

extension ConfigurationValue {
    /// The text as written where JSON allows it, otherwise (`.5`, `1_000.5`) the shortest spelling of the value.
    private static func numberText(_ text: String, _ value: Double) -> String {
        let digits = text.drop { $0 == "-" }
        let isJSON =
            digits.first?.isNumber == true && (digits.first != "0" || digits.dropFirst().first?.isNumber != true)
            && !text.contains("_") && !text.hasPrefix("--") && !text.contains(".e") && !text.contains(".E")
            && text.last != "."
        return isJSON ? text : String(value)
    }

    /// Keeps a node as it is written; only infinities and NaN, which JSON cannot say, are reported.
    init(reading place: Place) {
        switch place.node.content {
        case .scalar(let scalar):
            switch scalar.resolved {
            case .null: self = .null
            case .boolean(let value): self = .boolean(value)
            case .integer(let value): self = .integer(value)
            case .string: self = .string(scalar.text)
            case .number(let value):
                if !value.isFinite { place.malformed("\(scalar.text) has no JSON form; write a finite number") }
                self = .number(Self.numberText(scalar.text, value))
            }
        case .sequence(let items):
            self = .list(items.enumerated().map { ConfigurationValue(reading: place.item($1, index: $0)) })
        case .mapping:
            self = .map(
                (place.members() ?? []).map { member in
                    let child = place.child(member.value, key: member.key, at: member.keyPosition)
                    return Member(member.key, ConfigurationValue(reading: child))
                })
        }
    }
}

extension ConfigurationValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: ConfigurationValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, ConfigurationValue)...) {
        self = .map(elements.map { Member($0.0, $0.1) })
    }
}
