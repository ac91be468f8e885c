// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

@testable import ExampleBackend

/// A plain HTTP/1.1 client that hides nothing: one connection per exchange, bodies and streams as they come.
struct HTTPClient: Sendable {
    let port: Int
    var sessionID: String?
    var headers: [(String, String)] = [
        ("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"),
    ]

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: ByteBuffer
        /// False when the connection ended before the body did.
        let isComplete: Bool

        var text: String { String(buffer: body) }
        var json: JSONSlice { get throws { try JSONSlice(validating: body) } }
        var type: String? { headers.first(name: "content-type") }
        var events: [SSEvent] { SSEvent.parse(text) }
    }

    /// A connection whose parts are read one by one.
    final class Exchange {
        private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
        private var unread = ""
        private(set) var status = 0
        private(set) var headers = HTTPHeaders()
        private(set) var isComplete = false

        init(_ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) {
            self.parts = parts
        }

        func readHead() async throws {
            guard case .head(let head) = try await parts.next(isolation: #isolation) else { throw Missing() }
            status = Int(head.status.code)
            headers = head.headers
            isComplete = false
        }

        /// The next bytes of the body; nil at its end or at that of the connection.
        func readBody() async throws -> ByteBuffer? {
            do {
                switch try await parts.next(isolation: #isolation) {
                case .body(let bytes): return bytes
                case .end: isComplete = true
                case .head, nil: break
                }
            } catch is HTTPParserError {
                // The connection ended in the middle of the body.
            }
            return nil
        }

        /// The next event that carries a message, or nil at the end of the stream.
        func event() async throws -> SSEvent? {
            while true {
                if let end = unread.firstRange(of: "\n\n") {
                    let event = SSEvent.parse(String(unread[..<end.upperBound])).first
                    unread.removeSubrange(..<end.upperBound)
                    if let event { return event }
                    continue
                }
                guard let bytes = try await readBody() else { return nil }
                unread += String(buffer: bytes)
            }
        }

        func answer() async throws -> Answer {
            try await readHead()
            var body = ByteBuffer()
            while let bytes = try await readBody() { body.writeImmutableBuffer(bytes) }
            return Answer(status: status, headers: headers, body: body, isComplete: isComplete)
        }
    }

    /// Opens a connection, sends requests on it, and closes it when `read` returns.
    func open<T>(
        _ requests: [(method: HTTPMethod, path: String, headers: [(String, String)], body: String)],
        _ read: (Exchange) async throws -> T
    ) async throws -> T {
        // An early answer may close the server's half while the body is still being written.
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            for request in requests {
                var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path)
                head.headers = HTTPHeaders(request.headers + [("Host", "127.0.0.1:\(port)")])
                let body = ByteBuffer(string: request.body)
                if body.readableBytes > 0 { head.headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
                try await outbound.write(.head(head))
                if body.readableBytes > 0 { try await outbound.write(.body(.byteBuffer(body))) }
                try await outbound.write(.end(nil))
            }
            return try await read(Exchange(inbound.makeAsyncIterator()))
        }
    }

    // MARK: Requests

    func allHeaders(_ extra: [(String, String)] = []) -> [(String, String)] {
        let names = Set(extra.map { $0.0.lowercased() })
        var all = headers.filter { !names.contains($0.0.lowercased()) } + extra.filter { !$0.1.isEmpty }
        if let sessionID, !names.contains("mcp-session-id") { all.append(("Mcp-Session-Id", sessionID)) }
        return all
    }

    func send(
        _ method: HTTPMethod, _ body: String = "", path: String = "/mcp", headers extra: [(String, String)] = []
    ) async throws -> Answer {
        try await open([(method, path, allHeaders(extra), body)]) { try await $0.answer() }
    }

    /// Sends a POST and reads it while it comes.
    func stream<T>(_ body: String, _ read: (Exchange) async throws -> T) async throws -> T {
        try await open([(.POST, "/mcp", allHeaders(), body)]) { exchange in
            try await exchange.readHead()
            return try await read(exchange)
        }
    }

    /// Opens the session's stream, or goes on with one after an event.
    func listen<T>(after id: String? = nil, _ read: (Exchange) async throws -> T) async throws -> T {
        let extra = id.map { [("Last-Event-ID", $0)] } ?? []
        return try await open([(.GET, "/mcp", allHeaders(extra), "")]) { exchange in
            try await exchange.readHead()
            return try await read(exchange)
        }
    }

    static func request(_ id: Int, _ method: String, _ params: JSONValue = [:]) -> String {
        JSONSlice(["jsonrpc": "2.0", "id": .number(JSONNumber(id)), "method": .string(method), "params": params])
            .description
    }

    static func call(_ id: Int, _ tool: String, _ arguments: JSONObject = [:], meta: JSONObject? = nil) -> String {
        request(id, "tools/call", CoreClient.params(tool, arguments, meta))
    }

    func call(_ tool: String, _ arguments: JSONObject = [:]) async throws -> Answer {
        try await send(.POST, Self.call(1, tool, arguments))
    }

    static func initialize(_ revision: String, _ capabilities: JSONValue = [:]) -> String {
        request(
            0, "initialize",
            [
                "protocolVersion": .string(revision), "capabilities": capabilities,
                "clientInfo": ["name": "http test", "version": "0"],
            ])
    }

    /// A client with a session of its own.
    func opened(_ revision: String = "2025-11-25", _ capabilities: JSONValue = [:]) async throws -> HTTPClient {
        let answer = try await send(.POST, Self.initialize(revision, capabilities))
        var client = self
        client.sessionID = try answer.headers.first(name: "mcp-session-id").required()
        return client
    }

    /// The counters of the server, read through the tool `stats`.
    func stats() async throws -> JSONSlice {
        let text = try await call("stats").json["result"]?.text.required()
        return try JSONSlice(validating: ByteBuffer(string: text ?? ""))
    }
}

