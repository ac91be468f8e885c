// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import NIOCore
import Observability
import TestSupport
import Testing

@testable import AuthServer

/// Exchanges of this server's own tokens (RFC 8693).
struct TokenExchangeTests {
    @Test("The new token is for the same person, names its actor, and carries nothing of the login")
    func success() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(), ["scope": "openid profile"])
        #expect(reply.status == 200)
        #expect(reply.text("issued_token_type") == "urn:ietf:params:oauth:token-type:access_token")
        #expect(reply.text("token_type") == "bearer")
        #expect(reply.text("scope") == "openid profile")
        #expect(reply.json?["expires_in"]?.int == 900)
        #expect(reply.refreshToken == nil)
        let claims = try reply.claims
        #expect(claims["iss"]?.string == DelegationBench.issuer)
        #expect(claims["sub"]?.string == "user-1")
        #expect(try reply.tokenAudiences == [DelegationBench.resource])
        #expect(claims["client_id"]?.string == "delegate")
        #expect(claims["exp"]?.int == 1_800_000_900)
        #expect(claims["iat"]?.int == 1_800_000_000)
        #expect(claims["name"]?.string == "Ada")
        #expect(claims["email"]?.string == "ada@example.org")
        #expect(try reply.actors == ["\(DelegationBench.issuer) delegate"])
        for name in ["tsid", "cnf", "auth_time", "may_act"] { #expect(claims.member(name) == nil) }
        #expect(bench.lines.all.count { $0.contains("action=exchange") && $0.contains("outcome=success") } == 1)
        #expect(bench.directory.proven == ["delegate"])
    }

    @Test("A subject token can be exchanged again, and so can what it was exchanged for")
    func again() async throws {
        let bench = try DelegationBench()
        let token = try bench.own()
        #expect(await bench.exchange(token).status == 200)
        let second = await bench.exchange(token)
        #expect(second.status == 200)
        let third = await bench.exchange(try #require(second.accessToken))
        let delegate = "\(DelegationBench.issuer) delegate"
        #expect(try third.actors == [delegate, delegate])
    }

    // MARK: The client and the form

    @Test(
        "Only a confidential client with the grant may exchange",
        arguments: [
            ("public", "", "unauthorized_client", 400),
            ("confidential", DelegationBench.secret, "unauthorized_client", 400),
            ("delegate", "wrong", "invalid_client", 401), ("nobody", DelegationBench.secret, "invalid_client", 401),
        ])
    func clients(_ id: String, _ secret: String, _ error: String, _ status: Int) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(), ["client_id": id, "client_secret": secret])
        #expect(reply.error == error)
        #expect(reply.status == status)
    }

    static let idToken = "urn:ietf:params:oauth:token-type:id_token"

    @Test(
        "Malformed requests",
        arguments: [
            ["subject_token": ""], ["subject_token_type": ""], ["subject_token_type": idToken],
            ["subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"], ["actor_token": "a"],
            ["actor_token_type": TokenType.jwt], ["actor_token": "a", "actor_token_type": idToken],
            ["requested_token_type": TokenType.jwt], ["requested_token_type": idToken],
        ])
    func form(_ changes: [String: String]) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(), changes)
        #expect(reply.error == "invalid_request")
        #expect(reply.status == 400)
    }

    @Test("Two resources are refused")
    func resources() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(
            try bench.own(), more: [("resource", DelegationBench.resource), ("resource", DelegationBench.resource)])
        #expect(reply.error == "invalid_request")
    }

    @Test(
        "What may be said explicitly",
        arguments: [
            ["subject_token_type": TokenType.jwt], ["requested_token_type": TokenType.accessToken],
            ["requested_token_type": ""], ["resource": "HTTPS://MCP.example:443/mcp/"],
            ["audience": DelegationBench.resource],
        ])
    func explicit(_ changes: [String: String]) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(), changes)
        #expect(reply.status == 200)
        #expect(try reply.tokenAudiences == [DelegationBench.resource])
    }

    @Test("What is wrong first is told first")
    func order() async throws {
        let bench = try DelegationBench()
        let gone = try bench.own(["exp": .numericDate(bench.clock.now)])
        let lent: DelegationChanges = ["may_act": ["sub": "other"], "act": 1]
        let rows: [(token: String, changes: [String: String], error: String, reason: String)] = [
            (gone, ["requested_token_type": "x", "scope": "x"], "invalid_request", "invalid_request"),
            (gone, ["actor_token": "x", "actor_token_type": TokenType.jwt], "invalid_request", "expired"),
            (
                try bench.own(lent), ["actor_token": "x", "actor_token_type": TokenType.jwt, "scope": "x"],
                "invalid_request", "actor_token_malformed"
            ),
            (try bench.own(lent), ["scope": " "], "invalid_request", "may_act_other"),
            (try bench.own(["act": 1]), ["scope": "x", "audience": "x"], "invalid_scope", "invalid_scope"),
            (try bench.own(["act": 1]), ["audience": "x"], "invalid_target", "invalid_target"),
            (try bench.own(["act": 1]), [:], "invalid_request", "act"),
        ]
        for row in rows { #expect(await bench.exchange(row.token, row.changes).error == row.error) }
        #expect(bench.reasons == rows.map(\.reason))
    }

    // MARK: Scopes and audiences

    @Test(
        "A scope must be the client's and the subject's",
        arguments: [
            ("openid", "openid"), ("profile openid profile", "profile openid"), ("email", nil), ("tools", nil),
            ("openid email", nil), ("OPENID", nil), (" ", nil),
        ] as [(String, String?)])
    func scopes(_ scope: String, _ granted: String?) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(), ["scope": scope])
        #expect(reply.error == (granted == nil ? "invalid_scope" : nil))
        #expect(reply.text("scope") == granted)
        if let granted { #expect(try reply.claims["scope"]?.string == granted) }
    }

    @Test("Without a scope the token has none")
    func noScope() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own())
        #expect(reply.text("scope") == nil)
        #expect(try reply.claims["scope"] == nil)
        #expect(try reply.claims["scp"]?.elements.contains { _ in true } == false)
    }

    @Test(
        "Scopes are in scope, else in scp",
        arguments: [
            (["scope": nil, "scp": ["profile"]], 200), (["scope": nil, "scp": "openid profile"], 200),
            (["scope": "openid", "scp": ["profile"]], 400), (["scope": nil, "scp": nil], 400),
        ] as [(DelegationChanges, Int)])
    func scopeClaims(_ changes: DelegationChanges, _ status: Int) async throws {
        let bench = try DelegationBench()
        #expect(await bench.exchange(try bench.own(changes), ["scope": "profile"]).status == status)
    }

    struct Audience: Sendable {
        var allowed = [DelegationBench.resource, DelegationBench.other]
        var subject: [String] = [DelegationBench.resource, DelegationBench.other]
        var client = "delegate"
        var audiences: [String] = []
        var resource: String?
        var answer: String
    }

    @Test(
        "The audience is one that is allowed, the client's and the subject's",
        arguments: [
            Audience(allowed: [DelegationBench.resource], answer: DelegationBench.resource),
            Audience(answer: "invalid_request"),
            Audience(audiences: [DelegationBench.other], answer: DelegationBench.other),
            Audience(resource: DelegationBench.other, answer: DelegationBench.other),
            Audience(resource: "https://MCP.example:443/other/", answer: DelegationBench.other),
            // An audience is a name: no trailing slash, no prefix, no other spelling.
            Audience(audiences: [DelegationBench.other + "/"], answer: "invalid_target"),
            Audience(audiences: ["https://mcp.example"], answer: "invalid_target"),
            Audience(audiences: [DelegationBench.other + "/below"], answer: "invalid_target"),
            Audience(audiences: ["https://MCP.example/other"], answer: "invalid_target"),
            Audience(resource: "https://mcp.example/other/below", answer: "invalid_target"),
            Audience(resource: "https://mcp.example/other#f", answer: "invalid_target"),
            Audience(resource: "not a uri", answer: "invalid_target"),
            Audience(audiences: [DelegationBench.other, DelegationBench.other], answer: DelegationBench.other),
            Audience(
                audiences: [DelegationBench.other], resource: DelegationBench.other, answer: DelegationBench.other),
            Audience(audiences: [DelegationBench.resource, DelegationBench.other], answer: "invalid_target"),
            Audience(
                audiences: [DelegationBench.resource], resource: DelegationBench.other, answer: "invalid_target"),
            // Not the subject's.
            Audience(
                subject: [DelegationBench.resource], audiences: [DelegationBench.other], answer: "invalid_target"),
            Audience(
                subject: ["https://MCP.example/other/"], resource: DelegationBench.other,
                answer: DelegationBench.other),
            // Not the client's.
            Audience(client: "partner", audiences: [DelegationBench.other], answer: "invalid_target"),
            Audience(client: "partner", resource: DelegationBench.other, answer: "invalid_target"),
            Audience(allowed: [DelegationBench.other], client: "partner", answer: "invalid_target"),
            // Not allowed any more.
            Audience(allowed: [DelegationBench.resource], audiences: [DelegationBench.other], answer: "invalid_target"),
        ])
    func audiences(_ row: Audience) async throws {
        let bench = try DelegationBench { $0.allowedAudiences = row.allowed }
        var changes = ["client_id": row.client]
        if let resource = row.resource { changes["resource"] = resource }
        let reply = await bench.exchange(
            try bench.own(["aud": .strings(row.subject), "client_id": .string(row.client)]), changes,
            more: row.audiences.map { (name: "audience", value: $0) })
        if row.answer.hasPrefix("https") {
            #expect(try reply.tokenAudiences == [row.answer])
        } else {
            #expect(reply.error == row.answer)
        }
    }

    // MARK: Lifetime

    @Test(
        "It lives no longer than the subject token, the delegation lifespan and the access lifespan",
        arguments: [
            (3600, 900, 3600, 900), (120, 900, 3600, 120), (3600, 900, 300, 300), (3600, 7200, 3600, 3600),
            (1, 900, 3600, 1),
        ])
    func lifetime(_ remaining: Int, _ delegation: Int, _ access: Int, _ expected: Int) async throws {
        let bench = try DelegationBench {
            $0.delegationTokenLifespan = .seconds(delegation)
            $0.accessTokenLifespan = .seconds(access)
        }
        let reply = await bench.exchange(try bench.own(["exp": .numericDate(bench.clock.now + Double(remaining))]))
        #expect(reply.json?["expires_in"]?.int == expected)
        #expect(try reply.claims["exp"]?.int == 1_800_000_000 + expected)
    }

    @Test("A fraction of a second is not rounded up")
    func fraction() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(
            try bench.own(["exp": .number(JSONNumber(text: "1800000010.9") ?? JSONNumber(0))]))
        #expect(try reply.claims["exp"]?.int == 1_800_000_010)
        bench.clock.advance(by: 0.5)
        #expect(
            await bench.exchange(try bench.own(["exp": .number(JSONNumber(text: "1800000000.9") ?? JSONNumber(0))]))
                .error == "invalid_request")
    }

    @Test("A clock that passes a second while the token is made does not make it outlive the subject's")
    func tick() throws {
        let clock = TokensClock()
        let key = try TokensServer.signingKey.get()
        let minter = DelegatedTokenMinter(
            minter: AccessTokenMinter(
                issuer: DelegationBench.issuer, signer: JWTSigner(keys: try SigningKeySource(keys: [key])),
                now: {
                    clock.advance(by: 1)
                    return clock.now
                }),
            now: { clock.now })
        let claims = AccessTokenClaims(
            subject: "s", audience: "a", clientID: "c", scopes: [], lifespan: .seconds(3600))
        let limit = clock.now + 10
        #expect(throws: DelegatedTokenMinter.Failure.expired) { try minter.mint(claims, until: limit) }
        let later = clock.now + 3600 + 60
        #expect(try minter.mint(claims, until: later).expiresIn == 3600)
    }

    // MARK: Proofs

    @Test("A proof binds the new token; the binding of the subject token is not inherited")
    func binding() async throws {
        let bench = try DelegationBench()
        let key = TokensProofKey()
        let bound = await bench.exchange(try bench.own(), headers: [try key.proof(at: bench.clock.now)])
        #expect(bound.text("token_type") == "DPoP")
        #expect(try bound.claims["cnf"]?["jkt"]?.string == key.thumbprint)
        let unbound = await bench.exchange(try bench.own(["cnf": ["jkt": .string(key.thumbprint)]]))
        #expect(unbound.text("token_type") == "bearer")
        #expect(try unbound.claims["cnf"] == nil)
        let wrong = await bench.exchange(
            try bench.own(), headers: [try key.proof(at: bench.clock.now, url: "https://other.example/oauth/token")])
        #expect(wrong.error == "invalid_dpop_proof")
        let required = try DelegationBench { $0.dpop = .required }
        #expect(await required.exchange(try required.own()).error == "invalid_dpop_proof")
    }
}
