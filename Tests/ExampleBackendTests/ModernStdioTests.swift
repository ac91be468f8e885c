// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct ModernStdioTests {
    private static func request(
        _ id: JSONValue, _ method: String, _ params: JSONObject = [:], _ capabilities: JSONObject = [:]
    ) -> String {
        var params = params
        params["_meta"] = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": .object(capabilities),
        ]
        return JSONSlice(["jsonrpc": "2.0", "id": id, "method": .string(method), "params": .object(params)])
            .description + "\n"
    }

    private static func call(_ id: JSONValue, _ tool: String, _ arguments: JSONObject = [:]) -> String {
        request(id, "tools/call", ModernClient.params(tool, arguments))
    }

    @Test func `ST-04: one process serves both eras in turns`() async throws {
        let (_, rest) = try await withStdioBackend {
            $0.era = .dual
        } _: { client in
            try await client.send(Self.request(1, "server/discover"))
            #expect(try await client.message()["result"]?["supportedVersions"]?.strings.first == "2026-07-28")
            try await client.open()
            try await client.send(HTTPClient.call(2, "echo", ["text": "old"]) + "\n")
            #expect(try await client.message()["result"]?.resultType == nil)
            try await client.send(Self.call(3, "echo", ["text": "new\nline"]))
            let modern = try await client.message()["result"]
            #expect(modern?.resultType == "complete" && modern?.text == "new\nline")
            try await client.send(HTTPClient.request(4, "ping") + "\n")
            #expect(try await client.message()["id"]?.int == 4)
        }
        #expect(rest.isEmpty)
    }

    @Test(
        "Stdio has the checks of HTTP without those of the headers",
        arguments: [
            (#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#, Era.dual, -32602),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, .dual, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, .modern, -32602),
            (#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#, .modern, -32022),
            (request(1, "ping"), .dual, -32601), (request(1, "initialize"), .dual, -32601),
            (request(1, "server/discover"), .legacy, -32600), (call(1, "test_missing_capability"), .modern, -32021),
            (call(1, "nobody"), .modern, -32602), (request(1, "subscriptions/listen"), .dual, -32602),
        ])
    func errors(line: String, era: Era, code: Int) async throws {
        _ = try await withStdioBackend {
            $0.era = era
        } _: { client in
            try await client.send(line + "\n")
            let message = try await client.message()
            #expect(message["error"]?["code"]?.int == code)
            #expect(message["id"]?.int == 1)
        }
    }

    @Test func `ST-05: a cancelled request is never answered`() async throws {
        let (_, rest) = try await withStdioBackend {
            $0.era = .modern
        } _: { client in
            try await client.send(Self.call("a", "hang"))
            try await client.send(Self.call("a", "echo", ["text": "x"]))
            #expect(try await client.message()["result"]?.text == "x")
            try await client.send(Self.call("a", "hang"))
            #expect(try await client.message()["error"]?["code"]?.int == -32600)
            let cancel = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}"#
            try await client.send(cancel + "\n")
            try await client.send(Self.call(2, "stats"))
            let stats = try await client.message()
            #expect(stats["id"]?.int == 2)
        }
        #expect(rest.isEmpty)
    }

    @Test func `ST-06: two subscriptions share standard output, each with its own id`() async throws {
        _ = try await withStdioBackend {
            $0.era = .dual
        } _: { client in
            try await client.send(
                Self.request("tools", "subscriptions/listen", ["notifications": ["toolsListChanged": true]]))
            #expect(try await Self.subscription(client.message())?.string == "tools")
            try await client.send(
                Self.request(
                    7, "subscriptions/listen",
                    ["notifications": ["resourceSubscriptions": ["test://watched-resource"]]]))
            #expect(try await Self.subscription(client.message())?.int == 7)
            try await client.send(Self.call(1, "touch_watched"))
            let both = [try await client.message(), try await client.message()]
            let update = try both.first { $0.method == "notifications/resources/updated" }.required()
            #expect(Self.subscription(update)?.int == 7)
            #expect(both.contains { $0["id"]?.int == 1 })
        }
    }

    private static func subscription(_ message: JSONSlice) -> JSONSlice? {
        message["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"]
    }

    @Test func `ST-07: the server's end of a subscription is a result and then a cancellation`() async throws {
        let (_, rest) = try await withStdioBackend {
            $0.era = .dual
        } _: { client in
            try await client.send(Self.request("s", "subscriptions/listen", ["notifications": [:]]))
            _ = try await client.message()
        }
        let messages = try rest.map { try JSONSlice(validating: ByteBuffer(string: $0)) }
        #expect(messages.count == 2)
        #expect(messages.first?["result"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"]?.string == "s")
        #expect(messages.last?.method == "notifications/cancelled")
        #expect(messages.last?["params"]?["requestId"]?.string == "s")
    }

    @Test func `ST-08: questions are results, not requests`() async throws {
        _ = try await withStdioBackend {
            $0.era = .modern
        } _: { client in
            try await client.send(
                Self.request(1, "tools/call", ModernClient.params("ask_two"), ModernClient.form))
            let round = try await client.message()
            #expect(round["id"]?.int == 1 && round["result"]?.resultType == "input_required")
        }
    }
}
