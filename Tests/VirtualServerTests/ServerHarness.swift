// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import OutgoingAuth
import Synchronization
import TestSupport

@testable import Backends
@testable import VirtualServer

/// The core with real backends behind it and no transport in front of it.
struct ServerHarness: Sendable {
    let server: VirtualServer
    let capabilities: Capabilities
    let backends: [Backend]
    let shards: Shards

    var shard: Shard { shards.all[0] }

    func backend(_ name: String) throws -> Backend { try backends.first { $0.name == name }.required(name) }

    /// Runs `body` with one core over `urls` (name → URL), watched by monitors.
    static func run(
        _ urls: [String: String], aggregation: AggregationSettings = AggregationSettings(),
        mode: PartialFailureMode = .withhold, health: HealthSettings? = nil, waits: Bool = true,
        personal: Set<String> = [],
        _ body: (ServerHarness) async throws -> Void
    ) async throws {
        try await Turnstile.cores.pass {
            try await running(urls, aggregation, mode, health, waits, personal, body)
        }
    }

    private static func running(
        _ urls: [String: String], _ aggregation: AggregationSettings, _ mode: PartialFailureMode,
        _ health: HealthSettings?, _ waits: Bool, _ personal: Set<String>,
        _ body: (ServerHarness) async throws -> Void
    ) async throws {
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        shards.start()
        defer { shards.stop() }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let backends = try urls.sorted { $0.key < $1.key }.map { name, url in
            var settings = BackendSettings(
                name: name, endpoint: .streamableHTTP(try HTTPEndpoint(url).required(url)),
                health: try health ?? HealthSettings())
            settings.requestTimeout = .seconds(60)
            settings.probeTimeout = .seconds(30)
            if personal.contains(name) { settings.credentials = .ofCaller }
            return try Backend(settings: settings, shards: shards, logger: logger)
        }
        defer { for backend in backends { backend.close() } }
        let tasks = TaskSupervisor()
        let capabilities = Capabilities(
            settings: aggregation, mode: mode, backends: backends, logger: logger, tasks: tasks)
        let harness = ServerHarness(
            server: VirtualServer(name: "gateway", backends: backends, capabilities: capabilities, logger: logger),
            capabilities: capabilities, backends: backends, shards: shards)
        for backend in backends {
            let monitor = BackendMonitor(backend: backend) { capabilities.update($0) }
            tasks.run { await monitor.run() }
        }
        do {
            if waits {
                try await eventually("all backends are heard of") {
                    backends.allSatisfy { capabilities.report(of: $0.name)?.isReachable == true }
                }
                await capabilities.settle(within: .seconds(10))
            }
            try await body(harness)
        } catch {
            tasks.cancelAll()
            throw error
        }
        tasks.cancelAll()
        await tasks.finish(within: .seconds(5))
    }

    /// A client with backend sessions of its own.
    func client(
        _ declared: String = "{}", channel: ScriptedChannel? = nil, headers: [(String, String)] = [],
        principal: Principal = .anonymous, credential: (any BackendCredential)? = nil
    ) -> Client {
        let channel = channel ?? ScriptedChannel(declared)
        let sessions = BackendSessions(
            capabilities: channel.capabilities,
            inbound: { [channel] backend, method, params in
                channel.notify(method, params: params)
            },
            channel: { channel },
            credential: { backend in backend.settings.credentials == .ofCaller ? credential : nil })
        let fields = headers.map { ForwardedHeaders.Field(name: $0.0, value: $0.1) }
        return Client(
            harness: self, channel: channel,
            caller: Caller(
                principal: principal, revision: .v2025_11_25, shard: shard, channel: channel, sessions: sessions,
                headers: ForwardedHeaders(fields: fields)))
    }

    struct Client: Sendable {
        let harness: ServerHarness
        let channel: ScriptedChannel
        let caller: Caller

        typealias Answer = Result<JSONSlice, RequestError>

        /// As the edges of either era do.
        func callTool(_ params: String?) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                let members = RequestMembers(params.map { json($0) }, naming: "name")
                guard caller.revision.era == .modern, let tool = try server.startTool(members, caller: caller) else {
                    return try await server.callTool(members, caller: caller)
                }
                if let first = tool.first {
                    await withTaskCancellationHandler {
                        await withCheckedContinuation { continuation in first.follow { continuation.resume() } }
                    } onCancel: {
                        first.cancel()
                    }
                    if let result = server.plainResult(of: tool) { return result }
                }
                return try await server.finish(tool)
            }
        }

        func read(_ uri: String) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                try await server.readResource(JSONSlice(["uri": .string(uri)]), caller: caller)
            }
        }

        func prompt(_ params: String?) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                try await server.getPrompt(params.map { json($0) }, caller: caller)
            }
        }

        func complete(_ params: String?) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                try await server.complete(params.map { json($0) }, caller: caller)
            }
        }

        func list(_ kind: ListKind, _ params: String? = nil) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                JSONSlice(trusted: try await server.list(kind, params: params.map { json($0) }, caller: caller))
            }
        }

        func subscribe(_ params: String) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                try await server.subscribe(json(params), caller: caller)
                return .null
            }
        }

        func unsubscribe(_ params: String) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                try await server.unsubscribe(json(params), caller: caller)
                return .null
            }
        }

        /// A `tasks/…` method, in the words of the client's era.
        func tasks(_ method: MCPMethod, _ params: JSONSlice?) async -> Answer {
            await run { (server, caller) throws(RequestError) in
                guard caller.revision.era == .modern else {
                    return try await server.legacyTask(method, params: params, caller: caller)
                }
                return try await server.modernTask(method, params: params, caller: caller)
            }
        }

        func setLogLevel(_ level: LogLevel) async {
            _ = await run { (server, caller) throws(RequestError) in
                await server.setLogLevel(level, caller: caller)
                return .null
            }
        }

        /// As a request runs: in a task that starts on its loop.
        private func run(
            _ body: @escaping @Sendable (VirtualServer, Caller) async throws(RequestError) -> JSONSlice
        ) async -> Answer {
            let task = Task<Answer, Never>(executorPreference: caller.shard.executor) {
                [caller, server = harness.server] in
                do throws(RequestError) {
                    return .success(try await body(server, caller))
                } catch {
                    return .failure(error)
                }
            }
            return await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }
}

func json(_ text: String) -> JSONSlice { JSONSlice(trusted: ByteBuffer(string: text)) }

struct Missing: Error, CustomStringConvertible {
    let description: String
}

extension Optional {
    func required(_ what: String) throws -> Wrapped {
        guard let self else { throw Missing(description: "missing: \(what)") }
        return self
    }
}

extension Result where Success == JSONSlice, Failure == RequestError {
    var text: String? { (try? get())?["content"]?.elements.first { _ in true }?["text"]?.string }

    var error: RequestError? {
        if case .failure(let error) = self { error } else { nil }
    }

    /// The names or URIs of a list.
    func items(_ member: String, _ key: String) -> [String]? {
        (try? get())?.member(member)?.elements.compactMap { $0.member(key)?.string }
    }
}
