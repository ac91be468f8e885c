// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An example MCP server of both eras: for the quick start, for tests and for benchmarks.
///
/// It shares no protocol code with the gateway, so that a mistake in one does not hide in the other.
package struct ExampleBackend: Service {
    private let options: ExampleBackendOptions
    private let logger: Logger
    private let descriptors: (input: Int32, output: Int32)

    /// The descriptors matter to the stdio transport alone.
    package init(options: ExampleBackendOptions, logger: Logger, input: Int32 = 0, output: Int32 = 1) {
        self.options = options
        self.logger = logger
        descriptors = (input, output)
    }

    package func run() async throws {
        try await run(onReady: nil)
    }

    /// Serves until the end of standard input (stdio), until graceful shutdown or until the task is cancelled.
    ///
    /// Signals are the caller's business. `onReady` is told the port, or 0 for stdio. Throws
    /// `ExampleBackendError` when the server cannot start.
    package func run(onReady: (@Sendable (Int) async -> Void)?) async throws {
        let server = ExampleServer(options: options) { status in _exit(status) }
        switch options.transport {
        case .stdio:
            try await runStdio(server, onReady)
        case .http(let host, let port):
            try await runHTTP(server, host, port, onReady)
        }
    }

    private func runStdio(_ server: ExampleServer, _ onReady: (@Sendable (Int) async -> Void)?) async throws {
        // A client that closes its end must not kill the process before it can end in order.
        signal(SIGPIPE, SIG_IGN)
        let pipes: Descriptors
        do {
            pipes = try Descriptors(input: descriptors.input, output: descriptors.output)
        } catch {
            throw ExampleBackendError(what: "standard input and output cannot be opened", reason: error)
        }
        let edge = StdioEdge(server: server, descriptors: pipes, logger: logger)
        await onReady?(0)
        let result: Result<Void, any Error>
        do {
            try await stopping(edge.stop) { try await edge.run() }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        edge.stop()
        try await pipes.shutDown()
        try result.get()
    }

    private func runHTTP(
        _ server: ExampleServer, _ host: String, _ port: Int, _ onReady: (@Sendable (Int) async -> Void)?
    ) async throws {
        let edge = HTTPEdge(server: server)
        let connections = edge.connections
        let application = Application(
            responder: edge,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionHandler(connections)], idleTimeout: .seconds(300))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1_024),
            onServerRunning: { channel in await onReady?(channel.localAddress?.port ?? port) },
            logger: logger)
        do {
            try await stopping(edge.stop) { try await application.run() }
        } catch is CancellationError {
            return
        } catch {
            throw ExampleBackendError(what: "cannot serve on \(host):\(port)", reason: error)
        }
    }

    private func stopping(_ stop: @escaping @Sendable () -> Void, _ body: () async throws -> Void) async throws {
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await body()
            } onGracefulShutdown: {
                stop()
            }
        } onCancel: {
            stop()
        }
    }
}

/// Why the example backend could not start or go on.
package struct ExampleBackendError: Error, CustomStringConvertible {
    let what: String
    let reason: any Error

    package var description: String { "example backend: \(what): \(reason)" }
}
