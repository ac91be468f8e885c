// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix
import Synchronization

/// A raw HTTP server on loopback whose behaviour is a closure, and which remembers everything it was asked.
package final class ScriptedHTTPBackend: Sendable {
    package typealias Script = @Sendable (ScriptedRequest, ScriptedReply) async -> Void
    package typealias Preparation = @Sendable (any Channel) throws -> Void

    private struct State {
        var requests: [ScriptedRequest] = []
        var connections = 0
        var channels: [Int: any Channel] = [:]
        var listener: (any Channel)?
        var tasks: [Task<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let script: Script
    private let prepare: Preparation
    /// Stays the same over `stop` and `start`, so that a backend can come back where it was.
    package let port: Int

    /// Starts a server on a port that nobody else is given while it is stopped.
    package static func start(_ script: @escaping Script) async throws -> ScriptedHTTPBackend {
        try await start(preparing: { _ in }, script: script)
    }

    /// - Parameter prepare: adds to a new connection what stands before HTTP, such as TLS.
    package static func start(
        preparing prepare: @escaping Preparation, script: @escaping Script
    ) async throws -> ScriptedHTTPBackend {
        for _ in 0..<100 {
            let backend = ScriptedHTTPBackend(port: ports.next(), prepare: prepare, script: script)
            do {
                try await backend.listen()
                return backend
            } catch is IOError {
                continue
            }
        }
        throw TimedOut("looking for a free port")
    }

    private static let ports = ScriptedPorts()

    private init(port: Int, prepare: @escaping Preparation, script: @escaping Script) {
        self.port = port
        self.prepare = prepare
        self.script = script
    }

    /// Accepts connections, for the first time or again after `stop`.
    package func listen() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = self.accept(channel)
                    try self.prepare(channel)
                    try channel.pipeline.syncOperations.addHandler(ScriptedConnection(number: number, backend: self))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.listener = listener }
    }

    /// Refuses new connections and cuts the open ones, as a process that dies does.
    package func stop() async {
        let (listener, channels, tasks) = state.withLock { state in
            defer {
                state.listener = nil
                state.tasks = []
            }
            return (state.listener, Array(state.channels.values), state.tasks)
        }
        try? await listener?.close()
        for channel in channels { try? await channel.close() }
        for task in tasks { task.cancel() }
    }

    /// Cuts the open connections; new ones are welcome.
    package func cutConnections() async {
        let channels = state.withLock { Array($0.channels.values) }
        for channel in channels { try? await channel.close() }
    }

    package var url: String { "http://127.0.0.1:\(port)/mcp" }

    // MARK: What happened

    package var requests: [ScriptedRequest] { state.withLock { $0.requests } }
    /// How many connections were ever accepted.
    package var connectionCount: Int { state.withLock { $0.connections } }
    package var openConnectionCount: Int { state.withLock { $0.channels.count } }

    package func requests(_ verb: String) -> [ScriptedRequest] { requests.filter { $0.verb == verb } }
    package func requests(method: String) -> [ScriptedRequest] { requests.filter { $0.method == method } }

    // MARK: Connections

    private func accept(_ channel: any Channel) -> Int {
        let number = state.withLock { state in
            state.connections += 1
            state.channels[state.connections] = channel
            return state.connections
        }
        channel.closeFuture.whenComplete { _ in
            _ = self.state.withLock { $0.channels.removeValue(forKey: number) }
        }
        return number
    }

    fileprivate func receive(_ request: ScriptedRequest, on channel: any Channel) {
        let reply = ScriptedReply(id: request.id ?? "null", channel: channel)
        state.withLock { state in
            state.requests.append(request)
            state.tasks.append(Task { [script] in await script(request, reply) })
        }
    }
}

/// Ports below those that the system hands out by itself, each one once in this process.
private final class ScriptedPorts: Sendable {
    private static let range = 10_000..<32_000
    private let state = Mutex(Int.random(in: range))

    func next() -> Int {
        state.withLock { port in
            port = port + 1 < Self.range.upperBound ? port + 1 : Self.range.lowerBound
            return port
        }
    }
}

/// `@unchecked Sendable`: confined to its channel's event loop.
private final class ScriptedConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let backend: ScriptedHTTPBackend
    private var reader: ScriptedRequestReader

    init(number: Int, backend: ScriptedHTTPBackend) {
        self.backend = backend
        reader = ScriptedRequestReader(connection: number)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(unwrapInboundIn(data))
        while let request = reader.next() { backend.receive(request, on: context.channel) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
