// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport

/// One thing that a client of any revision wants of a backend of any revision.
struct MatrixFeature: Sendable {
    /// What a cell of the table says.
    enum Outcome: Sendable, Hashable {
        case works
        /// Why the protocol itself has no way.
        case impossible(String)
        case fails(String)
    }

    struct Cell: Sendable {
        let gateway: RunningGateway
        let client: String
        let backend: String

        func open(_ capabilities: JSONObject = [:]) async throws -> MatrixClient {
            try await MatrixClient.open(gateway, client, capabilities)
        }

        var isModern: Bool { client >= "2026-07-28" }

        /// A counter of the backend.
        func counter(_ name: String) async throws -> Int {
            let stats = try await open().call("stats")
            return try stats.text.flatMap { try? JSONSlice(validating: .init(string: $0)) }?.member(name)?.int
                .orThrow("\(name) in \(stats.message)") ?? 0
        }
    }

    let name: String
    /// Why the protocol has no way for this pair of revisions, if it has none.
    var impossible: @Sendable (_ client: String, _ backend: String) -> String? = { _, _ in nil }
    let check: @Sendable (Cell) async throws -> Void

    static func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw Missing(message()) }
    }
}

extension MatrixFeature {
    static let all: [MatrixFeature] = plain + questions + events + tasks

    private static let plain: [MatrixFeature] = [
        MatrixFeature(name: "lists of tools, resources, templates and prompts") { cell in
            let client = try await cell.open()
            for (method, member, name) in [
                ("tools/list", "tools", "one_echo"), ("prompts/list", "prompts", "one_test_simple_prompt"),
                ("resources/list", "resources", "test://static-text"),
                ("resources/templates/list", "resourceTemplates", "test://template/{id}/data"),
            ] {
                let list = try await client.request(method)
                let items = list.result?.member(member)?.elements.map { $0 } ?? []
                try expect(
                    items.contains {
                        ($0["name"]?.string ?? "") == name || $0["uri"]?.string == name
                            || $0["uriTemplate"]?.string == name
                    },
                    "\(name) in \(list.message.description.prefix(300))")
                try expect(
                    (list.result?["ttlMs"] != nil) == cell.isModern, "cache hints in Modern lists only: \(method)")
            }
        },
        MatrixFeature(name: "tool call") { cell in
            let answer = try await cell.open().call("echo", ["text": "hello ☃"])
            try expect(answer.text == "hello ☃", "the echo in \(answer.message)")
            try expect((answer.result?["resultType"] != nil) == cell.isModern, "resultType in \(answer.message)")
        },
        MatrixFeature(name: "tool that reports an error") { cell in
            let answer = try await cell.open().call("test_error_handling")
            try expect(answer.result?["isError"]?.bool == true, "isError in \(answer.message)")
        },
        MatrixFeature(name: "unknown tool") { cell in
            let answer = try await cell.open().call("nothing_of_that_name")
            try expect(answer.error?["code"]?.int == -32602, "-32602 in \(answer.message)")
        },
        MatrixFeature(name: "resource") { cell in
            let answer = try await cell.open().request("resources/read", ["uri": "test://static-text"])
            let content = answer.result?["contents"]?.elements.first { _ in true }
            try expect(content?["text"]?.string?.isEmpty == false, "a text in \(answer.message)")
        },
        MatrixFeature(name: "resource of a template") { cell in
            let answer = try await cell.open().request("resources/read", ["uri": "test://template/7/data"])
            let content = answer.result?["contents"]?.elements.first { _ in true }
            try expect(content?["text"]?.string?.contains("7") == true, "the id in \(answer.message)")
        },
        MatrixFeature(name: "unknown resource, by the client's code") { cell in
            let answer = try await cell.open().request("resources/read", ["uri": "test://nowhere"])
            try expect(
                answer.error?["code"]?.int == (cell.isModern ? -32602 : -32002), "the code in \(answer.message)")
            try expect(answer.error?["data"]?["uri"]?.string == "test://nowhere", "the URI in \(answer.message)")
        },
        MatrixFeature(name: "prompt") { cell in
            let answer = try await cell.open().request(
                "prompts/get",
                ["name": "one_test_prompt_with_arguments", "arguments": ["arg1": "a", "arg2": "b"]])
            try expect(answer.result?["messages"]?.kind == .array, "messages in \(answer.message)")
        },
        MatrixFeature(name: "completion") { cell in
            let answer = try await cell.open().request(
                "completion/complete",
                [
                    "ref": ["type": "ref/prompt", "name": "one_test_prompt_with_arguments"],
                    "argument": ["name": "arg1", "value": "par"],
                ])
            let values = answer.result?["completion"]?["values"]?.elements.map { $0 } ?? []
            try expect(!values.isEmpty, "values in \(answer.message)")
        },
        MatrixFeature(name: "invalid cursor") { cell in
            let answer = try await cell.open().request("tools/list", ["cursor": "no such place"])
            try expect(answer.error?["code"]?.int == -32602, "-32602 in \(answer.message)")
        },
        MatrixFeature(name: "a list of several pages, by cursors of ours") { cell in
            let client = try await cell.open()
            var names: Set<String> = []
            var cursor: JSONValue?
            var pages = 0
            repeat {
                let params: JSONObject = cursor.map { ["cursor": $0] } ?? [:]
                let page = try await client.request("tools/list", params)
                let tools = try (page.result?["tools"]).orThrow("tools in \(page.message)")
                names.formUnion(tools.elements.compactMap { $0["name"]?.string })
                cursor = page.result?["nextCursor"].map { .slice($0) }
                pages += 1
            } while cursor != nil && pages < 10
            try expect(pages == 2, "two pages, got \(pages)")
            try expect(names.count > 1000 && names.contains("one_echo"), "all tools, got \(names.count)")
        },
        MatrixFeature(name: "images and embedded resources") { cell in
            let client = try await cell.open()
            for (tool, type) in [("test_image_content", "image"), ("test_embedded_resource", "resource")] {
                let content = try await client.call(tool).result?["content"]?.elements.first { _ in true }
                try expect(content?["type"]?.string == type, "\(type) in \(content ?? .null)")
            }
        },
        MatrixFeature(
            name: "batch of requests",
            impossible: { client, _ in client == "2025-03-26" ? nil : "only 2025-03-26 has batches" }
        ) { cell in
            let answers = try await cell.open().batch([
                (1, "echo", ["text": "first"]), (2, "test_error_handling", [:]), (3, "echo", ["text": "third"]),
            ])
            try expect(answers.count == 3, "three answers in \(answers)")
            try expect(answers[1]?["result"]?.firstText == "first", "\(answers)")
            try expect(answers[2]?["result"]?["isError"]?.bool == true, "\(answers)")
            try expect(answers[3]?["result"]?.firstText == "third", "\(answers)")
        },
        MatrixFeature(name: "audio and linked resources, in the client's content types") { cell in
            let client = try await cell.open()
            let audio = try await client.call("test_audio_content").result?["content"]?.elements.first { _ in true }
            try expect(
                (audio?["type"]?.string == "audio") == (cell.client >= "2025-03-26"), "the content \(audio ?? .null)")
            let link = try await client.call("resource_link").result?["content"]?.elements.map { $0 } ?? []
            try expect(
                link.contains { $0["type"]?.string == "resource_link" } == (cell.client >= "2025-06-18"),
                "the content \(link)")
        },
    ]

