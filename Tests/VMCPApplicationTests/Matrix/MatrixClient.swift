// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport

/// A client of any revision with the same verbs for all of them, so that one test asks the same in every cell.
struct MatrixClient: Sendable {
    /// Everything that one request brought.
    struct Exchange {
        var message: JSONSlice
        var notifications: [JSONSlice] = []
        /// What was asked: `method` and `params`, however the era asks.
        var questions: [JSONSlice] = []

        var result: JSONSlice? { message["result"] }
        var error: JSONSlice? { message["error"] }
        var text: String? { result?.firstText }

        func notifications(_ method: String) -> [JSONSlice] {
            notifications.filter { $0["method"]?.string == method }
        }
    }

    typealias Answering = @Sendable (_ method: String, _ params: JSONSlice?) -> JSONValue?

    private let base: MCPTestClient
    let revision: String
    private let capabilities: JSONObject

    var isModern: Bool { revision >= "2026-07-28" }

    static func open(
        _ gateway: RunningGateway, _ revision: String, _ capabilities: JSONObject = [:]
    ) async throws -> MatrixClient {
        try await open(gateway.client, revision, capabilities)
    }

    /// - Parameter base: what says who the client is.
    static func open(
        _ base: MCPTestClient, _ revision: String, _ capabilities: JSONObject = [:]
    ) async throws -> MatrixClient {
        let isModern = revision >= "2026-07-28"
        let opened = isModern ? base : try await base.opened(revision, .object(capabilities))
        return MatrixClient(base: opened, revision: revision, capabilities: capabilities)
    }

    /// The same client with other capabilities: another request of the Modern era, the same session before.
    func declaring(_ capabilities: JSONObject) -> MatrixClient {
        MatrixClient(base: base, revision: revision, capabilities: capabilities)
    }

    func close() async throws {
        if !isModern { _ = try await base.send("DELETE") }
    }

    // MARK: Requests

    func call(
        _ tool: String, _ arguments: JSONObject = [:], meta: JSONObject = [:], logLevel: String? = nil,
        answering: Answering = { _, _ in nil }
    ) async throws -> Exchange {
        try await request(
            "tools/call", ["name": .string("one_" + tool), "arguments": .object(arguments)], meta: meta,
            logLevel: logLevel, answering: answering)
    }

    /// Sends a request and sees it through to its answer, answering what is asked on the way.
    func request(
        _ method: String, _ params: JSONObject = [:], meta: JSONObject = [:], logLevel: String? = nil,
        answering: Answering = { _, _ in nil }
    ) async throws -> Exchange {
        if !isModern { return try await legacy(method, params, meta, answering) }
        var params = params
        var all = Exchange(message: .null)
        for round in 1...12 {
            let reply = try await base.send(
                "POST", Self.modern(.number(JSONNumber(round)), method, params, meta, capabilities, logLevel),
                fields: Self.modernFields(method, params))
            let messages = try reply.messages
            let answer = try messages.last.orThrow("an answer in \(reply.status): \(reply.text)")
            all.message = answer
            all.notifications += messages.filter { $0["id"] == nil }
            guard answer["result"]?["resultType"]?.string == "input_required" else { return all }
            var responses: JSONObject = [:]
            for member in (answer["result"]?["inputRequests"] ?? .emptyObject).members {
                all.questions.append(member.value)
                let asked = try (member.value["method"]?.string).orThrow("a method in \(member.value)")
                if let response = answering(asked, member.value["params"]) {
                    responses[try member.key.string.orThrow("a key")] = response
                }
            }
            params["inputResponses"] = .object(responses)
            params["requestState"] = answer["result"]?["requestState"].map { .slice($0) }
        }
        throw Missing("an end to the rounds of \(method)")
    }

    private func legacy(
        _ method: String, _ params: JSONObject, _ meta: JSONObject, _ answering: Answering
    ) async throws -> Exchange {
        var params = params
        if !meta.isEmpty { params["_meta"] = .object(meta) }
        let body = MCPTestClient.request("call", method, params.isEmpty ? nil : .object(params))
        return try await base.withConnection { connection in
            try await connection.send(base.requestText("POST", body))
            let head = try await connection.head()
            guard head["content-type"] == "text/event-stream" else {
                var bytes = ByteBuffer()
                while let more = try await connection.bodyBytes() { bytes.writeImmutableBuffer(more) }
                return Exchange(message: try JSONSlice(validating: bytes))
            }
            var all = Exchange(message: .null)
            while true {
                let message = try (try await connection.messageEvent().message).orThrow("a message")
                if message["id"]?.string == "call" {
                    all.message = message
                    return all
                }
                guard let asked = message["method"]?.string, message["id"] != nil else {
                    all.notifications.append(message)
                    continue
                }
                all.questions.append(message)
                if let answer = answering(asked, message["params"]) {
                    _ = try await base.send("POST", try MCPTestClient.answer(message, answer))
                }
            }
        }
    }

