// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One key of a section: its name, what it takes, and what it means.
///
/// The same value drives the reader, the unknown-key check and the JSON Schema, so the three cannot drift apart.
struct Key<Value: Sendable>: Sendable {
    let name: String
    let type: ValueType<Value>
    let summary: String
    let isRequired: Bool

    init(_ name: String, _ type: ValueType<Value>, required: Bool = false, _ summary: String) {
        self.name = name
        self.type = type
        self.isRequired = required
        self.summary = summary
    }
}

/// A key that has a value even when the file does not mention it.
struct DefaultKey<Value: Sendable>: Sendable {
    let key: Key<Value>
    let fallback: Value

    init(_ name: String, _ type: ValueType<Value>, default fallback: Value, _ summary: String) {
        key = Key(name, type, summary)
        self.fallback = fallback
    }
}

/// A key without its type, for the lists of keys.
protocol SectionKey: Sendable {
    var name: String { get }
    var isRequired: Bool { get }
    /// Whether the key says what it means.
    var isDocumented: Bool { get }
    /// The JSON Schema of the value, with its description and default.
    func schema(_ definitions: SchemaDefinitions) -> ConfigurationValue
}

extension Key: SectionKey {
    var isDocumented: Bool { !summary.isEmpty }

    func schema(_ definitions: SchemaDefinitions) -> ConfigurationValue {
        type.schema(definitions).adding("description", .string(summary))
    }
}

extension DefaultKey: SectionKey {
    var name: String { key.name }
    var isRequired: Bool { false }
    var isDocumented: Bool { key.isDocumented }

    func schema(_ definitions: SchemaDefinitions) -> ConfigurationValue {
        let schema = key.schema(definitions)
        guard let value = key.type.spell(fallback) else { return schema }
        return schema.adding("default", value)
    }
}

/// A map of the configuration with a fixed set of keys.
protocol Section: Sendable {
    /// One sentence for the JSON Schema.
    static var summary: String { get }
    static var keys: [any SectionKey] { get }
    /// Reads what is there; anything wrong is reported and replaced by a harmless value, so this never fails.
    init(reading section: SectionReader)
}