    private static let questions: [MatrixFeature] = [
        MatrixFeature(name: "form elicitation", impossible: noElicitation) { cell in
            let answer = try await cell.open(["elicitation": [:]]).call("test_elicitation", ["message": "Who?"]) {
                method, _ in
                method == "elicitation/create"
                    ? ["action": "accept", "content": ["username": "ann", "email": "a@example.com"]] : nil
            }
            try expect(
                answer.text == #"User response: action=accept, content={"username":"ann","email":"a@example.com"}"#,
                "the answer in \(answer.message)")
            try expect(answer.questions.count == 1, "one question")
        },
        MatrixFeature(name: "declined elicitation", impossible: noElicitation) { cell in
            let answer = try await cell.open(["elicitation": [:]]).call("test_elicitation", ["message": "Who?"]) {
                _, _ in ["action": "decline"]
            }
            try expect(answer.text == "User response: action=decline, content={}", "\(answer.message)")
        },
        MatrixFeature(name: "two questions at a time", impossible: noElicitation) { cell in
            let answer = try await cell.open(["elicitation": [:]]).call("ask_two") { _, params in
                let isFirst = params?["message"]?.string?.contains("First") == true
                return ["action": "accept", "content": ["answer": .string(isFirst ? "1" : "2")]]
            }
            try expect(answer.questions.count == 2, "two questions in \(answer.questions)")
            try expect(
                answer.result?.texts.joined().contains(#"{"answer":"1"}"#) == true
                    && answer.result?.texts.joined().contains(#"{"answer":"2"}"#) == true, "\(answer.message)")
        },
        MatrixFeature(
            name: "URL elicitation",
            impossible: { client, backend in
                client < "2025-11-25" || backend < "2025-11-25" ? "URL mode exists since 2025-11-25" : nil
            }
        ) { cell in
            let answer = try await cell.open(["elicitation": ["form": [:], "url": [:]]]).call("ask_url") {
                _, params in params?["mode"]?.string == "url" ? ["action": "accept"] : nil
            }
            let question = answer.questions.first?["params"]
            try expect(question?["url"]?.string?.hasPrefix("https://") == true, "a URL in \(answer.questions)")
            try expect(
                (question?["elicitationId"] != nil) == !cell.isModern, "an elicitationId in \(answer.questions)")
            try expect(answer.result != nil && answer.result?["isError"]?.bool != true, "\(answer.message)")
        },
        MatrixFeature(
            name: "a page to visit first (-32042)",
            impossible: { client, backend in
                client < "2025-11-25" || backend < "2025-11-25" ? "URL mode exists since 2025-11-25" : nil
            }
        ) { cell in
            let isModernBackend = cell.backend >= "2026-07-28"
            // Only a Modern backend hears of the visit itself; a Legacy one is called again.
            let action: JSONValue = isModernBackend ? ["action": "accept"] : ["action": "decline"]
            let answer = try await cell.open(["elicitation": ["form": [:], "url": [:]]]).call("url_required") { _, _ in
                action
            }
            if isModernBackend { return try expect(answer.text == "Thank you", "thanks in \(answer.message)") }
            if cell.isModern {
                let url = answer.questions.first?["params"]?["url"]?.string
                try expect(url?.hasPrefix("https://") == true, "a URL in \(answer.questions)")
                return try expect(answer.error != nil, "an error in \(answer.message)")
            }
            try expect(answer.error?["code"]?.int == -32042, "-32042 in \(answer.message)")
            let page = answer.error?["data"]?["elicitations"]?.elements.first { _ in true }
            try expect(page?["elicitationId"]?.string != nil, "an elicitationId in \(answer.message)")
        },
        MatrixFeature(name: "defaults in forms, in the client's words", impossible: noElicitation) { cell in
            let answer = try await cell.open(["elicitation": [:]]).call("test_elicitation_sep1034_defaults") {
                _, _ in ["action": "accept", "content": ["name": "ann"]]
            }
            let form = answer.questions.first?["params"]?["requestedSchema"]?["properties"]
            try expect(
                (form?["name"]?["default"] != nil) == (cell.client >= "2025-11-25"), "defaults in \(answer.questions)")
            try expect(form?["verified"]?["default"]?.bool == true, "a boolean's default in \(answer.questions)")
            try expect(answer.text?.contains("action=accept") == true, "\(answer.message)")
        },
        MatrixFeature(name: "styles of choice, or an honest refusal", impossible: noElicitation) { cell in
            let answer = try await cell.open(["elicitation": [:]]).call("test_elicitation_sep1330_enums") { _, _ in
                ["action": "decline"]
            }
            guard cell.client >= "2025-11-25" else {
                // A form with several choices at a time cannot be put so that the client would understand it.
                try expect(answer.questions.isEmpty, "no question, got \(answer.questions)")
                return try expect(answer.text?.contains("action=decline") != true, "\(answer.message)")
            }
            let form = answer.questions.first?["params"]?["requestedSchema"]?["properties"]
            try expect(form?["titledSingle"]?["oneOf"] != nil, "titles in \(answer.questions)")
            try expect(form?["titledMulti"]?["items"]?["anyOf"] != nil, "several in \(answer.questions)")
            try expect(answer.text?.contains("action=decline") == true, "\(answer.message)")
        },
        MatrixFeature(
            name: "sampling with tools",
            impossible: { client, backend in
                client < "2025-11-25" || backend < "2025-11-25" ? "sampling has tools since 2025-11-25" : nil
            }
        ) { cell in
            let answer = try await cell.open(["sampling": ["tools": [:]]]).call("sample_with_tools") { _, params in
                guard params?["tools"]?.kind == .array else { return nil }
                return [
                    "role": "assistant", "model": "m", "stopReason": "toolUse",
                    "content": ["type": "tool_use", "id": "t1", "name": "get_weather", "input": ["city": "Bern"]],
                ]
            }
            try expect(answer.text?.contains("get_weather") == true, "the choice in \(answer.message)")
        },
        MatrixFeature(name: "sampling") { cell in
            let answer = try await cell.open(["sampling": [:]]).call("test_sampling", ["prompt": "Say hi"]) {
                _, _ in
                [
                    "role": "assistant", "content": ["type": "text", "text": "hi"], "model": "m",
                    "stopReason": "endTurn",
                ]
            }
            try expect(answer.text == "LLM response: hi", "\(answer.message)")
        },
        MatrixFeature(name: "roots") { cell in
            let answer = try await cell.open(["roots": [:]]).call("ask_roots") { _, _ in
                ["roots": [["uri": "file:///home/ann"]]]
            }
            try expect(answer.text?.contains("file:///home/ann") == true, "\(answer.message)")
        },
        MatrixFeature(name: "undeclared capability, refused without a wait") { cell in
            let answer = try await cell.open().call("test_sampling", ["prompt": "Say hi"])
            try expect(
                answer.error != nil || answer.result?["isError"]?.bool == true, "a refusal in \(answer.message)")
            try expect(answer.questions.isEmpty, "no question")
        },
    ]

    private static let noElicitation: @Sendable (String, String) -> String? = { client, backend in
        client < "2025-06-18" || backend < "2025-06-18" ? "elicitation exists since 2025-06-18" : nil
    }

    private static let events: [MatrixFeature] = [
        MatrixFeature(name: "progress, under the client's token") { cell in
            let answer = try await cell.open().call("test_tool_with_progress", meta: ["progressToken": "mine"])
            let progress = answer.notifications("notifications/progress")
            try expect(
                progress.map { $0["params"]?["progress"]?.int ?? -1 } == [0, 50, 100], "three steps in \(progress)")
            try expect(progress.allSatisfy { $0["params"]?["progressToken"]?.string == "mine" }, "\(progress)")
        },
        MatrixFeature(name: "log messages of the wanted level") { cell in
            let client = try await cell.open()
            if !cell.isModern { _ = try await client.request("logging/setLevel", ["level": "error"]) }
            let answer = try await client.call("log_levels", logLevel: "error")
            let levels = answer.notifications("notifications/message").compactMap { $0["params"]?["level"]?.string }
            try expect(levels == ["error", "critical", "alert", "emergency"], "the levels, got \(levels)")
        },
        MatrixFeature(name: "no log messages that nobody asked for") { cell in
            guard cell.isModern else { return }
            let answer = try await cell.open().call("log_levels")
            try expect(answer.notifications.isEmpty, "nothing, got \(answer.notifications)")
        },
        MatrixFeature(name: "cancellation") { cell in
            let client = try await cell.open()
            let before = try await cell.counter("cancellations")
            let calls = try await cell.counter("calls")
            try await client.giveUp("slow", ["milliseconds": 60000]) {
                // The count itself is a call.
                try await cell.counter("calls") >= calls + 2
            }
            try await eventually("the cancellation at the backend") {
                try await cell.counter("cancellations") > before
            }
        },
        MatrixFeature(name: "changed lists") { cell in
            let client = try await cell.open()
            let name = "matrix-\(cell.client)"
            let changes: [(filter: String, method: String, tool: String, arguments: JSONObject)] = [
                ("toolsListChanged", "notifications/tools/list_changed", "test_trigger_tool_change", [:]),
                ("promptsListChanged", "notifications/prompts/list_changed", "test_trigger_prompt_change", [:]),
                (
                    "resourcesListChanged", "notifications/resources/list_changed", "add_resource",
                    ["name": .string(name)]
                ),
            ]
            for change in changes {
                try await client.watching([change.filter: true]) {
                    _ = try await cell.open().call(change.tool, change.arguments)
                } until: {
                    $0["method"]?.string == change.method
                }
            }
            _ = try await cell.open().call("remove_resource", ["name": .string(name)])
        },
        MatrixFeature(name: "subscribed resource") { cell in
            let client = try await cell.open()
            try await client.watching([:], subscribe: "test://watched-resource") {
                _ = try await cell.open().call("touch_watched")
            } until: {
                $0["method"]?.string == "notifications/resources/updated"
                    && $0["params"]?["uri"]?.string == "test://watched-resource"
            }
        },
    ]
}
