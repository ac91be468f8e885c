// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools that need answers of the client; the names and keys are those of the conformance suite.
///
/// In the Modern era they answer `input_required` and start over, in the Legacy era they ask while they run. Those
/// whose subject is the `requestState` exist in the Modern era alone.
enum InputRequiredTools {
    static var all: [Tool] {
        [
            elicitation, sampling, listRoots, requestState.only(.modern), multiple, multiRound,
            tamperedState.only(.modern), capabilities, stateOnly.only(.modern), endless.only(.modern),
        ]
    }

    private static let prefix = "test_input_required_result_"

    private static let elicitation = Tool.running(
        "\(prefix)elicitation", "Asks for the user's name and greets.", .changing
    ) { _, peer in
        ToolResult(text: "Hello, \(try await name(peer, "user_name", "What is your name?"))!")
    }

    private static let sampling = Tool.running(
        "\(prefix)sampling", "Asks the client's model for a capital.", .changing
    ) { _, peer in
        try peer.require("sampling")
        return ToolResult(
            text: try await completion(peer, "capital_question", "What is the capital of France?"))
    }

    private static let listRoots = Tool.running(
        "\(prefix)list_roots", "Asks for the client's roots."
    ) { _, peer in
        try peer.require("roots")
        return ToolResult(text: try await peer.result(of: "roots/list", key: "client_roots").description)
    }

    private static let requestState = Tool.running(
        "\(prefix)request_state", "Asks for a confirmation and insists on its state.", .changing
    ) { _, peer in
        try peer.requireForm()
        let answer = try peer.confirmWithState()
        return ToolResult(text: "state-ok, confirmed: \(answer["content"]?["ok"]?.bool == true)")
    }

    private static let tamperedState = Tool.running(
        "\(prefix)tampered_state", "Asks for a confirmation; a state that was changed is an error.", .changing
    ) { _, peer in
        try peer.requireForm()
        _ = try peer.confirmWithState()
        return ToolResult(text: "The state came back unchanged")
    }

    private static let multiple = Tool.running(
        "\(prefix)multiple_inputs", "Asks three questions of different kinds at the same time.", .changing
    ) { _, peer in
        try peer.requireForm()
        try peer.require("sampling")
        try peer.require("roots")
        peer.keepState()
        async let user = name(peer, "user_name", "What is your name?")
        async let greeting = completion(peer, "greeting", "Generate a greeting")
        async let roots = peer.result(of: "roots/list", key: "client_roots")
        let count = try await roots["roots"]?.elements.reduce(into: 0) { count, _ in count += 1 } ?? 0
        return ToolResult(text: "\(try await greeting) \(try await user), you have \(count) roots.")
    }

    private static let multiRound = Tool.running(
        "\(prefix)multi_round", "Asks two questions one after the other.", .changing
    ) { _, peer in
        try peer.requireForm()
        peer.keepState()
        let user = try await name(peer, "step1", "Step 1: What is your name?")
        let answer = try await peer.form(
            "step2", "Step 2: What is your favorite color?", ["color": Schema.string("A color.")],
            required: ["color"])
        let color = answer["content"]?["color"]?.string ?? "nothing"
        return ToolResult(text: "\(user) likes \(color)")
    }

    private static let capabilities = Tool.running(
        "\(prefix)capabilities", "Asks whatever the client declared that it can answer.", .changing
    ) { _, peer in
        let declared = peer.session.capabilities
        var answers: [String?] = []
        if declared["elicitation"]?.kind == .object, (try? peer.requireForm()) != nil {
            answers.append(try await known { try await name(peer, "user_name", "What is your name?") })
        }
        if declared["sampling"]?.kind == .object {
            let question = "What is the capital of France?"
            answers.append(try await known { try await completion(peer, "capital_question", question) })
        }
        if declared["roots"]?.kind == .object {
            answers.append(
                try await known { try await peer.result(of: "roots/list", key: "client_roots").description })
        }
        let all = answers.compactMap { $0 }
        if all.count < answers.count { throw InputRequired() }
        return ToolResult(text: all.isEmpty ? "There is nobody to ask" : all.joined(separator: "; "))
    }

    private static let stateOnly = Tool.running(
        "state_only_rounds", "Has the client come back a number of times, with nothing but a state.", .changing,
        input: Schema.object(["rounds": Schema.integer("How many times.", in: 0...100)])
    ) { call, peer in
        let rounds = try call.integer("rounds", in: 0...100, default: 1)
        guard case .rounds(let round) = peer.asking else { throw ToolFailure("There are no rounds here.") }
        if round.step < rounds { throw InputRequired() }
        return ToolResult(text: "Done after \(round.step) rounds")
    }

    private static let endless = Tool.running(
        "endless_rounds", "Has a new question in every round and never ends.", .changing
    ) { _, peer in
        try peer.requireForm()
        guard case .rounds(let round) = peer.asking else { throw ToolFailure("There are no rounds here.") }
        peer.keepState()
        _ = try await name(peer, "question_\(round.step)", "Question \(round.step): what is your name?")
        round.keepState()
        throw InputRequired()
    }

    // MARK: Questions

    /// The answer, or nil when it has yet to be asked for.
    private static func known(_ question: () async throws -> String) async throws -> String? {
        do { return try await question() } catch is InputRequired { return nil }
    }

    static func name(_ peer: Peer, _ key: String, _ message: String) async throws -> String {
        let answer = try await peer.form(key, message, ["name": Schema.string("A name.")], required: ["name"])
        guard answer["action"]?.isString("accept") == true else { return "whoever you are" }
        guard let name = answer["content"]?["name"]?.string else {
            throw ToolFailure("The answer has no name: \(answer)")
        }
        return name
    }

    private static func completion(_ peer: Peer, _ key: String, _ prompt: String) async throws -> String {
        let answer = try await peer.result(
            of: "sampling/createMessage",
            ["messages": [["role": "user", "content": Content.text(prompt)]], "maxTokens": 100], key: key)
        return answer["content"]?["text"]?.string ?? answer.description
    }
}

extension Peer {
    /// Asks with a form.
    func form(
        _ key: String, _ message: String, _ properties: JSONObject, required: [String]
    ) async throws -> JSONSlice {
        try requireForm()
        return try await result(
            of: "elicitation/create",
            ["message": .string(message), "requestedSchema": Schema.object(properties, required: required)],
            key: key)
    }

    /// Has the client echo a state with its next answers, whether they are needed or not.
    func keepState() {
        if case .rounds(let round) = asking { round.keepState() }
    }

    /// A confirmation that counts only together with the state that was given out with the question.
    fileprivate func confirmWithState() throws -> JSONSlice {
        guard case .rounds(let round) = asking else { throw ToolFailure("There is no state here.") }
        let question = Round.Question(
            key: "confirm", method: "elicitation/create",
            params: [
                "message": "Please confirm",
                "requestedSchema": Schema.object(["ok": Schema.boolean("Whether to go on.")], required: ["ok"]),
            ])
        round.keepState()
        return try round.answer(question, again: round.step == 0)
    }
}
