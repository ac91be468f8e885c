// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// A client of a Streamable HTTP endpoint that hides nothing: every exchange takes a connection of its own, and the
/// test says which fields it carries.
package struct MCPTestClient: Sendable {
    package var port: Int
    package var path = "/mcp"
    package var sessionID: String?
    /// What `initialize` agreed on.
    package var revision: String?
    package var fields: [(name: String, value: String)] = [
        ("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"),
    ]

    package init(port: Int) { self.port = port }

    // MARK: Raw exchanges

    /// The text of a request. An extra field of the same name replaces ours; an empty value takes it out.
    package func requestText(
        _ method: String = "POST", _ body: String? = nil, path: String? = nil,
        fields extra: [(name: String, value: String)] = []
    ) -> String {
        var all: [(name: String, value: String)] = [("Host", "127.0.0.1:\(port)")] + fields
        if let sessionID { all.append(("Mcp-Session-Id", sessionID)) }
        if let revision, revision >= "2025-06-18" { all.append(("MCP-Protocol-Version", revision)) }
        if let body { all.append(("Content-Length", "\(body.utf8.count)")) }
        let replaced = Set(extra.map { $0.name.lowercased() })
        all = all.filter { !replaced.contains($0.name.lowercased()) } + extra.filter { !$0.value.isEmpty }
        let lines = all.map { "\($0.name): \($0.value)\r\n" }.joined()
        return "\(method) \(path ?? self.path) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")"
    }

    /// Sends one request on a connection of its own and reads the whole answer.
    package func send(
        _ method: String = "POST", _ body: String? = nil, path: String? = nil,
        fields: [(name: String, value: String)] = []
    ) async throws -> RawReply {
        try await withConnection { connection in
            try await connection.send(requestText(method, body, path: path, fields: fields))
            return try await connection.reply(isForHEAD: method == "HEAD")
        }
    }

    /// A connection for as long as the body runs.
    package func withConnection<T>(
        receiveBuffer: Int? = nil, _ body: (RawConnection) async throws -> T
    ) async throws -> T {
        let connection = try await RawConnection.open(port: port, receiveBuffer: receiveBuffer)
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    // MARK: Messages

    package static func request(_ id: JSONValue, _ method: String, _ params: JSONValue? = nil) -> String {
        var object: JSONObject = ["jsonrpc": "2.0", "id": id, "method": .string(method)]
        if let params { object["params"] = params }
        return JSONSlice(.object(object)).description
    }

    package static func notification(_ method: String, _ params: JSONValue? = nil) -> String {
        var object: JSONObject = ["jsonrpc": "2.0", "method": .string(method)]
        if let params { object["params"] = params }
        return JSONSlice(.object(object)).description
    }

    package static func call(
        _ id: JSONValue, _ tool: String, _ arguments: JSONObject = [:], meta: JSONObject? = nil
    ) -> String {
        var params: JSONObject = ["name": .string(tool), "arguments": .object(arguments)]
        if let meta { params["_meta"] = .object(meta) }
        return request(id, "tools/call", .object(params))
    }

    package static func initialize(_ revision: String, _ capabilities: JSONValue = [:], id: JSONValue = 0) -> String {
        request(
            id, "initialize",
            [
                "protocolVersion": .string(revision), "capabilities": capabilities,
                "clientInfo": ["name": "gateway test", "version": "0"],
            ])
    }

    package static func answer(_ question: JSONSlice, _ result: JSONValue) throws -> String {
        let id = try question["id"].orThrow("an id in \(question)")
        return JSONSlice(["jsonrpc": "2.0", "id": .slice(id), "result": result]).description
    }

    // MARK: Sessions

    /// A client with a session of its own.
    package func opened(
        _ revision: String = "2025-11-25", _ capabilities: JSONValue = [:]
    ) async throws -> MCPTestClient {
        let reply = try await send("POST", Self.initialize(revision, capabilities))
        var client = self
        client.sessionID = try reply.sessionID.orThrow("a session id in \(reply.status): \(reply.text)")
        client.revision = try reply.json["result"]?["protocolVersion"]?.string.orThrow("a revision in \(reply.text)")
        let accepted = try await client.send("POST", Self.notification("notifications/initialized"))
        guard accepted.status == 202 else { throw Missing("202 for notifications/initialized, got \(accepted.status)") }
        return client
    }

    /// The answer to a request, whether it came as JSON or at the end of a stream.
    package func message(_ method: String, _ params: JSONValue? = nil, id: JSONValue = 1) async throws -> JSONSlice {
        let reply = try await send("POST", Self.request(id, method, params))
        return try reply.messages.last.orThrow("an answer in \(reply.status): \(reply.text)")
    }

    package func result(_ method: String, _ params: JSONValue? = nil, id: JSONValue = 1) async throws -> JSONSlice {
        let message = try await message(method, params, id: id)
        return try message["result"].orThrow("a result in \(message)")
    }

    package func error(_ method: String, _ params: JSONValue? = nil, id: JSONValue = 1) async throws -> JSONSlice {
        let message = try await message(method, params, id: id)
        return try message["error"].orThrow("an error in \(message)")
    }

    /// The result of a tool call.
    package func call(
        _ tool: String, _ arguments: JSONObject = [:], meta: JSONObject? = nil, id: JSONValue = 1
    ) async throws -> JSONSlice {
        let reply = try await send("POST", Self.call(id, tool, arguments, meta: meta))
        let message = try reply.messages.last.orThrow("an answer in \(reply.status): \(reply.text)")
        return try message["result"].orThrow("a result in \(message)")
    }

    /// The first text of a tool call's result.
    package func text(_ tool: String, _ arguments: JSONObject = [:], id: JSONValue = 1) async throws -> String {
        let result = try await call(tool, arguments, id: id)
        return try result.firstText.orThrow("a text in \(result)")
    }

    /// Opens the session's stream for as long as the body runs.
    package func listening<T>(
        after lastEventID: String? = nil, _ body: (RawConnection) async throws -> T
    ) async throws -> T {
        try await withConnection { connection in
            let resumption = lastEventID.map { [(name: "Last-Event-ID", value: $0)] } ?? []
            try await connection.send(requestText("GET", fields: [("Accept", "text/event-stream")] + resumption))
            let head = try await connection.head()
            guard head.status == 200 else { throw Missing("a stream, got \(head.status)") }
            return try await body(connection)
        }
    }

    /// Sends a POST and reads its stream while it comes.
    package func streaming<T>(_ body: String, _ read: (RawConnection) async throws -> T) async throws -> T {
        try await withConnection { connection in
            try await connection.send(requestText("POST", body))
            let head = try await connection.head()
            guard head["content-type"] == "text/event-stream" else {
                throw Missing("a stream, got \(head.status) \(head["content-type"] ?? "")")
            }
            return try await read(connection)
        }
    }
}

extension JSONSlice {
    /// The text of the first content block of a tool's result.
    package var firstText: String? {
        for block in self["content"]?.elements ?? JSONSlice.emptyArray.elements { return block["text"]?.string }
        return nil
    }

    /// The texts of all content blocks.
    package var texts: [String] {
        (self["content"]?.elements ?? JSONSlice.emptyArray.elements).compactMap { $0["text"]?.string }
    }
}
