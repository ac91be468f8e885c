// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The types that the protocol's schema demands of a listed item's members (2025-11-25, Schema Reference).
///
/// Clients that check refuse a whole list for one item that breaks them, so such an item would take every other
/// backend's items with it.
enum ItemShape {
    /// What one member must be.
    private enum Rule {
        case string
        case boolean
        case number
        case object
        case array
        /// An object whose `type` is `object`.
        case objectSchema

        var phrase: String {
            switch self {
            case .string: "a string"
            case .boolean: "true or false"
            case .number: "a number"
            case .object: "an object"
            case .array: "a list"
            case .objectSchema: "a schema of an object"
            }
        }

        func admits(_ value: JSONSlice) -> Bool {
            switch self {
            case .string: value.kind == .string
            case .boolean: value.kind == .boolean
            case .number: value.kind == .number
            case .object: value.kind == .object
            case .array: value.kind == .array
            case .objectSchema: value.kind == .object && value["type"]?.isString("object") == true
            }
        }
    }

    private typealias Rules = [(key: StaticString, rule: Rule)]

    private static let common: Rules = [
        ("title", .string), ("description", .string), ("icons", .array), ("_meta", .object),
    ]
    private static let ofTools: Rules = [
        ("inputSchema", .objectSchema), ("outputSchema", .object), ("annotations", .object), ("execution", .object),
    ]
    private static let ofToolAnnotations: Rules = [
        ("title", .string), ("readOnlyHint", .boolean), ("destructiveHint", .boolean), ("idempotentHint", .boolean),
        ("openWorldHint", .boolean),
    ]
    private static let ofResources: Rules = [
        ("name", .string), ("mimeType", .string), ("size", .number), ("annotations", .object),
    ]
    private static let ofPrompts: Rules = [("arguments", .array)]
    private static let ofArguments: Rules = [
        ("name", .string), ("title", .string), ("description", .string), ("required", .boolean),
    ]

    /// What is wrong with `item`, as the end of a sentence; `nil` when clients can take it.
    static func defect(of item: JSONSlice, kind: ListKind) -> String? {
        if let defect = violation(of: common, in: item) { return defect }
        switch kind {
        case .tools:
            guard item["inputSchema"] != nil else { return "the item has no \"inputSchema\"" }
            return violation(of: ofTools, in: item)
                ?? item["annotations"].flatMap { violation(of: ofToolAnnotations, in: $0, path: "annotations.") }
                ?? item["inputSchema"].flatMap { schemaDefect(of: $0) }.map { "\"inputSchema\" \($0)" }
        case .resources, .resourceTemplates:
            guard item["name"] != nil else { return "the item has no \"name\"" }
            return violation(of: ofResources, in: item)
        case .prompts:
            if let defect = violation(of: ofPrompts, in: item) { return defect }
            for argument in item["arguments"]?.elements ?? JSONSlice.emptyArray.elements {
                guard argument.kind == .object, argument["name"] != nil else { return "an argument has no \"name\"" }
                if let defect = violation(of: ofArguments, in: argument, path: "arguments[].") { return defect }
            }
            return nil
        }
    }

    /// What no client can make sense of in the schema of an object, as the end of a sentence.
    static func schemaDefect(of schema: JSONSlice) -> String? {
        if let dialect = schema["$schema"], dialect.kind != .string { return "has a $schema that is no string" }
        if let required = schema["required"], !ItemRepair.isListOfStrings(required) {
            return "requires something else than a list of names"
        }
        guard let properties = schema["properties"] else { return nil }
        let areSchemas =
            properties.kind == .object
            && properties.members.allSatisfy { $0.value.kind == .object || $0.value.kind == .boolean }
        return areSchemas ? nil : "has properties that are no schemas"
    }

    private static func violation(of rules: Rules, in item: JSONSlice, path: StaticString = "") -> String? {
        for member in item.members {
            for (key, rule) in rules where member.key.isString(key) && !rule.admits(member.value) {
                return "\"\(path)\(key)\" is not \(rule.phrase)"
            }
        }
        return nil
    }
}
