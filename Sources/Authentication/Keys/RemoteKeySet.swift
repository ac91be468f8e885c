// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import JSONTypes
package import Logging
import NIOCore
package import OutboundHTTP
import Synchronization

/// The public keys of an issuer elsewhere, fetched when they are needed and kept fresh while they are used.
///
/// One fetch at a time, whoever needs it. Failures are retried with growing pauses; keys that are an hour old without
/// a successful refresh are no longer believed.
package final class RemoteKeySet: Sendable {
    static let timeout = Duration.seconds(10)
    /// How long the place of the key set is believed.
    static let discoveryAge: TimeInterval = 3600

    private struct Place {
        let url: String
        let found: Date
    }

    private struct State {
        var keys = RemoteKeySetState()
        var place: Place?
        var flight: Task<Void, Never>?
    }

    private let issuer: String
    private let configuredURL: String?
    private let http: any OutboundHTTPClient
    private let policy: AddressPolicy
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let state = Mutex(State())
    private let counter = Atomic<UInt64>(0)

    /// - Parameter keySetURL: nil asks the issuer's metadata.
    package init(
        issuer: String, keySetURL: String? = nil, http: any OutboundHTTPClient, policy: AddressPolicy,
        now: @escaping @Sendable () -> Date, logger: Logger
    ) {
        self.issuer = issuer
        configuredURL = keySetURL
        self.http = http
        self.policy = policy
        self.now = now
        self.logger = logger
    }

    /// Counts the times that keys came or went.
    package var generation: UInt64 { counter.load(ordering: .acquiring) }

    /// The keys that a token with this header may be signed with: usually one, none when the issuer knows no such key.
    ///
    /// A name that is not known may be a new key: it leads to a fetch, at most once in half a minute.
    package func keys(id: String?, algorithm: SigningAlgorithm) async throws(RemoteKeySetError) -> [PublicKey] {
        try await lookUp(id: id, algorithm: algorithm).keys
    }

    /// The same, with the generation that the keys are of.
    func lookUp(
        id: String?, algorithm: SigningAlgorithm
    ) async throws(RemoteKeySetError) -> (keys: [PublicKey], generation: UInt64) {
        var justFetched = false
        while true {
            let (decision, generation) = state.withLock { state in
                (
                    state.keys.decide(id: id, algorithm: algorithm, now: now(), justFetched: justFetched),
                    counter.load(ordering: .relaxed)
                )
            }
            switch decision {
            case .use(let keys, let refreshing):
                if refreshing { _ = flight() }
                return (keys, generation)
            case .unknown: return ([], generation)
            case .unavailable(let error): throw error
            case .fetch:
                await flight().value
                justFetched = true
            }
        }
    }

    /// The fetch that is under way, or a new one. It outlives a caller that goes away: others wait for it too.
    private func flight() -> Task<Void, Never> {
        state.withLock { state in
            if let flight = state.flight { return flight }
            let flight = Task { await self.fetch() }
            state.flight = flight
            return flight
        }
    }

    private func fetch() async {
        do throws(RemoteKeySetError) {
            let keys = try await fetchKeys()
            let changed = state.withLock { state in
                state.flight = nil
                let changed = state.keys.succeeded(keys, now: now())
                // Inside the lock: whoever sees the new keys sees the new count.
                if changed { counter.add(1, ordering: .releasing) }
                return changed
            }
            guard changed else { return }
            logger.info(
                "keys of the issuer changed",
                metadata: [
                    "issuer": "\(issuer)", "keys": "\(keys.keys.count)", "unusable": "\(keys.skipped.count)",
                ])
        } catch {
            state.withLock { state in
                state.flight = nil
                state.place = nil
                state.keys.failed(error, now: now())
            }
            logger.warning(
                "keys of the issuer cannot be fetched", metadata: ["issuer": "\(issuer)", "reason": "\(error)"])
        }
    }

    private func fetchKeys() async throws(RemoteKeySetError) -> JWKSet {
        let place = try await place()
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await http.send(
                OutboundRequest(
                    url: place.url, headers: [("Accept", "application/jwk-set+json, application/json")],
                    maximumBytes: JWKSet.maximumBytes, timeout: Self.timeout),
                policy: place.policy)
        } catch {
            throw .unreachable(error)
        }
        guard response.status == 200 else { throw .status(response.status) }
        do throws(JWKSetError) {
            return try JWKSet(parsing: ByteBuffer(bytes: response.body))
        } catch {
            throw .invalidKeySet(error)
        }
    }

    private func place() async throws(RemoteKeySetError) -> (url: String, policy: AddressPolicy) {
        if let configuredURL { return (configuredURL, policy) }
        // The issuer names the place: it gets no freedom that the issuer's own URL does not have.
        let named = policy.forURLs(namedBy: issuer)
        if let known = state.withLock({ $0.place }), now().timeIntervalSince(known.found) < Self.discoveryAge {
            return (known.url, named)
        }
        let url = try await KeyDiscovery(issuer: issuer, http: http, policy: policy).keySetURL()
        state.withLock { $0.place = Place(url: url, found: now()) }
        return (url, named)
    }
}
