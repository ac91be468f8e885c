// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The JSON Schema of the configuration file, for editors.
package enum ConfigurationSchema {
    /// The schema (draft 2020-12) as text; the same text every time.
    ///
    /// It is made from the key tables that the reader uses. The reader stays the authority: it also knows the rules
    /// between keys, and it takes YAML spellings (`yes`, an unquoted number for a text) that a schema cannot express.
    package static func jsonSchema() -> String {
        let definitions = SchemaDefinitions()
        let root = definitions.schema(of: Configuration.self)
        var members: [ConfigurationValue.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"),
            .init("title", "vmcp.yaml"),
        ]
        members += root.members ?? []
        members.append(.init("$defs", definitions.all()))
        return ConfigurationValue.map(members).json(indentation: 2) + "\n"
    }
}

/// The sections that a schema refers to, each described once.
final class SchemaDefinitions {
    private var schemas: [String: ConfigurationValue] = [:]
    private var waiting: [(name: String, section: any Section.Type)] = []
    private var seen: Set<String> = []
    private let visit: (any Section.Type) -> Void

    /// Collects definitions and shows each section to `visit`, once for each mention.
    init(visit: @escaping (any Section.Type) -> Void = { _ in }) {
        self.visit = visit
    }

    func reference(to section: any Section.Type) -> ConfigurationValue {
        let name = String(describing: section)
        visit(section)
        if seen.insert(name).inserted { waiting.append((name, section)) }
        return ["$ref": .string("#/$defs/\(name)")]
    }

    func schema(of section: any Section.Type) -> ConfigurationValue {
        let keys = section.keys
        let properties = keys.map { ConfigurationValue.Member($0.name, $0.schema(self)) }
        let required = keys.filter(\.isRequired).map { ConfigurationValue.string($0.name) }
        var schema: ConfigurationValue = ["description": .string(section.summary), "type": "object"]
        if !required.isEmpty { schema = schema.adding("required", .list(required)) }
        return schema.adding("properties", .map(properties)).adding("additionalProperties", false)
    }

    /// Every section that was referred to, in the order of their names.
    func all() -> ConfigurationValue {
        while let next = waiting.popLast() { schemas[next.name] = schema(of: next.section) }
        return .map(schemas.sorted { $0.key < $1.key }.map { ConfigurationValue.Member($0.key, $0.value) })
    }
}
