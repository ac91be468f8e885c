// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import CEL
import Foundation
import JSONTypes
import OutboundHTTP
import TestSupport
import Testing

@testable import AuthServer

/// Exchanges of other issuers' tokens.
struct TrustedIssuerExchangeTests {
    @Test("The subject is named after its issuer, and whoever got the token is an actor too")
    func success() async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(
            try bench.trusted(["act": ["sub": "earlier", "act": ["iss": "x", "sub": "first"]], "client_id": 5]),
            ["scope": "tools"])
        #expect(reply.status == 200)
        let claims = try reply.claims
        #expect(claims["sub"]?.string == DelegationIssuer.name + "#bob")
        #expect(claims["client_id"]?.string == "delegate")
        #expect(claims["name"]?.string == "Bob")
        #expect(claims["scope"]?.string == "tools")
        #expect(
            try reply.actors == [
                "\(DelegationBench.issuer) delegate", "\(DelegationIssuer.name) portal", "- earlier", "x first",
            ])
        #expect(bench.lines.contains("provider=\(DelegationIssuer.name)"))
        // What we issued for such a subject can be exchanged again.
        let again = await bench.exchange(try #require(reply.accessToken))
        #expect(try again.claims["sub"]?.string == DelegationIssuer.name + "#bob")
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var claims: DelegationChanges = [:]
        var header: DelegationChanges = [:]
        var reason: String?
        var testDescription: String { "\(reason ?? "good") \(claims) \(header)" }
    }

    static let now = 1_800_000_000

    @Test(
        "What the issuer's tokens must be",
        arguments: [
            Row(header: ["typ": nil]), Row(header: ["typ": ""]), Row(header: ["typ": "at+jwt"]),
            Row(header: ["typ": "application/at+jwt"]), Row(header: ["typ": "oauth-id-jag+jwt"], reason: "type"),
            Row(header: ["typ": "logout+jwt"], reason: "type"), Row(header: ["alg": "none"], reason: "algorithm"),
            Row(header: ["alg": "HS256"], reason: "algorithm"), Row(header: ["alg": "RS256"], reason: "signature"),
            Row(header: ["kid": nil]), Row(header: ["kid": "unknown"], reason: "signature"),
            Row(claims: ["aud": ["x", .string(DelegationIssuer.audience)]]),
            Row(claims: ["aud": .string(DelegationIssuer.audience + "/")], reason: "audience"),
            Row(claims: ["aud": nil], reason: "audience"), Row(claims: ["sub": nil], reason: "claim"),
            Row(claims: ["sub": "a\u{7F}"], reason: "claim"),
            Row(claims: ["sub": .string(String(repeating: "s", count: 1024))], reason: "claim"),
            Row(claims: ["exp": nil], reason: "claim"),
            Row(claims: ["exp": .number(JSONNumber(now))], reason: "expired"),
            Row(claims: ["iat": nil]), Row(claims: ["iat": .number(JSONNumber(now + 60))]),
            Row(claims: ["iat": .number(JSONNumber(now + 61))], reason: "not_yet_valid"),
            Row(claims: ["nbf": .number(JSONNumber(now + 60))]),
            Row(claims: ["nbf": .number(JSONNumber(now + 61))], reason: "not_yet_valid"),
            Row(claims: ["at_hash": "x"], reason: "id_token"), Row(claims: ["c_hash": "x"], reason: "id_token"),
            // The slash at the end makes another issuer.
            Row(claims: ["iss": .string(DelegationIssuer.name + "/")], reason: "issuer"),
            // Who got it.
            Row(claims: ["azp": "other"], reason: "actor"), Row(claims: ["azp": nil], reason: "actor"),
            Row(claims: ["azp": ["portal"]], reason: "actor"), Row(claims: ["azp": "Portal"], reason: "actor"),
            // The token must not name who may act unless the operator listens to it.
            Row(claims: ["may_act": ["sub": "delegate", "iss": .string(DelegationBench.issuer)]], reason: "may_act"),
        ])
    func rules(_ row: Row) async throws {
        let bench = try DelegationBench()
        let reply = await bench.exchange(try bench.trusted(row.claims, header: row.header))
        #expect(reply.error == (row.reason == nil ? nil : "invalid_request"))
        #expect(bench.reasons == [row.reason].compactMap { $0 })
    }

    struct Consent: Sendable, CustomTestStringConvertible {
        var delegates = ["delegate"]
        var client = "delegate"
        var claims: DelegationChanges = [:]
        var allowsMayAct = false
        var reason: String?
        var testDescription: String { "\(delegates) \(client) \(claims) \(allowsMayAct) \(reason ?? "yes")" }
    }

    static let ours = JSONValue.string(DelegationBench.issuer)

    @Test(
        "Who may use a token of another issuer",
        arguments: [
            Consent(), Consent(delegates: ["*"]), Consent(delegates: ["*"], client: "partner"),
            Consent(client: "partner", reason: "client_not_allowed"),
            Consent(delegates: [], reason: "client_not_allowed"),
            Consent(delegates: ["partner", "*"], reason: "client_not_allowed"),
            // The client_id of somebody else's token is no consent.
            Consent(client: "partner", claims: ["client_id": "partner"], reason: "client_not_allowed"),
            Consent(claims: ["may_act": ["sub": "delegate", "iss": ours]], allowsMayAct: true),
            Consent(claims: ["may_act": ["sub": "delegate", "iss": ours], "azp": "other"], allowsMayAct: true),
            Consent(claims: ["may_act": ["sub": "other", "iss": ours]], allowsMayAct: true, reason: "may_act_other"),
            Consent(claims: ["may_act": ["sub": "delegate"]], allowsMayAct: true, reason: "may_act"),
            Consent(
                claims: ["may_act": ["sub": "delegate", "iss": .string(DelegationIssuer.name)]], allowsMayAct: true,
                reason: "may_act"),
            Consent(
                client: "partner", claims: ["may_act": ["sub": "partner", "iss": ours]], allowsMayAct: true,
                reason: "client_not_allowed"),
            Consent(
                delegates: ["*"], claims: ["may_act": ["sub": "delegate", "iss": ours]], allowsMayAct: true,
                reason: "client_not_allowed"),
            Consent(claims: ["azp": "other"], allowsMayAct: true, reason: "actor"),
        ])
    func consent(_ row: Consent) async throws {
        let bench = try DelegationBench(
            trusted: [
                DelegationIssuer.trusted {
                    $0.allowedDelegateClients = row.delegates
                    $0.allowsMayAct = row.allowsMayAct
                }
            ])
        let reply = await bench.exchange(try bench.trusted(row.claims), ["client_id": row.client])
        #expect(reply.error == (row.reason == nil ? nil : "invalid_request"))
        #expect(bench.reasons == [row.reason].compactMap { $0 })
    }

    @Test("Another claim can say who got the token")
    func actorClaim() async throws {
        let bench = try DelegationBench(
            trusted: [
                DelegationIssuer.trusted {
                    $0.actorClaim = "client_id"
                    $0.allowedActors = ["gateway"]
                }
            ])
        #expect(await bench.exchange(try bench.trusted()).error == "invalid_request")
        let reply = await bench.exchange(try bench.trusted(["client_id": "gateway"]))
        #expect(try reply.actors.last == "\(DelegationIssuer.name) gateway")
    }

    @Test(
        "An expression over the claims accepts actors, beside those that are listed",
        arguments: [
            ("claims.azp == 'other' && 'ops' in claims.groups", ["azp": "other", "groups": ["ops"]], nil),
            ("claims.azp == 'other' && 'ops' in claims.groups", ["azp": "other", "groups": ["dev"]], "actor"),
            // An error, and something else than true.
            ("claims.azp == 'other' && 'ops' in claims.groups", ["azp": "other"], "actor"),
            ("claims.azp", ["azp": "other"], "actor"),
            ("false", [:], nil), ("true", ["azp": nil], nil),
            ("true", ["may_act": ["sub": "delegate", "iss": ours]], "may_act"),
        ] as [(String, DelegationChanges, String?)])
    func actorMatcher(expression: String, claims: DelegationChanges, reason: String?) async throws {
        let matcher = try CELExpression(parsing: expression)
        let bench = try DelegationBench(trusted: [DelegationIssuer.trusted { $0.actorMatcher = matcher }])
        let reply = await bench.exchange(try bench.trusted(claims))
        #expect(reply.error == (reason == nil ? nil : "invalid_request"))
        #expect(bench.reasons == [reason].compactMap { $0 })
    }

    @Test("An actor whom nobody names is left out of the chain")
    func unknownActor() async throws {
        let bench = try DelegationBench(trusted: [DelegationIssuer.trusted { $0.allowsMayAct = true }])
        let reply = await bench.exchange(
            try bench.trusted(["azp": nil, "may_act": ["sub": "delegate", "iss": Self.ours]]))
        #expect(try reply.actors == ["\(DelegationBench.issuer) delegate", "\(DelegationIssuer.name) -"])
    }

    @Test("An issuer that is trusted for assertions only is not trusted for this")
    func assertionsOnly() async throws {
        let bench = try DelegationBench(trusted: [DelegationIssuer.trusted { $0.expectedAudience = nil }])
        #expect(await bench.exchange(try bench.trusted()).error == "invalid_request")
        #expect(bench.reasons == ["issuer"])
        #expect(bench.idp.fetches == [])
    }

    @Test("The audience must be in the subject token, too")
    func audience() async throws {
        let bench = try DelegationBench {
            $0.allowedAudiences = [DelegationBench.resource, DelegationBench.other]
        }
        let token = try bench.trusted()
        #expect(await bench.exchange(token, ["audience": DelegationBench.other]).error == "invalid_target")
        #expect(await bench.exchange(token, ["audience": DelegationBench.resource]).status == 200)
    }

    // MARK: Keys

    @Test("Keys come from the configured place, within the bounds of the issuer")
    func configuredPlace() async throws {
        let bench = try DelegationBench()
        #expect(bench.idp.fetches == [])
        for _ in 0..<3 { #expect(await bench.exchange(try bench.trusted()).status == 200) }
        #expect(bench.idp.fetches == [DelegationIssuer.keysURL])
        #expect(bench.idp.policies == [AddressPolicy(allowsPrivateAddresses: true)])
    }

    @Test("Without a configured place they come from where the issuer says")
    func discovery() async throws {
        let bench = try DelegationBench(trusted: [DelegationIssuer.trusted { $0.jwksURL = nil }])
        #expect(await bench.exchange(try bench.trusted()).status == 200)
        #expect(
            bench.idp.fetches == [
                DelegationIssuer.name + "/.well-known/openid-configuration", DelegationIssuer.keysURL,
            ])
    }

    @Test("A new key is found at once, invented ones cause one fetch in half a minute")
    func rotation() async throws {
        let bench = try DelegationBench()
        #expect(await bench.exchange(try bench.trusted()).status == 200)
        bench.clock.advance(by: 31)
        let new = try DelegationBench.otherKey.get()
        bench.idp.publish([new])
        #expect(await bench.exchange(try bench.trusted(key: new)).status == 200)
        #expect(bench.idp.fetches.count == 2)
        for id in 0..<20 {
            let forged = try bench.trusted(header: ["kid": .string("invented-\(id)")], key: new)
            #expect(await bench.exchange(forged).error == "invalid_request")
        }
        #expect(bench.idp.fetches.count == 2)
        let old = try DelegationBench.issuerKey.get()
        #expect(await bench.exchange(try bench.trusted(key: old)).error == "invalid_request")
    }

    @Test("While the keys cannot be had nothing is said about the token")
    func unavailable() async throws {
        let bench = try DelegationBench()
        bench.idp.setDown(true)
        let reply = await bench.exchange(try bench.trusted())
        #expect(reply.status == 503)
        #expect(reply.error == "server_error")
        #expect(reply.headers["retry-after"] == "5")
        bench.idp.setDown(false)
        bench.clock.advance(by: 31)
        #expect(await bench.exchange(try bench.trusted()).status == 200)
    }

    @Test("All algorithms of the shared table are accepted", arguments: [.ES512, .EdDSA, .PS256] as [SigningAlgorithm])
    func algorithms(_ algorithm: SigningAlgorithm) async throws {
        let bench = try DelegationBench(idp: DelegationIssuer([SigningKey(generating: algorithm)]))
        #expect(await bench.exchange(try bench.trusted()).status == 200)
    }
}
