// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import AuthServer
import Authentication
import Backends
import Gateway
package import Logging
import MCPTypes
package import NIOCore
import NIOPosix
import Observability
import ServiceLifecycle
package import VMCPConfiguration
import VirtualServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The composition root: builds everything from a configuration, runs it, and takes it down again.
package final class VMCPApplication: Sendable {
    private let options: ServeOptions
    private let logger: Logger
    private let group: any EventLoopGroup
    private let shards: Shards
    private let backends: [Backend]
    private let capabilities: Capabilities
    private let server: VirtualServer
    private let shared: SharedSessions
    private let parking: ParkingLot
    /// `nil` while there is only this replica.
    private let replicas: Replicas?
    private let peerAddress: Configuration.ListenAddress?
    private let gatewaySettings: GatewaySettings
    private let identity: Identity
    private let mounted: MountedRoutes?
    private let tasks: TaskSupervisor
    private let statusInterval: Duration

    /// How long backends may take to be heard of before readiness is reported without them.
    private static let startPatience = Duration.seconds(5)
    /// All of a shutdown takes 10 s at most: this much for what runs, the rest for taking down.
    private static let drainTime = Duration.seconds(4)
    /// The part of it in which clients, and peers for theirs, can still answer what parked calls have asked: the listeners
    /// stay open for as long.
    private static let parkDrainTime = Duration.milliseconds(3500)
    private static let taskSweep = Duration.seconds(60)
    /// Long enough for a child that ends only by SIGKILL.
    private static let closeTime = Duration.seconds(5)

    /// - Throws: when the configuration asks for something that cannot be, or cannot be had here.
    package init(
        configuration: Configuration, options: ServeOptions, group: any EventLoopGroup, logger: Logger
    ) async throws(StartupError) {
        self.options = options
        self.logger = logger
        self.group = group
        if !options.isLoopback, configuration.incomingAuth.letsEverybodyIn, !options.allowsAnonymousNonLoopback,
            !configuration.http.allowAnonymousNonLoopback
        {
            throw StartupError(
                "incomingAuth lets everybody in, and \(options.host) can be reached from other machines; "
                    + "listen on 127.0.0.1, or say --allow-anonymous-non-loopback if that is meant")
        }
        let secrets = try configuration.parking.stateSecrets()
        var forwarding = configuration.parking.mode == .on ? configuration.parking.forwarding : nil
        if forwarding != nil, options.isStdio {
            logger.warning("parking.forwarding has no effect with --stdio: no other replica serves the same client")
            forwarding = nil
        }
        peerAddress = forwarding?.listen
        replicas = try forwarding.map { forwarding throws(StartupError) in
            try forwarding.replicas(options, configuration.limits, group: group, logger: logger)
        }
        let shards = Shards(
            group: group, answers: AnswerBudget(maximumBytes: configuration.limits.maxBufferedResponseBytes))
        self.shards = shards
        tasks = TaskSupervisor()
        statusInterval = configuration.operational.failureHandling.statusReportingInterval
        identity = try await Identity.make(configuration, options: options, group: group, logger: logger)
        mounted = identity.mountedRoutes(proxies: configuration.http.trustedProxies)
        do throws(StartupError) {
            backends = try Self.makeBackends(configuration, options, shards, logger)
        } catch {
            await identity.close(logger: logger)
            throw error
        }
        capabilities = Capabilities(
            settings: AggregationSettings(configuration.aggregation),
            mode: PartialFailureMode(configuration.operational.failureHandling.partialFailureMode),
            backends: backends, logger: logger, tasks: tasks)
        let credentials = identity.credentials(configuration.outgoingAuth)
        // Replicas that share secrets must agree on this, too.
        let seal = StateSeal(secrets: secrets, audience: identity.metadata?.resource ?? configuration.name)
        shared = SharedSessions(settings: SharingSettings(configuration.parking), credentials: credentials)
        parking = ParkingLot(
            settings: ParkingSettings(
                configuration.parking,
                isForEverybody: configuration.incomingAuth.letsEverybodyIn && !options.isLoopback),
            shared: shared, seal: seal, clock: .real(on: shards.all[0].eventLoop), logger: logger,
            instance: replicas?.instance ?? "local")
        server = VirtualServer(
            name: configuration.name, backends: backends, capabilities: capabilities, credentials: credentials,
            seal: seal, parking: parking, bridge: BridgeSettings(configuration.parking),
            limiter: configuration.rateLimiting.map { CallLimiter(CallLimits($0), logger: logger) }, logger: logger)
        gatewaySettings = GatewaySettings(configuration, options: options, publicHosts: identity.publicHosts)
    }

    private static func makeBackends(
        _ configuration: Configuration, _ options: ServeOptions, _ shards: Shards, _ logger: Logger
    ) throws(StartupError) -> [Backend] {
        let (headers, warnings) = StaticHeaders.read(
            environment: options.environment, backends: configuration.backends.map(\.name),
            passthroughHeaders: configuration.passthroughHeaders)
        for warning in warnings { logger.warning("\(warning)") }
        var backends: [Backend] = []
        for backend in configuration.backends {
            var fields: [(String, String)] = []
            var credentials = BackendSettings.Credentials.none
            switch configuration.outgoingAuth.strategy(for: backend.name) {
            case .headerInjection(let header):
                fields = [(header.headerName, header.headerValue.exposed)]
                credentials = .shared
            case .upstreamInject: credentials = .ofCaller
            default: break
            }
            switch headers[backend.name] {
            case .headers(let list):
                // What the strategy sets, it replaces.
                let own = Set(fields.map { $0.0.lowercased() })
                fields += list.filter { !own.contains($0.name.lowercased()) }.map { ($0.name, $0.value.exposed) }
            case .refused(let reason): throw StartupError("backend \"\(backend.name)\": \(reason)")
            case nil: break
            }
            var settings = try BackendSettings(backend, of: configuration, headers: fields, options: options)
            settings.credentials = credentials
            do {
                backends.append(try Backend(settings: settings, shards: shards, logger: logger))
            } catch {
                throw StartupError(
                    "backend \"\(backend.name)\": caBundlePath \(backend.caBundlePath ?? "") cannot be used: \(error)")
            }
        }
        return backends
    }

    // MARK: Running

    /// Serves over HTTP until cancelled or shut down.
    ///
    /// - Parameter onReady: called once the endpoint listens and the backends have been heard of, or have had their time.
    package func run(onReady: @escaping @Sendable (ReadyReport) -> Void = { _ in }) async throws {
        let gateway = GatewayServer(
            settings: gatewaySettings, server: server, backends: backends, authenticator: identity.authenticator,
            metadata: identity.metadata, mounted: mounted, shared: shared, group: group, shards: shards, logger: logger,
            replicas: replicas)
        startBackends()
        do {
            try await withGracefulShutdownHandler {
                try await services(gateway, onReady).run()
            } onGracefulShutdown: { [tasks, parking] in
                parking.beginDraining()
                // What still runs after its time is answered with an error, so that its connection can end.
                tasks.run {
                    try? await Task.sleep(for: Self.drainTime)
                    await gateway.endSessions()
                }
            }
        } catch is CancellationError {
        } catch {
            await stop(gateway)
            if let error = error as? StartupError { throw error }
            let address = "\(options.host):\(options.port)"
            guard let error = error as? IOError else { throw StartupError("cannot listen on \(address): \(error)") }
            switch error.errnoCode {
            case EADDRINUSE:
                throw StartupError(
                    "\(address) is in use; stop the program that listens there, or choose another --port")
            case EADDRNOTAVAIL:
                throw StartupError("\(options.host) is no address of this machine; choose another --host")
            case EACCES:
                throw StartupError("listening on \(address) is not permitted; choose a --port above 1023")
            default:
                throw StartupError("cannot listen on \(address) (errno \(error.errnoCode))")
            }
        }
        await stop(gateway)
    }

    /// What listens, and in front of it what holds the end of that back while parked calls wait for an answer: services
    /// are ended in reverse order, one after the other.
    private func services(
        _ gateway: GatewayServer, _ onReady: @escaping @Sendable (ReadyReport) -> Void
    ) -> ServiceGroup {
        let (peerPorts, listening) = AsyncStream<Int>.makeStream()
        var services = [
            Part {
                var peerPort: Int?
                if self.peerAddress != nil {
                    var ports = peerPorts.makeAsyncIterator()
                    peerPort = await ports.next()
                    try Task.checkCancellation()
                }
                try await self.serve(gateway, peerPort, onReady)
            }
        ]
        if let peerAddress {
            services.insert(
                Part {
                    defer { listening.finish() }
                    try await self.servePeers(gateway, peerAddress) { listening.yield($0) }
                }, at: 0)
        }
        services.append(
            Part {
                try? await gracefulShutdown()
                if !Task.isCancelled { await self.parking.close(within: Self.parkDrainTime) }
            })
        var quiet = logger
        quiet.logLevel = .critical
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    .init(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                }, logger: quiet))
    }

    private func serve(
        _ gateway: GatewayServer, _ peerPort: Int?, _ onReady: @escaping @Sendable (ReadyReport) -> Void
    ) async throws {
        try await gateway.run(host: options.host, port: options.port) { [self] port in
            tasks.run { [self] in
                await capabilities.settle(within: Self.startPatience)
                capabilities.stopWaiting()
                if !Task.isCancelled { onReady(report(port: port, peerPort: peerPort)) }
            }
        }
    }

    private func servePeers(
        _ gateway: GatewayServer, _ address: Configuration.ListenAddress, _ onReady: @escaping @Sendable (Int) -> Void
    ) async throws {
        do {
            try await gateway.runPeers(host: address.host, port: address.port) { [logger, replicas] port in
                logger.info(
                    "Listening for other replicas",
                    metadata: [
                        "instance": "\(replicas?.instance ?? "")", "host": "\(address.host)", "port": "\(port)",
                    ])
                onReady(port)
            }
        } catch let error as IOError {
            throw StartupError(
                "parking.forwarding.listen: cannot listen on \(address.host):\(address.port) (errno \(error.errnoCode)); "
                    + "choose a free address of this machine")
        }
    }

    /// Serves one client on standard input and output until it closes its end.
    package func runStdio(input: CInt, output: CInt) async throws {
        guard case .fixed(let principal) = identity.authenticator else {
            await stop(nil)
            throw StartupError(
                "incomingAuth.type: oidc needs a client that sends tokens over HTTP; use type local with --stdio")
        }
        startBackends()
        let stdio = StdioServer(
            settings: gatewaySettings, server: server, shared: shared, principal: principal, shards: shards,
            logger: logger)
        do {
            try await stdio.run(input: input, output: output)
        } catch {
            await stop(nil)
            throw StartupError("standard input and output cannot be used: \(error)")
        }
        await stop(nil)
    }

    /// The longest that a graceful shutdown waits for running requests.
    package static var gracefulShutdownDuration: Duration { drainTime + .milliseconds(500) }

    private func startBackends() {
        shards.start()
        for backend in backends {
            let monitor = BackendMonitor(backend: backend) { [capabilities] in capabilities.update($0) }
            tasks.run { await monitor.run() }
        }
        tasks.run { [self] in await reportStatus() }
        tasks.run { [self] in await forgetTasks() }
        tasks.run { [self] in
            await capabilities.settle(within: Self.startPatience)
            for tool in server.limitedToolsWithoutBackend where !Task.isCancelled {
                logger.warning("A rate limit is for a tool that no backend has so far", metadata: ["tool": "\(tool)"])
            }
        }
        if let authServer = identity.authServer { tasks.run { await authServer.run() } }
    }

    /// Tasks that nobody has asked for in a long time are let go.
    private func forgetTasks() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.taskSweep)
            server.tasks.sweep(now: .now())
        }
    }

    /// One line for each status interval, for those who follow the log instead of `/status`.
    private func reportStatus() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: statusInterval)
            if Task.isCancelled { return }
            let unhealthy = backends.filter { !$0.health.status.servesTraffic }.map(\.name)
            let counts = capabilities.listed.counts
            logger.debug(
                "Status",
                metadata: [
                    "backends": "\(backends.count - unhealthy.count)/\(backends.count)",
                    "unhealthy": "\(unhealthy.joined(separator: ","))",
                    "tools": "\(counts.tools)", "resources": "\(counts.resources)", "prompts": "\(counts.prompts)",
                ])
        }
    }

    private func stop(_ gateway: GatewayServer?) async {
        tasks.cancelAll()
        // Nobody will come back for these.
        await parking.close(within: .zero)
        await replicas?.close()
        server.tasks.close()
        await withDiscardingTaskGroup { group in
            group.addTask { await gateway?.close(within: Self.closeTime) }
            group.addTask { [tasks] in await tasks.finish(within: Self.closeTime) }
        }
        for backend in backends { backend.close() }
        shards.stop()
        await identity.close(logger: logger)
    }

    private func report(port: Int, peerPort: Int?) -> ReadyReport {
        ReadyReport(
            name: server.name, peerPort: peerPort,
            // Clients compare the address that they were given with the resource that it claims to be (RFC 9728 §3.3).
            endpoint: identity.metadata?.resource
                ?? "http://\(options.host.contains(":") ? "[\(options.host)]" : options.host):\(port)/mcp",
            backends: backends.map { backend in
                let report = capabilities.report(of: backend.name)
                return ReadyReport.Backend(
                    name: backend.name, transport: backend.settings.endpoint.transportName,
                    isReachable: report?.isReachable ?? false,
                    problem: report?.problem.map { "\($0)" },
                    revision: report?.handshake?.revision.rawValue,
                    tools: report?.catalog?.tools.count ?? 0, resources: report?.catalog?.resources.count ?? 0,
                    prompts: report?.catalog?.prompts.count ?? 0)
            })
    }
}

/// One of the things that run while the application does.
private struct Part: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws { try await body() }
}
