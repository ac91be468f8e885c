// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Connects to vetted addresses with AsyncHTTPClient.
///
/// A client of that library resolves names itself, except for those in its `dnsOverride`, which is fixed when it is
/// made. So there is one client for each pair of host and address; they live shortly, and few at a time.
package final class HTTPClientTransport: PinnedTransport {
    static let maximumClients = 32
    /// After this the CA bundle is read again.
    static let clientLifetime = Duration.seconds(300)
    static let connectTimeout = TimeAmount.seconds(5)
    /// Only bursts share a connection: one that idles is often half closed when it is wanted again.
    static let idleTimeout = TimeAmount.seconds(3)
    static let connectionsPerHost = 8

    private struct Key: Hashable {
        let host: OutboundURL.Host
        let address: IPAddress
        let caBundlePath: String?
    }

    private struct Entry {
        let client: PinnedClient
        let expires: ContinuousClock.Instant
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
        var isClosed = false
    }

    private let group: any EventLoopGroup
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    package init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.group = group
        self.now = now
    }

    package func send(_ pinned: PinnedRequest) async throws(TransportError) -> OutboundResponse {
        let client = try await client(for: pinned)
        var request = HTTPClientRequest(url: pinned.url.text)
        request.method = HTTPMethod(rawValue: pinned.request.method)
        for (name, value) in pinned.request.headers { request.headers.add(name: name, value: value) }
        if let body = pinned.request.body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            // The caller's deadline arrives as cancellation; this one only ends what that should have ended.
            let response = try await client.client.execute(
                request, deadline: .now() + TimeAmount(pinned.request.timeout) + .seconds(1))
            return try await Self.collect(response, for: pinned.request)
        } catch {
            throw TransportError(error, isClosed: isClosed)
        }
    }

    package func close() async {
        let entries = state.withLock { state in
            state.isClosed = true
            defer { state.entries = [:] }
            return Array(state.entries.values)
        }
        for entry in entries { await entry.client.close() }
    }

    var clientCount: Int { state.withLock { $0.entries.count } }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private static func collect(
        _ response: HTTPClientResponse, for request: OutboundRequest
    ) async throws -> OutboundResponse {
        let limit = request.maximumBytes
        if request.method != "HEAD",
            let announced = response.headers.first(name: "content-length").flatMap({ Int($0) }),
            announced > limit
        {
            throw OutboundError.tooLarge(limit: limit)
        }
        var body: [UInt8] = []
        for try await chunk in response.body {
            guard chunk.readableBytes <= limit - body.count else { throw OutboundError.tooLarge(limit: limit) }
            body.append(contentsOf: chunk.readableBytesView)
        }
        return OutboundResponse(
            status: Int(response.status.code), headers: response.headers.map { (name: $0.name, value: $0.value) },
            body: body)
    }

    // MARK: Clients

    private func client(for pinned: PinnedRequest) async throws(TransportError) -> PinnedClient {
        let key = Key(host: pinned.url.host, address: pinned.address, caBundlePath: pinned.caBundlePath)
        if let client = try cached(key) { return client }
        let configuration = try await configuration(for: key)
        return try state.withLock { state throws(TransportError) in
            guard !state.isClosed else { throw .failed(.closed) }
            if let client = use(key, in: &state) { return client }
            evict(from: &state)
            let client = PinnedClient(HTTPClient(eventLoopGroup: group, configuration: configuration))
            state.uses += 1
            state.entries[key] = Entry(client: client, expires: now() + Self.clientLifetime, lastUse: state.uses)
            return client
        }
    }

    private func cached(_ key: Key) throws(TransportError) -> PinnedClient? {
        try state.withLock { state throws(TransportError) in
            guard !state.isClosed else { throw .failed(.closed) }
            return use(key, in: &state)
        }
    }

    private func use(_ key: Key, in state: inout State) -> PinnedClient? {
        guard let entry = state.entries[key], entry.expires > now() else { return nil }
        state.uses += 1
        state.entries[key]?.lastUse = state.uses
        return entry.client
    }

    /// A client that is dropped finishes what it is doing.
    private func evict(from state: inout State) {
        let now = now()
        state.entries = state.entries.filter { $0.value.expires > now }
        while state.entries.count >= Self.maximumClients,
            let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            state.entries.removeValue(forKey: oldest.key)
        }
    }

    private func configuration(for key: Key) async throws(TransportError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let path = key.caBundlePath {
            do {
                let roots = try await NIOThreadPool.singleton.runIfActive {
                    try NIOSSLCertificate.fromPEMFile(path)
                }
                guard !roots.isEmpty else { throw TransportError.failed(.tls) }
                tls.trustRoots = .certificates(roots)
            } catch {
                throw .failed(.tls)
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: Self.connectTimeout),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = Self.idleTimeout
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connectionsPerHost
        configuration.connectionPool.retryConnectionEstablishment = false
        if case .name(let name) = key.host { configuration.dnsOverride = [name: key.address.description] }
        let address = key.address
        configuration.http1_1ConnectionDebugInitializer = { channel in
            // The pin again, where it cannot be wrong: the peer of the socket.
            guard IPAddress(channel.remoteAddress) == address else {
                return channel.close().flatMap { channel.eventLoop.makeFailedFuture(OutboundError.refusedAddress) }
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return configuration
    }
}

/// Shuts its client down when the last one who uses it lets go; the library insists on that.
private final class PinnedClient: Sendable {
    let client: HTTPClient

    init(_ client: HTTPClient) { self.client = client }

    /// Ends what is under way.
    func close() async { try? await client.shutdown() }

    deinit { client.shutdown { _ in } }
}

extension IPAddress {
    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        self.init(text)
    }
}
