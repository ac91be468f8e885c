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
        let isModern = revision >= "2026-07-28"
        let base =
            isModern ? gateway.client : try await gateway.client.opened(revision, .object(capabilities))
        return MatrixClient(base: base, revision: revision, capabilities: capabilities)
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
