// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// 13.11 at the token endpoint, and what a bound code or family asks for.
struct DPoPGateTests {
    static func parameters(_ server: TokensServer, thumbprint: String? = nil) async throws -> [String: String] {
        TokensServer.redemption(
            try await server.codes.issueCode(for: TokensServer.authorization(thumbprint: thumbprint)))
    }

    @Test("a proof binds the access token and the family of a public client")
    func binding() async throws {
        let server = try TokensServer()
        let key = TokensProofKey()
        let reply = await server.post(
            try await Self.parameters(server), headers: [try key.proof(at: server.clock.now)])
        #expect(reply.status == 200)
        #expect(reply.text("token_type") == "DPoP")
        #expect(try reply.claims.member("cnf")?.member("jkt")?.string == key.thumbprint)
        let refresh = try #require(reply.refreshToken)
        #expect(await server.refresh(refresh).error == "invalid_grant")
        #expect(server.lines.contains("reason=wrong_key"))
        let stranger = try TokensProofKey().proof(at: server.clock.now)
        #expect(await server.post(TokensServer.refresh(refresh), headers: [stranger]).error == "invalid_grant")
        let proof = try key.proof(at: server.clock.now)
        let next = await server.post(TokensServer.refresh(refresh), headers: [proof])
        #expect(next.text("token_type") == "DPoP")
        #expect(try next.claims.member("cnf")?.member("jkt")?.string == key.thumbprint)
        #expect(server.upstreams.deleted == [])
    }

