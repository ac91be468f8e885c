// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import Testing

@testable import Authentication

@Suite("Introspection of tokens that are no JWTs")
struct IntrospectionTests {
    private static let url = "https://idp.example/introspect"
    private static let token = "opaque-token.1~+/=="

    private func harness(
        _ answer: FakeHTTP.Answer, url: String = url, id: String = "rs", secret: String? = "s:ö",
        _ configure: (inout TokenAuthenticatorSettings) -> Void = { _ in }
    ) throws -> AuthenticatorHarness {
        let harness = try AuthenticatorHarness {
            $0.introspection = IntrospectionSettings(url: url, clientID: id, clientSecret: secret.map { Secret($0) })
            configure(&$0)
        }
        harness.http.set(url, answer)
        return harness
    }

    private static func answer(_ more: String = "") -> FakeHTTP.Answer {
        .json(#"{"active":true,"sub":"alice","aud":"https://mcp.example/mcp"\#(more)}"#)
    }

    @Test("RFC 7662: the question is a form with client credentials, and the answer's claims are the principal's")
    func question() async throws {
        let harness = try harness(
            Self.answer(
                #","iss":"https://idp.example","scope":"mcp","username":"al","client_id":"c9","exp":1800000100"#))
        let principal = try #require(await harness.authenticate(Self.token).principal)
        #expect(principal.subject == "alice")
        #expect(principal.issuer == AuthenticatorHarness.issuer)
        #expect(principal.scopes == ["mcp"])
        #expect(principal.clientID == "c9")
        #expect(principal.claims?["username"]?.string == "al")
        #expect(principal.claims?["active"] == nil)
        #expect(principal.tokenExpiry == Date(timeIntervalSince1970: 1_800_000_100))
        let sent = try #require(harness.http.sent.first)
        #expect(sent.request.method == "POST")
        #expect(sent.body == "token=opaque-token.1~%2B%2F%3D%3D&token_type_hint=access_token")
        #expect(sent.header("Content-Type") == "application/x-www-form-urlencoded")
        // RFC 6749 section 2.3.1: encoded as a form before it is put together.
        #expect(sent.header("Authorization") == "Basic " + Data("rs:s%3A%C3%B6".utf8).base64EncodedString())
        #expect(sent.request.maximumBytes == 64 << 10)
    }

    @Test(
        "Without an id or a secret nothing is said about the client", arguments: [("", "x"), ("rs", nil), ("rs", "")])
    func noCredentials(id: String, secret: String?) async throws {
        let harness = try harness(Self.answer(), id: id, secret: secret)
        #expect(await harness.authenticate(Self.token).principal != nil)
        #expect(harness.http.sent.first?.header("Authorization") == nil)
    }

    @Test(
        "What the answer must say",
        arguments: [
            (#","iss":"https://idp.example""#, nil), (#","iss":"https://evil.example""#, .wrongIssuer),
            (#","iss":7"#, .malformedClaim("iss")), (#","exp":1800000000"#, .expired), (#","exp":1800000001"#, nil),
            (#","exp":"soon""#, .malformedClaim("exp")), (#","nbf":1800000061"#, .notYetValid),
            (#","cnf":{"x5t#S256":"x"}"#, .unsupportedBinding), (#","cnf":{"jkt":"x"}"#, .bound),
            (#","tsid":"s1""#, nil),
        ] as [(String, TokenError?)])
    func claims(more: String, error: TokenError?) async throws {
        let harness = try harness(Self.answer(more))
        let outcome = await harness.authenticate(Self.token)
        #expect((outcome.principal != nil) == (error == nil))
        #expect(outcome.refusal?.description == error?.description)
        // Nobody else's word opens a session of ours.
        #expect(outcome.principal?.tsid == nil)
    }

    @Test(
        "R7: an answer for another audience, or without one or without a subject, is refused",
        arguments: [
            (#"{"active":true,"sub":"a","aud":"https://other.example/mcp"}"#, TokenError.wrongAudience),
            (#"{"active":true,"sub":"a"}"#, .missingClaim("aud")),
            (#"{"active":true,"aud":"https://mcp.example/mcp"}"#, .missingClaim("sub")),
        ])
    func incomplete(body: String, error: TokenError) async throws {
        let harness = try harness(.json(body))
        #expect(await harness.authenticate(Self.token).refusal?.description == error.description)
    }

    @Test(
        "An answer that is neither yes nor no is 503, never a yes",
        arguments: [
            FakeHTTP.Answer.json("{}"), .json(#"{"active":"true"}"#), .json(#"{"active":1}"#),
            .json(#"{"active":null}"#),
            .json(#"{"active":false,"active":true}"#), .json("true"), .json(""), .json("<html>"), .response(401, ""),
            .response(302, ""), .response(500, #"{"active":true}"#), .failure(.unreachable), .failure(.timedOut),
            .failure(.tooLarge(limit: 9)), .failure(.refusedAddress),
        ])
    func noAnswer(answer: FakeHTTP.Answer) async throws {
        let harness = try harness(answer)
        let refusal = try #require(await harness.authenticate(Self.token).refusal)
        #expect(refusal.status == 503)
        #expect(refusal.headers.contains { $0.name == "Retry-After" })
        // Nothing of it is remembered.
        harness.http.set(Self.url, Self.answer())
        #expect(await harness.authenticate(Self.token).principal != nil)
    }

    @Test("A no is 401, remembered for seconds only")
    func inactive() async throws {
        let harness = try harness(.json(#"{"active":false}"#))
        for _ in 0..<5 {
            #expect(await harness.authenticate(Self.token).refusal?.description == TokenError.inactive.description)
        }
        #expect(harness.http.sent.count == 1)
        harness.http.set(Self.url, Self.answer())
        harness.clock.advance(TokenIntrospector.negativeLifetime)
        #expect(await harness.authenticate(Self.token).principal != nil)
    }

    @Test("A yes is remembered for at most five minutes, and not past the end of the token")
    func positive() async throws {
        for (more, lifetime) in [("", 300), (#","exp":1900000000"#, 300), (#","exp":1800000100"#, 100)] {
            let harness = try harness(Self.answer(more))
            #expect(await harness.authenticate(Self.token).principal != nil)
            harness.clock.advance(TimeInterval(lifetime - 1))
            #expect(harness.cached(Self.token)?.principal != nil)
            harness.http.set(Self.url, .json(#"{"active":false}"#))
            harness.clock.advance(1)
            #expect(harness.cached(Self.token) == nil)
            #expect(await harness.authenticate(Self.token).refusal?.status == 401)
        }
    }

    @Test("Many requests with one token are one question")
    func singleFlight() async throws {
        let harness = try harness(
            .script { _ in
                for _ in 0..<100 { await Task.yield() }
                return OutboundResponse(
                    status: 200, body: Array(#"{"active":true,"sub":"a","aud":"https://mcp.example/mcp"}"#.utf8))
            })
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { await harness.authenticate(Self.token).principal != nil } }
            for await accepted in group { #expect(accepted) }
        }
        #expect(harness.http.sent.count == 1)
    }

    @Test("The memory of inactive tokens is bounded, and forgetting only costs a question")
    func negativeBound() async throws {
        let harness = try harness(.json(#"{"active":false}"#))
        for number in 0..<TokenIntrospector.negativeCapacity + 10 {
            #expect(await harness.authenticate("token-\(number)").refusal?.status == 401)
        }
        let before = harness.http.sent.count
        #expect(await harness.authenticate("token-0").refusal?.status == 401)
        #expect(harness.http.sent.count == before)
        #expect(await harness.authenticate("token-\(TokenIntrospector.negativeCapacity + 5)").refusal?.status == 401)
        #expect(harness.http.sent.count == before + 1)
    }

    @Test("JWTs are never sent to the introspection endpoint, and without one opaque tokens are refused")
    func separation() async throws {
        let harness = try harness(Self.answer())
        #expect(await harness.authenticate(try harness.token()).principal != nil)
        #expect(harness.http.requests(to: Self.url) == 0)
        let plain = try AuthenticatorHarness()
        #expect(await plain.authenticate(Self.token).refusal?.description == TokenError.opaque.description)
    }

    @Test("T30: a denied token is refused although introspection says yes")
    func denied() async throws {
        let harness = try harness(Self.answer(#","jti":"j9""#))
        #expect(await harness.authenticate(Self.token).principal != nil)
        harness.denials.deny(jti: "j9", until: harness.clock.now.addingTimeInterval(60))
        #expect(harness.cached(Self.token)?.refusal?.description == TokenError.revoked.description)
    }

    // MARK: Dialects

    @Test(
        "A dialect is chosen by the exact place",
        arguments: [
            ("https://oauth2.googleapis.com/tokeninfo", IntrospectionDialect.google),
            ("https://oauth2.googleapis.com:443/tokeninfo", .google),
            ("https://api.github.com/applications/Iv1.x/token", .github),
            ("http://oauth2.googleapis.com/tokeninfo", .standard),
            ("https://oauth2.googleapis.com.evil.example/tokeninfo", .standard),
            ("https://evil.example/oauth2.googleapis.com/tokeninfo", .standard),
            ("https://oauth2.googleapis.com:8443/tokeninfo", .standard),
            ("https://api.github.com.evil.example/applications/x/token", .standard),
            ("https://evil.example/api.github.com/applications/x/token", .standard),
            ("https://api.github.com/user", .standard), ("https://idp.example/introspect", .standard), ("", .standard),
        ])
    func dialect(url: String, expected: IntrospectionDialect) {
        #expect(IntrospectionDialect(url: url) == expected)
    }

    @Test("Google: the token goes into the query, and numbers are text")
    func google() async throws {
        let url = "https://oauth2.googleapis.com/tokeninfo"
        let harness = try harness(.response(404, ""), url: url) {
            $0.issuer = "https://accounts.google.com"
            $0.audience = "123.apps.googleusercontent.com"
        }
        harness.http.set(
            url + "?access_token=ya29.a%2Fb",
            .json(
                #"{"azp":"123.apps.googleusercontent.com","aud":"123.apps.googleusercontent.com","sub":"42","#
                    + #""scope":"openid email","exp":"1800000050","expires_in":"50","email":"a@example.com"}"#))
        let principal = try #require(await harness.authenticate("ya29.a/b").principal)
        #expect(principal.issuer == "https://accounts.google.com")
        #expect(principal.subject == "42")
        #expect(principal.email == "a@example.com")
        #expect(principal.clientID == "123.apps.googleusercontent.com")
        #expect(principal.tokenExpiry == Date(timeIntervalSince1970: 1_800_000_050))
        #expect(harness.http.sent.first?.request.method == "GET")
        #expect(harness.http.sent.first?.header("Authorization") == nil)
        harness.http.set(url + "?access_token=bad", .response(400, #"{"error":"invalid_token"}"#))
        #expect(await harness.authenticate("bad").refusal?.status == 401)
        harness.http.set(url + "?access_token=down", .response(503, ""))
        #expect(await harness.authenticate("down").refusal?.status == 503)
        harness.http.set(url + "?access_token=odd", .json(#"{"exp":"soon","sub":"1","aud":"x"}"#))
        #expect(await harness.authenticate("odd").refusal?.status == 503)
    }

    @Test("GitHub: one app's tokens, the user's number as subject, scopes as a list")
    func github() async throws {
        let url = "https://api.github.com/applications/Iv1.x/token"
        let harness = try harness(
            .json(
                #"{"id":1,"app":{"client_id":"Iv1.x"},"scopes":["repo","user"],"expires_at":"2027-01-15T08:02:00Z","#
                    + #""user":{"id":583231,"login":"octocat","email":null,"name":"Mona"}}"#),
            url: url, id: "Iv1.x", secret: "a b"
        ) {
            $0.issuer = "https://github.com"
            $0.audience = "https://github.com"
        }
        let principal = try #require(await harness.authenticate("gho_x").principal)
        #expect(principal.subject == "583231")
        #expect(principal.name == "Mona")
        #expect(principal.email == nil)
        #expect(principal.scopes == ["repo", "user"])
        #expect(principal.clientID == "Iv1.x")
        #expect(principal.claims?["login"]?.string == "octocat")
        #expect(principal.tokenExpiry == Date(timeIntervalSince1970: 1_800_000_120))
        let sent = try #require(harness.http.sent.first)
        #expect(sent.body == #"{"access_token":"gho_x"}"#)
        #expect(sent.header("Authorization") == "Basic " + Data("Iv1.x:a b".utf8).base64EncodedString())
        for (status, body, expected) in [
            (404, "", 401), (422, "", 401), (401, "", 503), (429, "", 503), (200, #"{"user":null}"#, 503),
            (200, #"{"user":{"id":0}}"#, 503), (200, #"{"user":{"id":1},"expires_at":"never"}"#, 503),
            (200, #"{"user":{"id":7}}"#, 200),
        ] {
            harness.http.set(url, .response(status, body))
            let outcome = await harness.authenticate("gho_\(status)\(body.utf8.count)")
            #expect((outcome.refusal?.status ?? 200) == expected, "\(status) \(body)")
        }
    }
}
