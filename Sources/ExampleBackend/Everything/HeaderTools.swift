// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// Tools whose arguments a Modern client repeats in `Mcp-Param-*` headers.
enum HeaderTools {
    static var all: [Tool] {
        let turn = Turn()
        return [custom, rotating(0), rotate(turn)]
    }

    private static let custom = Tool.answering(
        "test_custom_headers", "Answers with its arguments, which are repeated in headers, as JSON.",
        input: Schema.object([
            "region": ["type": "string", "description": "Any text.", "x-mcp-header": "Region"],
            "count": ["type": "integer", "description": "Any integer.", "x-mcp-header": "Count"],
            "verbose": ["type": "boolean", "description": "Yes or no.", "x-mcp-header": "Verbose"],
            "place": [
                "type": "object", "description": "Something with an annotated part.",
                "properties": [
                    "zone": ["type": "string", "description": "Any text.", "x-mcp-header": "Zone"]
                ],
            ],
            "note": Schema.string("Not repeated."),
        ])
    ) { call in
        ToolResult(text: (call.arguments ?? .emptyObject).description)
    }

    // MARK: A header that changes its name

    private static let rotatingName = "rotating_header"

    private static func rotating(_ number: Int) -> Tool {
        Tool.answering(
            rotatingName, "Answers with its argument, whose header rotate_header gives another name.",
            input: Schema.object([
                "value": [
                    "type": "string", "description": "Any text.", "x-mcp-header": .string("Rotating-\(number)"),
                ]
            ])
        ) { call in
            ToolResult(text: call.arguments?["value"]?.string ?? "")
        }
    }

    private static func rotate(_ turn: Turn) -> Tool {
        Tool.running(
            "rotate_header", "Renames the header of rotating_header; says that the tools changed only if asked to.",
            .changing, input: Schema.object(["announce": Schema.boolean("Say that the tools changed.")])
        ) { call, _ in
            let number = turn.next()
            guard call.server.catalogue.replace(rotating(number)) else {
                throw ToolFailure("The tool rotating_header is gone.")
            }
            if call.arguments?["announce"]?.bool == true { await call.server.announce(list: "tools") }
            return ToolResult(text: "Rotating-\(number)")
        }
    }

    /// A number that only grows.
    private final class Turn: Sendable {
        private let value = Atomic<Int>(0)
        func next() -> Int { value.add(1, ordering: .relaxed).newValue }
    }

    // MARK: Broken annotations

    /// One tool for every rule that an annotation can break, to be left out by clients over HTTP.
    static var invalid: [Tool] {
        let text: JSONObject = ["type": "string"]
        func annotated(_ header: JSONValue, type: JSONValue = "string") -> JSONValue {
            ["type": type, "x-mcp-header": header]
        }
        let schemas: [(String, JSONObject)] = [
            ("empty", ["a": annotated("")]),
            ("space", ["a": annotated("My Header")]),
            ("line_break", ["a": annotated("My\r\nHeader")]),
            ("not_ascii", ["a": annotated("Größe")]),
            ("not_a_string", ["a": annotated(7)]),
            ("number", ["a": annotated("Number", type: "number")]),
            ("object", ["a": annotated("Object", type: "object")]),
            ("array", ["a": annotated("Array", type: "array")]),
            ("twice", ["a": annotated("Same"), "b": annotated("sAME")]),
            ("in_items", ["a": ["type": "array", "items": annotated("Item")], "b": .object(text)]),
        ]
        return schemas.map { name, properties in
            Tool.answering(
                "invalid_header_\(name)", "Has an x-mcp-header annotation that breaks the rules.",
                input: Schema.object(properties)
            ) { _ in ToolResult(text: "You should not have called me") }
        }
    }
}
