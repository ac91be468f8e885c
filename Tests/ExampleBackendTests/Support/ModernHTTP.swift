// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOHTTP1

@testable import ExampleBackend

/// A Modern client over HTTP whose headers and bodies can be made wrong one by one.
struct ModernHTTP: Sendable {
    let http: HTTPClient
    var capabilities: JSONObject = [:]
    var meta: JSONObject = [:]

    static let version = ("MCP-Protocol-Version", "2026-07-28")

    init(_ http: HTTPClient, _ capabilities: JSONObject = [:]) {
        self.http = http
        self.capabilities = capabilities
    }

    func body(_ method: String, _ params: JSONObject = [:], id: JSONValue = 1) -> String {
        var params = params
        var all: JSONObject = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": ["name": "http test", "version": "0"],
            "io.modelcontextprotocol/clientCapabilities": .object(capabilities),
        ]
        for (key, value) in meta { all[key] = value }
        if params["_meta"] == nil { params["_meta"] = .object(all) }
        return JSONSlice(["jsonrpc": "2.0", "id": id, "method": .string(method), "params": .object(params)])
            .description
    }

    static func routing(_ method: String, _ params: JSONObject = [:]) -> [(String, String)] {
        var headers = [version, ("Mcp-Method", method)]
        for key in ["name", "uri", "taskId"] {
            if case .string(let name) = params[key] { headers.append(("Mcp-Name", name)) }
        }
        return headers
    }

    /// Sends a request; `headers` replace those that belong to it, an empty value leaves one out.
    func send(
        _ method: String, _ params: JSONObject = [:], id: JSONValue = 1, headers: [(String, String)] = []
    ) async throws -> HTTPClient.Answer {
        let names = Set(headers.map { $0.0.lowercased() })
        let all = Self.routing(method, params).filter { !names.contains($0.0.lowercased()) } + headers
        return try await http.send(.POST, body(method, params, id: id), headers: all)
    }

    func call(
        _ tool: String, _ arguments: JSONObject = [:], headers: [(String, String)] = []
    ) async throws -> HTTPClient.Answer {
        try await send("tools/call", ModernClient.params(tool, arguments), headers: headers)
    }

    /// Sends a request and reads the answer while it comes.
    func stream<T>(
        _ method: String, _ params: JSONObject = [:], id: JSONValue = 1,
        _ read: (HTTPClient.Exchange) async throws -> T
    ) async throws -> T {
        let headers = http.allHeaders(Self.routing(method, params))
        return try await http.open([(.POST, "/mcp", headers, body(method, params, id: id))]) { exchange in
            try await exchange.readHead()
            return try await read(exchange)
        }
    }

    func stats() async throws -> JSONSlice {
        try await http.send(.GET, path: "/stats").json
    }
}

/// Runs a backend of both eras over HTTP.
func withModernBackend<T: Sendable>(
    _ capabilities: JSONObject = [:], _ configure: (inout ExampleBackendOptions) -> Void = { _ in },
    _ body: (ModernHTTP) async throws -> T
) async throws -> T {
    try await withHTTPBackend {
        $0.era = .dual
        configure(&$0)
    } _: {
        try await body(ModernHTTP($0, capabilities))
    }
}
