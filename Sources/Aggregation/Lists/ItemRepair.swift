// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// A listed item without the mistakes that strict clients would refuse it for, where undoing them takes nothing away
/// that any client could use. What cannot be undone costs the item (``ItemShape``).
struct ItemRepair {
    private(set) var item: JSONSlice
    /// What was done, each as a part of a sentence.
    private(set) var notes: [String] = []

    init(_ item: JSONSlice, kind: ListKind) {
        self.item = item
        edit(Self.withoutNulls(optionalMembers(kind), in: item, path: "", &notes))
        mendIcons()
        switch kind {
        case .tools:
            mendInputSchema()
            mendOutputSchema()
            mendExecution()
            mendMember("annotations") { Self.withoutNulls(Self.hints, in: $0, path: "annotations.", &$1) }
        case .resources, .resourceTemplates:
            mendMember("annotations") { annotations, notes in
                Self.withoutNulls(Self.audiences.map(\.key), in: annotations, path: "annotations.", &notes)
                    + Self.withoutMisfits(Self.audiences, in: annotations, path: "annotations.", &notes)
            }
            if let size = item["size"], size.kind == .number, size.int == nil { remove("size", "is no whole number") }
        case .prompts: mendArguments()
        }
    }

    private func optionalMembers(_ kind: ListKind) -> [StaticString] {
        let common: [StaticString] = ["title", "description", "icons", "_meta"]
        return switch kind {
        case .tools: common + ["outputSchema", "annotations", "execution"]
        case .resources: common + ["mimeType", "size", "annotations"]
        case .resourceTemplates: common + ["mimeType", "annotations"]
        case .prompts: common + ["arguments"]
        }
    }

    private static let hints: [StaticString] = [
        "title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint",
    ]

    // MARK: Icons

    private mutating func mendIcons() {
        guard let icons = item["icons"] else { return }
        guard icons.kind == .array else { return remove("icons", "is no list") }
        var isChanged = false
        var kept: [JSONValue] = []
        var nulls: [String] = []
        for icon in icons.elements {
            let mended = icon.editing(Self.withoutNulls(["mimeType", "sizes", "theme"], in: icon, path: "", &nulls))
            if mended != icon { isChanged = true }
            if Self.isIcon(mended) { kept.append(.slice(mended)) } else { isChanged = true }
        }
        guard isChanged else { return }
        notes.append("icons that are none are left out")
        edit([JSONEdit(key: "icons", value: kept.isEmpty ? nil : JSONSlice(.array(kept)))])
    }

    private static func isIcon(_ icon: JSONSlice) -> Bool {
        guard icon.kind == .object, icon["src"]?.kind == .string else { return false }
        if let type = icon["mimeType"], type.kind != .string { return false }
        if let sizes = icon["sizes"], !isListOfStrings(sizes) { return false }
        if let theme = icon["theme"], !theme.isString("light"), !theme.isString("dark") { return false }
        return true
    }

    static func isListOfStrings(_ list: JSONSlice) -> Bool {
        list.kind == .array && list.elements.allSatisfy { $0.kind == .string }
    }

    // MARK: Tools

    /// Arguments are an object, so a schema that does not say so means the same with it.
    private mutating func mendInputSchema() {
        mendMember("inputSchema") { schema, notes in
            var edits: [JSONEdit] = []
            if let type = schema["type"] {
                if type.isNull { edits.append(JSONEdit(key: "type", value: JSONSlice(string: "object"))) }
            } else {
                edits.append(JSONEdit(key: "type", value: JSONSlice(string: "object")))
            }
            if !edits.isEmpty { notes.append("\"inputSchema\" is given the type object, which it does not say") }
            return edits + Self.properties(of: schema, "inputSchema", &notes)
        }
    }

    /// A result that no schema speaks of is still a result.
    private mutating func mendOutputSchema() {
        if let schema = item["outputSchema"], schema.kind == .object, let defect = ItemShape.schemaDefect(of: schema) {
            return remove("outputSchema", defect)
        }
        mendMember("outputSchema") { Self.properties(of: $0, "outputSchema", &$1) }
    }

