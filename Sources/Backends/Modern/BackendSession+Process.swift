// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore

/// Finding out which era a child process speaks. A process may settle on the era of the first request that it
/// understands, so a wrong probe can cost it (2026-07-28, Transports, stdio; real servers do that).
extension BackendSession {
    func openProcess(
        _ command: StdioCommand, _ order: EraOrder, on shard: Shard, headers: ForwardedHeaders
    ) async throws(BackendError) -> Connection {
        let link = try await StdioLink.start(command, session: self, on: shard)
        do throws(BackendError) {
            switch order {
            case .legacyOnly: return try await handshake(over: link, on: shard, headers: headers)
            case .modernOnly: return try await modernProcess(link, on: shard, headers: headers)
            case .legacyThenModern: return try await legacyThenModernProcess(link, on: shard, headers: headers)
            case .modernThenLegacy: break
            }
        } catch {
            await link.close()
            throw error
        }
        let settled: Connection?
        do throws(BackendError) {
            settled = try await modernThenLegacyProcess(link, on: shard, headers: headers)
        } catch {
            await link.close()
            throw error
        }
        if let settled { return settled }
        // The probe ended the process, or left it in a state where nothing else is accepted.
        await link.close()
        let fresh = try await StdioLink.start(command, session: self, on: shard)
        do throws(BackendError) {
            let connection = try await handshake(over: fresh, on: shard, headers: headers)
            backend.learn { $0.modern = false }
            return connection
        } catch {
            await fresh.close()
            throw error
        }
    }

    private func probe(
        _ link: StdioLink, on shard: Shard, headers: ForwardedHeaders, timeout: TimeAmount?
    ) async -> DiscoverVerdict {
        link.speakModern(true)
        let verdict = await discover(over: link, on: shard, headers: headers, timeout: timeout)
        if case .modern = verdict { return verdict }
        link.speakModern(false)
        return verdict
    }

    private func modernProcess(
        _ link: StdioLink, on shard: Shard, headers: ForwardedHeaders
    ) async throws(BackendError) -> Connection {
        switch await probe(link, on: shard, headers: headers, timeout: nil) {
        case .modern(let handshake): return Connection(link: link, handshake: handshake)
        case .refused(let error), .inconclusive(let error): throw error
        case .legacy, .tryAgain:
            throw .invalidResponse("it does not speak \(ProtocolRevision.latestModern.rawValue)")
        }
    }

    private func legacyThenModernProcess(
        _ link: StdioLink, on shard: Shard, headers: ForwardedHeaders
    ) async throws(BackendError) -> Connection {
        let refusal: BackendError
        do throws(BackendError) {
            return try await handshake(over: link, on: shard, headers: headers)
        } catch {
            guard error.mayMeanModern else { throw error }
            refusal = error
        }
        switch await probe(link, on: shard, headers: headers, timeout: probeTimeout) {
        case .modern(let handshake):
            backend.learn { $0.legacy = false }
            return Connection(link: link, handshake: handshake)
        case .refused(let error): throw error
        case .legacy:
            backend.learn { $0.modern = false }
            throw refusal
        case .inconclusive, .tryAgain: throw refusal
        }
    }

    /// `nil` when the process is of no use any more and a fresh one should be spoken to without a probe.
    private func modernThenLegacyProcess(
        _ link: StdioLink, on shard: Shard, headers: ForwardedHeaders
    ) async throws(BackendError) -> Connection? {
        let revision: ProtocolRevision?
        var hasAnswered = false
        switch await probe(link, on: shard, headers: headers, timeout: probeTimeout) {
        case .modern(let handshake): return Connection(link: link, handshake: handshake)
        case .refused(let error): throw error
        case .legacy(let named):
            revision = named
            hasAnswered = true
        case .tryAgain: revision = nil
        case .inconclusive(.timeout): revision = nil
        // It ended, or no longer reads.
        case .inconclusive(.outcomeUnknown), .inconclusive(.unavailable): return nil
        case .inconclusive(let error): throw error
        }
        do throws(BackendError) {
            let connection = try await handshake(over: link, proposing: revision, on: shard, headers: headers)
            if hasAnswered { backend.learn { $0.modern = false } }
            return connection
        } catch {
            if case .closed = error { throw error }
            return nil
        }
    }
}
