// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import Logging
import NIOCore
import Synchronization

/// The keys that an upstream signs ID tokens with, fetched when first needed.
final class UpstreamKeys: Sendable {
    /// How long a fetched set is used without asking again: a key that the upstream took back lives no longer.
    static let maximumAge: TimeInterval = 3600
    /// How soon an unknown key may cause another fetch: tokens with invented key ids cost the upstream nothing.
    static let coolDown: TimeInterval = 60
    /// How soon a failed fetch is repeated.
    static let failurePause: TimeInterval = 5

    private struct State {
        var set: JWKSet?
        var url: String?
        var fetchedAt = Date.distantPast
        var failedAt = Date.distantPast
    }

    private let upstream: String
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let state = Mutex(State())
    private let flights = SharedFlights<String, UpstreamFetchError?>()

    init(upstream: String, now: @escaping @Sendable () -> Date, logger: Logger) {
        self.upstream = upstream
        self.now = now
        self.logger = logger
    }

    /// Whether a key of the upstream signed the token, under an algorithm of the shared table that the key allows.
    ///
    /// - Throws: `.invalidIDToken` when none did, `.unreachable` when there are no keys to look in.
    func verify(_ token: CompactJWS, keysAt url: String, over http: UpstreamHTTP) async throws(UpstreamError) {
        guard let algorithm = token.algorithm else { throw .invalidIDToken }
        var known = current(url)
        if known == nil || isOld() {
            let error = await fetch(url, over: http)
            known = current(url)
            // Keys that were good an hour ago are better than no login while the upstream is ill.
            if known == nil { throw error?.upstreamError ?? .unreachable }
        }
        if Self.verify(token, with: known, algorithm) { return }
        // A key that is there and does not fit is an answer; one that is not there, or has no name, may be new.
        let isKnown = token.keyID != nil && known?.keys(id: token.keyID, algorithm: algorithm).isEmpty == false
        guard !isKnown, mayLookAgain() else { throw .invalidIDToken }
        _ = await fetch(url, over: http)
        guard Self.verify(token, with: current(url), algorithm) else { throw .invalidIDToken }
    }

    private static func verify(_ token: CompactJWS, with set: JWKSet?, _ algorithm: SigningAlgorithm) -> Bool {
        set?.keys(id: token.keyID, algorithm: algorithm).contains { token.isSigned(by: $0) } ?? false
    }

    private func current(_ url: String) -> JWKSet? {
        state.withLock { $0.url == url ? $0.set : nil }
    }

    private func isOld() -> Bool {
        let now = now()
        return state.withLock {
            now.timeIntervalSince($0.fetchedAt) >= Self.maximumAge
                && now.timeIntervalSince($0.failedAt) >= Self.failurePause
        }
    }

    private func mayLookAgain() -> Bool {
        let now = now()
        return state.withLock {
            now.timeIntervalSince($0.fetchedAt) >= Self.coolDown && now.timeIntervalSince($0.failedAt) >= Self.coolDown
        }
    }

    /// One fetch for all who wait.
    private func fetch(_ url: String, over http: UpstreamHTTP) async -> UpstreamFetchError? {
        await flights.run(url) { [self] in
            do throws(UpstreamFetchError) {
                let set = try await Self.set(at: url, over: http)
                state.withLock {
                    $0.set = set
                    $0.url = url
                    $0.fetchedAt = now()
                    $0.failedAt = .distantPast
                }
                if set.keys.isEmpty {
                    logger.warning("Upstream publishes no usable signing key", metadata: ["upstream": "\(upstream)"])
                }
                return nil
            } catch {
                state.withLock { $0.failedAt = now() }
                logger.warning(
                    "Upstream keys could not be fetched",
                    metadata: ["upstream": "\(upstream)", "reason": "\(error)"])
                return error
            }
        }
    }

    private static func set(at url: String, over http: UpstreamHTTP) async throws(UpstreamFetchError) -> JWKSet {
        let bytes = try await http.bytes(at: url)
        do throws(JWKSetError) {
            return try JWKSet(parsing: ByteBuffer(bytes: bytes))
        } catch {
            throw .malformed
        }
    }
}