    /// Sends several requests at a time, as only 2025-03-26 can, and returns the answers by their ids.
    func batch(_ calls: [(id: Int, tool: String, arguments: JSONObject)]) async throws -> [Int: JSONSlice] {
        let texts = calls.map { MCPTestClient.call(.number(JSONNumber($0.id)), "one_" + $0.tool, $0.arguments) }
        let reply = try await base.send("POST", "[" + texts.joined(separator: ",") + "]")
        let array = try reply.contentType == "text/event-stream" ? reply.messages.last.orThrow("answers") : reply.json
        guard array.kind == .array else { throw Missing("an array, got \(array)") }
        var answers: [Int: JSONSlice] = [:]
        for answer in array.elements { answers[try answer["id"]?.int.orThrow("an id in \(answer)") ?? 0] = answer }
        return answers
    }

    /// One exchange with exactly these parameters, whatever its answer is; the HTTP status as well.
    func once(_ method: String, _ params: JSONObject) async throws -> (status: Int, message: JSONSlice) {
        let reply =
            isModern
            ? try await base.send(
                "POST", Self.modern("once", method, params, [:], capabilities, nil),
                fields: Self.modernFields(method, params))
            : try await base.send("POST", MCPTestClient.request("once", method, .object(params)))
        return (reply.status, try reply.messages.last.orThrow("an answer in \(reply.status): \(reply.text)"))
    }

    // MARK: Tasks

    static let tasks: JSONObject = ["extensions": ["io.modelcontextprotocol/tasks": [:]], "elicitation": [:]]

    /// Starts a tool as a task, by the client's wish or the server's as the era has it; the task.
    func start(_ tool: String, _ arguments: JSONObject = [:]) async throws -> JSONSlice {
        var params: JSONObject = ["name": .string("one_" + tool), "arguments": .object(arguments)]
        if !isModern { params["task"] = ["ttl": 60000] }
        let answer = try await once("tools/call", params).message
        guard isModern else { return try (answer["result"]?["task"]).orThrow("a task in \(answer)") }
        guard answer["result"]?["resultType"]?.string == "task" else { throw Missing("a task in \(answer)") }
        return try answer["result"].orThrow("a result")
    }

    func task(_ id: String) async throws -> JSONSlice {
        let answer = try await once("tasks/get", ["taskId": .string(id)]).message
        return try answer["result"].orThrow("a task in \(answer)")
    }

    /// The task as soon as it has one of these statuses.
    func settled(_ id: String, _ statuses: String...) async throws -> JSONSlice {
        var last = JSONSlice.null
        try await eventually("\(statuses) of a task") {
            last = try await task(id)
            return statuses.contains(last["status"]?.string ?? "")
        }
        return last
    }

    /// What an ended task came to.
    func outcome(of id: String) async throws -> JSONSlice {
        if isModern {
            let task = try await settled(id, "completed", "failed")
            return try task["result"].orThrow("a result in \(task)")
        }
        let answer = try await request("tasks/result", ["taskId": .string(id)])
        return try answer.result.orThrow("a result in \(answer.message)")
    }

    /// Begins a request and gives it up in the way of its era once `isRunning` says that it is on its way.
    func giveUp(_ tool: String, _ arguments: JSONObject, once isRunning: () async throws -> Bool) async throws {
        let params: JSONObject = ["name": .string("one_" + tool), "arguments": .object(arguments)]
        try await base.withConnection { connection in
            let text =
                isModern
                ? base.requestText(
                    "POST", Self.modern("call", "tools/call", params, [:], capabilities, nil),
                    fields: Self.modernFields("tools/call", params))
                : base.requestText("POST", MCPTestClient.request("call", "tools/call", .object(params)))
            try await connection.send(text)
            while try await !isRunning() { try await Task.sleep(for: .milliseconds(10)) }
            if !isModern {
                _ = try await base.send(
                    "POST", MCPTestClient.notification("notifications/cancelled", ["requestId": "call"]))
            }
        }
    }

