// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// A backend's result in the words of a Legacy client's revision.
///
/// Where nothing is new to the client the result is the same bytes, and whether there is something is told by the two
/// revisions before any of it is looked at.
enum ResultDialect {
    static func legacy(
        _ result: JSONSlice, of method: MCPMethod, from era: ProtocolRevision.Era, to revision: ProtocolRevision
    ) -> JSONSlice {
        var result = result
        if era == .modern {
            result = ModernResult.legacy(result)
            if method == .toolsCall { result = withObjectAsStructure(result) }
        }
        guard revision < .v2025_06_18 else { return result }
        switch method {
        case .toolsCall: return withKnownContent(withTextForStructure(result), revision)
        case .promptsGet: return withKnownMessages(result, revision)
        default: return result
        }
    }

    // MARK: Structure

    /// Before 2026-07-28 a structured result is an object; another one becomes text.
    private static func withObjectAsStructure(_ result: JSONSlice) -> JSONSlice {
        guard let structure = result["structuredContent"], structure.kind != .object else { return result }
        let plain = result.editing([JSONEdit(key: "structuredContent", value: nil)])
        return withText(of: structure, in: plain)
    }

    /// Before 2025-06-18 nobody looks at the structure.
    private static func withTextForStructure(_ result: JSONSlice) -> JSONSlice {
        guard let structure = result["structuredContent"] else { return result }
        return withText(of: structure, in: result)
    }

    /// The result with a text block that has the structure's JSON, unless it has text already, which then says the same
    /// (2025-06-18, Tools, Structured Content).
    private static func withText(of structure: JSONSlice, in result: JSONSlice) -> JSONSlice {
        let blocks = result["content"].map { Array($0.elements) } ?? []
        guard !blocks.contains(where: { $0["type"]?.isString("text") == true }) else { return result }
        let text: JSONValue = ["type": "text", "text": .string(structure.description)]
        return result.editing([
            JSONEdit(key: "content", value: JSONSlice(.array([text] + blocks.map { .slice($0) })))
        ])
    }

    // MARK: Content

    private static func withKnownContent(_ result: JSONSlice, _ revision: ProtocolRevision) -> JSONSlice {
        guard let content = result["content"], content.kind == .array else { return result }
        var isChanged = false
        let blocks = content.elements.map { block -> JSONValue in
            guard let known = known(block, revision) else { return .slice(block) }
            isChanged = true
            return known
        }
        guard isChanged else { return result }
        return result.editing([JSONEdit(key: "content", value: JSONSlice(.array(blocks)))])
    }

    private static func withKnownMessages(_ result: JSONSlice, _ revision: ProtocolRevision) -> JSONSlice {
        guard let messages = result["messages"], messages.kind == .array else { return result }
        var isChanged = false
        let adapted = messages.elements.map { message -> JSONValue in
            guard let content = message["content"], let known = known(content, revision) else { return .slice(message) }
            isChanged = true
            return .slice(message.editing([JSONEdit(key: "content", value: JSONSlice(known))]))
        }
        guard isChanged else { return result }
        return result.editing([JSONEdit(key: "messages", value: JSONSlice(.array(adapted)))])
    }

    /// What stands for a block that the revision does not have; `nil` for one that it has.
    private static func known(_ block: JSONSlice, _ revision: ProtocolRevision) -> JSONValue? {
        guard let type = block["type"] else { return nil }
        if type.isString("resource_link") { return link(block) }
        if type.isString("audio"), revision < .v2025_03_26 { return audio(block) }
        return nil
    }

    /// 2025-06-18 brought links; before, the address is all that there is to give.
    private static func link(_ block: JSONSlice) -> JSONValue {
        let uri = block["uri"]?.string ?? ""
        let title = block["title"]?.string ?? block["name"]?.string
        let text = title.map { "\($0): \(uri)" } ?? uri
        return ["type": "text", "text": .string(text)]
    }

    /// 2025-03-26 brought sound; before, it is a file like others.
    private static func audio(_ block: JSONSlice) -> JSONValue {
        guard let data = block["data"], data.kind == .string else {
            return ["type": "text", "text": "(audio without data)"]
        }
        var resource: JSONObject = ["uri": "audio:content"]
        if let type = block["mimeType"], type.kind == .string { resource["mimeType"] = .slice(type) }
        resource["blob"] = .slice(data)
        return ["type": "resource", "resource": .object(resource)]
    }
}
