// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// The client for every fetch in which a remote party has a say: metadata, keys, tokens, client documents.
///
/// A URL is parsed strictly, its host resolved once, every address checked against the policy, and the connection made
/// to exactly the checked address, so neither a redirect nor a name that changes its mind leads into a network that is
/// not the caller's to reach. Time, size and concurrency are bounded.
package final class GuardedHTTPClient: OutboundHTTPClient {
    package static let maximumRequests = 64
    package static let maximumRequestsPerHost = 8
    package static let maximumQueue = 256

    private let resolver: any HostResolver
    private let transport: any PinnedTransport
    private let resolutions = ResolutionCache()
    private let slots: RequestSlots
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sleep: @Sendable (Duration) async throws -> Void
    private let isClosed = Atomic(false)
    private let logger: Logger

    package convenience init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        resolver: any HostResolver = SystemResolver(),
        logger: Logger
    ) {
        self.init(resolver: resolver, transport: HTTPClientTransport(group: group), logger: logger)
    }

    /// - Parameter sleep: returns when so much time has passed, for the deadline of each request.
    package init(
        resolver: any HostResolver, transport: any PinnedTransport, logger: Logger,
        maximumRequests: Int = GuardedHTTPClient.maximumRequests,
        maximumRequestsPerHost: Int = GuardedHTTPClient.maximumRequestsPerHost,
        maximumQueue: Int = GuardedHTTPClient.maximumQueue,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.resolver = resolver
        self.transport = transport
        self.logger = logger
        self.now = now
        self.sleep = sleep
        slots = RequestSlots(limit: maximumRequests, hostLimit: maximumRequestsPerHost, queueLimit: maximumQueue)
    }

    package func send(
        _ request: OutboundRequest, policy: AddressPolicy
    ) async throws(OutboundError) -> OutboundResponse {
        guard !isClosed.load(ordering: .acquiring) else { throw .closed }
        try request.validate()
        let url = try OutboundURL(request.url)
        try policy.check(scheme: url.scheme, host: url.host)
        do {
            return try await withDeadline(request.timeout) { () async throws(OutboundError) in
                try await self.slots.withSlot(host: url.host.urlText) { () async throws(OutboundError) in
                    try await self.exchange(request, url, policy)
                }
            }
        } catch {
            // Never the path or query, which may carry a token.
            logger.debug(
                "outgoing request failed",
                metadata: ["host": "\(url.host.urlText)", "port": "\(url.port)", "reason": "\(error)"])
            throw error
        }
    }

    /// Ends what is under way; every later request fails.
    package func close() async {
        isClosed.store(true, ordering: .releasing)
        await transport.close()
    }

    var activeRequests: Int { slots.active }
    var waitingRequests: Int { slots.waiting }

    private func exchange(
        _ request: OutboundRequest, _ url: OutboundURL, _ policy: AddressPolicy
    ) async throws(OutboundError) -> OutboundResponse {
        let addresses = try await vettedAddresses(of: url.host, policy)
        for address in Self.attempts(addresses) {
            do throws(TransportError) {
                return try await transport.send(
                    PinnedRequest(request: request, url: url, address: address, caBundlePath: policy.caBundlePath))
            } catch {
                switch error {
                case .failed(let error): throw error
                case .notConnected: continue
                }
            }
        }
        throw .unreachable
    }

    /// Every address of the host, each of them allowed: one bad address condemns the name, or an attacker would only
    /// have to offer it beside a good one until it is picked.
    private func vettedAddresses(
        of host: OutboundURL.Host, _ policy: AddressPolicy
    ) async throws(OutboundError) -> [IPAddress] {
        let addresses: [IPAddress]
        switch host {
        case .address(let address): addresses = [address]
        // RFC 6761 section 6.3: loopback, whatever a resolver says.
        case .name where host.isLoopback: addresses = [.v4(0x7F00_0001), .v6(high: 0, low: 1)]
        case .name(let name):
            if let known = resolutions.addresses(of: name, now: now()) {
                addresses = known
            } else {
                addresses = try await resolver.addresses(of: name)
                guard !addresses.isEmpty else { throw .unresolvable }
                resolutions.store(addresses, of: name, now: now())
            }
        }
        guard addresses.allSatisfy({ policy.permits($0, for: host) }) else { throw .refusedAddress }
        return addresses
    }

    /// The best address, and the best of the other family in case one family leads nowhere here.
    private static func attempts(_ addresses: [IPAddress]) -> [IPAddress] {
        guard let first = addresses.first else { return [] }
        let other = addresses.first { $0.isIPv4 != first.isIPv4 } ?? addresses.dropFirst().first
        return [first] + (other.map { [$0] } ?? [])
    }

    private enum Race<Value: Sendable>: Sendable {
        case finished(Result<Value, OutboundError>)
        case timeIsUp
        case stopped
    }

    /// Ends `operation` by cancelling it when the time is up. Waits for it to end, which is at once.
    private func withDeadline<Value: Sendable>(
        _ timeout: Duration, _ operation: @escaping @Sendable () async throws(OutboundError) -> Value
    ) async throws(OutboundError) -> Value {
        let race = await withTaskGroup(of: Race<Value>.self) { group in
            group.addTask {
                do throws(OutboundError) {
                    return .finished(.success(try await operation()))
                } catch {
                    return .finished(.failure(error))
                }
            }
            group.addTask { [sleep] in
                do {
                    try await sleep(timeout)
                    return .timeIsUp
                } catch {
                    return .stopped
                }
            }
            var first = await group.next()
            if case .stopped = first { first = await group.next() }
            group.cancelAll()
            return first
        }
        switch race {
        case .finished(let result): return try result.get()
        case .timeIsUp: throw .timedOut
        case .stopped, nil: throw .cancelled
        }
    }
}

extension IPAddress {
    fileprivate var isIPv4: Bool {
        if case .v4 = self { true } else { false }
    }
}
