// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import NIOCore
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// Which tokens of this server are subjects of an exchange, and which are not.
struct SubjectTokenTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var claims: DelegationChanges = [:]
        var header: DelegationChanges = [:]
        var reason: String
        var testDescription: String { "\(reason) \(claims.keys.sorted()) \(header.keys.sorted())" }
    }

    static let now = 1_800_000_000

    @Test(
        "Every token that is not good is an invalid request",
        arguments: [
            Row(claims: ["iss": "https://elsewhere.example"], reason: "issuer"),
            Row(claims: ["iss": .string(DelegationBench.issuer + "/")], reason: "issuer"),
            Row(claims: ["iss": nil], reason: "issuer"),
            Row(claims: ["iss": 7], reason: "issuer"),
            Row(claims: ["aud": "https://elsewhere.example"], reason: "audience"),
            Row(claims: ["aud": nil], reason: "audience"),
            Row(claims: ["aud": []], reason: "audience"),
            Row(claims: ["aud": [1]], reason: "claim"),
            Row(claims: ["aud": .strings((0...64).map { "a\($0)" })], reason: "claim"),
            Row(claims: ["exp": .number(JSONNumber(now))], reason: "expired"),
            Row(claims: ["exp": .number(JSONNumber(now - 1))], reason: "expired"),
            Row(claims: ["exp": nil], reason: "claim"),
            Row(claims: ["exp": "1900000000"], reason: "claim"),
            Row(claims: ["exp": .number(JSONNumber(now * 1000))], reason: "claim"),
            Row(claims: ["nbf": .number(JSONNumber(now + 1))], reason: "not_yet_valid"),
            Row(claims: ["iat": .number(JSONNumber(now + 1))], reason: "not_yet_valid"),
            Row(claims: ["sub": nil], reason: "claim"),
            Row(claims: ["sub": ""], reason: "claim"),
            Row(claims: ["sub": "a\nb"], reason: "claim"),
            Row(claims: ["sub": .string(String(repeating: "s", count: 1025))], reason: "claim"),
            Row(claims: ["scope": 3], reason: "claim"),
            Row(claims: ["at_hash": "x"], reason: "id_token"),
            Row(claims: ["c_hash": "x"], reason: "id_token"),
            Row(claims: ["may_act": "delegate"], reason: "may_act"),
            Row(claims: ["may_act": [:]], reason: "may_act"),
            Row(claims: ["may_act": ["sub": ""]], reason: "may_act"),
            Row(claims: ["may_act": ["sub": "delegate", "iss": "https://elsewhere.example"]], reason: "may_act"),
            Row(header: ["typ": "JWT"], reason: "type"),
            Row(header: ["typ": nil], reason: "type"),
            Row(header: ["typ": "dpop+jwt"], reason: "type"),
            Row(header: ["typ": "logout+jwt"], reason: "type"),
            Row(header: ["alg": "none"], reason: "algorithm"),
            Row(header: ["alg": "HS256"], reason: "algorithm"),
            Row(header: ["alg": "ES256K"], reason: "algorithm"),
            Row(header: ["alg": "ES384"], reason: "signature"),
            Row(header: ["alg": "RS256"], reason: "signature"),
            Row(header: ["alg": nil], reason: "malformed"),
            Row(header: ["crit": ["exp"]], reason: "malformed"),
        ])
    func refused(_ row: Row) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.own(row.claims, header: row.header))
        #expect(reply.error == "invalid_request")
        #expect(reply.status == 400)
        #expect(bench.reasons == [row.reason])
    }

    @Test("Texts that are no tokens", arguments: ["x", "a.b.c", "..", "e30.e30.", "a.b.c.d.e"])
    func malformed(_ text: String) async throws {
        let bench = try DelegationBench()
        #expect(await bench.exchange(text).error == "invalid_request")
        #expect(bench.reasons == ["malformed"])
    }

    @Test("Without signature, with an altered payload, under HMAC with the public key, or of another key")
    func forged() async throws {
        let bench = try DelegationBench()
        let good = try bench.own()
        let parts = good.split(separator: ".").map(String.init)
        let payload = try CompactJWS(parsing: good).payload
        let altered = payload.editing([JSONEdit(key: "sub", value: JSONSlice(string: "root"))])
        let header: JSONObject = ["alg": "HS256", "typ": "at+jwt", "kid": .string(bench.key.id)]
        let input = Base64URL.encode(header.encoded) + "." + parts[1]
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(input.utf8), using: SymmetricKey(data: bench.key.publicKey.jwk.encoded))
        let forged: [String] = [
            "\(parts[0]).\(parts[1]).",
            "\(parts[0]).\(Base64URL.encode(altered.bytes.readableBytesView)).\(parts[2])",
            "\(input).\(Base64URL.encode(code))",
            try bench.own(key: DelegationBench.otherKey.get()),
            try bench.own(header: ["kid": .string(bench.key.id)], key: DelegationBench.otherKey.get()),
        ]
        for token in forged { #expect(await bench.exchange(token).error == "invalid_request") }
        #expect(bench.reasons == ["signature", "signature", "algorithm", "signature", "signature"])
        #expect(await bench.exchange(good).status == 200)
    }

    @Test("Whatever is changed in a token or an assertion, it is not good any more", arguments: 0..<4 as Range<UInt64>)
    func fuzz(_ seed: UInt64) async throws {
        let bench = try DelegationBench()
        var generator = TokensGenerator(state: seed)
        let characters = Array("ABCabc019-_.=+/ \u{0}".utf8)
        for token in [try bench.own(), try bench.trusted(), try bench.assertion()] {
            for _ in 0..<60 {
                var bytes = Array(token.utf8)
                let index = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(bytes[index], at: index)
                case 2: bytes = Array(bytes[..<index])
                default: bytes[index] = characters.randomElement(using: &generator) ?? 0
                }
                let changed = String(decoding: bytes, as: UTF8.self)
                guard changed != token else { continue }
                #expect(await bench.exchange(changed).error == "invalid_request")
                let redeemed = await bench.redeem(changed)
                #expect(redeemed.error == (changed.isEmpty ? "invalid_request" : "invalid_grant"))
            }
        }
    }

    @Test("All algorithms of the shared table are accepted", arguments: SigningAlgorithm.allCases)
    func algorithms(_ algorithm: SigningAlgorithm) async throws {
        let bench = try DelegationBench(signing: [SigningKey(generating: algorithm)])
        let reply = await bench.exchange(try bench.own())
        #expect(reply.status == 200)
    }

    @Test("Every published key verifies, a known kid means its key, and an unknown one any of them")
    func keys() async throws {
        let old = try DelegationBench.otherKey.get()
        let bench = try DelegationBench(signing: [TokensServer.signingKey.get(), old])
        #expect(await bench.exchange(try bench.own(key: old)).status == 200)
        #expect(await bench.exchange(try bench.own(header: ["kid": nil], key: old)).status == 200)
        #expect(await bench.exchange(try bench.own(header: ["kid": "unknown"], key: old)).status == 200)
        let pinned = try bench.own(header: ["kid": .string(bench.key.id)], key: old)
        #expect(await bench.exchange(pinned).error == "invalid_request")
        let rotated = try DelegationBench(signing: [bench.key])
        #expect(await rotated.exchange(try bench.own(key: old)).error == "invalid_request")
    }

    @Test("Tokens of typ JWT are ours only where the settings say so")
    func plainType() async throws {
        let bench = try DelegationBench { $0.accessTokenType = "JWT" }
        #expect(await bench.exchange(try bench.own(header: ["typ": "JWT"])).status == 200)
        #expect(await bench.exchange(try bench.own(header: ["typ": "application/at+jwt"])).status == 200)
        #expect(await bench.exchange(try bench.own(header: ["typ": nil])).error == "invalid_request")
    }

    // MARK: Revocation

    @Test("A token whose login or which itself was revoked is refused, whoever knows of it")
    func revoked() async throws {
        let bench = try DelegationBench()
        let until = bench.clock.now + 7200
        bench.denied.deny(tsid: "here", until: until)
        bench.denied.deny(jti: "here", until: until)
        for denial in [DenialRow(.tsid("there"), until: until), DenialRow(.jti("there"), until: until)] {
            _ = try await bench.records.create(denial, denial.id, expires: until)
        }
        for claim in ["tsid", "jti"] {
            for place in ["here", "there"] {
                let token = try bench.own([claim: .string(place)])
                #expect(await bench.exchange(token).error == "invalid_request")
                #expect(await bench.exchange(try bench.own(), actor(token)).error == "invalid_request")
            }
        }
        #expect(Set(bench.reasons) == ["revoked", "actor_token_revoked"])
        // What revokes a login is not what revokes a token.
        #expect(await bench.exchange(try bench.own(["jti": "tsid-there", "tsid": "elsewhere"])).status == 200)
        // Nor a denial that is over, of a token that would live on.
        bench.clock.advance(by: 7200)
        #expect(await bench.exchange(try bench.own(["tsid": "there"])).status == 200)
    }

    @Test("When the store cannot say whether a token was revoked, nothing is issued")
    func storeFailure() async throws {
        let bench = try DelegationBench()
        let token = try bench.own()
        bench.storage.fail(operation: 0, .lost)
        let reply = await bench.exchange(token)
        #expect(reply.error == "server_error")
        #expect(reply.status == 500)
        #expect(bench.reasons == ["storage"])
        bench.storage.reset()
        bench.storage.fail(operation: 1, .lost)
        #expect(await bench.exchange(token, actor(try bench.own(["client_id": "delegate"]))).error == "server_error")
        #expect(await bench.exchange(token).status == 200)
    }

    // MARK: The actor

    func actor(_ token: String, type: String = TokenType.accessToken) -> [String: String] {
        ["actor_token": token, "actor_token_type": type]
    }

    @Test("An actor token makes its subject the actor when it was issued to the client")
    func actorToken() async throws {
        let bench = try DelegationBench()
        let mine = try bench.own(["sub": "agent-7", "client_id": "delegate"])
        let reply = await bench.exchange(try bench.own(), actor(mine, type: TokenType.jwt))
        #expect(try reply.actors == ["\(DelegationBench.issuer) agent-7"])
        #expect(try reply.claims["client_id"]?.string == "delegate")
        let others = [
            try bench.own(["sub": "agent-7"]), try bench.own(["sub": "agent-7", "client_id": nil]),
            try bench.own(["sub": "agent-7", "client_id": "delegate", "exp": .numericDate(bench.clock.now)]),
            try bench.trusted(["client_id": "delegate"]), "nonsense",
        ]
        for other in others { #expect(await bench.exchange(try bench.own(), actor(other)).error == "invalid_request") }
        #expect(
            bench.reasons == [
                "actor_token_other_client", "actor_token_other_client", "actor_token_expired", "actor_token_type",
                "actor_token_malformed",
            ])
    }

    // MARK: Consent

    struct Consent: Sendable, CustomTestStringConvertible {
        var client = "delegate"
        var claims: DelegationChanges
        var actor: String?
        var reason: String?
        var testDescription: String { "\(client) \(claims) \(actor ?? "") \(reason ?? "yes")" }
    }

    @Test(
        "Who may use a token of this server",
        arguments: [
            // may_act decides alone.
            Consent(claims: ["may_act": ["sub": "delegate"]]),
            Consent(claims: ["may_act": ["sub": "delegate", "iss": .string(DelegationBench.issuer)]]),
            Consent(claims: ["may_act": ["sub": "other"]], reason: "may_act_other"),
            Consent(client: "partner", claims: ["may_act": ["sub": "partner"]]),
            Consent(
                client: "partner", claims: ["client_id": "partner", "may_act": ["sub": "other"]],
                reason: "may_act_other"),
            Consent(client: "partner", claims: ["client_id": nil, "may_act": ["sub": "partner"]]),
            Consent(claims: ["may_act": ["sub": "agent-7"]], actor: "agent-7"),
            Consent(claims: ["may_act": ["sub": "delegate"]], actor: "agent-7", reason: "may_act_other"),
            // Otherwise the holder, or a client of the operator.
            Consent(client: "partner", claims: ["client_id": "partner"]),
            Consent(client: "partner", claims: ["client_id": "app"], reason: "other_client"),
            Consent(client: "partner", claims: ["client_id": "PARTNER"], reason: "other_client"),
            Consent(client: "partner", claims: ["client_id": "partner"], actor: "agent-7"),
            Consent(claims: ["client_id": "app"]),
            Consent(claims: ["client_id": nil], reason: "no_client"),
            Consent(client: "partner", claims: ["client_id": nil], reason: "no_client"),
        ])
    func consent(_ row: Consent) async throws {
        let bench = try DelegationBench()
        var changes = ["client_id": row.client]
        if let actor = row.actor {
            changes.merge(self.actor(try bench.own(["sub": .string(actor), "client_id": .string(row.client)]))) { $1 }
        }
        let reply = await bench.exchange(try bench.own(row.claims), changes)
        #expect(reply.error == (row.reason == nil ? nil : "invalid_request"))
        #expect(bench.reasons == [row.reason].compactMap { $0 })
        if row.reason != nil { #expect(bench.lines.contains("outcome=denied")) }
    }

    // MARK: What is written

    @Test("No part of a token is in an answer that refuses it, or in the log")
    func secrets() async throws {
        let bench = try DelegationBench()
        let tokens = [
            try bench.own(["sub": "MARKER"], key: DelegationBench.otherKey.get()),
            try bench.own(["sub": "MARKER", "aud": "MARKER"]), try bench.trusted(["sub": "MARKER", "azp": "MARKER"]),
            try bench.own(["sub": "MARKER", "may_act": ["sub": "MARKER"]]), "MARKER", "MARKER.MARKER.MARKER",
        ]
        for token in tokens {
            let reply = await bench.exchange(token)
            #expect(reply.error == "invalid_request")
            let text = reply.json?.description ?? ""
            for part in token.split(separator: ".") where part.count > 5 {
                #expect(!text.contains(part))
                #expect(!bench.lines.contains(String(part)))
            }
            #expect(!text.contains("MARKER"))
        }
        #expect(!bench.lines.contains("MARKER"))
        let good = await bench.exchange(try bench.own(["sub": "MARKER"]))
        #expect(good.status == 200)
        #expect(!bench.lines.contains("MARKER"))
        #expect(!bench.lines.contains(try #require(good.accessToken)))
    }
}
