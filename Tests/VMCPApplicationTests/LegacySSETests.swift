// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// The HTTP+SSE transport of 2024-11-05 towards clients (§2.4).
@Suite struct LegacySSETests {
    private static let plan: GatewayPlan = {
        var plan = GatewayPlan()
        plan.sections = "http:\n  legacySSE: true"
        return plan
    }()

    /// A client of that transport: says things by POST, hears everything on one stream.
    private struct SSEClient {
        let base: MCPTestClient
        let stream: RawConnection
        let path: String

        func post(_ body: String, fields: [(name: String, value: String)] = []) async throws -> RawReply {
            try await base.send("POST", body, path: path, fields: fields)
        }

        func next() async throws -> JSONSlice {
            try (try await stream.messageEvent().message).orThrow("a message")
        }

        /// Sends a request and waits for its answer; questions on the way are given to `answering`.
        func exchange(
            _ body: String, id: JSONValue, answering: (JSONSlice) -> JSONValue? = { _ in nil }
        ) async throws -> JSONSlice {
            let accepted = try await post(body)
            guard accepted.status == 202 else { throw Missing("202, got \(accepted.status) \(accepted.text)") }
            while true {
                let message = try await next()
                if message["id"]?.value == id, message["method"] == nil { return message }
                if message["id"] != nil, let answer = answering(message) {
                    _ = try await post(try MCPTestClient.answer(message, answer))
                }
            }
        }

        func open(_ revision: String = "2024-11-05", _ capabilities: JSONValue = [:]) async throws -> JSONSlice {
            let answer = try await exchange(MCPTestClient.initialize(revision, capabilities), id: 0)
            _ = try await post(MCPTestClient.notification("notifications/initialized"))
            return answer
        }
    }

    private func connected(_ gateway: RunningGateway, _ body: (SSEClient) async throws -> Void) async throws {
        let base = gateway.client
        try await base.withConnection { connection in
            try await connection.send(
                base.requestText("GET", path: "/sse", fields: [("Accept", "text/event-stream")]))
            let head = try await connection.head()
            guard head.status == 200, head["content-type"] == "text/event-stream" else {
                throw Missing("a stream, got \(head.status)")
            }
            let first = try (try await connection.event()).orThrow("an event")
            #expect(first.event == "endpoint")
            let path = try first.data.orThrow("an address")
            #expect(path.hasPrefix("/messages?sessionId="))
            try await body(SSEClient(base: base, stream: connection, path: path))
        }
    }

