// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

/// Multi round-trip requests.
@Suite(.timeLimit(.minutes(5))) struct RoundTests {
    private static let prefix = "test_input_required_result_"

    /// What a friendly client answers to each question.
    private static func answers(_ round: JSONSlice) -> JSONObject {
        var answers: JSONObject = [:]
        for question in round["inputRequests"]?.members.map({ $0 }) ?? [] {
            let key = question.key.string ?? ""
            switch question.value.method {
            case "elicitation/create":
                answers[key] = Answers.accept(["name": "Ann", "color": "red", "ok": true, "context": "c", "word": "w"])
            case "sampling/createMessage": answers[key] = Answers.completion
            default: answers[key] = Answers.roots
            }
        }
        return answers
    }

    @Test(
        "GB-10: a question, its answer, the result",
        arguments: [
            ("elicitation", ["user_name"], "Hello, Ann!"), ("sampling", ["capital_question"], "Paris"),
            ("list_roots", ["client_roots"], #"{"roots":[{"uri":"file:///work","name":"work"}]}"#),
            ("request_state", ["confirm"], "state-ok, confirmed: true"),
            ("tampered_state", ["confirm"], "The state came back unchanged"),
            ("multiple_inputs", ["client_roots", "greeting", "user_name"], "Paris Ann, you have 1 roots."),
        ])
    func twoRounds(tool: String, keys: [String], text: String) async throws {
        let client = ModernClient(ModernClient.everything)
        let round = try await client.call("\(Self.prefix)\(tool)")
        #expect(round.resultType == "input_required" && round["content"] == nil)
        #expect(round["inputRequests"]?.keys == keys)
        let hasState = ["request_state", "tampered_state", "multiple_inputs"].contains(tool)
        #expect((round["requestState"] != nil) == hasState)
        let result = try await client.call(
            "\(Self.prefix)\(tool)", responses: Self.answers(round), state: round["requestState"])
        #expect(result.resultType == "complete" && result.text == text)
        #expect(try await client.stats()["inputRounds"]?.int == 1)
    }

    @Test func `Several rounds carry what was answered before in a state that changes`() async throws {
        let client = ModernClient(ModernClient.form)
        let tool = "\(Self.prefix)multi_round"
        let first = try await client.call(tool)
        #expect(first["inputRequests"]?.keys == ["step1"])
        let second = try await client.call(tool, responses: Self.answers(first), state: first["requestState"])
        #expect(second["inputRequests"]?.keys == ["step2"])
        let states = [first["requestState"], second["requestState"]]
        #expect(states[0] != nil && states[1] != nil && states[0] != states[1])
        let result = try await client.call(tool, responses: Self.answers(second), state: second["requestState"])
        #expect(result.text == "Ann likes red")
    }

    @Test func `A round may consist of a state alone`() async throws {
        let client = ModernClient()
        var result = try await client.call("state_only_rounds", ["rounds": 3])
        for _ in 0..<3 {
            #expect(result.resultType == "input_required" && result["inputRequests"] == nil)
            result = try await client.call("state_only_rounds", ["rounds": 3], state: result["requestState"])
        }
        #expect(result.text == "Done after 3 rounds")
    }

    @Test func `GB-08: endless_rounds has a new question every time`() async throws {
        let client = ModernClient(ModernClient.form)
        var round = try await client.call("endless_rounds")
        for number in 0..<12 {
            #expect(round["inputRequests"]?.keys == ["question_\(number)"])
            round = try await client.call(
                "endless_rounds", responses: Self.answers(round), state: round["requestState"])
        }
    }

    @Test func `GB-07: a state has characters that careless relays lose`() async throws {
        let state = try await ModernClient().call("state_only_rounds")["requestState"]?.string
        #expect(state?.contains("\"é\"\\/") == true)
    }

    @Test func `M50: a state that was changed, or that belongs to something else, is an error`() async throws {
        let client = ModernClient(ModernClient.form)
        let tool = "\(Self.prefix)tampered_state"
        let round = try await client.call(tool)
        let state = try round["requestState"]?.string.required() ?? ""
        let answers = Self.answers(round)
        let wrong: [JSONObject] = [
            ModernClient.params(tool, responses: answers, state: JSONSlice(string: state + "-TAMPERED")),
            ModernClient.params(tool, responses: answers, state: JSONSlice(string: "")),
            ModernClient.params(tool, responses: answers, state: JSONSlice(7)),
            ModernClient.params(tool, ["other": true], responses: answers, state: round["requestState"]),
            ModernClient.params("\(Self.prefix)request_state", responses: answers, state: round["requestState"]),
            ModernClient.params("echo", ["text": "x"], state: round["requestState"]),
        ]
        for params in wrong {
            let error = try await client.error("tools/call", params)
            #expect(error["code"]?.int == -32602 && error["data"]?["reason"]?.string == "invalid_request_state")
        }
    }

    @Test func `A state fits arguments that are spelled differently`() async throws {
        let client = ModernClient()
        let state = try await client.call("state_only_rounds", ["rounds": 1])["requestState"]
        var params = ModernClient.params("state_only_rounds", state: state)
        params["arguments"] = .slice(try JSONSlice(validating: ByteBuffer(string: #"{ "rounds" : 1 }"#)))
        #expect(try await client.result("tools/call", params).text == "Done after 1 rounds")
    }

    @Test(
        "Answers that are missing, null or under other keys are asked for again",
        arguments: [#"{"wrong_key":{"action":"accept"}}"#, "{}", "null"])
    func missing(responses: String) async throws {
        let client = ModernClient(ModernClient.form)
        var params = ModernClient.params("\(Self.prefix)elicitation")
        params["inputResponses"] = .slice(try JSONSlice(validating: ByteBuffer(string: responses)))
        #expect(try await client.result("tools/call", params).resultType == "input_required")
    }

    @Test func `Answers without the state that belongs to them do not count`() async throws {
        let client = ModernClient(ModernClient.form)
        let round = try await client.call("\(Self.prefix)request_state")
        let again = try await client.call("\(Self.prefix)request_state", responses: Self.answers(round))
        #expect(again["inputRequests"]?.keys == ["confirm"])
    }

    @Test(
        "Answers of the wrong shape are invalid parameters",
        arguments: [
            #"{"user_name":7}"#, #"{"user_name":{"action":"perhaps"}}"#, "[]", #""x""#,
            #"{"greeting":{"text":"Paris"}}"#, #"{"client_roots":{"roots":{}}}"#,
        ])
    func shapes(responses: String) async throws {
        let client = ModernClient(ModernClient.everything)
        var params = ModernClient.params("\(Self.prefix)multiple_inputs")
        params["inputResponses"] = .slice(try JSONSlice(validating: ByteBuffer(string: responses)))
        #expect(try await client.error("tools/call", params)["code"]?.int == -32602)
    }

    @Test func `Answers nobody asked for are ignored`() async throws {
        let client = ModernClient(ModernClient.form)
        let result = try await client.call(
            "\(Self.prefix)elicitation", responses: ["user_name": Answers.name, "extra": ["action": "accept"]])
        #expect(result.text == "Hello, Ann!")
    }

    @Test("GB-09: the user may decline and cancel", arguments: ["decline", "cancel"])
    func refusals(action: String) async throws {
        let client = ModernClient(ModernClient.form)
        let result = try await client.call(
            "\(Self.prefix)elicitation", responses: ["user_name": ["action": .string(action)]])
        #expect(result.text == "Hello, whoever you are!")
    }

    @Test(
        "M49: only what the client declared is asked",
        arguments: [
            ([:], []), (["sampling": [:]], ["capital_question"]), (["roots": [:]], ["client_roots"]),
            (["elicitation": ["url": [:]]], []), (["elicitation": [:]], ["user_name"]),
            (ModernClient.everything, ["capital_question", "client_roots", "user_name"]),
        ] as [(JSONObject, [String])])
    func declared(capabilities: JSONObject, keys: [String]) async throws {
        let round = try await ModernClient(capabilities).call("\(Self.prefix)capabilities")
        #expect(round["inputRequests"]?.keys ?? [] == keys)
        #expect(round.resultType == (keys.isEmpty ? "complete" : "input_required"))
    }

    @Test(
        "M21: a question that the client did not declare is an error that names what is missing",
        arguments: [
            ("elicitation", #"{"elicitation":{"form":{}}}"#), ("sampling", #"{"sampling":{}}"#),
            ("list_roots", #"{"roots":{}}"#),
        ])
    func undeclared(tool: String, required: String) async throws {
        let client = ModernClient(["elicitation": ["url": [:]]])
        let error = try await client.error("tools/call", ["name": .string(Self.prefix + tool)])
        #expect(error["code"]?.int == -32021)
        #expect(error["data"]?["requiredCapabilities"]?.description == required)
    }

    @Test func `Prompts and resources ask too`() async throws {
        let client = ModernClient(ModernClient.form)
        let cases: [(String, JSONObject)] = [
            ("prompts/get", ["name": "test_input_required_result_prompt"]),
            ("resources/read", ["uri": "test://input-required"]),
        ]
        for (method, params) in cases {
            let round = try await client.result(method, params)
            #expect(round.resultType == "input_required" && round["ttlMs"] == nil)
            var retry = params
            retry["inputResponses"] = .object(Self.answers(round))
            let result = try await client.result(method, retry)
            #expect(result.resultType == "complete")
            #expect(result["messages"]?.kind == .array || result["contents"]?.kind == .array)
        }
    }

    @Test(
        "Tools written for the Legacy era ask in rounds",
        arguments: [
            ("test_sampling", ["completion"]), ("test_elicitation", ["form"]), ("ask_two", ["first", "second"]),
            ("ask_roots", ["roots"]), ("ask_url", ["page"]), ("test_elicitation_sep1330_enums", ["form"]),
            ("ask_anyway", ["anything"]), ("confirm_delete", ["confirm"]),
        ])
    func sameTools(tool: String, keys: [String]) async throws {
        let client = ModernClient(ModernClient.everything)
        let arguments: JSONObject = [
            "message": "m", "prompt": "p", "method": "roots/list", "filename": "f",
        ]
        let round = try await client.call(tool, arguments)
        #expect(round["inputRequests"]?.keys == keys)
        let result = try await client.call(
            tool, arguments, responses: Self.answers(round), state: round["requestState"])
        #expect(result.resultType == "complete" && !result.isFailure)
    }

    @Test func `The Legacy era asks the same questions while the tool runs`() async throws {
        let client = try await CoreClient.open(
            capabilities: ["elicitation": [:], "sampling": [:], "roots": [:]]
        ) { method, _ in
            switch method {
            case "elicitation/create": .result(JSONSlice(Answers.name))
            case "sampling/createMessage": .result(JSONSlice(Answers.completion))
            default: .result(JSONSlice(Answers.roots))
            }
        }
        #expect(try await client.text("\(Self.prefix)multiple_inputs") == "Paris Ann, you have 1 roots.")
        #expect(try await client.text("\(Self.prefix)multi_round") == "Ann likes nothing")
        let prompt = try await client.result("prompts/get", ["name": "test_input_required_result_prompt"])
        #expect(prompt["messages"]?.kind == .array && prompt.resultType == nil)
        #expect(client.sent.count == 6)
    }

    @Test func `What asks before it is read is listed to Modern clients alone, and fails without an answer`()
        async throws
    {
        let legacy = try await CoreClient.open()
        for (method, member, key) in [("prompts/list", "prompts", "name"), ("resources/list", "resources", "uri")] {
            let old = try await legacy.result(method).member(member)?.elements.compactMap { $0.member(key)?.string }
            let new = try await ModernClient().result(method).member(member)?.elements.compactMap {
                $0.member(key)?.string
            }
            #expect(Set(new ?? []).subtracting(old ?? []).count == 1)
        }
        let name: JSONValue = ["name": "test_input_required_result_prompt"]
        #expect(try await legacy.error("prompts/get", name)["code"]?.int == -32603)
        #expect(try await legacy.error("resources/read", ["uri": "test://input-required"])["code"]?.int == -32603)
    }

    @Test func `The oldest of too many states is forgotten`() throws {
        let states = RoundStates()
        let subject = RoundStates.Subject(method: "m", name: "n", arguments: nil)
        let saved = RoundStates.Saved(subject: subject, answers: [:], step: 1)
        let first = states.save(saved)
        var last = ""
        for _ in 0..<RoundStates.limit { last = states.save(saved) }
        #expect(throws: RPCError.self) { try states.find(JSONSlice(string: first), for: subject) }
        #expect(try states.find(JSONSlice(string: last), for: subject)?.step == 1)
    }
}
