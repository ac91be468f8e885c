// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
package import MCPTypes

/// A backend's question in the words of the client's revision.
package enum QuestionDialect {
    /// The caller's channel, behind a translation where its revision is older than what backends may ask.
    static func channel(for caller: Caller) -> any ClientChannel {
        channel(caller.channel, of: caller.revision)
    }

    /// The way to a client of `revision` outside of its requests.
    package static func channel(_ base: any ClientChannel, of revision: ProtocolRevision) -> any ClientChannel {
        revision >= .latestLegacy ? base : DialectChannel(base, revision)
    }

    /// What a client of `revision` may be asked at all, whatever it declared.
    static func capabilities(_ declared: ClientCapabilities, _ revision: ProtocolRevision) -> ClientCapabilities {
        guard revision < .v2025_11_25 else { return declared }
        var known = declared
        // Modes came with 2025-11-25; before, the capability means forms.
        known.elicitation = revision < .v2025_06_18 || !declared.elicitsForms ? nil : .emptyObject
        if declared.sampling != nil { known.sampling = .emptyObject }
        return known
    }

    /// The parameters for a client of `revision`; the same bytes where nothing is new to it.
    ///
    /// - Throws: when the question cannot be put so that the client would understand it.
    static func adapted(
        _ method: MCPMethod, _ params: JSONSlice?, for revision: ProtocolRevision
    ) throws(RequestError) -> JSONSlice? {
        guard let params, revision < .v2025_11_25 else { return params }
        switch method {
        case .elicit: return try elicitation(params)
        case .createMessage: return try sampling(params, revision)
        default: return params
        }
    }

    // MARK: Elicitation, 2025-06-18

    private static func elicitation(_ params: JSONSlice) throws(RequestError) -> JSONSlice {
        guard params["mode"].map({ $0.isString("form") }) ?? true else {
            throw .invalidParams("The client's revision knows only form elicitation")
        }
        var edits: [JSONEdit] = []
        if params["mode"] != nil { edits.append(JSONEdit(key: "mode", value: nil)) }
        if let schema = params["requestedSchema"], let properties = schema["properties"] {
            var changed: [JSONEdit] = []
            for member in properties.members {
                guard let name = member.key.string else { continue }
                let property = try field(member.value, name)
                if property != member.value { changed.append(JSONEdit(key: name, value: property)) }
            }
            if !changed.isEmpty {
                let older = schema.editing([JSONEdit(key: "properties", value: properties.editing(changed))])
                edits.append(JSONEdit(key: "requestedSchema", value: older))
            }
        }
        return edits.isEmpty ? params : params.editing(edits)
    }

    /// One field of a form: text, number, boolean, or one choice out of some texts. A default is a help that can be left
    /// out; only booleans had one.
    private static func field(_ schema: JSONSlice, _ name: String) throws(RequestError) -> JSONSlice {
        func unknown() -> RequestError {
            .invalidParams("The client's revision has no form field of the kind of \"\(name.bounded(to: 64))\"")
        }
        switch schema["type"]?.string {
        case "boolean": return schema
        case "number", "integer": return schema.withoutDefault
        case "string":
            guard schema["anyOf"] == nil else { throw unknown() }
            guard let choices = schema["oneOf"] else { return schema.withoutDefault }
            guard choices.kind == .array, schema["enum"] == nil else { throw unknown() }
            var values: [JSONValue] = []
            var titles: [JSONValue] = []
            for choice in choices.elements {
                guard let value = choice["const"], value.kind == .string else { throw unknown() }
                values.append(.slice(value))
                titles.append(.slice(choice["title"].flatMap { $0.kind == .string ? $0 : nil } ?? value))
            }
            guard !values.isEmpty else { throw unknown() }
            return schema.editing([
                JSONEdit(key: "oneOf", value: nil), JSONEdit(key: "default", value: nil),
                JSONEdit(key: "enum", value: JSONSlice(.array(values))),
                JSONEdit(key: "enumNames", value: JSONSlice(.array(titles))),
            ])
        default: throw unknown()
        }
    }

    // MARK: Sampling, before 2025-11-25

    private static func sampling(
        _ params: JSONSlice, _ revision: ProtocolRevision
    ) throws(RequestError) -> JSONSlice {
        guard params["tools"] == nil, params["toolChoice"] == nil else {
            throw .invalidParams("The client's revision has no tools in sampling")
        }
        guard let messages = params["messages"], messages.kind == .array else { return params }
        var isChanged = false
        var adapted: [JSONValue] = []
        for message in messages.elements {
            guard let content = message["content"] else {
                adapted.append(.slice(message))
                continue
            }
            var block = content
            if content.kind == .array {
                let blocks = Array(content.elements.prefix(2))
                guard let only = blocks.first, blocks.count == 1 else {
                    throw .invalidParams("The client's revision takes one block of content in a message")
                }
                block = only
                isChanged = true
            }
            let isKnown =
                switch block["type"]?.string {
                case "text", "image": true
                case "audio": revision >= .v2025_03_26
                default: false
                }
            guard isKnown else { throw .invalidParams("The client's revision has no such content in a message") }
            adapted.append(.slice(message.editing([JSONEdit(key: "content", value: block)])))
        }
        guard isChanged else { return params }
        return params.editing([JSONEdit(key: "messages", value: JSONSlice(.array(adapted)))])
    }
}

extension JSONSlice {
    fileprivate var withoutDefault: JSONSlice {
        self["default"] == nil ? self : editing([JSONEdit(key: "default", value: nil)])
    }
}

/// The channel of a client of an older revision.
struct DialectChannel: ClientChannel {
    private let base: any ClientChannel
    private let revision: ProtocolRevision
    let capabilities: ClientCapabilities

    init(_ base: any ClientChannel, _ revision: ProtocolRevision) {
        self.base = base
        self.revision = revision
        capabilities = QuestionDialect.capabilities(base.capabilities, revision)
    }

    func notify(_ method: MCPMethod, params: JSONSlice?) { base.notify(method, params: params) }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        try await base.ask(method, params: QuestionDialect.adapted(method, params, for: revision))
    }
}
