// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools that answer at once with every kind of content; the names are those of the conformance suite.
enum ContentTools {
    static var all: [Tool] {
        [
            .answering("test_simple_text", "Answers with one text.") { _ in
                ToolResult(text: "This is a simple text response for testing.")
            },
            .answering("test_image_content", "Answers with an image.") { _ in
                ToolResult([Content.image(Samples.png)])
            },
            .answering("test_audio_content", "Answers with a sound.") { _ in
                ToolResult([Content.audio(Samples.wav)])
            },
            .answering("test_embedded_resource", "Answers with an embedded resource.") { _ in
                ToolResult([
                    Content.resource(
                        "test://embedded-resource", text: "This is an embedded resource content.",
                        type: "text/plain")
                ])
            },
            .answering("test_multiple_content_types", "Answers with text, an image and a resource.") { _ in
                ToolResult([
                    Content.text("Multiple content types test:"),
                    Content.image(Samples.png),
                    Content.resource(
                        "test://mixed-content-resource", text: #"{"test":"data","value":123}"#,
                        type: "application/json"),
                ])
            },
            .answering("test_error_handling", "Always fails.") { _ in
                .failure("This tool intentionally returns an error for testing")
            },
            resourceLink, metaResult, structured,
        ]
    }

    private static let resourceLink = Tool.answering(
        "resource_link", "Answers with a link to a resource that is in no list but can be read."
    ) { _ in
        ToolResult([
            [
                "type": "resource_link", "uri": "test://hidden/report", "name": "report",
                "description": "A resource that no list shows", "mimeType": "text/plain",
            ]
        ])
    }

    private static let metaResult = Tool.answering(
        "meta_result", "Answers with vendor, trace and reserved keys in the result's _meta."
    ) { _ in
        ToolResult(
            [["type": "text", "text": "See _meta.", "_meta": ["com.example/part": 1]]],
            meta: [
                "com.example/vendor": ["kept": true, "order": [3, 1, 2]],
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "tracestate": "example=1",
                "io.modelcontextprotocol/serverInfo": ["name": "impostor", "version": "0"],
                "io.modelcontextprotocol/subscriptionId": "not-yours",
            ])
    }

    private static let structured = Tool.answering(
        "structured", "Answers with structured content and the same as text.", title: "Structured output",
        input: Schema.object([
            "city": Schema.string("Where to look."),
            "broken": Schema.boolean("Answer with content that does not fit the output schema."),
        ]),
        output: Schema.object(
            [
                "city": Schema.string("Where it was measured."),
                "temperature": ["type": "number", "description": "Degrees Celsius."],
                "conditions": Schema.string("The weather in words."),
            ], required: ["city", "temperature", "conditions"])
    ) { call in
        var content: JSONObject = [
            "city": .string(call.arguments?["city"]?.string ?? "Utopia"), "temperature": 21.5,
            "conditions": "partly cloudy",
        ]
        if call.arguments?["broken"]?.bool == true { content["temperature"] = "warm" }
        let value = JSONValue.object(content)
        return ToolResult([Content.text(JSONSlice(value).description)], structured: value)
    }
}
