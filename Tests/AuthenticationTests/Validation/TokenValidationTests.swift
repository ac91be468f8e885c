// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Foundation
import JSONTypes
import OutboundHTTP
import Testing

@testable import Authentication

@Suite("Access tokens: what is accepted")
struct TokenValidationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let changes: [String: JSONValue?]
        let error: TokenError?

        init(_ name: String, _ changes: [String: JSONValue?], _ error: TokenError?) {
            testDescription = name
            self.changes = changes
            self.error = error
        }
    }

    private static let now = 1_800_000_000

    private static func number(_ offset: Int) -> JSONValue { .number(JSONNumber(now + offset)) }

    static let both: [Case] = [
        Case("a good token", [:], nil),
        Case("exp now", ["exp": number(0)], .expired), Case("exp in a second", ["exp": number(1)], nil),
        Case("exp a second ago", ["exp": number(-1)], .expired), Case("no exp", ["exp": .none], .missingClaim("exp")),
        Case("exp as text", ["exp": "1900000000"], .malformedClaim("exp")),
        Case("exp with a fraction", ["exp": .number(JSONNumber(Double(now) + 0.5))], nil),
        Case("exp in milliseconds", ["exp": .number(JSONNumber(now * 1000))], .malformedClaim("exp")),
        Case("exp negative", ["exp": -1], .malformedClaim("exp")),
        Case("exp null", ["exp": .null], .malformedClaim("exp")),
        Case("nbf within the skew", ["nbf": number(60)], nil), Case("nbf beyond it", ["nbf": number(61)], .notYetValid),
        Case("nbf past", ["nbf": number(-9999)], nil),
        Case("iat within the skew", ["iat": number(60)], nil),
        Case("iat beyond it", ["iat": number(61)], .issuedInFuture),
        Case("iat of the wrong type", ["iat": [1]], .malformedClaim("iat")),
        Case("no iss", ["iss": .none], .wrongIssuer),
        Case("another iss", ["iss": "https://evil.example"], .wrongIssuer),
        Case("iss with a slash", ["iss": "https://idp.example/"], .wrongIssuer),
        Case("iss in capitals", ["iss": "https://IDP.example"], .wrongIssuer),
        Case("iss with a space", ["iss": " https://idp.example"], .wrongIssuer),
        Case("no aud", ["aud": .none], .missingClaim("aud")), Case("empty aud", ["aud": []], .missingClaim("aud")),
        Case("aud as text", ["aud": "https://mcp.example/mcp"], nil),
        Case("aud among others", ["aud": ["x", "https://mcp.example/mcp"]], nil),
        Case("aud in another spelling", ["aud": "HTTPS://MCP.example:443/mcp/"], nil),
        Case("aud of another path", ["aud": "https://mcp.example/mcp2"], .wrongAudience),
        Case("aud of the origin", ["aud": "https://mcp.example"], .wrongAudience),
        Case("aud below", ["aud": "https://mcp.example/mcp/x"], .wrongAudience),
        Case("aud over http", ["aud": "http://mcp.example/mcp"], .wrongAudience),
        Case("aud with a query", ["aud": "https://mcp.example/mcp?x"], .wrongAudience),
        Case("aud of another path case", ["aud": "https://mcp.example/MCP"], .wrongAudience),
        Case("aud with numbers", ["aud": [1]], .malformedClaim("aud")),
        Case("aud an object", ["aud": [:]], .malformedClaim("aud")),
        Case("too many aud", ["aud": .array(Array(repeating: "x", count: 65))], .malformedClaim("aud")),
        Case("no sub", ["sub": .none], .missingClaim("sub")), Case("empty sub", ["sub": ""], .missingClaim("sub")),
        Case("sub a number", ["sub": 7], .malformedClaim("sub")),
        Case("sub with NUL", ["sub": "a\u{0}b"], .malformedClaim("sub")),
        Case("sub too long", ["sub": .string(String(repeating: "s", count: 1025))], .malformedClaim("sub")),
        Case("cnf of a certificate", ["cnf": ["x5t#S256": "x"]], .unsupportedBinding),
        Case("cnf empty", ["cnf": [:]], .unsupportedBinding), Case("cnf text", ["cnf": "x"], .malformedClaim("cnf")),
        Case("bound", ["cnf": ["jkt": "x"]], .bound),
        Case("bound twice", ["cnf": ["jkt": "x", "x5t#S256": "x"]], .unsupportedBinding),
        Case("scope a number", ["scope": 1], .malformedClaim("scope")),
        Case("scp a number", ["scp": [1]], .malformedClaim("scp")),
        Case("client_id a number", ["client_id": 1], .malformedClaim("client_id")),
    ]

    static let localOnly: [Case] = [
        Case("no client_id", ["client_id": .none], .missingClaim("client_id")),
        Case("no jti", ["jti": .none], .missingClaim("jti")), Case("no iat", ["iat": .none], .missingClaim("iat")),
    ]

    @Test("T12, T21, AU-03, AU-04, AU-05: claims of tokens of another issuer", arguments: both)
    func external(row: Case) async throws {
        try await check(row, AuthenticatorHarness())
    }

    @Test("RFC 9068 section 2.2: claims of our own tokens", arguments: both + localOnly)
    func local(row: Case) async throws {
        // Their issuer is only known after the signature, so the claim is missing rather than foreign.
        let row = row.testDescription == "no iss" ? Case("no iss", row.changes, .missingClaim("iss")) : row
        let harness = try AuthenticatorHarness(isLocal: true)
        try await check(row, harness)
        #expect(harness.http.sent.isEmpty)
    }

    @Test("Tokens of others may lack what only RFC 9068 demands", arguments: localOnly)
    func lenient(row: Case) async throws {
        try await check(Case(row.testDescription, row.changes, nil), AuthenticatorHarness())
    }

    private func check(_ row: Case, _ harness: AuthenticatorHarness) async throws {
        let token = try harness.token(row.changes)
        let outcome = await harness.authenticate(token)
        if let error = row.error {
            let refusal = try #require(outcome.refusal)
            #expect(refusal.status == 401)
            #expect(refusal.error == "invalid_token")
            #expect(refusal.description == error.description)
            #expect(harness.cached(token) == nil)
        } else {
            #expect(outcome.principal?.subject == "alice", "\(String(describing: outcome.refusal))")
        }
    }

    @Test("exp has the leeway that is set, and no more")
    func expiryLeeway() async throws {
        let harness = try AuthenticatorHarness { $0.expiryLeeway = 30 }
        let token = try harness.token(["exp": Self.number(10)])
        harness.clock.advance(39)
        #expect(await harness.authenticate(token).principal?.tokenExpiry == Date(timeIntervalSince1970: 1_800_000_010))
        #expect(harness.cached(token)?.principal != nil)
        harness.clock.advance(1)
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).refusal?.description == TokenError.expired.description)
    }

    @Test("An audience that is no URL is compared as text")
    func opaqueAudience() async throws {
        let harness = try AuthenticatorHarness { $0.audience = "api://vmcp" }
        #expect(await harness.authenticate(try harness.token(["aud": "api://vmcp"])).principal != nil)
        #expect(await harness.authenticate(try harness.token(["aud": "API://vmcp"])).refusal?.status == 401)
        #expect(await harness.authenticate(try harness.token()).refusal?.status == 401)
    }

    @Test(
        "T23: typ decides what a token is for",
        arguments: [
            ("at+jwt", true, true, true), ("application/at+jwt", true, true, true), ("AT+JWT", true, true, true),
            ("JWT", false, true, true), ("jwt", false, true, true), (nil, false, false, true),
            ("dpop+jwt", false, false, false), ("logout+jwt", false, false, false),
            ("id_token+jwt", false, false, false),
            ("", false, false, false), ("oauth-authz-req+jwt", false, false, false),
        ] as [(String?, Bool, Bool, Bool)])
    func types(type: String?, local: Bool, relaxed: Bool, external: Bool) async throws {
        for (harness, expected) in [
            (try AuthenticatorHarness(isLocal: true), local),
            (try AuthenticatorHarness(isLocal: true) { $0.localTokenType = .accessTokenOrJWT }, relaxed),
            (try AuthenticatorHarness(), external),
        ] {
            let token = try harness.key.sign(harness.claims(), type: type)
            #expect((await harness.authenticate(token).principal != nil) == expected)
        }
    }

    @Test(
        "T23: algorithm confusion is refused",
        arguments: [
            #"{"alg":"none","kid":"k1","typ":"at+jwt"}"#, #"{"alg":"HS256","kid":"k1","typ":"at+jwt"}"#,
            #"{"alg":"RS256","kid":"k1","typ":"at+jwt"}"#, #"{"alg":"ES384","kid":"k1","typ":"at+jwt"}"#,
            #"{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}"#, #"{"alg":"es256","kid":"k1","typ":"at+jwt"}"#,
            #"{"alg":"ES256","kid":"other","typ":"at+jwt"}"#, #"{"alg":"ES256","typ":"at+jwt"}"#,
            #"{"alg":"ES256","kid":"","typ":"at+jwt"}"#, #"{"alg":"ES256","kid":7,"typ":"at+jwt"}"#,
            #"{"kid":"k1","typ":"at+jwt"}"#, #"{"alg":"ES256","kid":"k1","typ":"at+jwt","crit":["x"]}"#,
            #"{"alg":"ES256","alg":"none","kid":"k1","typ":"at+jwt"}"#,
            #"{"alg":"ES256","kid":"k1","kid":"k2","typ":"at+jwt"}"#,
        ])
    func headers(header: String) async throws {
        for harness in [try AuthenticatorHarness(isLocal: true), try AuthenticatorHarness()] {
            let token = try harness.key.sign(harness.claims(), header: header)
            #expect(await harness.authenticate(token).refusal?.error == "invalid_token")
        }
    }

    @Test("T23: HS256 with the public key as the secret is refused")
    func hmacWithPublicKey() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let input =
            Base64URL.encode(#"{"alg":"HS256","kid":"k1","typ":"at+jwt"}"#.utf8) + "."
            + Base64URL.encode(JSONSlice(.object(harness.claims())).description.utf8)
        let secret = SymmetricKey(data: Data(JSONSlice(.object(try harness.key.jwk)).description.utf8))
        let token =
            input + "." + Base64URL.encode(HMAC<SHA256>.authenticationCode(for: Data(input.utf8), using: secret))
        #expect(await harness.authenticate(token).refusal?.description == TokenError.unsupportedAlgorithm.description)
    }

    @Test("The key's own alg is the only one, although another of its family would verify")
    func algorithmOfKey() async throws {
        let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        for (pinned, accepted) in [("RS512", false), ("RS256", true), (nil, true)] {
            var jwk = try PublicKey(rsa.publicKey).jwk
            jwk["kid"] = "r1"
            jwk["alg"] = pinned.map { .string($0) }
            let harness = try AuthenticatorHarness()
            harness.http.set(
                AuthenticatorHarness.keysURL, .json(JSONSlice(.object(["keys": [.object(jwk)]])).description))
            let input =
                Base64URL.encode(#"{"alg":"RS256","kid":"r1"}"#.utf8) + "."
                + Base64URL.encode(JSONSlice(.object(harness.claims())).description.utf8)
            let signature = try rsa.signature(
                for: SHA256.hash(data: Data(input.utf8)), padding: .insecurePKCS1v1_5)
            let token = input + "." + Base64URL.encode(signature.rawRepresentation)
            #expect((await harness.authenticate(token).principal != nil) == accepted, "\(pinned ?? "none")")
        }
    }

    @Test("A token that was changed anywhere is refused")
    func tampered() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token()
        #expect(await harness.authenticate(token).principal != nil)
        for position in stride(from: 0, to: token.utf8.count, by: 7) {
            var bytes = Array(token.utf8)
            bytes[position] = bytes[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect(await harness.authenticate(changed).principal == nil, "byte \(position)")
        }
        for extra in [token + "A", token + ".x", String(token.dropLast()), "e" + token] {
            #expect(await harness.authenticate(extra).principal == nil)
        }
    }

    @Test("Nothing is fetched for tokens that are not the issuer's, or not access tokens")
    func noFetch() async throws {
        let harness = try AuthenticatorHarness()
        _ = await harness.authenticate(try harness.token(["iss": "https://evil.example"]))
        _ = await harness.authenticate(try harness.key.sign(harness.claims(), type: "logout+jwt"))
        _ = await harness.authenticate("opaque")
        _ = await harness.authenticate(String(repeating: "a", count: 20_000))
        #expect(harness.http.sent.isEmpty)
    }

    @Test("Our own key is used without the network; a foreign kid is looked for where that is set up")
    func localAndRemote() async throws {
        let local = TestKey("local")
        let harness = try AuthenticatorHarness()
        let clock = harness.clock
        var settings = harness.authenticator.settings
        settings.keySource = .url(AuthenticatorHarness.keysURL)
        let authenticator = TokenAuthenticator(
            settings: settings, localKeys: LocalKeys(keys: [try local.publicKey]), http: harness.http,
            now: { clock.now }, logger: harness.authenticator.logger)
        let mine = try local.sign(harness.claims())
        #expect(
            await authenticator.authenticate(BearerRequest(authorization: ["Bearer \(mine)"])).principal?.tsid == "s1")
        #expect(harness.http.sent.isEmpty)
        let theirs = try harness.token()
        let principal = await authenticator.authenticate(BearerRequest(authorization: ["Bearer \(theirs)"])).principal
        #expect(principal != nil)
        // Another issuer's word does not open our sessions.
        #expect(principal?.tsid == nil)
        #expect(harness.http.sent.map(\.url) == [AuthenticatorHarness.keysURL])
    }

    @Test("The principal has what the token says, and prints none of it")
    func principal() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token(["scp": ["extra"], "groups": ["g1"], "auth_time": 1])
        let principal = try #require(await harness.authenticate(token).principal)
        #expect(principal.issuer == AuthenticatorHarness.issuer)
        #expect(principal.name == "Alice")
        #expect(principal.email == "alice@example.com")
        #expect(principal.clientID == "c1")
        #expect(principal.tokenID == "j1")
        #expect(principal.tsid == "s1")
        #expect(principal.scopes == ["mcp", "read", "extra"])
        #expect(principal.tokenExpiry == Date(timeIntervalSince1970: 1_800_000_600))
        #expect(!principal.isTokenBound)
        #expect(principal.claims?["groups"]?.description == #"["g1"]"#)
        #expect(principal.claims?["tsid"] == nil)
        for text in ["\(principal)", String(reflecting: principal), "\(AuthenticationOutcome.principal(principal))"] {
            #expect(!text.contains("example.com") && !text.contains("s1") && !text.contains("g1"), "\(text)")
        }
        var dumped = ""
        dump(principal, to: &dumped)
        #expect(!dumped.contains("s1") && !dumped.contains("alice@"))
    }

    @Test("Principals are equal by issuer and subject alone, byte by byte")
    func equality() {
        let one = Principal(issuer: "i", subject: "s", name: "A", scopes: ["x"])
        #expect(one == Principal(issuer: "i", subject: "s"))
        #expect(one.hashValue == Principal(issuer: "i", subject: "s").hashValue)
        #expect(one != Principal(issuer: "is", subject: ""))
        #expect(one != Principal(issuer: "", subject: "is"))
        #expect(one != Principal(issuer: "s", subject: "i"))
        #expect(one != Principal(issuer: "i", subject: "t"))
        #expect(one != Principal(issuer: "j", subject: "s"))
        let copy = one
        #expect(copy == one && Set([one, copy, Principal(issuer: "i", subject: "s")]).count == 1)
        #expect(Principal(issuer: "i", subject: "\u{E9}") != Principal(issuer: "i", subject: "e\u{301}"))
    }
}
