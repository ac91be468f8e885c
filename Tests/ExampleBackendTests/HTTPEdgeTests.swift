// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct HTTPEdgeTests {
    @Test("The initialize answer, and no other, carries a session id", arguments: Revision.legacy)
    func sessionID(revision: Revision) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.send(.POST, HTTPClient.initialize(revision.rawValue))
            #expect(answer.status == 200 && answer.type == "application/json")
            #expect(try answer.json["result"]?["protocolVersion"]?.string == revision.rawValue)
            let id = try answer.headers.first(name: "mcp-session-id").required()
            #expect(id.utf8.allSatisfy { (0x21...0x7E).contains($0) })
            let echo = try await client.opened(revision.rawValue).call("echo", ["text": "é"])
            #expect(echo.text == #"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"é"}]}}"#)
            #expect(echo.headers.first(name: "mcp-session-id") == nil)
            #expect(echo.headers.first(name: "content-length") == "\(echo.body.readableBytes)")
        }
    }

    @Test func `A failed initialize opens no session`() async throws {
        try await withHTTPBackend { client in
            let answer = try await client.send(.POST, HTTPClient.request(0, "initialize"))
            #expect(answer.status == 200 && answer.headers.first(name: "mcp-session-id") == nil)
            #expect(try answer.json["error"]?["code"]?.int == -32602)
            #expect(try await client.opened().stats()["liveSessions"]?.int == 1)
        }
    }

    struct Probe: Sendable, CustomStringConvertible {
        let description: String
        let status: Int
        var method = HTTPMethod.POST
        var path = "/mcp"
        var body = HTTPClient.request(1, "ping")
        /// Replaces the client's own field; an empty value leaves it out.
        var header: (String, String)?
    }

    private static let probes = [
        Probe(description: "no session", status: 400, header: ("Mcp-Session-Id", "")),
        Probe(description: "unknown session", status: 404, header: ("Mcp-Session-Id", "x")),
        Probe(description: "GET without session", status: 400, method: .GET, body: "", header: ("Mcp-Session-Id", "")),
        Probe(
            description: "GET, unknown session", status: 404, method: .GET, body: "", header: ("Mcp-Session-Id", "x")),
        Probe(description: "GET of JSON", status: 406, method: .GET, body: "", header: ("Accept", "application/json")),
        Probe(
            description: "GET after no event", status: 400, method: .GET, body: "", header: ("Last-Event-ID", "77-1")),
        Probe(description: "GET after nonsense", status: 400, method: .GET, body: "", header: ("Last-Event-ID", "x")),
        Probe(
            description: "DELETE without session", status: 400, method: .DELETE, body: "",
            header: ("Mcp-Session-Id", "")),
        Probe(
            description: "DELETE, unknown session", status: 404, method: .DELETE, body: "",
            header: ("Mcp-Session-Id", "x")),
        Probe(description: "PUT", status: 405, method: .PUT),
        Probe(description: "not JSON", status: 400, body: "{"),
        Probe(description: "not a message", status: 400, body: "1"),
        Probe(description: "batch", status: 400, body: "[\(HTTPClient.request(1, "ping"))]"),
        Probe(description: "initialize within a session", status: 400, body: HTTPClient.initialize("2025-11-25")),
        Probe(description: "wrong type", status: 415, header: ("Content-Type", "text/plain")),
        Probe(description: "no type", status: 415, header: ("Content-Type", "")),
        Probe(description: "accepts JSON only", status: 406, header: ("Accept", "application/json")),
        Probe(description: "foreign page", status: 403, header: ("Origin", "http://evil.example.com")),
        Probe(description: "unknown version", status: 400, header: ("MCP-Protocol-Version", "1999-01-01")),
        Probe(description: "Modern version", status: 400, header: ("MCP-Protocol-Version", "2026-07-28")),
        Probe(description: "other Legacy version", status: 200, header: ("MCP-Protocol-Version", "2025-03-26")),
        Probe(description: "page of this machine", status: 200, header: ("Origin", "http://localhost:1")),
        Probe(description: "unknown method", status: 200, body: HTTPClient.request(1, "server/discover")),
        Probe(
            description: "notification", status: 202, body: #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        Probe(description: "response", status: 202, body: #"{"jsonrpc":"2.0","id":9,"result":{}}"#),
    ]

    @Test("A request gets the status that the specification names", arguments: probes)
    func statuses(probe: Probe) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened().send(
                probe.method, probe.body, path: probe.path, headers: probe.header.map { [$0] } ?? [])
            #expect(answer.status == probe.status)
            switch answer.status {
            case 202:
                #expect(answer.body.readableBytes == 0)
            case 405:
                #expect(answer.headers.first(name: "allow") == "GET, POST, DELETE")
            case 400...:
                let message = try answer.json
                #expect(message["error"]?["code"]?.int != nil && message["id"] == nil)
            default:
                #expect(try answer.json["id"]?.int == 1)
            }
        }
    }

    @Test func `There is an endpoint, a health check and nothing else`() async throws {
        try await withHTTPBackend { client in
            let health = try await client.send(.GET, path: "/health")
            #expect(health.status == 200)
            let other = try await client.send(.POST, HTTPClient.request(1, "ping"), path: "/other")
            #expect(other.status == 404)
        }
    }

    @Test func `A deleted session is gone, others stay`() async throws {
        try await withHTTPBackend { client in
            let first = try await client.opened(), second = try await client.opened()
            #expect(try await first.send(.DELETE).status == 204)
            #expect(try await first.call("echo", ["text": ""]).status == 404)
            #expect(try await first.send(.DELETE).status == 404)
            #expect(try await second.stats()["sessionsClosed"]?.int == 1)
        }
    }

    @Test func `drop_sessions answers, and the next request gets 404`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            #expect(try await session.call("drop_sessions").status == 200)
            #expect(try await session.call("echo", ["text": ""]).status == 404)
        }
    }

    @Test func `Missing and different version headers are counted`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            _ = try await session.send(
                .POST, HTTPClient.request(1, "ping"), headers: [("MCP-Protocol-Version", "2025-06-18")])
            _ = try await session.send(
                .POST, HTTPClient.request(1, "ping"), headers: [("MCP-Protocol-Version", "2025-11-25")])
            let stats = try await session.stats()
            #expect(stats["missingVersionHeaders"]?.int == 1 && stats["otherVersionHeaders"]?.int == 1)
        }
    }

    @Test func `headers shows what the request carried`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            let answer = try await session.send(.POST, HTTPClient.call(1, "headers"), headers: [("X-Custom", "v")])
            let fields = try JSONSlice(validating: ByteBuffer(string: answer.json["result"]?.text ?? ""))
            #expect(fields["x-custom"]?.string == "v")
            #expect(fields["mcp-session-id"]?.string == session.sessionID)
        }
    }

    @Test("A body may be large but not larger than 8 MiB", arguments: [(8 << 20, 400), ((8 << 20) + 1, 413)])
    func bodyLimit(size: Int, status: Int) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened().send(.POST, String(repeating: "x", count: size))
            #expect(answer.status == status)
            if status == 413 { #expect(answer.headers.first(name: "connection") == "close") }
        }
    }

    @Test func `Two requests on one connection are answered in order`() async throws {
        try await withHTTPBackend { client in
            let session = try await client.opened()
            let headers = session.allHeaders()
            let requests = ["a", "b", "c"].map { text in
                (
                    method: HTTPMethod.POST, path: "/mcp", headers: headers,
                    body: HTTPClient.call(1, text == "b" ? "sse_echo" : "echo", ["text": .string(text)])
                )
            }
            let texts = try await client.open(requests) { exchange in
                var texts: [String] = []
                for _ in requests { texts.append(try await exchange.answer().text) }
                return texts
            }
            for (text, letter) in zip(texts, ["a", "b", "c"]) { #expect(text.contains(#""text":"\#(letter)""#)) }
        }
    }

    @Test func `chunked_echo has no length`() async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened().call("chunked_echo", ["text": "x"])
            #expect(answer.type == "application/json" && answer.headers.first(name: "content-length") == nil)
            #expect(answer.headers.first(name: "transfer-encoding") == "chunked")
            #expect(try answer.json["result"]?.text == "x" && answer.isComplete)
        }
    }

    @Test("Lies over HTTP", arguments: Lie.allCases) func lies(lie: Lie) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened().call("bad_frame", ["kind": .string(lie.rawValue)])
            let frames = lie.frames(id: JSONSlice(1))
            #expect(answer.status == 200)
            if frames.count == 1 {
                #expect(answer.body == frames.first && answer.type == "application/json")
            } else {
                #expect(answer.events.compactMap(\.data).filter { !$0.isEmpty } == frames.map { String(buffer: $0) })
            }
            #expect(answer.isComplete == (lie != .halfBody))
        }
    }

    @Test("Any status can be asked for", arguments: [200, 401, 404, 500, 503]) func status(status: Int) async throws {
        try await withHTTPBackend { client in
            let answer = try await client.opened().call(
                "http_status", ["status": .number(JSONNumber(status)), "body": "b"])
            #expect(answer.status == status && answer.text == "b")
        }
    }

    @Test func `A server can do without GET and DELETE`() async throws {
        try await withHTTPBackend { options in
            options.faults.withoutStream = true
            options.faults.withoutDelete = true
        } _: { client in
            let session = try await client.opened()
            #expect(try await session.send(.GET).status == 405)
            #expect(try await session.send(.DELETE).status == 405)
        }
    }

    @Test func `A server can ask for authorization`() async throws {
        try await withHTTPBackend {
            $0.faults.authorization = "Bearer secret"
        } _: { client in
            let refused = try await client.send(.POST, HTTPClient.initialize("2025-11-25"))
            #expect(refused.status == 401 && refused.headers.first(name: "www-authenticate") == "Bearer")
            let admitted = try await client.send(
                .POST, HTTPClient.initialize("2025-11-25"), headers: [("Authorization", "Bearer secret")])
            #expect(admitted.status == 200)
        }
    }

    @Test func `A server without sessions serves each request for itself`() async throws {
        try await withHTTPBackend {
            $0.faults.withoutSessions = true
        } _: { client in
            let answer = try await client.send(.POST, HTTPClient.initialize("2025-06-18"))
            #expect(answer.status == 200 && answer.headers.first(name: "mcp-session-id") == nil)
            #expect(try await client.call("echo", ["text": "x"]).json["result"]?.text == "x")
            #expect(try await client.call("slow", ["milliseconds": 1]).json["result"]?.text == "Slept for 1 ms")
            #expect(try await client.call("test_tool_with_logging").events.count == 4)
            let who = try await client.send(
                .POST, HTTPClient.call(1, "whoami"), headers: [("MCP-Protocol-Version", "2025-06-18")])
            #expect(who.text.contains(#"\"revision\":\"2025-06-18\""#))
            #expect(try await client.stats()["liveSessions"]?.int == 0)
        }
    }
}
