// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// Finding out which era to speak, and over what (2026-07-28, Versioning, Backward Compatibility; Transports).
extension BackendSession {
    func openConnection(on shard: Shard, headers: ForwardedHeaders) async throws(BackendError) -> Connection {
        let settings = backend.settings
        let order = EraOrder(settings.era, preference, knowing: backend.eras)
        switch settings.endpoint {
        case .stdio(let command):
            return try await openProcess(command, order, on: shard, headers: headers)
        case .legacySSE(let endpoint):
            return try await openEventStream(endpoint, on: shard, headers: headers)
        case .streamableHTTP(let endpoint):
            let opening = HTTPOpening(session: self, endpoint: endpoint, shard: shard, headers: headers)
            return switch order {
            case .legacyOnly: try await opening.legacy(nil)
            case .modernOnly: try await opening.modern()
            case .legacyThenModern: try await opening.legacyThenModern()
            case .modernThenLegacy: try await opening.modernThenLegacy()
            }
        }
    }

    func openEventStream(
        _ endpoint: HTTPEndpoint, on shard: Shard, headers: ForwardedHeaders
    ) async throws(BackendError) -> Connection {
        let link = try await LegacySSELink.open(endpoint, session: self, on: shard)
        do throws(BackendError) {
            return try await handshake(over: link, on: shard, headers: headers)
        } catch {
            await link.close()
            throw error
        }
    }

    /// Asks what the backend serves; a refusal that names our own revision is worth one repetition.
    func discover(
        over link: any SessionLink, on shard: Shard, headers: ForwardedHeaders, timeout: TimeAmount? = nil
    ) async -> DiscoverVerdict {
        for _ in 0..<2 {
            let outcome = await performOwn(.discover, nil, over: link, on: shard, headers: headers, timeout: timeout)
            let verdict = DiscoverVerdict(outcome)
            if case .modern(let handshake) = verdict {
                backend.learn { eras in
                    eras.modern = true
                    if case .result(let result) = outcome, result["resultType"] == nil { eras.omitsResultType = true }
                }
                return .modern(handshake)
            }
            guard case .tryAgain = verdict else { return verdict }
        }
        return .refused(.invalidResponse("it refuses the revision that it offers"))
    }

    /// How long a probe may take that another attempt follows.
    var probeTimeout: TimeAmount { min(backend.settings.probeTimeout, backend.settings.requestTimeout) }
}

/// One opening of a session at an address.
private struct HTTPOpening: Sendable {
    let session: BackendSession
    let endpoint: HTTPEndpoint
    let shard: Shard
    let headers: ForwardedHeaders

    private var backend: Backend { session.backend }

    private func discover(
        over link: ModernHTTPLink, timeout: TimeAmount?
    ) async -> DiscoverVerdict {
        await session.discover(over: link, on: shard, headers: headers, timeout: timeout)
    }

    private func initialize(_ revision: ProtocolRevision?) async throws(BackendError) -> BackendSession.Connection {
        let link = StreamableHTTPLink(backend: backend, session: session, endpoint: endpoint)
        do throws(BackendError) {
            return try await session.handshake(over: link, proposing: revision, on: shard, headers: headers)
        } catch {
            await link.close()
            throw error
        }
    }

    private func eventStream(orElse error: BackendError) async throws(BackendError) -> BackendSession.Connection {
        guard error.mayMeanSSE else { throw error }
        do throws(BackendError) {
            return try await session.openEventStream(endpoint, on: shard, headers: headers)
        } catch _ {
            throw error
        }
    }

    func legacy(_ revision: ProtocolRevision?) async throws(BackendError) -> BackendSession.Connection {
        do throws(BackendError) {
            return try await initialize(revision)
        } catch {
            return try await eventStream(orElse: error)
        }
    }

    func modern() async throws(BackendError) -> BackendSession.Connection {
        let link = ModernHTTPLink(session: session, endpoint: endpoint)
        switch await discover(over: link, timeout: nil) {
        case .modern(let handshake): return BackendSession.Connection(link: link, handshake: handshake)
        case .refused(let error), .inconclusive(let error): throw error
        case .legacy, .tryAgain:
            throw .invalidResponse("it does not speak \(ProtocolRevision.latestModern.rawValue)")
        }
    }

    func legacyThenModern() async throws(BackendError) -> BackendSession.Connection {
        let refusal: BackendError
        do throws(BackendError) {
            return try await initialize(nil)
        } catch {
            guard error.mayMeanModern else { throw error }
            refusal = error
        }
        let knownAsLegacy = backend.eras.modern == false
        if knownAsLegacy, refusal.mayMeanSSE,
            let connection = try? await session.openEventStream(endpoint, on: shard, headers: headers)
        {
            return connection
        }
        let link = ModernHTTPLink(session: session, endpoint: endpoint)
        switch await discover(over: link, timeout: session.probeTimeout) {
        case .modern(let handshake):
            backend.learn { $0.legacy = false }
            return BackendSession.Connection(link: link, handshake: handshake)
        case .refused(let error): throw error
        case .legacy:
            backend.learn { $0.modern = false }
        case .inconclusive, .tryAgain: break
        }
        if knownAsLegacy { throw refusal }
        return try await eventStream(orElse: refusal)
    }

    func modernThenLegacy() async throws(BackendError) -> BackendSession.Connection {
        let link = ModernHTTPLink(session: session, endpoint: endpoint)
        switch await discover(over: link, timeout: session.probeTimeout) {
        case .modern(let handshake): return BackendSession.Connection(link: link, handshake: handshake)
        case .refused(let error): throw error
        case .legacy(let revision):
            let connection = try await legacy(revision)
            // Only now: whatever answers nonsense to everybody has said nothing.
            backend.learn { $0.modern = false }
            return connection
        case .inconclusive(let error):
            guard error.leavesOtherEra else { throw error }
            // For this once: the next connection asks again.
            return try await legacy(nil)
        case .tryAgain: throw .invalidResponse("it refuses the revision that it offers")
        }
    }
}