    /// Where a schema may stand, so may `true` and `false`, which revisions before 2026-07-28 forgot: they are said as
    /// objects (JSON Schema 2020-12, 4.3.2).
    private static func properties(
        of schema: JSONSlice, _ name: String, _ notes: inout [String]
    ) -> [JSONEdit] {
        guard let properties = schema["properties"], properties.hasBooleanMember else { return [] }
        notes.append("true and false in \"\(name).properties\" are spelled as objects")
        var spelled = JSONObject()
        for member in properties.members {
            guard let name = member.key.string else { continue }
            let schema = member.value.bool.map { $0 ? JSONSlice.emptyObject : JSONSlice(["not": [:]]) } ?? member.value
            spelled.append(name, .slice(schema))
        }
        return [JSONEdit(key: "properties", value: JSONSlice(.object(spelled)))]
    }

    private mutating func mendExecution() {
        guard let support = item["execution"]?["taskSupport"] else { return }
        let isKnown = support.isString("forbidden") || support.isString("optional") || support.isString("required")
        if !isKnown { remove("execution", "says nothing that is known of tasks") }
    }

    // MARK: Resources

    private typealias Fit = (key: StaticString, fits: @Sendable (JSONSlice) -> Bool)

    private static let audiences: [Fit] = [
        (
            "audience",
            { list in
                list.kind == .array && list.elements.allSatisfy { $0.isString("user") || $0.isString("assistant") }
            }
        ),
        ("priority", { number in number.double.map { (0...1).contains($0) } ?? false }),
        ("lastModified", { $0.kind == .string }),
    ]

    private static func withoutMisfits(
        _ fits: [Fit], in object: JSONSlice, path: String, _ notes: inout [String]
    ) -> [JSONEdit] {
        fits.compactMap { key, fits in
            guard let value = object[key], !value.isNull, !fits(value) else { return nil }
            notes.append("\"\(path)\(key)\" has a value that it cannot have and is left out")
            return JSONEdit(key: "\(key)", value: nil)
        }
    }

    // MARK: Prompts

    private mutating func mendArguments() {
        guard let arguments = item["arguments"], arguments.kind == .array else { return }
        var found: [String] = []
        let mended = arguments.elements.map { argument -> JSONValue in
            let edits = Self.withoutNulls(
                ["title", "description", "required"], in: argument, path: "arguments[].", &found)
            return .slice(edits.isEmpty ? argument : argument.editing(edits))
        }
        guard let first = found.first else { return }
        notes.append(first)
        edit([JSONEdit(key: "arguments", value: JSONSlice(.array(mended)))])
    }

    // MARK: Edits

    /// `null` is how some languages spell what is not there.
    private static func withoutNulls(
        _ keys: [StaticString], in object: JSONSlice, path: String, _ notes: inout [String]
    ) -> [JSONEdit] {
        keys.compactMap { key in
            guard object[key]?.isNull == true else { return nil }
            notes.append("\"\(path)\(key)\" is null and is left out")
            return JSONEdit(key: "\(key)", value: nil)
        }
    }

    private mutating func mendMember(
        _ key: StaticString, _ mend: (JSONSlice, inout [String]) -> [JSONEdit]
    ) {
        guard let member = item[key], member.kind == .object else { return }
        let edits = mend(member, &notes)
        guard !edits.isEmpty else { return }
        edit([JSONEdit(key: "\(key)", value: member.editing(edits))])
    }

    private mutating func remove(_ key: StaticString, _ defect: String) {
        notes.append("\"\(key)\" \(defect) and is left out")
        edit([JSONEdit(key: "\(key)", value: nil)])
    }

    private mutating func edit(_ edits: [JSONEdit]) {
        if !edits.isEmpty { item = item.editing(edits) }
    }
}

extension JSONSlice {
    /// Whether one of the members is `true` or `false`.
    fileprivate var hasBooleanMember: Bool { members.contains { $0.value.kind == .boolean } }
}
