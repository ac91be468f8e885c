// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct QuestionTests {
    private static let accept = ClientAnswer.result(JSONSlice(["action": "accept", "content": ["answer": "yes"]]))

    @Test func `Sampling asks with the prompt and shows the answer`() async throws {
        let client = try await CoreClient.open(capabilities: ["sampling": [:]]) { method, params in
            #expect(method == "sampling/createMessage" && params?["maxTokens"]?.int == 100)
            let asked = params?["messages"]?.elements.compactMap { $0["content"]?["text"]?.string } ?? []
            return .result(
                JSONSlice([
                    "role": "assistant", "model": "m", "content": ["type": "text", "text": .string("re: \(asked)")],
                ]))
        }
        #expect(try await client.text("test_sampling", ["prompt": "Hi"]) == #"LLM response: re: ["Hi"]"#)
        #expect(client.server.counters[.questions] == 1 && client.server.counters[.answers] == 1)
    }

    @Test(
        "Forms ask for what the conformance suite checks",
        arguments: [
            ("test_elicitation", ["username", "email"]),
            ("test_elicitation_sep1034_defaults", ["name", "age", "score", "status", "verified"]),
            (
                "test_elicitation_sep1330_enums",
                ["untitledSingle", "titledSingle", "legacyEnum", "untitledMulti", "titledMulti"]
            ),
        ])
    func forms(tool: String, fields: [String]) async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]]) { _, _ in Self.accept }
        #expect(
            try await client.text(tool, ["message": "m"]) == #"User response: action=accept, content={"answer":"yes"}"#)
        let schema = try client.sent("elicitation/create").first?["params"]?["requestedSchema"].required()
        #expect(schema?["properties"]?.members.compactMap { $0.key.string } == fields)
    }

    @Test func `The default of every kind of field is in the schema`() async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": ["form": [:]]]) { _, _ in Self.accept }
        _ = try await client.call("test_elicitation_sep1034_defaults")
        let fields = client.sent.first?["params"]?["requestedSchema"]?["properties"]
        #expect(
            fields?.members.map { $0.value["default"]?.description }
                == [#""John Doe""#, "30", "95.5", #""active""#, "true"])
    }

    @Test(
        "A client that did not declare a capability is not asked",
        arguments: [
            "test_sampling", "test_elicitation", "ask_roots", "ask_two", "ask_url",
        ])
    func undeclared(tool: String) async throws {
        let client = try await CoreClient.open { _, _ in Self.accept }
        #expect(try await client.call(tool, ["prompt": "p", "message": "m"]).isFailure)
        #expect(client.sent.isEmpty)
    }

    @Test(
        "Forms and pages are declared apart",
        arguments: [
            (#"{"elicitation":{}}"#, "ask_two", true), (#"{"elicitation":{}}"#, "ask_url", false),
            (#"{"elicitation":{"url":{}}}"#, "ask_two", false), (#"{"elicitation":{"url":{}}}"#, "ask_url", true),
            (#"{"elicitation":{"form":{},"url":{}}}"#, "ask_two", true),
            (#"{"elicitation":{"form":{},"url":{}}}"#, "ask_url", true),
        ])
    func modes(capabilities: String, tool: String, asks: Bool) async throws {
        let capabilities = try JSONSlice(validating: ByteBuffer(string: capabilities))
        let client = try await CoreClient.open(capabilities: .slice(capabilities)) { _, _ in Self.accept }
        #expect(try await client.call(tool).isFailure == !asks)
    }

    @Test func `ask_anyway asks whatever was declared and shows results and errors`() async throws {
        let client = try await CoreClient.open { method, _ in
            method == "ping" ? .result(.emptyObject) : .error(JSONSlice(["code": -32601, "message": "no"]))
        }
        #expect(try await client.text("ask_anyway", ["method": "ping"]) == "result {}")
        #expect(
            try await client.text("ask_anyway", ["method": "roots/list"]) == #"error {"code":-32601,"message":"no"}"#)
    }

    @Test func `An error of the client makes the tool fail and shows it`() async throws {
        let client = try await CoreClient.open(capabilities: ["roots": [:]]) { _, _ in
            .error(JSONSlice(["code": -1, "message": "denied"]))
        }
        let result = try await client.call("ask_roots")
        #expect(result.isFailure && result.text?.contains(#""denied""#) == true)
    }

    @Test func `Roots are shown as they came`() async throws {
        let client = try await CoreClient.open(capabilities: ["roots": [:]]) { _, _ in
            .result(JSONSlice(["roots": [["uri": "file:///a"]]]))
        }
        #expect(try await client.text("ask_roots") == #"{"roots":[{"uri":"file:///a"}]}"#)
    }

    @Test func `Two questions are open at the same time and are answered in any order`() async throws {
        let held = Mutex<[(Int, JSONSlice)]>([])
        let box = Mutex<CoreClient?>(nil)
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]])
        box.withLock { $0 = client }
        async let result = client.call("ask_two")
        while client.sent.count < 2 { await Task.yield() }
        for question in client.sent.reversed() {
            let message = question["params"]?["message"]?.string ?? ""
            held.withLock { $0.append((question["id"]?.int ?? 0, question)) }
            client.server.receive(
                .result(JSONSlice(["action": "accept", "content": ["answer": .string(message)]])),
                id: try question["id"].required(), in: try client.session)
        }
        let texts = try await result["content"].required().elements.compactMap { $0["text"]?.string }
        #expect(texts.count == 2)
        #expect(texts.first?.contains("First") == true && texts.last?.contains("Second") == true)
        #expect(Set(client.sent.compactMap { $0["id"]?.int }) == [1, 2])
    }

    @Test func `ask_url completes the elicitation that the user accepted`() async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": ["url": [:]]]) { _, _ in
            .result(JSONSlice(["action": "accept"]))
        }
        #expect(try await client.text("ask_url") == "action=accept")
        let asked = try client.sent("elicitation/create").first?["params"].required()
        #expect(asked?["mode"]?.string == "url" && asked?["url"]?.string?.hasPrefix("https://") == true)
        let completed = client.sent("notifications/elicitation/complete").first?["params"]?["elicitationId"]
        #expect(completed != nil && completed == asked?["elicitationId"])
    }

    @Test func `url_required refuses with -32042 and the page to visit`() async throws {
        let client = try await CoreClient.open()
        let error = try await client.error("tools/call", CoreClient.params("url_required"))
        #expect(error["code"]?.int == -32042)
        let first = Array(try error["data"]?["elicitations"].required().elements ?? JSONSlice.emptyArray.elements).first
        #expect(first?["mode"]?.string == "url" && first?["elicitationId"] != nil && first?["message"] != nil)
        #expect(try await client.text("url_required", ["done": true]) == "Thank you")
    }

    @Test func `A cancelled call withdraws its question`() async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]])
        async let answer = client.exchange(
            "tools/call", CoreClient.params("test_elicitation", ["message": "m"]), id: JSONSlice(9))
        while client.sent.isEmpty { await Task.yield() }
        client.server.receive("notifications/cancelled", JSONSlice(["requestId": 9]), in: try client.session)
        #expect(try await answer == nil)
        #expect(client.sent("notifications/cancelled").first?["params"]?["requestId"]?.int == 1)
    }

    @Test func `A question that is not answered in time makes the tool fail`() async throws {
        let options = ExampleBackendOptions(transport: .stdio, patience: .milliseconds(1))
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]], options: options)
        #expect(try await client.call("test_elicitation", ["message": "m"]).text?.contains("did not answer") == true)
    }

    @Test func `Answers that nobody waits for are counted and ignored`() async throws {
        let client = try await CoreClient.open()
        client.server.receive(Self.accept, id: JSONSlice(77), in: try client.session)
        client.server.receive(Self.accept, id: JSONSlice(string: "x"), in: try client.session)
        #expect(client.server.counters[.strayAnswers] == 2)
    }

    @Test func `Nothing can be asked any more once the client cannot answer`() async throws {
        let client = try await CoreClient.open(capabilities: ["elicitation": [:]])
        async let answer = client.exchange("tools/call", CoreClient.params("test_elicitation", ["message": "m"]))
        while client.sent.isEmpty { await Task.yield() }
        try client.session.abandonQuestions()
        #expect(try await answer == nil)
        #expect(try await client.exchange("tools/call", CoreClient.params("test_elicitation", ["message": "m"])) == nil)
    }
}