    // MARK: Watching

    /// Hears what happens to lists and resources while the body runs, until `isEnough` has seen it.
    func watching(
        _ filter: JSONObject, subscribe uri: String? = nil, _ body: () async throws -> Void,
        until isEnough: (JSONSlice) -> Bool
    ) async throws {
        if isModern {
            var filter = filter
            if let uri { filter["resourceSubscriptions"] = [.string(uri)] }
            let params: JSONObject = ["notifications": .object(filter)]
            try await base.withConnection { connection in
                try await connection.send(
                    base.requestText(
                        "POST", Self.modern("sub", "subscriptions/listen", params, [:], capabilities, nil),
                        fields: Self.modernFields("subscriptions/listen", params)))
                _ = try await connection.head()
                let first = try await connection.messageEvent().message
                guard first?["method"]?.string == "notifications/subscriptions/acknowledged" else {
                    throw Missing("an acknowledgement, got \(first?.description ?? "nothing")")
                }
                try await Self.wait(on: connection, body, until: isEnough)
            }
        } else {
            try await base.listening { connection in
                if let uri { _ = try await base.result("resources/subscribe", ["uri": .string(uri)]) }
                try await Self.wait(on: connection, body, until: isEnough)
            }
        }
    }

    /// The first message of a Modern subscription, or the answer that refuses it.
    func subscribed(_ filter: JSONObject) async throws -> JSONSlice {
        let params: JSONObject = ["notifications": .object(filter)]
        return try await base.withConnection { connection in
            try await connection.send(
                base.requestText(
                    "POST", Self.modern("sub", "subscriptions/listen", params, [:], capabilities, nil),
                    fields: Self.modernFields("subscriptions/listen", params)))
            let head = try await connection.head()
            if head["content-type"] == "text/event-stream" {
                return try (try await connection.messageEvent().message).orThrow("a message")
            }
            var bytes = ByteBuffer()
            while let more = try await connection.bodyBytes() { bytes.writeImmutableBuffer(more) }
            return try JSONSlice(validating: bytes)
        }
    }

    /// Sends a request and breaks the connection off without reading its answer.
    func breakOff(_ method: String, _ params: JSONObject) async throws {
        try await base.withConnection { connection in
            try await connection.send(
                isModern
                    ? base.requestText(
                        "POST", Self.modern("cut", method, params, [:], capabilities, nil),
                        fields: Self.modernFields(method, params))
                    : base.requestText("POST", MCPTestClient.request("cut", method, .object(params))))
        }
    }

    private static func wait(
        on connection: RawConnection, _ body: () async throws -> Void, until isEnough: (JSONSlice) -> Bool
    ) async throws {
        try await body()
        while true {
            let message = try (try await connection.messageEvent().message).orThrow("a message")
            if isEnough(message) { return }
        }
    }

    // MARK: Modern requests

    private static func modern(
        _ id: JSONValue, _ method: String, _ params: JSONObject, _ meta: JSONObject, _ capabilities: JSONObject,
        _ logLevel: String?
    ) -> String {
        var meta = meta
        meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28"
        meta["io.modelcontextprotocol/clientInfo"] = ["name": "gateway test", "version": "0"]
        meta["io.modelcontextprotocol/clientCapabilities"] = .object(capabilities)
        if let logLevel { meta["io.modelcontextprotocol/logLevel"] = .string(logLevel) }
        var params = params
        params["_meta"] = .object(meta)
        return MCPTestClient.request(id, method, .object(params))
    }

    private static func modernFields(_ method: String, _ params: JSONObject) -> [(name: String, value: String)] {
        var fields = [(name: "MCP-Protocol-Version", value: "2026-07-28"), (name: "Mcp-Method", value: method)]
        let key =
            switch method {
            case "resources/read": "uri"
            case "tasks/get", "tasks/update", "tasks/cancel": "taskId"
            default: "name"
            }
        let named = ["tools/call", "prompts/get", "resources/read", "tasks/get", "tasks/update", "tasks/cancel"]
        if named.contains(method), case .string(let name)? = params[key] {
            fields.append((name: "Mcp-Name", value: name))
        }
        return fields
    }
}
