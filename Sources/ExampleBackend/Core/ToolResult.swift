// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The result of a tool call before it is written for a revision.
package struct ToolResult: Sendable {
    var content: [JSONValue]
    var structured: JSONValue?
    var isError = false
    var meta: JSONObject?

    init(_ content: [JSONValue], structured: JSONValue? = nil, meta: JSONObject? = nil) {
        self.content = content
        self.structured = structured
        self.meta = meta
    }

    init(text: String) {
        self.init([Content.text(text)])
    }

    /// A tool execution error: the call was answered, the tool failed (MCP 2025-11-25, tools, error handling).
    static func failure(_ text: String) -> ToolResult {
        var result = ToolResult(text: text)
        result.isError = true
        return result
    }

    func value(for revision: Revision) -> JSONValue {
        var object: JSONObject = ["content": .array(content)]
        if let structured, revision.hasStructuredOutput { object["structuredContent"] = structured }
        if isError { object["isError"] = true }
        if revision.isModern { object["resultType"] = "complete" }
        if let meta { object["_meta"] = .object(meta) }
        return .object(object)
    }
}

/// Thrown by a tool that refuses its input or could not do its work; becomes `isError`.
struct ToolFailure: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

/// The content blocks that tools and prompts are made of.
enum Content {
    static func text(_ text: String) -> JSONValue {
        ["type": "text", "text": .string(text)]
    }

    static func image(_ base64: String, type: String = "image/png") -> JSONValue {
        ["type": "image", "data": .string(base64), "mimeType": .string(type)]
    }

    static func audio(_ base64: String, type: String = "audio/wav") -> JSONValue {
        ["type": "audio", "data": .string(base64), "mimeType": .string(type)]
    }

    static func resource(_ uri: String, text: String, type: String) -> JSONValue {
        ["type": "resource", "resource": contents(uri, text: text, type: type)]
    }

    /// One entry of `contents` in a `resources/read` result.
    static func contents(_ uri: String, text: String, type: String) -> JSONValue {
        ["uri": .string(uri), "mimeType": .string(type), "text": .string(text)]
    }

    static func contents(_ uri: String, base64: String, type: String) -> JSONValue {
        ["uri": .string(uri), "mimeType": .string(type), "blob": .string(base64)]
    }
}
