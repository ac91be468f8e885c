// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools that may go on as a task after their call was answered; the names are those of the conformance suite.
enum TaskTools {
    static var all: [Tool] {
        [
            greet, slowCompute.asTask(.optional), failing.asTask(.required), protocolError.asTask(.optional),
            confirmDelete.asTask(.optional), multiInput.asTask(.optional), question.asTask(.required),
            withTask.asTask(.optional, prelude: { _, peer in try await userName(peer) }),
        ]
    }

    private static let greet = Tool.answering(
        "greet", "Greets at once, never as a task.",
        input: Schema.object(["name": Schema.string("Whom to greet.")], required: ["name"])
    ) { call in
        ToolResult(text: "Hello, \(try call.string("name"))!")
    }

    private static let slowCompute = Tool.running(
        "slow_compute", "Takes the given time, as a task where that is possible.",
        input: Schema.object([
            "seconds": ["type": "number", "description": "How long it takes.", "minimum": 0, "maximum": 3_600],
            "label": Schema.string("Comes back in the result."),
        ])
    ) { call, peer in
        let seconds = call.arguments?["seconds"]?.double ?? 1
        guard (0...3_600).contains(seconds) else { throw ToolFailure("seconds must be from 0 to 3600.") }
        if let token = call.progressToken { await peer.progress(token, 0, of: 1, "Computing") }
        try await Task.sleep(for: .seconds(seconds))
        if let token = call.progressToken { await peer.progress(token, 1, of: 1, "Computed") }
        return ToolResult(text: "\(call.arguments?["label"]?.string ?? "slow_compute") took \(seconds) s")
    }

    private static let delay = Schema.object([
        "milliseconds": Schema.integer("How long it takes; a second if left out.", in: 0...3_600_000)
    ])

    private static func wait(_ call: Call) async throws {
        try await Task.sleep(
            for: .milliseconds(try call.integer("milliseconds", in: 0...3_600_000, default: 1_000)))
    }

    private static let failing = Tool.running(
        "failing_job", "Runs as a task alone, and ends in a tool error.", input: delay
    ) { call, _ in
        try await wait(call)
        throw ToolFailure("The job failed, as it should.")
    }

    private static let protocolError = Tool.running(
        "protocol_error_job", "Ends in a JSON-RPC error, as a task where that is possible.", input: delay
    ) { call, _ in
        try await wait(call)
        throw RPCError(code: -32603, message: "The job broke, as it should")
    }

    private static let confirmDelete = Tool.running(
        "confirm_delete", "Asks before it pretends to delete a file.", .destructive,
        input: Schema.object(["filename": Schema.string("The file.")], required: ["filename"])
    ) { call, peer in
        let file = try call.string("filename")
        let answer = try await peer.form(
            "confirm", "Delete \(file)?", ["confirm": Schema.boolean("Whether to delete.")], required: ["confirm"])
        let isConfirmed =
            answer["action"]?.isString("accept") == true && answer["content"]?["confirm"]?.bool == true
        return ToolResult(text: isConfirmed ? "Deleted \(file)" : "Kept \(file)")
    }

    private static let multiInput = Tool.running(
        "multi_input", "Asks two questions at the same time.", .changing
    ) { _, peer in
        async let first = part(peer, "first")
        async let second = part(peer, "second")
        return try await ToolResult(text: "\(first) and \(second)")
    }

    private static func part(_ peer: Peer, _ key: String) async throws -> String {
        let answer = try await peer.form(
            key, "The \(key) name?", ["name": Schema.string("A name.")], required: ["name"])
        return answer["content"]?["name"]?.string ?? answer["action"]?.string ?? "nothing"
    }

    private static let question = Tool.running(
        "task_question", "Asks while it runs, which it does as a task alone.", .changing
    ) { _, peer in
        ToolResult(text: "Hello, \(try await userName(peer))!")
    }

    private static let withTask = Tool.running(
        "test_tool_with_task", "Asks for a name first and goes on as a task then, where that is possible.", .changing
    ) { call, peer in
        var name = call.prelude
        if name == nil { name = try await userName(peer) }
        return ToolResult(text: "Hello, \(name ?? "nobody")!")
    }

    private static func userName(_ peer: Peer) async throws -> String {
        try await InputRequiredTools.name(peer, "user_name", "What is your name?")
    }
}
