// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// What backends ask and tell, and what clients tell them (§4.2–§4.7).
@Suite struct QuestionTests {
    /// Calls a tool that asks, answers each question, and returns the tool's result and the questions.
    private func ask(
        _ client: MCPTestClient, _ tool: String, _ arguments: JSONObject = [:], id: String = "call",
        answer: (JSONSlice) throws -> String
    ) async throws -> (result: JSONSlice, questions: [JSONSlice]) {
        try await client.streaming(MCPTestClient.call(.string(id), tool, arguments)) { stream in
            var questions: [JSONSlice] = []
            while true {
                let message = try (try await stream.messageEvent().message).orThrow("a message")
                if message["id"]?.string == id {
                    return (try message["result"].orThrow("a result in \(message)"), questions)
                }
                guard message["id"] != nil else { continue }
                questions.append(message)
                let accepted = try await client.send("POST", try answer(message))
                #expect(accepted.status == 202)
            }
        }
    }

    @Test(
        "GB-01: a form is asked on the stream of the call that caused it, and its answer reaches the backend",
        arguments: [
            "2025-11-25", "2025-06-18",
        ])
    func elicitation(_ revision: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened(revision, ["elicitation": [:]])
            let (result, questions) = try await ask(client, "one_test_elicitation", ["message": "Who are you?"]) {
                try MCPTestClient.answer(
                    $0, ["action": "accept", "content": ["username": "ann", "email": "a@example.com"]])
            }
            #expect(
                result.firstText == #"User response: action=accept, content={"username":"ann","email":"a@example.com"}"#
            )
            #expect(questions.map { $0["method"]?.string } == ["elicitation/create"])
            #expect(questions.first?["params"]?["message"]?.string?.contains("Who are you?") == true)
            #expect(
                questions.first?["params"]?["requestedSchema"]?["required"]?.description == #"["username","email"]"#)
        }
    }

    @Test("GB-09: declining and cancelling reach the backend", arguments: ["decline", "cancel"])
    func decline(_ action: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["elicitation": ["form": [:]]])
            let (result, _) = try await ask(client, "one_test_elicitation", ["message": "?"]) {
                try MCPTestClient.answer($0, ["action": .string(action)])
            }
            #expect(result.firstText == "User response: action=\(action), content={}")
        }
    }

    @Test("GB-02: sampling")
    func sampling() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["sampling": [:]])
            let (result, questions) = try await ask(client, "one_test_sampling", ["prompt": "Say hi"]) {
                try MCPTestClient.answer(
                    $0, ["role": "assistant", "model": "m", "content": ["type": "text", "text": "hi"]])
            }
            #expect(result.firstText == "LLM response: hi")
            #expect(questions.map { $0["method"]?.string } == ["sampling/createMessage"])
        }
    }

    @Test("GB-03: roots")
    func roots() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["roots": ["listChanged": true]])
            let (result, questions) = try await ask(client, "one_ask_roots") {
                try MCPTestClient.answer($0, ["roots": [["uri": "file:///home", "name": "home"]]])
            }
            #expect(result.firstText == #"{"roots":[{"uri":"file:///home","name":"home"}]}"#)
            #expect(questions.map { $0["method"]?.string } == ["roots/list"])
            #expect(
                try await client.send("POST", MCPTestClient.notification("notifications/roots/list_changed")).status
                    == 202)
            try await eventually("the news of the roots to reach the backend") {
                try await gateway.stats()["rootsChanges"] >= 1
            }
        }
    }

    @Test("GB-04: two questions at a time, and two backends that use the same ids, are not crossed")
    func twoQuestions() async throws {
        var plan = GatewayPlan()
        plan.backends = [.init("one"), .init("two")]
        try await RunningGateway.run(plan) { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["elicitation": [:]])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for backend in ["one", "two"] {
                    group.addTask {
                        let (result, questions) = try await ask(client, "\(backend)_ask_two", id: backend) { question in
                            let text = question["params"]?["message"]?.string ?? ""
                            let which = text.contains("First") ? "first" : "second"
                            return try MCPTestClient.answer(
                                question, ["action": "accept", "content": ["answer": .string("\(backend) \(which)")]])
                        }
                        #expect(questions.count == 2)
                        #expect(
                            result.texts == [
                                #"User response: action=accept, content={"answer":"\#(backend) first"}"#,
                                #"User response: action=accept, content={"answer":"\#(backend) second"}"#,
                            ])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(
        "GB-05, LC-09: what the client did not declare is refused at once, and it hears nothing of it",
        arguments: [
            ("elicitation/create", "{}"), ("sampling/createMessage", "{}"), ("roots/list", "{}"),
            ("no/such", #"{"roots":{},"sampling":{},"elicitation":{}}"#),
        ])
    func undeclared(_ method: String, _ capabilities: String) async throws {
        try await RunningGateway.run { gateway in
            let declared = try JSONSlice(validating: ByteBuffer(string: capabilities))
            let client = try await gateway.client.opened("2025-11-25", .slice(declared))
            let reply = try await client.send(
                "POST", MCPTestClient.call(1, "one_ask_anyway", ["method": .string(method)]))
            let messages = try reply.messages
            #expect(messages.count == 1)
            #expect(messages.last?["result"]?.firstText?.contains("-32601") == true, "\(reply.text)")
        }
    }

    @Test("LC-07: the gateway answers a backend's ping itself")
    func backendPing() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            #expect(try await client.text("one_ask_anyway", ["method": "ping"]) == "result {}")
        }
    }

    @Test("GB-13: the backend sees what the client declared, and no more")
    func declared() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened(
                "2025-11-25", ["sampling": ["tools": [:]], "experimental": ["x": [:]], "elicitation": [:]])
            let who = try JSONSlice(validating: ByteBuffer(string: try await client.text("one_whoami")))
            #expect(who["capabilities"]?.description == #"{"sampling":{"tools":{}},"elicitation":{}}"#)
            #expect(who["clientInfo"]?["name"]?.string == "vmcp")
        }
    }

    @Test("A client that accepts no stream is asked on the session's own stream")
    func questionOnGeneralStream() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["elicitation": [:]])
            try await client.listening { stream in
                let call = Task {
                    try await client.send(
                        "POST", MCPTestClient.call(1, "one_test_elicitation", ["message": "?"]),
                        fields: [("Accept", "application/json")])
                }
                var question: JSONSlice?
                while question == nil {
                    let message = try await stream.messageEvent().message
                    if message?["method"]?.string == "elicitation/create" { question = message }
                }
                _ = try await client.send(
                    "POST", try MCPTestClient.answer(try question.orThrow(), ["action": "decline"]))
                #expect(try await call.value.json["result"]?.firstText == "User response: action=decline, content={}")
            }
        }
    }

    @Test("GB-09: a client's error is the backend's error")
    func questionError() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["roots": [:]])
            let (result, _) = try await ask(client, "one_ask_anyway", ["method": "roots/list"]) { question in
                let id = try question["id"].orThrow("an id")
                return #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32603,"message":"no disk"}}"#
            }
            #expect(result.firstText?.hasPrefix("error ") == true)
            #expect(result.firstText?.contains("-32603") == true)
            #expect(result.firstText?.contains("no disk") == true)
        }
    }

    @Test("4.2: a question whose call was cancelled is withdrawn, on whatever stream is left")
    func withdrawnQuestion() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened("2025-11-25", ["elicitation": [:]])
            try await client.listening { general in
                let call = MCPTestClient.call(1, "one_test_elicitation", ["message": "?"])
                let (question, rest) = try await client.streaming(call) { stream in
                    let question = try await stream.messageEvent().message.orThrow("a question")
                    _ = try await client.send(
                        "POST", MCPTestClient.notification("notifications/cancelled", ["requestId": 1]))
                    var rest: [JSONSlice] = []
                    while let event = try await stream.event() {
                        if let message = try event.message { rest.append(message) }
                    }
                    return (question, rest)
                }
                #expect(question["method"]?.string == "elicitation/create")
                // The call itself is not answered.
                #expect(rest.allSatisfy { $0["id"] == nil })
                var withdrawal = rest.first
                if withdrawal == nil { withdrawal = try await general.messageEvent().message }
                #expect(withdrawal?["method"]?.string == "notifications/cancelled")
                #expect(withdrawal?["params"]?["requestId"]?.description == question["id"]?.description)
            }
        }
    }

    // MARK: Log messages

    @Test("GB-24: log messages come at the session's level and above, and each session has its own")
    func logLevels() async throws {
        try await RunningGateway.run { gateway in
            func levels(_ client: MCPTestClient) async throws -> [String] {
                let reply = try await client.send("POST", MCPTestClient.call(1, "one_log_levels"))
                return try reply.messages.compactMap { $0["params"]?["level"]?.string }
            }
            let quiet = try await gateway.client.opened()
            let loud = try await gateway.client.opened()
            #expect(try await quiet.result("logging/setLevel", ["level": "error"]).description == "{}")
            #expect(try await loud.result("logging/setLevel", ["level": "debug"]).description == "{}")
            #expect(try await quiet.text("one_echo", ["text": "x"]) == "x")
            #expect(try await levels(quiet) == ["error", "critical", "alert", "emergency"])
            #expect(
                try await levels(loud) == [
                    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
                ])
            // A change while the backend session lives.
            #expect(try await quiet.result("logging/setLevel", ["level": "alert"]).description == "{}")
            #expect(try await levels(quiet) == ["alert", "emergency"])
        }
    }

    // MARK: Cancellation

    @Test("4.5: a cancelled request gets no answer, and its backend is told")
    func cancel() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(client.requestText("POST", MCPTestClient.call("c", "one_hang")))
                try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
                let accepted = try await client.send(
                    "POST",
                    MCPTestClient.notification("notifications/cancelled", ["requestId": "c", "reason": "enough"]))
                #expect(accepted.status == 202)
                let reply = try await connection.reply()
                #expect(try reply.messages.isEmpty)
                try await eventually("the cancellation to reach the backend") {
                    try await gateway.stats()["cancellations"] >= 1
                }
                // The connection and the id are free again.
                try await connection.send(
                    client.requestText("POST", MCPTestClient.call("c", "one_echo", ["text": "again"])))
                #expect(try await connection.reply().json["result"]?.firstText == "again")
            }
        }
    }

    @Test("4.5: nobody cancels another session's request")
    func foreignCancel() async throws {
        try await RunningGateway.run { gateway in
            let owner = try await gateway.client.opened()
            let stranger = try await gateway.client.opened()
            async let text = owner.text("one_slow", ["milliseconds": 600], id: 1)
            try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
            _ = try await stranger.send("POST", MCPTestClient.notification("notifications/cancelled", ["requestId": 1]))
            #expect(try await text == "Slept for 600 ms")
        }
    }

    // MARK: Subscriptions and lists

    @Test("GB-32: updates come for what is subscribed to, and stop with it")
    func subscription() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let other = try await gateway.client.opened()
            let uri: JSONValue = ["uri": "test://watched-resource"]
            try await other.listening { others in
                try await client.listening { stream in
                    #expect(try await client.result("resources/subscribe", uri).description == "{}")
                    _ = try await client.text("one_touch_watched")
                    let update = try await stream.messageEvent().message
                    #expect(update?["method"]?.string == "notifications/resources/updated")
                    #expect(update?["params"]?["uri"]?.string == "test://watched-resource")
                    #expect(try await client.result("resources/unsubscribe", uri).description == "{}")
                    _ = try await client.text("one_touch_watched")
                    // What comes next is the list change: no update before it, neither here nor at the other client.
                    _ = try await client.text("one_test_trigger_tool_change")
                    for stream in [stream, others] {
                        #expect(
                            try await stream.messageEvent().message?["method"]?.string
                                == "notifications/tools/list_changed")
                    }
                }
            }
        }
    }

    @Test(
        "GB-27: what a backend adds and removes is announced to each session and then listed",
        arguments: [
            ("tool", "tools", "tools/list", "one_fresh"), ("prompt", "prompts", "prompts/list", "one_fresh"),
            ("resource", "resources", "resources/list", "test://added/fresh"),
        ])
    func listChanged(_ kind: String, _ list: String, _ method: String, _ item: String) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            let other = try await gateway.client.opened("2025-03-26")
            try await client.listening { first in
                try await other.listening { second in
                    for (tool, isListed) in [("add", true), ("remove", false)] {
                        let done = try await client.call("one_\(tool)_\(kind)", ["name": "fresh"])
                        #expect(done["isError"]?.bool != true, "\(done)")
                        for stream in [first, second] {
                            let message = try await stream.messageEvent().message
                            #expect(
                                message?.description
                                    == #"{"jsonrpc":"2.0","method":"notifications/\#(list)/list_changed"}"#)
                        }
                        let text = try await client.result(method).description
                        #expect(text.contains("\"\(item)\"") == isListed, "\(tool)")
                    }
                }
            }
        }
    }

    @Test("4.7: a client without a stream learns of a list change with its next stream")
    func missedChange() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            _ = try await client.call("one_add_tool", ["name": "fresh"])
            try await eventually("the tool to be listed") {
                try await client.result("tools/list").description.contains("\"one_fresh\"")
            }
            try await client.listening { stream in
                let message = try await stream.messageEvent().message
                #expect(message?["method"]?.string == "notifications/tools/list_changed")
            }
        }
    }

    @Test(
        "GB-05: what is asked outside of any call is put in the words of the client's revision, or refused in them",
        arguments: [
            ("2025-11-25", "choice", true), ("2025-11-25", "choices", true), ("2025-11-25", "url", true),
            ("2025-06-18", "choice", true), ("2025-06-18", "choices", false), ("2025-06-18", "url", false),
            ("2025-03-26", "choice", false),
        ])
    func outside(_ revision: String, _ kind: String, _ isAsked: Bool) async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened(
                revision, ["elicitation": ["form": [:], "url": [:]], "roots": ["listChanged": true]])
            func remembered() async throws -> String? {
                let result = try await client.call("one_recall", ["key": "afterwards"])
                return result["isError"]?.bool == true ? nil : result.firstText
            }
            try await client.listening { stream in
                _ = try await client.text("one_ask_afterwards", ["kind": .string(kind)])
                // Its call is over now, for the gateway as well.
                _ = try await client.send("POST", MCPTestClient.notification("notifications/roots/list_changed"))
                if isAsked {
                    let question = try (try await stream.messageEvent().message).orThrow("a question")
                    let params = question["params"]
                    #expect(question["method"]?.string == "elicitation/create")
                    if kind == "choice" {
                        let field = params?["requestedSchema"]?["properties"]?["pick"]
                        #expect((field?["oneOf"] != nil) == (revision == "2025-11-25"), "\(question)")
                        #expect((field?["enumNames"] != nil) == (revision == "2025-06-18"), "\(question)")
                        #expect((field?["default"] != nil) == (revision == "2025-11-25"), "\(question)")
                    }
                    #expect((params?["url"] != nil) == (kind == "url"))
                    _ = try await client.send("POST", try MCPTestClient.answer(question, ["action": "decline"]))
                }
                try await eventually("the backend has an answer") { try await remembered() != nil }
                let text = try await remembered() ?? ""
                #expect(text.contains("decline") == isAsked, "\(text)")
                #expect(text.hasPrefix("error") != isAsked, "\(text)")
            }
        }
    }
}