    @Test("row 9 with R8: a spent bound token without its key is refused and ends nothing")
    func spentWithoutKey() async throws {
        let server = try TokensServer()
        let key = TokensProofKey()
        let first = try #require(
            await server.post(try await Self.parameters(server), headers: [try key.proof(at: server.clock.now)])
                .refreshToken)
        let second = await server.post(TokensServer.refresh(first), headers: [try key.proof(at: server.clock.now)])
        server.clock.advance(by: 60)
        #expect(await server.refresh(first).error == "invalid_grant")
        #expect(server.upstreams.deleted == [])
        let next = try #require(second.refreshToken)
        let proof = try key.proof(at: server.clock.now)
        #expect(await server.post(TokensServer.refresh(next), headers: [proof]).status == 200)
    }

    @Test("a confidential client's family is not bound, its access tokens are")
    func confidential() async throws {
        let server = try TokensServer()
        server.directory.add(TokensServer.client("web", secret: "s"))
        let code = try await server.codes.issueCode(for: TokensServer.authorization(client: "web"))
        let secret = ["client_secret": "s"]
        let reply = await server.post(
            TokensServer.redemption(code, client: "web").merging(secret) { $1 },
            headers: [try TokensProofKey().proof(at: server.clock.now)])
        #expect(reply.text("token_type") == "DPoP")
        let refresh = TokensServer.refresh(try #require(reply.refreshToken), client: "web").merging(secret) { $1 }
        #expect(await server.post(refresh).text("token_type") == "bearer")
    }

    @Test("a code that is bound to a key takes a proof of that key")
    func boundCode() async throws {
        let server = try TokensServer()
        let key = TokensProofKey()
        let parameters = try await Self.parameters(server, thumbprint: key.thumbprint)
        #expect(await server.post(parameters).error == "invalid_grant")
        let stranger = try TokensProofKey().proof(at: server.clock.now)
        #expect(await server.post(parameters, headers: [stranger]).error == "invalid_grant")
        #expect(await server.post(parameters, headers: [try key.proof(at: server.clock.now)]).status == 200)
    }

    @Test("row 13: a proof works once, and a refused request has used it up")
    func replay() async throws {
        let server = try TokensServer()
        let proof = try TokensProofKey().proof(at: server.clock.now)
        let parameters = try await Self.parameters(server)
        #expect(await server.post(TokensServer.redemption("x"), headers: [proof]).error == "invalid_grant")
        let reply = await server.post(parameters, headers: [proof])
        #expect(reply.status == 400)
        #expect(reply.error == "invalid_dpop_proof")
        #expect(server.lines.contains("action=proof"))
        #expect(await server.post(parameters).status == 200)
    }

    @Test("row 13: of 50 uses of one proof at the same time one passes")
    func parallelReplay() async throws {
        let (server, turnstile) = try TokenConcurrencyTests.server(seed: 5)
        let proof = try TokensProofKey().proof(at: server.clock.now)
        let replies = await turnstile.run(
            (0..<50).map { _ in { await server.post(TokensServer.redemption("x"), headers: [proof]) } })
        #expect(replies.filter { $0.error == "invalid_grant" }.count == 1)
        #expect(replies.filter { $0.error == "invalid_dpop_proof" }.count == 49)
    }

    @Test("row 13: proofs that are for something else, old, early or not alone are refused")
    func wrongProofs() async throws {
        let server = try TokensServer()
        let key = TokensProofKey()
        let now = server.clock.now
        let wrong: [[(String, String)]] = [
            [try key.proof(at: now, url: "https://as.example/oauth/par")],
            [try key.proof(at: now, method: "GET")],
            [try key.proof(at: now.addingTimeInterval(-61))],
            [try key.proof(at: now.addingTimeInterval(31))],
            [try key.proof(at: now), try key.proof(at: now)],
            [try key.proof(at: now, id: "")],
            [("DPoP", "x")], [("DPoP", "")],
        ]
        let parameters = try await Self.parameters(server)
        for headers in wrong {
            let reply = await server.post(parameters, headers: headers)
            #expect(reply.status == 400)
            #expect(reply.error == "invalid_dpop_proof")
            #expect(reply.headers["dpop-nonce"] == nil)
        }
        #expect(try await server.storage.memory.count(StoredProofReplays.table) == 0)
        #expect(await server.post(parameters).status == 200)
    }

    @Test("a nonce that is demanded is asked for before the clock is looked at, and renewed in time")
    func nonces() async throws {
        let server = try TokensServer(nonce: .token)
        let key = TokensProofKey()
        let parameters = try await Self.parameters(server)
        let wrongClock = server.clock.now.addingTimeInterval(-200)
        let first = await server.post(parameters, headers: [try key.proof(at: wrongClock)])
        #expect(first.status == 400)
        #expect(first.error == "use_dpop_nonce")
        #expect(!server.lines.contains("action=proof"))
        let nonce = try #require(first.headers["dpop-nonce"])
        let second = await server.post(parameters, headers: [try key.proof(at: wrongClock, nonce: nonce)])
        #expect(second.status == 200)
        #expect(second.headers["dpop-nonce"] == nil)
        server.clock.advance(by: 200)
        let refresh = try #require(second.refreshToken)
        let third = await server.post(
            TokensServer.refresh(refresh), headers: [try key.proof(at: server.clock.now, nonce: nonce)])
        #expect(third.status == 200)
        let renewed = try #require(third.headers["dpop-nonce"])
        #expect(renewed != nonce)
        // Errors of the grant bring it too.
        let failed = await server.post(
            TokensServer.refresh("x"), headers: [try key.proof(at: server.clock.now, nonce: nonce)])
        #expect(failed.error == "invalid_grant")
        #expect(failed.headers["dpop-nonce"] != nil)
        server.clock.advance(by: 101)
        let stale = await server.post(
            TokensServer.refresh("x"), headers: [try key.proof(at: server.clock.now, nonce: nonce)])
        #expect(stale.error == "use_dpop_nonce")
    }

    @Test("who must send a proof", arguments: [(false, false), (true, false), (false, true)])
    func required(_ bySettings: Bool, _ byClient: Bool) async throws {
        let server = try TokensServer(dpop: bySettings ? .required : .optional)
        var client = TokensServer.client("app")
        client.requiresDPoP = byClient
        server.directory.add(client)
        let parameters = try await Self.parameters(server)
        let reply = await server.post(parameters)
        #expect(reply.status == (bySettings || byClient ? 400 : 200))
        #expect(reply.error == (bySettings || byClient ? "invalid_dpop_proof" : nil))
        if bySettings || byClient {
            let proof = try TokensProofKey().proof(at: server.clock.now)
            #expect(await server.post(parameters, headers: [proof]).status == 200)
        }
    }

    @Test("turned off, proofs are ignored and tokens stay unbound")
    func off() async throws {
        let server = try TokensServer(dpop: .off)
        let reply = await server.post(try await Self.parameters(server), headers: [("DPoP", "nonsense")])
        #expect(reply.status == 200)
        #expect(reply.text("token_type") == "bearer")
        #expect(try reply.claims.member("cnf") == nil)
    }

    @Test("without an answer of the store, or without room, no proof passes")
    func storeDown() async throws {
        let server = try TokensServer()
        let parameters = try await Self.parameters(server)
        server.storage.reset()
        server.storage.fail(operation: 0, .lost)
        let proof = try TokensProofKey().proof(at: server.clock.now)
        let down = await server.post(parameters, headers: [proof])
        #expect(down.status == 500)
        #expect(down.error == "server_error")

        let small = StoredProofReplays(storage: server.storage, table: StorageTable("dpop", capacity: 1))
        let target = try #require(DPoPTarget("https://as.example/oauth/token"))
        let expires = server.clock.now.addingTimeInterval(600)
        func id(_ jti: String) -> ProofID { ProofID(thumbprint: "k", target: target, jti: jti) }
        #expect(try await small.isFirstUse(of: id("1"), until: expires))
        #expect(try await !small.isFirstUse(of: id("1"), until: expires))
        await #expect(throws: ProofReplayError.full(limit: 1)) {
            try await small.isFirstUse(of: id("2"), until: expires)
        }
        server.clock.advance(by: 600)
        #expect(try await small.isFirstUse(of: id("2"), until: expires.addingTimeInterval(600)))
    }
}
