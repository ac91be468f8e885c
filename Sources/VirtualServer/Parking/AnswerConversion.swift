// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// Turns an entry of `inputResponses` into what a Legacy backend is answered.
enum AnswerConversion {
    /// - Parameter revision: what was negotiated with the backend.
    /// - Returns: the answer, which can be an error where the revision has no way to say it; `nil` when the client sent
    ///   something that is no answer to this question.
    static func answer(
        _ value: JSONSlice, to ask: ParkedAsk, revision: ProtocolRevision
    ) -> Result<JSONSlice, RequestError>? {
        guard value.kind == .object, value.duplicateKey() == nil else { return nil }
        return switch ask.kind {
        case .form(let schema): elicitation(value, schema: schema)
        case .url, .elicitation: elicitation(value, schema: nil)
        case .sampling: sampling(value, revision)
        case .roots: roots(value)
        }
    }

    private static func elicitation(_ value: JSONSlice, schema: JSONSlice?) -> Result<JSONSlice, RequestError>? {
        guard let action = value["action"]?.string, ["accept", "decline", "cancel"].contains(action) else { return nil }
        guard action == "accept", let schema else { return .success(stripped(value, content: false)) }
        guard let content = value["content"], FormSchema(schema).accepts(content) else { return nil }
        return .success(stripped(value, content: true))
    }

    private static func stripped(_ value: JSONSlice, content: Bool) -> JSONSlice {
        var edits: [JSONEdit] = []
        if value["resultType"] != nil { edits.append(JSONEdit(key: "resultType", value: nil)) }
        if !content, value["content"] != nil { edits.append(JSONEdit(key: "content", value: nil)) }
        let crossed = MetaOwnership.crossing(value)
        return edits.isEmpty ? crossed : crossed.editing(edits)
    }

    private static func sampling(
        _ value: JSONSlice, _ revision: ProtocolRevision
    ) -> Result<JSONSlice, RequestError>? {
        guard let role = value["role"]?.string, ["user", "assistant"].contains(role),
            value["model"]?.kind == .string, let content = value["content"]
        else { return nil }
        let blocks: [JSONSlice]
        switch content.kind {
        case .object: blocks = [content]
        case .array: blocks = Array(content.elements)
        default: return nil
        }
        let types = blocks.map { $0["type"]?.string ?? "" }
        guard types.allSatisfy({ blockTypes.contains($0) || toolBlockTypes.contains($0) }) else { return nil }
        let answer = stripped(value, content: true)
        if revision >= .v2025_11_25 { return .success(answer) }
        // Until then an answer was one block of a kind that the backend's revision knows.
        guard let only = blocks.first, blocks.count == 1, !toolBlockTypes.contains(types[0]) else {
            return .failure(
                RequestError(.internalError, "The client's answer has no form in revision \(revision.rawValue)"))
        }
        return .success(
            content.kind == .object ? answer : answer.editing([JSONEdit(key: "content", value: only)]))
    }

    private static let blockTypes: Set<String> = ["text", "image", "audio"]
    private static let toolBlockTypes: Set<String> = ["tool_use", "tool_result"]

    private static func roots(_ value: JSONSlice) -> Result<JSONSlice, RequestError>? {
        guard let roots = value["roots"], roots.kind == .array,
            roots.elements.allSatisfy({ $0["uri"]?.string?.hasPrefix("file://") == true })
        else { return nil }
        return .success(stripped(value, content: true))
    }
}
