// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// What a composite tool answers.
    package struct CompositeOutput: Sendable, Hashable {
        package let properties: [String: CompositeProperty]
        package let required: [String]
    }

    /// One property of the answer.
    package indirect enum CompositeProperty: Sendable, Hashable {
        /// Made by a template.
        case value(type: PropertyType, description: String, template: String, default: ConfigurationValue?)
        /// An object with properties of its own.
        case object(description: String, properties: [String: CompositeProperty])

        package enum PropertyType: String, Sendable, Hashable, CaseIterable {
            case string
            case integer
            case number
            case boolean
            case object
            case array
        }

        /// Every template of this property.
        var templates: [String] {
            switch self {
            case .value(_, _, let template, _): [template]
            case .object(_, let properties): properties.values.flatMap(\.templates)
            }
        }
    }
}

extension Configuration.CompositeOutput: Section {
    static let summary = "What a composite tool answers."

    private enum Keys {
        static let properties = Key<[String: Configuration.CompositeProperty]>(
            "properties", .map(of: .section), required: true, "The properties of the answer.")
        static let required = DefaultKey<[String]>(
            "required", .strings, default: [], "Those that are always there.")
    }

    static let keys: [any SectionKey] = [Keys.properties, Keys.required]

    init(reading section: SectionReader) {
        properties = section[Keys.properties] ?? [:]
        required = section[Keys.required]
        let place = section.at(Keys.properties)
        if section.has(Keys.properties), place.members()?.isEmpty == true {
            place.refuse("must have at least one property; add one or remove the output")
        }
        let names = Set((place.members() ?? []).map(\.key))
        for (item, name) in section.at(Keys.required).texts where section.has(Keys.properties) && !names.contains(name)
        {
            item.refuse(
                "\(quoted(name)) is not among the properties; add it there or remove it here")
        }
    }
}

extension Configuration.CompositeProperty: Section {
    static let summary = "One property of the answer."

    private enum Keys {
        static let type = Key<PropertyType>("type", .name, required: true, "What it is.")
        static let description = Key<String>("description", .nonEmptyString, required: true, "What it means.")
        static let value = Key<String>("value", .string, "A template; or properties.")
        static let properties = Key<[String: Configuration.CompositeProperty]>(
            "properties", .map(of: .section), "The properties of an object; or value.")
        static let `default` = Key<ConfigurationValue>("default", .anything, "When the template has nothing to say.")
    }

    static let keys: [any SectionKey] = [Keys.type, Keys.description, Keys.value, Keys.properties, Keys.default]

    private static let maximumDepth = 10

    init(reading section: SectionReader) {
        let type = section[Keys.type]
        let description = section[Keys.description] ?? ""
        let template = section[Keys.value].nonEmpty
        let properties = section[Keys.properties]
        let fallback = section[Keys.default]
        if let properties, template == nil {
            self = .object(description: description, properties: properties)
        } else {
            self = .value(
                type: type ?? .string, description: description, template: template ?? "", default: fallback)
        }
        let isNested = section.has(Keys.properties)
        if template != nil, isNested { section.refuse(Keys.properties, "only one of value and properties may be set") }
        if template == nil, !isNested {
            section.missing("value", type == .object ? "write value or properties" : "write a template")
        }
        if let type, type != .object, isNested {
            section.refuse(Keys.properties, "are only for type: object; write value")
        }
        if let problem = template.flatMap({ TemplateText($0).problem }) { section.refuse(Keys.value, problem) }
        if let fallback, let type, !Self.fits(fallback, type) {
            section.refuse(Keys.default, "does not fit type: \(type.rawValue); write a value of that type")
        }
        if section.place.keyPath.components(of: ".properties").count > Self.maximumDepth + 1 {
            section.place.refuse("is nested deeper than \(Self.maximumDepth) levels; flatten the output")
        }
    }

    /// Whether a default may stand in for a value of the type; texts are converted when the tool answers.
    private static func fits(_ value: ConfigurationValue, _ type: PropertyType) -> Bool {
        switch (type, value) {
        case (.string, _), (_, .string), (_, .null): true
        case (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number): true
        case (.boolean, .boolean), (.boolean, .integer): true
        case (.object, .map), (.array, .list): true
        default: false
        }
    }
}

extension String {
    /// The parts between the occurrences of a separator.
    fileprivate func components(of separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
