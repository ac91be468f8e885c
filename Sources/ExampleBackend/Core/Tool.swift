// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// A tool: how it is listed and how it answers.
package struct Tool: Sendable {
    package typealias Answering = @Sendable (Call) throws -> Reply
    package typealias Running = @Sendable (Call, Peer) async throws -> Reply

    package enum Handler: Sendable {
        /// Answers at once on the caller's task: it can neither be cancelled nor send anything first.
        case answering(Answering)
        /// Runs as a task of the session, with a peer to talk to.
        case running(Running)
    }

    /// The behaviour hints of 2025-03-26.
    enum Hints {
        case readOnly
        case changing
        case destructive
    }

    package let name: String
    package let definition: JSONObject
    package let handler: Handler
    package private(set) var eras = Eras.both
    /// The arguments that a Modern client repeats in headers.
    let headerParameters: [HeaderParameter]
    private(set) var executions = Executions()
    private(set) var tasks = TaskSupport.forbidden
    /// What has to be asked before a task is created; the answer is handed to the task.
    private(set) var prelude: (@Sendable (Call, Peer) async throws -> String)?

    init(
        _ name: String, _ description: String, _ hints: Hints = .readOnly, title: String? = nil,
        input: JSONValue = Schema.object(), output: JSONValue? = nil, handler: Handler
    ) {
        self.name = name
        self.handler = handler
        var definition: JSONObject = ["name": .string(name)]
        if let title { definition["title"] = .string(title) }
        definition["description"] = .string(description)
        definition["inputSchema"] = input
        if let output { definition["outputSchema"] = output }
        let annotations: JSONObject
        switch hints {
        case .readOnly:
            annotations = ["readOnlyHint": true, "idempotentHint": true, "openWorldHint": false]
        case .changing:
            annotations = ["readOnlyHint": false, "destructiveHint": false, "openWorldHint": false]
        case .destructive:
            annotations = ["readOnlyHint": false, "destructiveHint": true, "openWorldHint": false]
        }
        definition["annotations"] = .object(annotations)
        self.definition = definition
        headerParameters = HeaderParameter.all(in: input)
    }

    /// A tool with any definition, also one that breaks the rules.
    init(name: String, definition: JSONObject, handler: Handler) {
        self.name = name
        self.definition = definition
        self.handler = handler
        headerParameters = definition["inputSchema"].map { HeaderParameter.all(in: $0) } ?? []
    }

    /// The same tool, not called yet: several servers of one process share their definitions, not their counts.
    func uncounted() -> Tool {
        var tool = self
        tool.executions = Executions()
        return tool
    }

    /// The same tool, which may or must run as a task.
    func asTask(
        _ support: TaskSupport, prelude: (@Sendable (Call, Peer) async throws -> String)? = nil
    ) -> Tool {
        var tool = self
        tool.tasks = support
        tool.prelude = prelude
        return tool
    }

    /// The same tool, for one era alone.
    func only(_ eras: Eras) -> Tool {
        var tool = self
        tool.eras = eras
        return tool
    }

    /// A tool that answers at once with a result.
    static func answering(
        _ name: String, _ description: String, _ hints: Hints = .readOnly, title: String? = nil,
        input: JSONValue = Schema.object(), output: JSONValue? = nil,
        _ body: @escaping @Sendable (Call) throws -> ToolResult
    ) -> Tool {
        Tool(
            name, description, hints, title: title, input: input, output: output,
            handler: .answering { call in
                Reply.result(try body(call).value(for: call.session.revision))
            })
    }

    /// A tool that runs as a task and ends in a result.
    static func running(
        _ name: String, _ description: String, _ hints: Hints = .readOnly, title: String? = nil,
        input: JSONValue = Schema.object(), output: JSONValue? = nil,
        _ body: @escaping @Sendable (Call, Peer) async throws -> ToolResult
    ) -> Tool {
        Tool(
            name, description, hints, title: title, input: input, output: output,
            handler: .running { call, peer in
                Reply.result(try await body(call, peer).value(for: call.session.revision))
            })
    }
}

extension Tool: Listed {
    package var key: String { name }

    package func definition(for revision: Revision) -> JSONObject {
        var definition = definition
        if !revision.hasAnnotations { definition["annotations"] = nil }
        if !revision.hasStructuredOutput {
            definition["title"] = nil
            definition["outputSchema"] = nil
        }
        if revision.hasCoreTasks, tasks != .forbidden {
            definition["execution"] = ["taskSupport": .string(tasks.rawValue)]
        }
        return definition
    }
}
