// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct HTTPBatchTests {
    private func batch(_ messages: String...) -> String { "[\(messages.joined(separator: ","))]" }

    @Test func `A batch of requests is answered with an array`() async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened("2025-03-26").send(
                .POST,
                batch(
                    HTTPClient.call(1, "echo", ["text": "a"]), HTTPClient.call(2, "slow", ["milliseconds": 1]),
                    #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, HTTPClient.request(3, "nonsense")))
            #expect(answer.status == 200 && answer.type == "application/json")
            let ids = try answer.json.elements.compactMap { $0["id"]?.int }
            #expect(ids.sorted() == [1, 2, 3])
        }
    }

    @Test func `A batch in which something is sent first becomes a stream`() async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened("2025-03-26").send(
                .POST,
                batch(
                    HTTPClient.call(1, "echo", ["text": "a"]), HTTPClient.call(2, "test_tool_with_logging")))
            #expect(answer.type == "text/event-stream")
            let messages = try answer.events.map { try $0.json }
            #expect(messages.filter { $0.method == "notifications/message" }.count == 3)
            #expect(Set(messages.compactMap { $0["id"]?.int }) == [1, 2])
        }
    }

    @Test func `A batch without requests is accepted`() async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened("2025-03-26").send(
                .POST,
                batch(
                    #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, #"{"jsonrpc":"2.0","id":1,"result":{}}"#
                ))
            #expect(answer.status == 202 && answer.body.readableBytes == 0)
        }
    }

    @Test(
        "Batches that are not allowed are refused",
        arguments: [
            ("2024-11-05", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]"),
            ("2025-06-18", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]"),
            ("2025-11-25", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]"),
            ("2025-03-26", "[]"), ("2025-03-26", "[1]"),
            ("2025-03-26", "[\(HTTPClient.initialize("2025-03-26"))]"),
            (
                "2025-03-26",
                "[" + Array(repeating: "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}", count: 101).joined(separator: ",")
                    + "]"
            ),
        ])
    func refused(revision: String, body: String) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened(revision).send(.POST, body)
            #expect(answer.status == 400)
            #expect(try answer.json["error"]?["code"]?.int == -32600)
        }
    }
}
