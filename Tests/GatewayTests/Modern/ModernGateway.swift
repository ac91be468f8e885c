// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import TestSupport
import VirtualServer

@testable import Backends
@testable import Gateway

/// The gateway over HTTP, in process and on a port of its own, in front of scripted backends.
struct ModernGateway: Sendable {
    let port: Int
    let server: VirtualServer
    let gateway: GatewayServer
    let backends: [Backend]

    var client: ModernClient { ModernClient(port: port) }

    /// Whether no request to a backend is on its way.
    var isIdle: Bool { backends.allSatisfy { $0.limiter.activeCount == 0 } }

    /// Runs `body` with a gateway over `urls` (name → URL), and stops everything afterwards.
    static func run(
        _ urls: [String: String] = [:], settings: GatewaySettings = GatewaySettings(),
        authenticator: Authenticator = .anonymous, answers: AnswerBudget = .unbounded,
        _ body: (ModernGateway) async throws -> Void
    ) async throws {
        try await core(urls, answers) { server, backends, group, shards, logger in
            let gateway = GatewayServer(
                settings: settings, server: server, backends: backends, authenticator: authenticator, group: group,
                shards: shards, logger: logger)
            let (ports, report) = AsyncStream<Int>.makeStream()
            let running = Task { try await gateway.run(host: "127.0.0.1", port: 0) { report.yield($0) } }
            var iterator = ports.makeAsyncIterator()
            let result: Result<Void, any Error>
            do {
                let port = try await iterator.next().orThrow("a port")
                try await body(ModernGateway(port: port, server: server, gateway: gateway, backends: backends))
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await gateway.close(within: .seconds(5))
            running.cancel()
            _ = await running.result
            try result.get()
        }
    }

    /// Runs `body` with a client on the gateway's standard input and output. The client must end by `finish`.
    static func runStdio(
        _ urls: [String: String] = [:], settings: GatewaySettings = GatewaySettings(),
        _ body: (LineClient, VirtualServer) async throws -> Void
    ) async throws {
        try await core(urls) { server, _, _, shards, logger in
            let (input, output, client) = try await LineClient.make()
            let stdio = StdioServer(
                settings: settings, server: server, principal: .anonymous, shards: shards, logger: logger)
            let running = Task { try await stdio.run(input: input, output: output) }
            let result: Result<Void, any Error>
            do {
                try await body(client, server)
                result = .success(())
            } catch {
                running.cancel()
                result = .failure(error)
            }
            await client.close()
            _ = await running.result
            try result.get()
        }
    }

    private static func core(
        _ urls: [String: String], _ answers: AnswerBudget = .unbounded,
        _ body: (VirtualServer, [Backend], any EventLoopGroup, Shards, Logger) async throws -> Void
    ) async throws {
        try await Turnstile.servers.pass { try await running(urls, answers, body) }
    }

    private static func running(
        _ urls: [String: String], _ answers: AnswerBudget,
        _ body: (VirtualServer, [Backend], any EventLoopGroup, Shards, Logger) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let shards = Shards(group: group, answers: answers)
        shards.start()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let backends = try urls.sorted { $0.key < $1.key }.map { name, url in
            var settings = BackendSettings(
                name: name, endpoint: .streamableHTTP(try HTTPEndpoint(url).orThrow(url)), health: try HealthSettings())
            settings.requestTimeout = .seconds(60)
            settings.probeTimeout = .seconds(30)
            return try Backend(settings: settings, shards: shards, logger: logger)
        }
        let tasks = TaskSupervisor()
        let capabilities = Capabilities(
            settings: AggregationSettings(), mode: .withhold, backends: backends, logger: logger, tasks: tasks)
        let server = VirtualServer(name: "gateway", backends: backends, capabilities: capabilities, logger: logger)
        for backend in backends {
            let monitor = BackendMonitor(backend: backend) { capabilities.update($0) }
            tasks.run { await monitor.run() }
        }
        let result: Result<Void, any Error>
        do {
            try await eventually("all backends are heard of") {
                backends.allSatisfy { capabilities.report(of: $0.name)?.isReachable == true }
            }
            await capabilities.settle(within: .seconds(10))
            try await body(server, backends, group, shards, logger)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        tasks.cancelAll()
        await tasks.finish(within: .seconds(5))
        for backend in backends { backend.close() }
        shards.stop()
        try await group.shutdownGracefully()
        try result.get()
    }
}

/// A client that speaks 2026-07-28 and nothing else.
struct ModernClient: Sendable {
    let http: MCPTestClient
    var capabilities: JSONValue = [:]

    init(port: Int) { http = MCPTestClient(port: port) }

    static let version = "2026-07-28"

    static func meta(_ capabilities: JSONValue = [:], _ more: JSONObject = [:]) -> JSONObject {
        var meta: JSONObject = [
            "io.modelcontextprotocol/protocolVersion": .string(version),
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        ]
        for member in more { meta[member.key] = member.value }
        return meta
    }

    /// The text of a request's message.
    static func message(
        _ id: JSONValue, _ method: String, _ params: JSONObject = [:], meta: JSONObject = meta()
    ) -> String {
        var params = params
        params["_meta"] = .object(meta)
        return MCPTestClient.request(id, method, .object(params))
    }

    /// The headers that go with it.
    static func fields(_ method: String, _ name: String? = nil) -> [(name: String, value: String)] {
        var fields = [("MCP-Protocol-Version", version), ("Mcp-Method", method)]
        if let name { fields.append(("Mcp-Name", name)) }
        return fields.map { (name: $0.0, value: $0.1) }
    }

    private static func name(_ method: String, _ params: JSONObject) -> String? {
        switch method {
        case "tools/call", "prompts/get":
            params["name"].flatMap { if case .string(let name) = $0 { name } else { nil } }
        case "resources/read": params["uri"].flatMap { if case .string(let uri) = $0 { uri } else { nil } }
        default: nil
        }
    }

    /// The whole text of an HTTP request.
    func text(
        _ method: String, _ params: JSONObject = [:], id: JSONValue = 1, meta: JSONObject = [:],
        fields extra: [(name: String, value: String)] = []
    ) -> String {
        http.requestText(
            "POST", Self.message(id, method, params, meta: Self.meta(capabilities, meta)),
            fields: Self.fields(method, Self.name(method, params)) + extra)
    }

    func send(
        _ method: String, _ params: JSONObject = [:], id: JSONValue = 1, meta: JSONObject = [:],
        fields extra: [(name: String, value: String)] = []
    ) async throws -> RawReply {
        try await http.withConnection { connection in
            try await connection.send(text(method, params, id: id, meta: meta, fields: extra))
            return try await connection.reply()
        }
    }

    func result(
        _ method: String, _ params: JSONObject = [:], id: JSONValue = 1, meta: JSONObject = [:]
    ) async throws -> JSONSlice {
        let reply = try await send(method, params, id: id, meta: meta)
        let message = try reply.messages.last.orThrow("an answer in \(reply.status): \(reply.text)")
        return try message["result"].orThrow("a result in \(reply.status): \(reply.text)")
    }

    /// Opens a subscription and reads its stream while it comes; the acknowledgement is the first message.
    func listening<T>(
        _ filter: JSONObject, id: JSONValue = "sub", _ read: (RawConnection, JSONSlice) async throws -> T
    ) async throws -> T {
        try await http.withConnection { connection in
            try await connection.send(text("subscriptions/listen", ["notifications": .object(filter)], id: id))
            let head = try await connection.head()
            guard head.status == 200, head["content-type"] == "text/event-stream" else {
                throw Missing("a stream, got \(head.status)")
            }
            let first = try await connection.messageEvent().message.orThrow("an acknowledgement")
            return try await read(connection, first)
        }
    }
}