/// One server-sent event.
struct SSEvent: Sendable {
    var id: String?
    var retry: Int?
    var data: String?

    var json: JSONSlice { get throws { try JSONSlice(validating: ByteBuffer(string: data ?? "")) } }

    /// Reads whole events, line by line; comments and unknown fields are left out.
    static func parse(_ text: String) -> [SSEvent] {
        var events: [SSEvent] = []
        var event = SSEvent()
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.isEmpty {
                if event.data != nil { events.append(event) }
                event = SSEvent()
            } else if let value = field("id", line) {
                event.id = value
            } else if let value = field("retry", line) {
                event.retry = Int(value)
            } else if let value = field("data", line) {
                event.data = event.data.map { "\($0)\n\(value)" } ?? value
            }
        }
        return events
    }

    private static func field(_ name: String, _ line: Substring) -> String? {
        guard line.hasPrefix("\(name):") else { return nil }
        let value = line.dropFirst(name.count + 1)
        return String(value.first == " " ? value.dropFirst() : value)
    }
}

/// How a backend is asked to stop.
enum Stop: Sendable, CaseIterable {
    case gracefully
    case byCancellation
}

/// Runs a backend over HTTP on a free port for as long as the body runs.
func withHTTPBackend<T: Sendable>(
    stop: Stop = .gracefully, _ configure: (inout ExampleBackendOptions) -> Void = { _ in },
    _ body: (HTTPClient) async throws -> T
) async throws -> T {
    var options = ExampleBackendOptions(transport: .http(host: "127.0.0.1", port: 0), retryMilliseconds: 20)
    configure(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (ports, port) = AsyncStream<Int>.makeStream()
    let services = ServiceGroup(
        configuration: .init(
            services: [
                .init(
                    service: RunningBackend(backend: ExampleBackend(options: options, logger: logger), port: port),
                    successTerminationBehavior: .gracefullyShutdownGroup)
            ],
            logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await group.waitForAll()
            throw Missing()
        }
        let result: Result<T, any Error>
        do {
            result = .success(try await body(HTTPClient(port: port)))
        } catch {
            result = .failure(error)
        }
        switch stop {
        case .gracefully: await services.triggerGracefulShutdown()
        case .byCancellation: group.cancelAll()
        }
        do {
            try await group.waitForAll()
        } catch is CancellationError {
            // The group was cancelled.
        }
        return try result.get()
    }
}

private struct RunningBackend: Service {
    let backend: ExampleBackend
    let port: AsyncStream<Int>.Continuation

    func run() async throws {
        defer { port.finish() }
        try await backend.run { port.yield($0) }
    }
}
