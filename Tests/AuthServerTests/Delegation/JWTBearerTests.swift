// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import TestSupport
import Testing

@testable import AuthServer

/// Assertions of other issuers (RFC 7523).
struct JWTBearerTests {
    @Test("An assertion brings a token for its resource, without any client")
    func success() async throws {
        let bench = try DelegationBench()
        let reply = await bench.redeem(try bench.assertion(["name": "Robot", "scope": "tools"]))
        #expect(reply.status == 200)
        #expect(reply.text("token_type") == "bearer")
        #expect(reply.text("scope") == nil)
        #expect(reply.refreshToken == nil)
        #expect(reply.text("issued_token_type") == nil)
        #expect(reply.json?["expires_in"]?.int == 120)
        let claims = try reply.claims
        #expect(claims["sub"]?.string == DelegationIssuer.name + "#robot")
        #expect(try reply.tokenAudiences == [DelegationBench.resource])
        let digest = SHA256.hash(data: Array((DelegationIssuer.name + "\u{0}robot").utf8))
        #expect(claims["client_id"]?.string == "synthetic:jwt-bearer-" + Base64URL.encode(digest))
        for name in ["scope", "tsid", "act", "cnf", "name"] { #expect(claims.member(name) == nil) }
        #expect(bench.lines.all.count { $0.contains("action=exchange") && $0.contains("outcome=success") } == 1)
    }

    @Test("The grant exists only where an issuer is trusted for it")
    func off() async throws {
        let bench = try DelegationBench(trusted: [DelegationIssuer.trusted { $0.jwtBearer = nil }])
        #expect(await bench.redeem(try bench.assertion()).error == "unsupported_grant_type")
    }

    @Test(
        "Any client credential makes the client authenticate",
        arguments: [
            (["client_id": "nobody"], "invalid_client"), (["client_secret": "x"], "invalid_request"),
            (["client_id": "delegate", "client_secret": "wrong"], "invalid_client"),
            (["client_id": "delegate", "client_secret": DelegationBench.secret], "unauthorized_client"),
            (["client_id": "public"], "unauthorized_client"), (["client_assertion": "x"], "invalid_request"),
            (["client_assertion_type": "x"], "invalid_request"),
        ])
    func credentials(_ changes: [String: String], _ error: String) async throws {
        let bench = try DelegationBench()
        let assertion = try bench.assertion()
        #expect(await bench.redeem(assertion, changes).error == error)
        // It was not used up.
        #expect(await bench.redeem(assertion).status == 200)
    }

    @Test("So does a header", arguments: ["Basic eDp5", "Bearer x", "Basic"])
    func header(_ value: String) async throws {
        let bench = try DelegationBench()
        let reply = await bench.redeem(try bench.assertion(), headers: [("Authorization", value)])
        #expect(reply.status == 401)
        #expect(reply.error == "invalid_client")
    }

    @Test("Exactly one assertion and one resource")
    func form() async throws {
        let bench = try DelegationBench()
        let assertion = try bench.assertion()
        #expect(await bench.redeem("").error == "invalid_request")
        #expect(await bench.redeem(assertion, ["resource": ""]).error == "invalid_request")
        #expect(await bench.redeem(assertion, more: [("assertion", assertion)]).error == "invalid_request")
        let twice = await bench.redeem(assertion, more: [("resource", DelegationBench.resource)])
        #expect(twice.error == "invalid_request")
        #expect(bench.idp.fetches == [])
        #expect(await bench.redeem(assertion).status == 200)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var claims: DelegationChanges = [:]
        var header: DelegationChanges = [:]
        var reason: String?
        var error = "invalid_grant"
        var testDescription: String { "\(reason ?? "good") \(claims) \(header)" }
    }

    static let now = 1_800_000_000
    static func at(_ seconds: Int) -> JSONValue { .number(JSONNumber(now + seconds)) }

    @Test(
        "What assertions must be",
        arguments: [
            Row(header: ["typ": nil]), Row(header: ["typ": ""]), Row(header: ["typ": "jwt"]),
            Row(header: ["typ": "oauth-id-jag+jwt"], reason: "identity_assertion", error: "invalid_request"),
            Row(
                header: ["typ": "application/oauth-id-jag+jwt"], reason: "identity_assertion",
                error: "invalid_request"),
            Row(header: ["typ": "at+jwt"], reason: "type"),
            Row(header: ["alg": "none"], reason: "algorithm"), Row(header: ["alg": "HS256"], reason: "algorithm"),
            Row(header: ["alg": "RS256"], reason: "signature"), Row(header: ["kid": "unknown"], reason: "signature"),
            Row(header: ["kid": nil]),
            Row(claims: ["iss": "https://elsewhere.example"], reason: "issuer"),
            Row(claims: ["iss": .string(DelegationIssuer.name + "/")], reason: "issuer"),
            Row(claims: ["iss": .string(DelegationBench.issuer)], reason: "issuer"),
            Row(claims: ["iss": nil], reason: "issuer"),
            Row(claims: ["aud": ["x", .string(DelegationBench.tokenEndpoint)]]),
            Row(claims: ["aud": .string(DelegationBench.issuer)], reason: "audience"),
            Row(claims: ["aud": .string(DelegationBench.resource)], reason: "audience"),
            Row(claims: ["aud": nil], reason: "audience"),
            Row(claims: ["iat": nil], reason: "claim"), Row(claims: ["exp": nil], reason: "claim"),
            Row(claims: ["sub": nil], reason: "claim"), Row(claims: ["sub": ""], reason: "claim"),
            Row(claims: ["sub": "a\u{0}b"], reason: "claim"), Row(claims: ["jti": 7], reason: "claim"),
            Row(claims: ["exp": at(0), "iat": at(-10)], reason: "expired"),
            Row(claims: ["exp": at(1), "iat": at(-10)]),
            Row(claims: ["iat": at(60), "exp": at(120)]),
            Row(claims: ["iat": at(61), "exp": at(120)], reason: "not_yet_valid"),
            Row(claims: ["nbf": at(60)]), Row(claims: ["nbf": at(61)], reason: "not_yet_valid"),
            Row(claims: ["at_hash": "x"], reason: "id_token"), Row(claims: ["c_hash": "x"], reason: "id_token"),
            Row(claims: ["iat": at(0), "exp": at(300)]),
            Row(claims: ["iat": at(0), "exp": at(301)], reason: "age"),
            Row(claims: ["iat": at(-200), "exp": at(101)], reason: "age"),
            Row(claims: ["iat": at(60), "exp": at(60)], reason: "age"),
            Row(claims: ["iat": at(60), "exp": at(30)], reason: "age"),
            Row(claims: ["sub": "other"], reason: "subject"), Row(claims: ["sub": "ROBOT"], reason: "subject"),
        ])
    func rules(_ row: Row) async throws {
        let bench = try DelegationBench()
        let reply = await bench.redeem(try bench.assertion(row.claims, header: row.header))
        #expect(reply.error == (row.reason == nil ? nil : row.error))
        #expect(reply.status == (row.reason == nil ? 200 : 400))
        #expect(bench.reasons == [row.reason].compactMap { $0 })
    }

    @Test("A forged assertion, and a text that is none")
    func forged() async throws {
        let bench = try DelegationBench()
        let key = try DelegationBench.otherKey.get()
        let forged = try bench.assertion(header: ["kid": .string(bench.idp.keys[0].id)], key: key)
        #expect(await bench.redeem(forged).error == "invalid_grant")
        #expect(await bench.redeem("x.y.z").error == "invalid_grant")
        // Our own tokens are no assertions.
        #expect(await bench.redeem(try bench.own()).error == "invalid_grant")
        #expect(bench.reasons == ["signature", "malformed", "type"])
    }

    @Test("Other audiences can be configured, instead of the token endpoint")
    func audiences() async throws {
        let bench = try DelegationBench(
            trusted: [DelegationIssuer.trusted { $0.jwtBearer?.acceptedAudiences = ["https://as.example/bearer"] }])
        #expect(await bench.redeem(try bench.assertion(["aud": "https://as.example/bearer"])).status == 200)
        #expect(await bench.redeem(try bench.assertion()).error == "invalid_grant")
    }

    @Test("A subject is bound by its bytes, not by what looks the same")
    func exactSubject() async throws {
        let bench = try DelegationBench(
            trusted: [
                DelegationIssuer.trusted { $0.jwtBearer?.subjectBindings = ["caf\u{E9}": [DelegationBench.resource]] }
            ])
        #expect(await bench.redeem(try bench.assertion(["sub": "cafe\u{301}"])).error == "invalid_grant")
        #expect(await bench.redeem(try bench.assertion(["sub": "caf\u{E9}"])).status == 200)
    }

    @Test(
        "The resource is one of ours and of the subject's",
        arguments: [
            ("HTTPS://mcp.example:443/mcp/", nil), (DelegationBench.other, "invalid_target"),
            ("https://unknown.example", "invalid_target"), ("https://mcp.example/mcp#f", "invalid_target"),
            ("mcp", "invalid_target"),
        ] as [(String, String?)])
    func resource(_ resource: String, _ error: String?) async throws {
        let bench = try DelegationBench { $0.allowedAudiences = [DelegationBench.resource, DelegationBench.other] }
        let assertion = try bench.assertion()
        let reply = await bench.redeem(assertion, ["resource": resource])
        #expect(reply.error == error)
        if error == nil { #expect(try reply.tokenAudiences == [DelegationBench.resource]) }
        // What was refused was not used up.
        if error != nil { #expect(await bench.redeem(assertion).status == 200) }
    }

    @Test("An unknown resource is told before an unknown subject")
    func order() async throws {
        let bench = try DelegationBench()
        let reply = await bench.redeem(try bench.assertion(["sub": "other"]), ["resource": "https://unknown.example"])
        #expect(reply.error == "invalid_target")
        let late = await bench.redeem(
            try bench.assertion(["sub": "other", "iat": Self.at(-299)]), ["resource": "https://unknown.example"])
        #expect(late.error == "invalid_grant")
        #expect(bench.reasons == ["invalid_target", "age"])
    }

    @Test(
        "The token lives no longer than the assertion and the access lifespan",
        arguments: [(250, 3600, 250), (250, 60, 60)])
    func lifetime(_ remaining: Int, _ access: Int, _ expected: Int) async throws {
        let bench = try DelegationBench { $0.accessTokenLifespan = .seconds(access) }
        let reply = await bench.redeem(try bench.assertion(["exp": Self.at(remaining)]))
        #expect(reply.json?["expires_in"]?.int == expected)
        #expect(try reply.claims["exp"]?.int == Self.now + expected)
    }

    @Test("A proof binds the token")
    func binding() async throws {
        let bench = try DelegationBench()
        let key = TokensProofKey()
        let reply = await bench.redeem(try bench.assertion(), headers: [try key.proof(at: bench.clock.now)])
        #expect(reply.text("token_type") == "DPoP")
        #expect(try reply.claims["cnf"]?["jkt"]?.string == key.thumbprint)
    }

    @Test("While the keys cannot be had nothing is said about the assertion")
    func unavailable() async throws {
        let bench = try DelegationBench()
        bench.idp.setDown(true)
        let assertion = try bench.assertion()
        #expect(await bench.redeem(assertion).status == 503)
        bench.idp.setDown(false)
        bench.clock.advance(by: 31)
        #expect(await bench.redeem(assertion).status == 200)
    }

    @Test("No part of an assertion is in an answer that refuses it, or in the log")
    func secrets() async throws {
        let bench = try DelegationBench()
        let good = try bench.assertion(["jti": "MARKER"])
        let bad = try bench.assertion(["sub": "MARKER", "jti": "MARKER"])
        for token in [good, good, bad, "MARKER"] {
            let reply = await bench.redeem(token)
            if let text = reply.json?.description, reply.status != 200 { #expect(!text.contains("MARKER")) }
            for part in token.split(separator: ".") { #expect(!bench.lines.contains(String(part))) }
        }
        #expect(!bench.lines.contains("MARKER"))
        #expect(bench.reasons == ["replay", "subject", "malformed"])
    }
}
