// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools without a meaning, to fill lists or to upset readers.
enum SyntheticTools {
    /// `tool_0000`, `tool_0001`, …, each with a definition of the usual size, about 300 bytes.
    static func make(_ count: Int) -> [Tool] {
        (0..<count).map { number in
            let digits = String(number)
            let name = "tool_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            return .answering(
                name, "Looks up record \(number) in a made-up inventory and reports what is known about it.",
                input: Schema.object(
                    ["query": Schema.string("Words to look for."), "limit": Schema.integer("Most hits.", in: 1...50)],
                    required: ["query"])
            ) { _ in ToolResult(text: "\(name) called") }
        }
    }

    /// Definitions that no client should accept.
    static var invalid: [Tool] {
        let answer: Tool.Handler = .answering { _ in .result(["content": []]) }
        return [
            Tool(name: "", definition: ["name": "", "inputSchema": ["type": "object"]], handler: answer),
            Tool(name: "no_schema", definition: ["name": "no_schema"], handler: answer),
            Tool(
                name: "schema_is_text", definition: ["name": "schema_is_text", "inputSchema": "object"],
                handler: answer),
            Tool(
                name: "twice", definition: ["name": "twice", "inputSchema": ["type": "object"]], handler: answer),
            Tool(
                name: "twice", definition: ["name": "twice", "inputSchema": ["type": "object"]], handler: answer),
            Tool(
                name: "no_name", definition: ["description": "Nameless", "inputSchema": ["type": "object"]],
                handler: answer),
        ]
    }
}
