// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestSupport
import VMCPApplication
import VMCPConfiguration

/// The application as `vmcp serve` runs it, in process and on a port of its own, with its backends.
struct RunningGateway: Sendable {
    let port: Int
    /// Where other replicas come; 0 when there are none.
    let peerPort: Int
    /// The backends' ports by name.
    let backendPorts: [String: Int]
    private let services: ServiceGroup
    private let looks = Looks()

    /// A client without a session.
    var client: MCPTestClient { MCPTestClient(port: port) }

    /// Begins a graceful shutdown, as SIGTERM does.
    func shutDown() async { await services.triggerGracefulShutdown() }

    /// The counters of a backend, asked past the gateway.
    func stats(of backend: String = "one") async throws -> BackendCounters {
        let client = try await MCPTestClient(port: try backendPorts[backend].orThrow("backend \(backend)")).opened()
        let own = looks.add(to: backend)
        let counters = BackendCounters(json: try await client.text("stats"), ownCalls: own)
        _ = try await client.send("DELETE")
        return counters
    }

    /// Runs `body` with a gateway and its backends, and stops all of them afterwards.
    ///
    /// - Parameter turnstile: `nil` beside another gateway, whose test is in already.
    static func run<T>(
        _ plan: GatewayPlan = .standard, turnstile: Turnstile? = .servers, _ body: (RunningGateway) async throws -> T
    ) async throws -> T {
        try await run(plan, turnstile) { application, ports, start in
            let peerPort = Mutex(0)
            let (endpoint, services) = try await start("the gateway") { report in
                try await application.run { ready in
                    peerPort.withLock { $0 = ready.peerPort ?? 0 }
                    report(ready.endpoint)
                }
            }
            let port = try endpoint.split(separator: ":").last.flatMap { Int($0.prefix { $0 != "/" }) }
                .orThrow("a port in \(endpoint)")
            return try await body(
                RunningGateway(
                    port: port, peerPort: peerPort.withLock { $0 },
                    backendPorts: Dictionary(uniqueKeysWithValues: zip(plan.backends.map(\.name), ports)),
                    services: services))
        }
    }

    /// Runs `body` with a client on the gateway's standard input and output. The client must end by `finish`.
    static func runStdio(_ plan: GatewayPlan = .standard, _ body: (LineClient) async throws -> Void) async throws {
        try await run(plan, .servers) { application, _, start in
            let (input, output, client) = try await LineClient.make()
            _ = try await start("the gateway on pipes") { report in
                report("")
                try await application.runStdio(input: input, output: output)
            }
            do {
                try await body(client)
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    /// Starts a service and waits for what it reports once it serves.
    private typealias Start = (
        _ name: String, _ run: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws -> Void
    ) async throws -> (report: String, services: ServiceGroup)

    private static func run<T>(
        _ plan: GatewayPlan, _ turnstile: Turnstile?, _ body: (VMCPApplication, [Int], Start) async throws -> T
    ) async throws -> T {
        guard let turnstile else { return try await running(plan, body) }
        return try await turnstile.pass { try await running(plan, body) }
    }

    private static func running<T>(
        _ plan: GatewayPlan, _ body: (VMCPApplication, [Int], Start) async throws -> T
    ) async throws -> T {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.threads)
        let result: Result<T, any Error>
        do {
            result = .success(try await run(plan, on: group, body))
        } catch {
            result = .failure(error)
        }
        try await group.shutdownGracefully()
        return try result.get()
    }

    private static func run<T>(
        _ plan: GatewayPlan, on group: any EventLoopGroup, _ body: (VMCPApplication, [Int], Start) async throws -> T
    ) async throws -> T {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let quiet = logger
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            var started: [ServiceGroup] = []
            func start(
                _ name: String, _ run: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws -> Void
            ) async throws -> (report: String, services: ServiceGroup) {
                let (reports, report) = AsyncStream<String>.makeStream()
                let services = ServiceGroup(
                    configuration: configuration(ReportingService(body: run, report: report), quiet))
                started.append(services)
                tasks.addTask { try await services.run() }
                var iterator = reports.makeAsyncIterator()
                return (try await iterator.next().orThrow("a report that \(name) serves"), services)
            }
            let result: Result<T, any Error>
            do {
                var ports: [Int] = []
                for backend in plan.backends {
                    let example = ExampleBackend(options: backend.options, logger: quiet)
                    let (port, _) = try await start("backend \(backend.name)") { report in
                        try await example.run { report("\($0)") }
                    }
                    ports.append(try Int(port).orThrow("a port in \(port)"))
                }
                let loaded = try ConfigurationLoader(environment: plan.environment)
                    .load(text: plan.configurationText(ports: ports), fileName: "vmcp.yaml")
                var options = ServeOptions()
                options.port = plan.port
                options.environment = plan.environment
                options.sessionIdleTime = plan.sessionIdleTime
                let application = try await VMCPApplication(
                    configuration: loaded.configuration, options: options, group: group, logger: quiet)
                result = .success(try await body(application, ports, start))
            } catch {
                result = .failure(error)
            }
            // The gateway first, so that it lets go of its backends.
            for services in started.reversed() { await services.triggerGracefulShutdown() }
            while try await tasks.next() != nil {}
            return try result.get()
        }
    }

    private static func configuration(_ service: any Service, _ logger: Logger) -> ServiceGroupConfiguration {
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger)
        configuration.maximumGracefulShutdownDuration = VMCPApplication.gracefulShutdownDuration
        return configuration
    }
}

/// How often the counters of each backend were asked for, which the backends count as calls.
private final class Looks: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func add(to backend: String) -> Int {
        counts.withLock { counts in
            counts[backend, default: 0] += 1
            return counts[backend, default: 0]
        }
    }
}

private struct ReportingService: Service {
    let body: @Sendable (@escaping @Sendable (String) -> Void) async throws -> Void
    let report: AsyncStream<String>.Continuation

    func run() async throws {
        defer { report.finish() }
        try await body { report.yield($0) }
    }
}
