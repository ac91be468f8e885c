// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Tools that ask the client something before they answer.
enum QuestionTools {
    static var all: [Tool] {
        [sampling, toolSampling, elicitation, defaults, enums, roots, two, anyway, afterwards.only(.legacy)]
    }

    private static let sampling = Tool.running(
        "test_sampling", "Has the client's model answer a prompt.", .changing,
        input: Schema.object(["prompt": Schema.string("The prompt.")], required: ["prompt"])
    ) { call, peer in
        try peer.require("sampling")
        let prompt = try call.string("prompt")
        let answer = try await peer.result(
            of: "sampling/createMessage",
            ["messages": [["role": "user", "content": Content.text(prompt)]], "maxTokens": 100], key: "completion")
        let text = answer["content"]?["text"]?.string ?? answer.description
        return ToolResult(text: "LLM response: \(text)")
    }

    private static let toolSampling = Tool.running(
        "sample_with_tools", "Has the client's model choose a tool.", .changing
    ) { _, peer in
        guard peer.session.revision >= .november2025 else {
            throw ToolFailure("Tools in sampling need revision 2025-11-25.")
        }
        try peer.require("sampling", "tools")
        let tool: JSONObject = ["name": "get_weather", "inputSchema": Schema.object(["city": Schema.string("Where.")])]
        let answer = try await peer.result(
            of: "sampling/createMessage",
            [
                "messages": [["role": "user", "content": Content.text("What is the weather?")]], "maxTokens": 100,
                "tools": [.object(tool)], "toolChoice": ["mode": "required"],
            ], key: "choice")
        return ToolResult(text: "LLM response: \(answer["content"]?.description ?? "nothing")")
    }

    private static let elicitation = Tool.running(
        "test_elicitation", "Asks the user for a name and an address.", .changing,
        input: Schema.object(["message": Schema.string("What the user is told.")], required: ["message"])
    ) { call, peer in
        let message = try call.string("message")
        return try await ask(
            peer, message,
            [
                "username": Schema.string("User's response"), "email": Schema.string("User's email address"),
            ], required: ["username", "email"])
    }

    private static let defaults = Tool.running(
        "test_elicitation_sep1034_defaults", "Asks the user with a default for every kind of field.", .changing
    ) { _, peer in
        try await ask(
            peer, "Please review and update the form fields with defaults",
            [
                "name": ["type": "string", "description": "User name", "default": "John Doe"],
                "age": ["type": "integer", "description": "User age", "default": 30],
                "score": ["type": "number", "description": "User score", "default": 95.5],
                "status": [
                    "type": "string", "description": "User status", "enum": ["active", "inactive", "pending"],
                    "default": "active",
                ],
                "verified": ["type": "boolean", "description": "Verification status", "default": true],
            ])
    }

    private static let enums = Tool.running(
        "test_elicitation_sep1330_enums", "Asks the user with every style of choice.", .changing
    ) { _, peer in
        let titled: JSONValue = [
            ["const": "value1", "title": "First Option"], ["const": "value2", "title": "Second Option"],
            ["const": "value3", "title": "Third Option"],
        ]
        let plain: JSONValue = ["option1", "option2", "option3"]
        return try await ask(
            peer, "Please select options from the enum fields",
            [
                "untitledSingle": ["type": "string", "description": "Select one option", "enum": plain],
                "titledSingle": ["type": "string", "description": "Select one option with titles", "oneOf": titled],
                "legacyEnum": [
                    "type": "string", "description": "Select one option (legacy)", "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"],
                ],
                "untitledMulti": [
                    "type": "array", "description": "Select multiple options", "minItems": 1, "maxItems": 3,
                    "items": ["type": "string", "enum": plain],
                ],
                "titledMulti": [
                    "type": "array", "description": "Select multiple options with titles", "minItems": 1,
                    "maxItems": 3, "items": ["anyOf": titled],
                ],
            ])
    }

    private static let roots = Tool.running("ask_roots", "Asks the client for its roots.") { _, peer in
        try peer.require("roots")
        return ToolResult(text: try await peer.result(of: "roots/list", key: "roots").description)
    }

    private static let two = Tool.running("ask_two", "Asks two questions at the same time.", .changing) { _, peer in
        async let first = ask(peer, "First question", ["answer": Schema.string("The first answer")], key: "first")
        async let second = ask(
            peer, "Second question", ["answer": Schema.string("The second answer")], key: "second")
        return try await ToolResult(first.content + second.content)
    }

    private static let anyway = Tool.running(
        "ask_anyway", "Sends any request to the client, declared or not, and shows what comes back.", .changing,
        input: Schema.object(["method": Schema.string("The method to ask with.")], required: ["method"])
    ) { call, peer in
        switch try await peer.ask("anything", try call.string("method")) {
        case .result(let result): ToolResult(text: "result \(result)")
        case .error(let error): ToolResult(text: "error \(error)")
        }
    }

    private static let afterwards = Tool.running(
        "ask_afterwards",
        "Answers, and asks the user once the roots change, outside of any call; remembers the answer.",
        .changing, input: Schema.object(["kind": Schema.string("choice, choices or url")], required: ["kind"])
    ) { call, peer in
        let titled: JSONValue = [["const": "a", "title": "First"], ["const": "b", "title": "Second"]]
        var params: JSONObject = ["message": "One more question"]
        switch try call.string("kind") {
        case "choice":
            params["requestedSchema"] = Schema.object(["pick": ["type": "string", "oneOf": titled, "default": "a"]])
        case "choices":
            params["requestedSchema"] = Schema.object(["picks": ["type": "array", "items": ["anyOf": titled]]])
        default:
            params["mode"] = "url"
            params["elicitationId"] = .string(RandomID.make())
            params["url"] = "https://example.com/sign-in"
        }
        let outside = Peer(
            session: call.session, outlet: JobOutlet(session: call.session), counters: peer.counters,
            patience: peer.patience)
        let question = params
        let changes = peer.counters[.rootsChanges]
        Task {
            let limit = ContinuousClock.now + peer.patience
            while peer.counters[.rootsChanges] == changes, ContinuousClock.now < limit {
                try? await Task.sleep(for: .milliseconds(10))
            }
            var text: String
            do {
                switch try await outside.ask("afterwards", "elicitation/create", question) {
                case .result(let result): text = "result \(result)"
                case .error(let error): text = "error \(error)"
                }
            } catch {
                text = "failure \(error)"
            }
            _ = call.session.remember(text, for: "afterwards")
        }
        return ToolResult(text: "Asking")
    }

    /// Asks with a form and shows the answer as text.
    private static func ask(
        _ peer: Peer, _ message: String, _ properties: JSONObject, required: [String] = [], key: String = "form"
    ) async throws -> ToolResult {
        try peer.requireForm()
        let answer = try await peer.result(
            of: "elicitation/create",
            [
                "message": .string(message),
                "requestedSchema": Schema.object(properties, required: required),
            ], key: key)
        let action = answer["action"]?.string ?? "none"
        let content = answer["content"]?.description ?? "{}"
        return ToolResult(text: "User response: action=\(action), content=\(content)")
    }
}
