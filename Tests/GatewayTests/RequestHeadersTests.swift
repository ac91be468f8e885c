// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import NIOHTTP1
import Testing

@testable import Gateway

/// Values of `Accept` and what they accept.
struct AcceptCase: Sendable, CustomTestStringConvertible {
    let accept: [String]
    let json: Bool
    let stream: Bool
    let namesStream: Bool

    init(_ accept: String..., json: Bool, stream: Bool, names: Bool = false) {
        self.accept = accept
        self.json = json
        self.stream = stream
        self.namesStream = names
    }

    var testDescription: String { accept.isEmpty ? "no Accept" : accept.joined(separator: " | ") }
}

@Suite struct RequestHeadersTests {
    private func headers(_ fields: [(String, String)], method: HTTPMethod = .POST) -> RequestHeaders {
        RequestHeaders(HTTPRequestHead(version: .http1_1, method: method, uri: "/mcp", headers: HTTPHeaders(fields)))
    }

    @Test(
        "RFC 9110 §12.5.1: Accept names media types and ranges",
        arguments: [
            AcceptCase(json: true, stream: true),
            AcceptCase("application/json", json: true, stream: false),
            AcceptCase("text/event-stream", json: false, stream: true, names: true),
            AcceptCase("application/json, text/event-stream", json: true, stream: true, names: true),
            AcceptCase("text/event-stream,application/json", json: true, stream: true, names: true),
            AcceptCase("application/json", "text/event-stream", json: true, stream: true, names: true),
            AcceptCase("APPLICATION/JSON , Text/Event-Stream", json: true, stream: true, names: true),
            AcceptCase("*/*", json: true, stream: true),
            AcceptCase("application/*", json: true, stream: false),
            AcceptCase("text/*", json: false, stream: true),
            AcceptCase("text/html", json: false, stream: false),
            AcceptCase("text/html, */*;q=0.8", json: true, stream: true),
            AcceptCase("application/json;q=0.5, text/event-stream; q=1", json: true, stream: true, names: true),
            AcceptCase("application/json;q=0", json: false, stream: false),
            AcceptCase("application/json; q=0.000, text/event-stream;Q=0", json: false, stream: false),
            AcceptCase("application/json;version=1", json: true, stream: false),
            AcceptCase("application/jsonx, text/event-stream2", json: false, stream: false),
            AcceptCase("\tapplication/json\t", json: true, stream: false),
        ])
    func accept(_ row: AcceptCase) {
        let headers = headers(row.accept.map { ("Accept", $0) })
        #expect(headers.acceptsJSON == row.json)
        #expect(headers.acceptsEventStream == row.stream)
        #expect(headers.namesEventStream == row.namesStream)
    }

    @Test(
        "The body's media type is JSON, whatever its parameters",
        arguments: [
            ("application/json", true), ("application/json; charset=utf-8", true), ("Application/JSON", true),
            (" application/json ;a=b", true), ("application/jsonp", false), ("application/json-rpc", false),
            ("text/plain", false),
            ("text/json", false), ("", false), (";application/json", false),
            ("application/x-www-form-urlencoded", false),
        ])
    func contentType(_ value: String, _ expected: Bool) {
        #expect(headers([("Content-Type", value)]).hasJSONBody == expected)
    }

    @Test("A body without a media type is not JSON")
    func noContentType() {
        #expect(!headers([]).hasJSONBody)
    }

    @Test(
        "Names of fields have no case",
        arguments: ["Mcp-Session-Id", "MCP-Session-Id", "mcp-session-id", "MCP-SESSION-ID"])
    func fieldNames(_ name: String) {
        #expect(headers([(name, "s1")]).sessionID == "s1")
    }

    @Test("Each field is taken from its own name")
    func fields() {
        let headers = headers([
            ("mcp-protocol-version", "2025-11-25"), ("Last-Event-ID", "1-2"), ("Mcp-Session-Id", "s"),
            ("X-Mcp-Session-Id", "t"),
        ])
        #expect(headers.protocolVersion == "2025-11-25")
        #expect(headers.lastEventID == "1-2")
        #expect(headers.sessionID == "s")
        #expect(self.headers([]).sessionID == nil)
        #expect(self.headers([]).protocolVersion == nil)
        #expect(self.headers([]).lastEventID == nil)
    }

    @Test("What says who asks is taken out whole: all lines, the path without its query, a token in the query")
    func bearer() {
        let fields = [("authorization", "Bearer a"), ("DPoP", "p"), ("AUTHORIZATION", "Bearer b"), ("X-DPoP", "q")]
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "http://gateway.example/mcp?a=1", headers: HTTPHeaders(fields))
        let bearer = RequestHeaders(head).bearer
        #expect(bearer.authorization == ["Bearer a", "Bearer b"])
        #expect(bearer.dpop == ["p"])
        #expect(bearer.method == "GET" && bearer.path == "/mcp" && !bearer.hasTokenInQuery)
        #expect(headers([("Authorization", "Bearer a")]).bearer.authorization == .one("Bearer a"))
        #expect(headers([]).bearer.authorization == .none)
        let query = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/mcp?b=2&access%5Ftoken=x")
        #expect(RequestHeaders(query).bearer.hasTokenInQuery)
    }

    @Test(
        "Three methods are served",
        arguments: [
            (HTTPMethod.POST, RequestHeaders.Method.post), (.GET, .get), (.DELETE, .delete), (.PUT, .other),
            (.HEAD, .other),
            (.OPTIONS, .other), (.PATCH, .other),
        ])
    func methods(_ method: HTTPMethod, _ expected: RequestHeaders.Method) {
        #expect(headers([], method: method).method == expected)
    }
}
