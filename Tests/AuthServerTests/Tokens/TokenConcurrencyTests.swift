// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import TestSupport
import Testing

@testable import AuthServer

struct TokenConcurrencyTests {
    /// A server whose store operations are interleaved as the seed says.
    static func server(
        seed: UInt64, rules: (inout TokenRules) -> Void = { _ in }
    ) throws -> (TokensServer, TokensTurnstile) {
        let clock = TokensClock()
        let turnstile = TokensTurnstile(seed: seed)
        let storage = TokensStorage(now: { clock.now }, turnstile: turnstile)
        return (try TokensServer(clock: clock, storage: storage, rules: rules), turnstile)
    }

    @Test(
        "row 7: of 100 redemptions of one code one succeeds, and what it got is dead",
        arguments: 1...4 as ClosedRange<UInt64>)
    func redemptions(seed: UInt64) async throws {
        let (server, turnstile) = try Self.server(seed: seed)
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let replies = await turnstile.run((0..<100).map { _ in { await server.redeem(code) } })
        let winners = replies.filter { $0.status == 200 }
        #expect(winners.count == 1)
        #expect(replies.filter { $0.status != 200 }.allSatisfy { $0.error == "invalid_grant" })
        let winner = try #require(winners.first)
        #expect(try !server.isAccepted(#require(winner.accessToken)))
        #expect(await server.refresh(try #require(winner.refreshToken)).error == "invalid_grant")
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(server.lines.all.filter { $0.contains("action=reuse") }.count == 1)
    }

    @Test(
        "100 refreshes of one token get one successor, as often as repeats are allowed",
        arguments: 1...4 as ClosedRange<UInt64>)
    func refreshes(seed: UInt64) async throws {
        let (server, turnstile) = try Self.server(seed: seed)
        let first = try #require(try await server.login().refreshToken)
        let replies = await turnstile.run((0..<100).map { _ in { await server.refresh(first) } })
        let winners = replies.filter { $0.status == 200 }
        #expect(winners.count == 1 + server.rules.maximumRepeats)
        #expect(Set(winners.compactMap(\.refreshToken)).count == 1)
        #expect(Set(winners.compactMap(\.accessToken)).count == winners.count)
        #expect(replies.filter { $0.status != 200 }.allSatisfy { $0.error == "invalid_grant" })
        // More repeats than an honest client needs: R3.
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(try winners.allSatisfy { try !server.isAccepted(#require($0.accessToken)) })
        #expect(await server.refresh(try #require(winners.first?.refreshToken)).error == "invalid_grant")
    }

    @Test("as many parallel refreshes as are allowed harm nobody", arguments: 1...20 as ClosedRange<UInt64>)
    func honestRefreshes(seed: UInt64) async throws {
        let (server, turnstile) = try Self.server(seed: seed)
        let first = try #require(try await server.login().refreshToken)
        let replies = await turnstile.run((0..<4).map { _ in { await server.refresh(first) } })
        #expect(replies.allSatisfy { $0.status == 200 })
        let successors = Set(replies.compactMap(\.refreshToken))
        #expect(successors.count == 1)
        #expect(await server.refresh(try #require(successors.first)).status == 200)
        #expect(server.upstreams.deleted == [])
    }

    @Test("row 10: inside the grace thief and owner get the same successor, and its use by both is noticed")
    func thiefInGrace() async throws {
        let server = try TokensServer()
        let stolen = try #require(try await server.login().refreshToken)
        let thief = try #require(await server.refresh(stolen).refreshToken)
        let owner = try #require(await server.refresh(stolen).refreshToken)
        #expect(thief == owner)
        #expect(await server.refresh(owner).status == 200)
        // Within its own grace the successor may be repeated; its predecessor is spent.
        #expect(await server.refresh(stolen).error == "invalid_grant")
        #expect(server.lines.contains("action=reuse"))
        #expect(await server.refresh(owner).error == "invalid_grant")
    }

    @Test("a refresh that races with a revocation leaves nothing alive", arguments: 1...40 as ClosedRange<UInt64>)
    func revocationRace(seed: UInt64) async throws {
        let (server, turnstile) = try Self.server(seed: seed)
        let first = try #require(try await server.login().refreshToken)
        let refreshing: @Sendable () async -> TokensReply = { await server.refresh(first) }
        let revoking: @Sendable () async -> TokensReply = {
            await server.postRevoke(["token": first, "client_id": "app"])
        }
        let replies = await turnstile.run([refreshing, revoking])
        #expect(replies[1].status == 200)
        #expect(try await server.refreshRows() == [])
        if let next = replies[0].refreshToken { #expect(await server.refresh(next).error == "invalid_grant") }
        if let access = replies[0].accessToken { #expect(try !server.isAccepted(access)) }
    }

    @Test("a refresh takes one load and one commit, and so does a redemption")
    func roundTrips() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        server.storage.reset()
        var token = try #require(await server.redeem(code).refreshToken)
        #expect(server.storage.counts.loads == 1)
        #expect(server.storage.counts.operations == 2)
        for _ in 0..<3 {
            server.storage.reset()
            let next = try #require(await server.refresh(token).refreshToken)
            #expect(server.storage.counts.loads == 1)
            #expect(server.storage.counts.commits == 1)
            #expect(server.storage.counts.others == 0)
            // R2 costs the same.
            server.storage.reset()
            #expect(await server.refresh(token).refreshToken == next)
            #expect(server.storage.counts.operations == 2)
            token = next
        }
    }

    @Test("contention has an end: the retries cover every change that a row can see")
    func bounds() {
        #expect(RefreshTokenGrant.maximumAttempts >= 2 + 3 + 1 + 1 + 1)
        #expect(AuthorizationCodeGrant.maximumAttempts >= 3)
    }

    @Test("a store on which every commit conflicts is given up on with 503")
    func endlessConflict() async throws {
        struct Contended: Storage {
            let inner: TokensStorage
            func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] { try await inner.load(keys) }
            func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? { nil }
            func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
                _ = try await inner.commit(StorageChanges())
                return changes.conditions.first.map { .conflict($0.key) } ?? .committed
            }
            func rows(
                inGroup group: String, limit: Int
            ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] { [] }
            func count(_ table: StorageTable) async throws(StorageError) -> Int { 0 }
            func check() async throws(StorageError) {}
            func close() async throws(StorageError) {}
        }
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let token = try #require(try await server.login().refreshToken)
        let records = RecordStore(storage: Contended(inner: server.storage), sealer: try TokensServer.sealer.get())
        let contended = try server.onStore(records)
        server.storage.reset()
        for reply in [
            await contended.post(TokensServer.refresh(token)), await contended.post(TokensServer.redemption(code)),
        ] {
            #expect(reply.status == 503)
            #expect(reply.error == "server_error")
            #expect(reply.headers["retry-after"] == "1")
        }
        #expect(
            server.storage.counts.commits
                == RefreshTokenGrant.maximumAttempts + AuthorizationCodeGrant.maximumAttempts)
        #expect(await server.refresh(token).status == 200)
    }
}
