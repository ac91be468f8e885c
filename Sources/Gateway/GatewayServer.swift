// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Backends
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import Synchronization
package import VirtualServer

/// The HTTP face of the process: one listener for the MCP endpoint and everything beside it.
package final class GatewayServer: Sendable {
    private let endpoint: MCPEndpoint
    private let environment: ConnectionEnvironment
    private let routes: StatusRoutes
    private let mounted: MountedRoutes?
    private let shards: Shards
    private let group: any EventLoopGroup
    private let settings: GatewaySettings
    private let logger: Logger
    private let tasks: TaskSupervisor
    private let replicas: Replicas?
    private let peers: PeerEndpoint?

    /// - Parameter replicas: `nil` while there is only this one.
    package init(
        settings: GatewaySettings, server: VirtualServer, backends: [Backend], authenticator: Authenticator,
        metadata: ProtectedResourceMetadata? = nil, mounted: MountedRoutes? = nil, shared: SharedSessions? = nil,
        group: any EventLoopGroup, shards: Shards, logger: Logger, replicas: Replicas? = nil
    ) {
        self.settings = settings
        self.group = group
        self.shards = shards
        self.logger = logger
        tasks = TaskSupervisor()
        endpoint = MCPEndpoint(
            settings: settings, server: server, shared: shared, authenticator: authenticator, shards: shards,
            logger: logger, tasks: tasks, replicas: replicas)
        self.replicas = replicas
        peers = replicas.map { [endpoint] in
            PeerEndpoint(replicas: $0, endpoint: endpoint, limits: settings.limits)
        }
        self.mounted = mounted
        routes = StatusRoutes(
            settings: settings, server: server, backends: backends.sorted { $0.name < $1.name }, metadata: metadata)
        environment = ConnectionEnvironment(
            limits: settings.limits,
            origins: OriginPolicy(
                isLoopback: settings.isLoopback, allowedHosts: settings.allowedHosts,
                allowedOrigins: settings.allowedOrigins),
            endpoint: endpoint,
            isMCPEndpoint: { !StatusRoutes.claims($0) && mounted?.claims($0) != true },
            isForAllOrigins: { metadata?.isServed(at: String($0)) == true || mounted?.claims($0) == true })
    }

    /// Listens and serves until cancelled or shut down gracefully.
    ///
    /// - Parameter onReady: gets the port that is listened on.
    /// - Throws: when the address cannot be bound.
    package func run(host: String, port: Int, onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let router = Router(context: GatewayRequestContext.self)
        mounted?.register(router)
        routes.add(to: router, claimed: mounted?.claims)
        tasks.run { [endpoint] in await endpoint.keepHouse() }
        try await listen(
            router, environment, host: host, port: port, connections: settings.limits.connections, onReady: onReady)
    }

    /// The same for peers, at an address that clients never see.
    package func runPeers(
        host: String, port: Int, onReady: @escaping @Sendable (Int) async -> Void
    ) async throws {
        guard let peers, let replicas else { return }
        let environment = ConnectionEnvironment(
            limits: PeerEndpoint.listenerLimits(settings.limits),
            origins: OriginPolicy(isLoopback: false, allowedHosts: [], allowedOrigins: []), endpoint: endpoint,
            peers: peers, isMCPEndpoint: { $0 == Replicas.path }, isForAllOrigins: { _ in false })
        try await listen(
            Router(context: GatewayRequestContext.self), environment, host: host, port: port,
            connections: 2 * replicas.maximumRequests, onReady: onReady)
    }

    private func listen(
        _ router: Router<GatewayRequestContext>, _ environment: ConnectionEnvironment, host: String, port: Int,
        connections: Int, onReady: @escaping @Sendable (Int) async -> Void
    ) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let shards = self.shards
        let app = Application(
            router: router,
            server: HTTPServerBuilder { responder in
                GatewayChannel(responder: responder, environment: environment, shards: shards)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), backlog: 4096,
                availableConnectionsDelegate: MaximumAvailableConnections(connections, logger: quiet)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(group),
            logger: quiet)
        try await app.run()
    }

    /// Ends all sessions; requests that run in them are answered with an error.
    package func endSessions() async {
        peers?.requests.close()
        await endpoint.closeAllSessions()
    }

    /// Ends all sessions with what they hold at backends, but takes no longer than `limit`.
    package func close(within limit: Duration) async {
        let closing = TaskSupervisor()
        closing.run { await self.endSessions() }
        await closing.finish(within: limit)
        closing.cancelAll()
        tasks.cancelAll()
    }
}
