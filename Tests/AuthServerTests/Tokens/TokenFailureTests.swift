// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// The store fails at each step in turn: what is answered, and what a client finds when it comes again.
struct TokenFailureTests {
    static let lastOperation = 3

    @Test("issuing a code", arguments: TokensStorage.Fault.allCases)
    func issue(_ fault: TokensStorage.Fault) async throws {
        let server = try TokensServer()
        server.storage.fail(operation: 0, fault)
        await #expect(throws: OAuthError.storage) {
            try await server.codes.issueCode(for: TokensServer.authorization())
        }
        #expect(!server.lines.contains("action=code"))
    }

    @Test(
        "redeeming a code: nothing is spent when nothing was written, and everything is dead when it may have been",
        arguments: 0..<2, TokensStorage.Fault.allCases)
    func redeem(_ operation: Int, _ fault: TokensStorage.Fault) async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        server.storage.reset()
        server.storage.fail(operation: operation, fault)
        let failed = await server.redeem(code)
        #expect(failed.status == 500)
        #expect(failed.error == "server_error")
        #expect(failed.accessToken == nil)
        #expect(server.directory.proven == [])
        let again = await server.redeem(code)
        if operation == 1, fault == .unanswered {
            #expect(again.error == "invalid_grant")
            #expect(try await server.refreshRows() == [])
            #expect(server.upstreams.deleted == ["tsid-1"])
        } else {
            #expect(again.status == 200)
        }
    }

    @Test(
        "refreshing: the same token brings the same successor afterwards",
        arguments: 0..<2, TokensStorage.Fault.allCases)
    func refresh(_ operation: Int, _ fault: TokensStorage.Fault) async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        server.storage.reset()
        server.storage.fail(operation: operation, fault)
        let failed = await server.refresh(first)
        #expect(failed.status == 500)
        #expect(failed.refreshToken == nil)
        let again = await server.refresh(first)
        #expect(again.status == 200)
        #expect(await server.refresh(try #require(again.refreshToken)).status == 200)
        #expect(server.upstreams.deleted == [])
    }

    @Test(
        "ending a family after reuse: not ended until it is written, and then with all that belongs to it",
        arguments: 0...lastOperation, TokensStorage.Fault.allCases)
    func reuse(_ operation: Int, _ fault: TokensStorage.Fault) async throws {
        let server = try TokensServer()
        let reply = try await server.login()
        let first = try #require(reply.refreshToken)
        let second = try #require(await server.refresh(first).refreshToken)
        server.clock.advance(by: 31)
        server.storage.reset()
        server.storage.fail(operation: operation, fault)
        let presented = await server.refresh(first)
        // Load, commit; what follows the commit cannot undo it.
        #expect(presented.status == (operation < 2 ? 500 : 400))
        #expect(presented.accessToken == nil)
        let isEnded = operation >= 2 || (operation == 1 && fault == .unanswered)
        #expect(try await server.refreshRows().isEmpty == isEnded)
        #expect(try server.isAccepted(#require(reply.accessToken)) == (operation < 2))
        // Another presentation, or the next start, makes good what is missing.
        _ = await server.refresh(first)
        let next = try TokensServer(clock: server.clock, storage: server.storage, upstreams: server.upstreams)
        try await next.denials.load()
        try await next.revocation.resume()
        #expect(try await next.refreshRows() == [])
        #expect(try !next.isAccepted(#require(reply.accessToken)))
        #expect(Set(server.upstreams.deleted) == ["tsid-1"])
        #expect(await next.refresh(second).error == "invalid_grant")
        #expect(try await server.storage.memory.count(UpstreamRemoval.table) == 0)
    }

    @Test("revoking: 503 until it is written", arguments: 0..<2, TokensStorage.Fault.allCases)
    func revoke(_ operation: Int, _ fault: TokensStorage.Fault) async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        server.storage.reset()
        server.storage.fail(operation: operation, fault)
        let failed = await server.postRevoke(["token": first, "client_id": "app"])
        #expect(failed.status == 503)
        #expect(failed.headers["retry-after"] == "5")
        #expect(failed.error == "server_error")
        #expect(await server.postRevoke(["token": first, "client_id": "app"]).status == 200)
        #expect(try await server.refreshRows() == [])
        try await server.revocation.resume()
        #expect(server.upstreams.deleted == ["tsid-1"])
    }

    @Test("an upstream that cannot be forgotten now does not keep the family alive, and is forgotten later")
    func upstream() async throws {
        let server = try TokensServer()
        let reply = try await server.login()
        server.upstreams.setFails(true)
        let token = try #require(reply.refreshToken)
        #expect(await server.postRevoke(["token": token, "client_id": "app"]).status == 200)
        #expect(try !server.isAccepted(#require(reply.accessToken)))
        #expect(await server.refresh(token).error == "invalid_grant")
        #expect(server.lines.all.contains { $0.hasPrefix("warning Upstream tokens") })
        try await server.revocation.resume()
        #expect(server.upstreams.deleted == [])
        server.upstreams.setFails(false)
        try await server.revocation.resume()
        try await server.revocation.resume()
        #expect(server.upstreams.deleted == ["tsid-1"])
    }

    @Test("a full table refuses new tokens and changes nothing")
    func full() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let token = try #require(try await server.login(TokensServer.authorization(tsid: "tsid-2")).refreshToken)
        let full = try server.onStore(
            RecordStore(
                storage: TokensFullStorage(inner: server.storage, tables: [RefreshTokenRow.table]),
                sealer: try TokensServer.sealer.get()))
        for reply in [await full.post(TokensServer.redemption(code)), await full.post(TokensServer.refresh(token))] {
            #expect(reply.status == 503)
            #expect(reply.error == "server_error")
            #expect(reply.headers["retry-after"] == "5")
        }
        #expect(await server.redeem(code).status == 200)
        #expect(await server.refresh(token).status == 200)
    }

    @Test("a full table of codes is our error")
    func fullCodes() async throws {
        let server = try TokensServer()
        let records = RecordStore(
            storage: TokensFullStorage(inner: server.storage, tables: [CodeRow.table]),
            sealer: try TokensServer.sealer.get())
        let full = try server.codes(on: records)
        await #expect(throws: OAuthError.noRoom) { try await full.issueCode(for: TokensServer.authorization()) }
    }

    @Test("a full table of denials does not keep a stolen token alive")
    func fullDenials() async throws {
        let server = try TokensServer()
        let reply = try await server.login()
        let first = try #require(reply.refreshToken)
        let second = try #require(await server.refresh(first).refreshToken)
        server.clock.advance(by: 31)
        let full = try server.onStore(
            RecordStore(
                storage: TokensFullStorage(inner: server.storage, tables: [DenialRow.table]),
                sealer: try TokensServer.sealer.get()))
        #expect(await full.post(TokensServer.refresh(first)).error == "invalid_grant")
        #expect(await server.refresh(second).error == "invalid_grant")
        #expect(try !server.isAccepted(#require(reply.accessToken)))
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(server.lines.all.contains { $0.hasPrefix("error No room") })
    }
}

/// Has no room for a new row in some tables.
struct TokensFullStorage: Storage {
    let inner: TokensStorage
    let tables: [StorageTable]

    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] { try await inner.load(keys) }
    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? { try await inner.take(key) }
    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        for case .put(let key, _, _, _) in changes.writes where tables.contains(key.table) {
            guard try await inner.load([key])[0] != nil else { return .full(key.table) }
        }
        return try await inner.commit(changes)
    }
    func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try await inner.rows(inGroup: group, limit: limit)
    }
    func count(_ table: StorageTable) async throws(StorageError) -> Int { try await inner.count(table) }
    func check() async throws(StorageError) {}
    func close() async throws(StorageError) {}
}
