// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// A tool whose input schema uses the keywords of JSON Schema 2020-12 that careless relays lose.
enum SchemaTool {
    static let tool = Tool.answering(
        "json_schema_2020_12_tool", "A tool with JSON Schema 2020-12 features.", input: schema
    ) { call in
        ToolResult(text: "JSON Schema 2020-12 tool called with: \(call.arguments ?? .emptyObject)")
    }

    private static let address: JSONValue = [
        "$anchor": "addressDef", "type": "object",
        "properties": ["street": ["type": "string"], "city": ["type": "string"]],
    ]

    private static let contact: JSONValue = [
        "anyOf": [["required": ["phone"]], ["required": ["email"]]]
    ]

    private static let schema: JSONValue = [
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": ["address": address],
        "properties": [
            "name": ["type": "string"],
            "address": ["$ref": "#/$defs/address"],
            "contactMethod": ["type": "string", "enum": ["phone", "email"]],
            "phone": ["type": "string"],
            "email": ["type": "string"],
        ],
        "allOf": [contact],
        "if": ["properties": ["contactMethod": ["const": "phone"]], "required": ["contactMethod"]],
        "then": ["required": ["phone"]],
        "else": ["required": ["email"]],
        "additionalProperties": false,
    ]
}
