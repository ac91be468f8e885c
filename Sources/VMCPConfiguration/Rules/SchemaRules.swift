// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The shape of JSON Schemas in the configuration: what can be said without compiling them.
enum SchemaRules {
    private static let types = ["array", "boolean", "integer", "null", "number", "object", "string"]

    /// The schema of a tool's arguments, which are always an object.
    static func checkArguments(_ schema: ConfigurationValue, at place: Place) {
        switch schema["type"] {
        case nil, .null: place.refuse("must have a type; write type: object")
        case "object": break
        case .some: place.entry("type").refuse("must be object; arguments are always an object")
        }
        check(schema, at: place)
    }

    /// Any schema: known types, maps where maps belong and lists where lists belong, at every depth.
    static func check(_ schema: ConfigurationValue, at place: Place) {
        guard let members = schema.members else { return }
        let children = place.children
        for member in members {
            let child = children[member.key] ?? place
            switch (member.key, member.value) {
            case ("type", .string(let name)) where !types.contains(name):
                child.refuse("\(quoted(name)) is not a JSON type." + Suggestion.text(for: name, among: types))
            case ("type", .string), ("type", .list): break
            case ("type", _): child.refuse("must be the name of a type")
            case ("required", .list(let names)):
                if names.contains(where: { $0.string == nil }) { child.refuse("must be a list of names") }
            case ("required", _): child.refuse("must be a list of names; write [name]")
            case ("properties", .map(let properties)), ("$defs", .map(let properties)):
                let places = child.children
                for property in properties { checkSubschema(property.value, at: places[property.key] ?? child) }
            case ("properties", _), ("$defs", _): child.refuse("must be a map")
            case ("items", let item): checkSubschema(item, at: child)
            case ("enum", .list): break
            case ("enum", _): child.refuse("must be a list of values")
            default: break
            }
        }
    }

    private static func checkSubschema(_ schema: ConfigurationValue, at place: Place) {
        switch schema {
        case .map: check(schema, at: place)
        case .boolean: break
        default: place.refuse("must be a schema; write a map such as {type: string}")
        }
    }
}
