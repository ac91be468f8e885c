// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a key takes: how it is read and how the JSON Schema describes it.
struct ValueType<Value: Sendable>: Sendable {
    /// The JSON Schema fragment; a function because sections may contain themselves.
    let schema: @Sendable (SchemaDefinitions) -> ConfigurationValue
    /// Reads a value that is not null; nil when it was malformed and reported.
    let read: @Sendable (Place) -> Value?
    /// Spells a default for the JSON Schema.
    let spell: @Sendable (Value) -> ConfigurationValue?
    /// Whether a null deserves a word: a section without content looks as if it did something.
    var isSection: Bool { placeholder != nil }
    /// What stands in for a malformed section in a list, so that the ones behind it keep their index.
    let placeholder: (@Sendable () -> Value)?

    init(
        schema: @escaping @Sendable (SchemaDefinitions) -> ConfigurationValue,
        spell: @escaping @Sendable (Value) -> ConfigurationValue? = { _ in nil },
        placeholder: (@Sendable () -> Value)? = nil,
        read: @escaping @Sendable (Place) -> Value?
    ) {
        self.schema = schema
        self.read = read
        self.spell = spell
        self.placeholder = placeholder
    }
}

extension ValueType {
    /// The same value, with a further rule for it: a message when it is broken.
    func checked(_ rule: @escaping @Sendable (Value) -> String?) -> ValueType {
        let read = read
        return ValueType(schema: schema, spell: spell, placeholder: placeholder) { place in
            guard let value = read(place) else { return nil }
            guard let message = rule(value) else { return value }
            place.refuse(message)
            return nil
        }
    }

    /// Further members for the JSON Schema.
    func describing(_ members: (String, ConfigurationValue)...) -> ValueType {
        let schema = schema
        return ValueType(
            schema: { definitions in members.reduce(schema(definitions)) { $0.adding($1.0, $1.1) } },
            spell: spell, placeholder: placeholder, read: read)
    }
}

extension ValueType where Value: Section {
    /// A map with the keys of a section.
    static var section: ValueType {
        ValueType(
            schema: { $0.reference(to: Value.self) }, placeholder: { Value(reading: .empty(keys: Value.keys)) },
            read: { place in
                guard let members = place.members() else {
                    place.malformed("expected a map, found \(place.kind)")
                    return nil
                }
                let reader = SectionReader(place, members: members, keys: Value.keys)
                let section = Value(reading: reader)
                assert(reader.neglected.isEmpty, "\(Value.self) does not read \(reader.neglected)")
                return section
            })
    }
}