    @Test("SS-01, SS-02: the first event names the address for messages, and answers come on the stream")
    func conversation() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            try await connected(gateway) { client in
                let opened = try await client.open()
                #expect(opened["result"]?["protocolVersion"]?.string == "2024-11-05")
                let echoed = try await client.exchange(
                    MCPTestClient.call("c", "one_echo", ["text": "over SSE"]), id: "c")
                #expect(echoed["result"]?.firstText == "over SSE")
                let unknown = try await client.exchange(MCPTestClient.request(7, "nothing/here"), id: 7)
                #expect(unknown["error"]?["code"]?.int == -32601)
            }
        }
    }

    @Test("SS-07: progress and questions of a call reach the client on its one stream")
    func questions() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            try await connected(gateway) { client in
                _ = try await client.open("2025-06-18", ["elicitation": [:]])
                let answer = try await client.exchange(
                    MCPTestClient.call("e", "one_test_elicitation", ["message": "Who?"]), id: "e"
                ) { _ in ["action": "accept", "content": ["username": "ann", "email": "a@example.com"]] }
                #expect(answer["result"]?.firstText?.contains("action=accept") == true)
            }
        }
    }

    @Test("a batch is served in a 2025-03-26 session alone")
    func batches() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            try await connected(gateway) { client in
                _ = try await client.open("2025-03-26")
                let batch = "[\(MCPTestClient.request(1, "ping")),\(MCPTestClient.request(2, "ping"))]"
                #expect(try await client.post(batch).status == 202)
                let event = try await client.stream.messageEvent()
                let answers = try (event.data).orThrow("data")
                #expect(answers.hasPrefix("["))
            }
            try await connected(gateway) { client in
                _ = try await client.open("2024-11-05")
                #expect(try await client.post("[\(MCPTestClient.request(1, "ping"))]").status == 400)
            }
        }
    }

    @Test("SS-06: the stream's end is the session's end")
    func end() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            var path = ""
            try await connected(gateway) { client in
                _ = try await client.open()
                path = client.path
            }
            try await eventually("the session's end") {
                try await gateway.client.send("POST", MCPTestClient.request(1, "ping"), path: path).status == 404
            }
        }
    }

    @Test("SS-06: a client that does not read loses its stream, and with it the session")
    func slowReader() async throws {
        var plan = Self.plan
        plan.limits = ["maxQueuedBytesPerStream: 65536"]
        try await RunningGateway.run(plan) { gateway in
            let base = gateway.client
            try await base.withConnection(receiveBuffer: 4096) { stream in
                try await stream.send(base.requestText("GET", path: "/sse", fields: [("Accept", "text/event-stream")]))
                _ = try await stream.head()
                let path = try (try await stream.event()?.data).orThrow("an address")
                let client = SSEClient(base: base, stream: stream, path: path)
                _ = try await client.open()
                try await stream.setReading(false)
                try await eventually("the session's end") {
                    try await client.post(MCPTestClient.call(1, "one_large", ["bytes": 1_000_000])).status == 404
                }
            }
        }
    }

    struct Refusal: Sendable {
        let name: String
        let method: String
        let path: String
        let body: String?
        var fields: [(name: String, value: String)] = []
        let status: Int
    }

    @Test(
        "SS-03, SS-04: what is not part of the transport is refused, and pages of strangers are",
        arguments: [
            Refusal(name: "POST to the stream", method: "POST", path: "/sse", body: "{}", status: 405),
            Refusal(name: "GET of messages", method: "GET", path: "/messages", body: nil, status: 405),
            Refusal(name: "no session", method: "POST", path: "/messages", body: "{}", status: 400),
            Refusal(
                name: "unknown session", method: "POST", path: "/messages?sessionId=0123", body: "{}", status: 404),
            Refusal(
                name: "a stranger's page opens a stream", method: "GET", path: "/sse", body: nil,
                fields: [("Accept", "text/event-stream"), ("Origin", "https://evil.example")], status: 403),
            Refusal(
                name: "a stranger's page says something", method: "POST", path: "/messages?sessionId=0", body: "{}",
                fields: [("Origin", "https://evil.example")], status: 403),
            Refusal(
                name: "no event stream wanted", method: "GET", path: "/sse", body: nil,
                fields: [("Accept", "application/json")], status: 406),
            Refusal(
                name: "not JSON", method: "POST", path: "/messages?sessionId=0", body: "x",
                fields: [("Content-Type", "text/plain")], status: 415),
        ])
    func refusals(_ refusal: Refusal) async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            let reply = try await gateway.client.send(
                refusal.method, refusal.body, path: refusal.path, fields: refusal.fields)
            #expect(reply.status == refusal.status, "\(refusal.name): \(reply.text)")
        }
    }

    @Test("malformed and Modern messages are refused, and the session goes on")
    func malformed() async throws {
        try await RunningGateway.run(Self.plan) { gateway in
            try await connected(gateway) { client in
                _ = try await client.open()
                #expect(try await client.post("{").status == 400)
                let modern = MCPTestClient.request(
                    1, "tools/list", ["_meta": ["io.modelcontextprotocol/protocolVersion": "2026-07-28"]])
                let refused = try await client.post(modern)
                #expect(refused.status == 400)
                #expect(try refused.json["error"]?["code"]?.int == -32022)
                #expect(try await client.exchange(MCPTestClient.request(2, "ping"), id: 2)["result"] != nil)
            }
        }
    }

    @Test("without the setting the addresses are those of the MCP endpoint")
    func off() async throws {
        try await RunningGateway.run { gateway in
            let reply = try await gateway.client.send("GET", path: "/sse", fields: [("Accept", "text/event-stream")])
            #expect(reply.status == 400)
        }
    }
}
