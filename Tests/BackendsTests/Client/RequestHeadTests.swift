// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import Backends

@Suite("Request heads")
struct RequestHeadTests {
    private let endpoint = HTTPEndpoint(isTLS: false, host: "h", port: 8080, target: "/mcp?x=1")

    private func post(
        fields: [(String, String)] = [], static headers: [(String, String)] = [],
        forwarded: [(String, String)] = [], body: String = "{}"
    ) -> String {
        let prefix = RequestHead.prefix("POST", endpoint, fields: fields, static: headers)
        let request = RequestHead.post(
            prefix: prefix, body: ByteBuffer(string: body),
            forwarded: ForwardedHeaders(fields: forwarded.map { ForwardedHeaders.Field(name: $0.0, value: $0.1) }))
        return String(buffer: request)
    }

    /// The lines between the request line and the body.
    private func lines(_ request: String) -> [String] {
        let head = request.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)[0]
        return head.split(separator: "\r\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }

    private func names(_ request: String) -> [String] {
        lines(request).map { $0.prefix { $0 != ":" }.lowercased() }
    }

    @Test("A POST is one head and one body, byte for byte")
    func wholePost() {
        let request = post(
            fields: [("Mcp-Session-Id", "s1"), ("MCP-Protocol-Version", "2025-11-25")], static: [("X-Key", "k")],
            forwarded: [("X-Trace", "t")], body: #"{"a":1}"#)
        #expect(
            request == "POST /mcp?x=1 HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: \(RequestHead.userAgent)\r\n"
                + "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nX-Key: k\r\n"
                + "Mcp-Session-Id: s1\r\nMCP-Protocol-Version: 2025-11-25\r\nX-Trace: t\r\n"
                + "Content-Length: 7\r\n\r\n{\"a\":1}")
    }

    @Test(
        "A message that is spelled in its place is the same request", arguments: [MCPMethod.toolsCall, .other("é\"")])
    func message(_ method: MCPMethod) {
        let prefix = RequestHead.prefix("POST", endpoint, fields: [], static: [])
        let forwarded = ForwardedHeaders(fields: [ForwardedHeaders.Field(name: "X-Trace", value: "t")])
        let message = RequestMessage(id: 41, method: method, params: JSONSlice(["text": "é😀"]))
        #expect(
            RequestHead.post(prefix: prefix, message: message, forwarded: forwarded)
                == RequestHead.post(prefix: prefix, body: message.bytes, forwarded: forwarded))
    }

    @Test("GET and DELETE have no body and say so by having no length")
    func bodyless() {
        let get = String(buffer: RequestHead.bodyless("GET", endpoint, fields: [("Last-Event-ID", "7")], static: []))
        #expect(
            get == "GET /mcp?x=1 HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: \(RequestHead.userAgent)\r\n"
                + "Accept: text/event-stream\r\nLast-Event-ID: 7\r\n\r\n")
        let delete = String(buffer: RequestHead.bodyless("DELETE", endpoint, fields: [], static: [("A", "b")]))
        #expect(delete.hasPrefix("DELETE /mcp?x=1 HTTP/1.1\r\n"))
        #expect(delete.hasSuffix("A: b\r\n\r\n"))
    }

    @Test("The length counts bytes, not characters")
    func length() {
        #expect(post(body: "\"é😀\"").contains("Content-Length: 8\r\n\r\n\"é😀\""))
        #expect(post(body: "").hasSuffix("Content-Length: 0\r\n\r\n"))
    }

    enum Source: String, Sendable, CaseIterable { case session, configured, forwarded }

    private func post(_ name: String, _ value: String, from source: Source) -> String {
        let field = [(name, value)]
        return post(
            fields: source == .session ? field : [], static: source == .configured ? field : [],
            forwarded: source == .forwarded ? field : [])
    }

    @Test(
        "SE-07: a value cannot begin a header of its own",
        arguments: ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "\r\n\r\n{}", "a\u{0}b", "a\u{7F}b", "a\u{1B}b"],
        Source.allCases)
    func injectedValue(value: String, source: Source) {
        let clean = post()
        #expect(post("X-Field", value, from: source) == clean)
    }

    @Test(
        "SE-07: a name cannot begin a header of its own",
        arguments: ["X\r\nX-Evil", "X\nX-Evil", "X: y\r\nX-Evil", "X Evil", "X:", "", " X", "X\t", "X\u{0}", "Xé"],
        Source.allCases)
    func injectedName(name: String, source: Source) {
        let clean = post()
        #expect(post(name, "v", from: source) == clean)
    }

    @Test(
        "Ordinary values pass as they are", arguments: ["", "a", "a b", "a\tb", "é", "a: b", "\"quoted, list\""],
        Source.allCases)
    func ordinaryValue(value: String, source: Source) {
        #expect(lines(post("X-Field", value, from: source)).contains("X-Field: \(value)"))
    }

    @Test(
        "R27: neither a client nor the configuration can double a header that the protocol owns",
        arguments: [
            "Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Accept", "Mcp-Session-Id",
            "MCP-Protocol-Version", "Last-Event-ID", "content-length", "MCP-SESSION-ID",
        ],
        [Source.configured, .forwarded])
    func ownedName(name: String, source: Source) {
        let session = [("Mcp-Session-Id", "s1"), ("MCP-Protocol-Version", "2025-11-25")]
        let field = [(name, "mine")]
        let request = post(
            fields: session, static: source == .configured ? field : [], forwarded: source == .forwarded ? field : [])
        #expect(!lines(request).contains { $0.hasSuffix(": mine") })
        #expect(Set(names(request)).count == names(request).count)
    }
}
