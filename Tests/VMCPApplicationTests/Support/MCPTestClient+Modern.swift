// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport

/// Requests of 2026-07-28, which need no session.
extension MCPTestClient {
    static func modernMessage(_ id: JSONValue, _ method: String, _ params: JSONObject = [:]) -> String {
        var params = params
        params["_meta"] = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": [:],
        ]
        return request(id, method, .object(params))
    }

    /// The whole text of an HTTP request.
    func modernText(_ id: JSONValue, _ method: String, _ params: JSONObject = [:]) -> String {
        var fields = [(name: "MCP-Protocol-Version", value: "2026-07-28"), (name: "Mcp-Method", value: method)]
        for key in ["name", "uri"] {
            if case .string(let name)? = params[key] { fields.append(("Mcp-Name", name)) }
        }
        return requestText("POST", Self.modernMessage(id, method, params), fields: fields)
    }

    func sendModern(_ id: JSONValue, _ method: String, _ params: JSONObject = [:]) async throws -> RawReply {
        try await withConnection { connection in
            try await connection.send(modernText(id, method, params))
            return try await connection.reply()
        }
    }

    /// Opens a subscription for as long as the body runs, which is given its acknowledgement.
    func modernListening<T>(
        _ id: JSONValue, _ filter: JSONObject, _ body: (RawConnection, JSONSlice?) async throws -> T
    ) async throws -> T {
        try await withConnection { connection in
            try await connection.send(modernText(id, "subscriptions/listen", ["notifications": .object(filter)]))
            guard try await connection.head().status == 200 else { throw Missing("a stream") }
            return try await body(connection, try? await connection.messageEvent().message)
        }
    }
}
