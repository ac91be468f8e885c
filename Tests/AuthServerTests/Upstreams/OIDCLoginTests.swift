// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import Testing

@testable import AuthServer

/// OpenID Connect Core 3.1.3.
@Suite struct OIDCLoginTests {
    private func login(_ provider: FakeOpenIDProvider, subjectClaim: String = "sub") async throws -> UpstreamLogin {
        let upstream = try await provider.started(subjectClaim: subjectClaim)
        return try await upstream.exchange(code: "the-code", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
    }

    @Test("A code is redeemed with the verifier, and the ID token says who signed in")
    func happyPath() async throws {
        let provider = FakeOpenIDProvider()
        let login = try await login(provider)
        #expect(login.subject == "alice")
        #expect(login.name == "Alice")
        #expect(login.email == "alice@example.com")
        #expect(!login.isSynthetic)
        #expect(login.accessToken == Secret("access-secret-1"))
        #expect(login.refreshToken == Secret("refresh-secret-1"))
        #expect(login.expiresAt == provider.clock.now.addingTimeInterval(3600))
        #expect(login.idToken != nil)
        let request = try #require(provider.http.requests.first { $0.url.hasSuffix("/token") })
        #expect(request.method == "POST")
        #expect(request.form["grant_type"] == "authorization_code")
        #expect(request.form["code"] == "the-code")
        #expect(request.form["code_verifier"] == "v")
        #expect(request.form["redirect_uri"] == "https://gw.example/oauth/callback")
        #expect(request.maximumBytes == 1 << 20)
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout FakeOpenIDProvider.Behaviour, Int) -> Void

        init(_ name: String, _ change: @escaping @Sendable (inout FakeOpenIDProvider.Behaviour, Int) -> Void) {
            testDescription = name
            self.change = change
        }
    }

    static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    static let forgeries: [Forgery] = [
        Forgery("another issuer") { behaviour, _ in behaviour.claims["iss"] = "https://evil.example" },
        Forgery("the issuer with a slash") { behaviour, _ in behaviour.claims["iss"] = "https://idp.example/" },
        Forgery("no issuer") { behaviour, _ in behaviour.claims["iss"] = nil },
        Forgery("another audience") { behaviour, _ in behaviour.claims["aud"] = "other" },
        Forgery("no audience") { behaviour, _ in behaviour.claims["aud"] = nil },
        Forgery("an empty list of audiences") { behaviour, _ in behaviour.claims["aud"] = [] },
        Forgery("an audience that is no text") { behaviour, _ in behaviour.claims["aud"] = ["gateway", 1] },
        Forgery("too many audiences") { behaviour, _ in
            behaviour.claims["azp"] = "gateway"
            behaviour.claims["aud"] = .array([JSONValue](repeating: "gateway", count: 33))
        },
        Forgery("two audiences without azp") { behaviour, _ in behaviour.claims["aud"] = ["gateway", "other"] },
        Forgery("two audiences, azp is the other") { behaviour, _ in
            behaviour.claims["aud"] = ["gateway", "other"]
            behaviour.claims["azp"] = "other"
        },
        Forgery("one audience, azp is another") { behaviour, _ in behaviour.claims["azp"] = "other" },
        Forgery("expired a minute ago") { behaviour, now in behaviour.claims["exp"] = number(now - 60) },
        Forgery("no expiry") { behaviour, _ in behaviour.claims["exp"] = nil },
        Forgery("an expiry that is a text") { behaviour, _ in behaviour.claims["exp"] = "9999999999" },
        Forgery("issued in the future") { behaviour, now in behaviour.claims["iat"] = number(now + 61) },
        Forgery("no time of issue") { behaviour, _ in behaviour.claims["iat"] = nil },
        Forgery("not yet valid") { behaviour, now in behaviour.claims["nbf"] = number(now + 61) },
        Forgery("another nonce") { behaviour, _ in behaviour.claims["nonce"] = "another-nonce-ogin" },
        Forgery("no nonce") { behaviour, _ in behaviour.claims["nonce"] = nil },
        Forgery("a nonce that is no text") { behaviour, _ in behaviour.claims["nonce"] = 1 },
        Forgery("an access token") { behaviour, _ in behaviour.header["typ"] = "at+jwt" },
        Forgery("a logout token") { behaviour, _ in behaviour.header["typ"] = "logout+jwt" },
        Forgery("another algorithm than the key's") { behaviour, _ in behaviour.header["alg"] = "ES384" },
        Forgery("an RSA algorithm for an EC key") { behaviour, _ in behaviour.header["alg"] = "RS256" },
        Forgery("an unknown algorithm") { behaviour, _ in behaviour.header["alg"] = "ES256K" },
        Forgery("no algorithm member") { behaviour, _ in behaviour.header["alg"] = nil },
        Forgery("a critical extension") { behaviour, _ in behaviour.header["crit"] = ["x"] },
        Forgery("another key") { behaviour, _ in behaviour.key = P256.Signing.PrivateKey() },
        Forgery("an unknown key id") { behaviour, _ in behaviour.header["kid"] = "k9" },
        Forgery("no signature, algorithm none") { behaviour, _ in
            behaviour.header["alg"] = "none"
            let token = FakeOpenIDProvider.sign(behaviour)
            behaviour.idToken = String(token[...(token.lastIndex(of: ".") ?? token.startIndex)])
        },
        Forgery("HMAC with the published key") { behaviour, _ in
            behaviour.header["alg"] = "HS256"
            let input =
                FakeOpenIDProvider.encode(behaviour.header) + "." + FakeOpenIDProvider.encode(behaviour.claims)
            let key = SymmetricKey(data: behaviour.key.publicKey.rawRepresentation)
            let code = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: key)
            behaviour.idToken = input + "." + Base64URL.encode(Array(code))
        },
        Forgery("changed claims under the old signature") { behaviour, _ in
            let signature = FakeOpenIDProvider.sign(behaviour).split(separator: ".")[2]
            behaviour.claims["sub"] = "mallory"
            behaviour.idToken =
                FakeOpenIDProvider.encode(behaviour.header) + "." + FakeOpenIDProvider.encode(behaviour.claims) + "."
                + signature
        },
        Forgery("no JWT") { behaviour, _ in behaviour.idToken = "opaque" },
        Forgery("no ID token") { behaviour, _ in behaviour.sendsIDToken = false },
    ]

    @Test("A forged or foreign ID token ends the login", arguments: forgeries)
    func forged(forgery: Forgery) async throws {
        let provider = FakeOpenIDProvider()
        let now = Int(provider.clock.now.timeIntervalSince1970)
        provider.change { forgery.change(&$0, now) }
        await #expect(throws: UpstreamError.invalidIDToken) { try await login(provider) }
    }

    static let accepted: [Forgery] = [
        Forgery("a list with one audience") { behaviour, _ in behaviour.claims["aud"] = ["gateway"] },
        Forgery("two audiences and azp") { behaviour, _ in
            behaviour.claims["aud"] = ["other", "gateway"]
            behaviour.claims["azp"] = "gateway"
        },
        Forgery("expired within the leeway") { behaviour, now in behaviour.claims["exp"] = number(now - 59) },
        Forgery("issued by a clock that is ahead") { behaviour, now in
            behaviour.claims["iat"] = number(now + 60)
            behaviour.claims["nbf"] = number(now + 60)
        },
        Forgery("times with fractions") { behaviour, now in
            behaviour.claims["iat"] = .number(JSONNumber(Double(now) + 0.5))
        },
        Forgery("no type") { behaviour, _ in behaviour.header["typ"] = nil },
        Forgery("no key id") { behaviour, _ in behaviour.header["kid"] = nil },
        Forgery("a key without an id") { behaviour, _ in
            behaviour.header["kid"] = nil
            behaviour.published = [(nil, behaviour.key.publicKey)]
        },
    ]

    @Test("An ID token that is unusual but right is believed", arguments: accepted)
    func unusual(forgery: Forgery) async throws {
        let provider = FakeOpenIDProvider()
        let now = Int(provider.clock.now.timeIntervalSince1970)
        provider.change { forgery.change(&$0, now) }
        #expect(try await login(provider).subject == "alice")
    }

    static let longest = String(repeating: "a", count: 512)

    @Test(
        "The subject is a non-empty text of the configured claim, and never another claim",
        arguments: [
            ("sub", "alice", "alice"), ("oid", "o-1", "o-1"), ("oid", nil, nil),
            ("oid", "", nil), ("oid", 12, nil), ("oid", true, nil), ("oid", "a\u{0}b", nil), ("oid", "x\u{FFFD}", nil),
            ("oid", "a:b|ü😀", "a:b|ü😀"), ("oid", .string(longest), longest), ("oid", .string(longest + "a"), nil),
        ] as [(String, JSONValue?, String?)])
    func subject(claim: String, value: JSONValue?, subject: String?) async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.claims[claim] = value }
        if let subject {
            #expect(try await login(provider, subjectClaim: claim).subject == subject)
        } else {
            await #expect(throws: UpstreamError.noSubject) { try await login(provider, subjectClaim: claim) }
        }
    }

    @Test("A name that is no text, or too long, is left out")
    func names() async throws {
        let provider = FakeOpenIDProvider()
        provider.change {
            $0.claims["name"] = 1
            $0.claims["email"] = .string(String(repeating: "a", count: 513))
        }
        let login = try await login(provider)
        #expect(login.name == nil)
        #expect(login.email == nil)
    }

    @Test("A rotated key is found by its unknown id, but invented ids cause one fetch a minute")
    func keyRotation() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        func exchange() async throws -> UpstreamLogin {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        }
        func fetches() -> Int { provider.http.count("/keys") }
        _ = try await exchange()
        _ = try await exchange()
        #expect(fetches() == 1)
        let fresh = P256.Signing.PrivateKey()
        provider.change {
            $0.header["kid"] = "k2"
            $0.key = fresh
            $0.published.append(("k2", fresh.publicKey))
        }
        for _ in 0..<5 { await #expect(throws: UpstreamError.invalidIDToken) { try await exchange() } }
        #expect(fetches() == 1, "the set is fresh")
        provider.clock.advance(60)
        _ = try await exchange()
        #expect(fetches() == 2)
        provider.change { $0.header["kid"] = "invented" }
        provider.clock.advance(60)
        for _ in 0..<5 { await #expect(throws: UpstreamError.invalidIDToken) { try await exchange() } }
        #expect(fetches() == 3)
    }

    @Test("Keys that the provider took back stop working within an hour")
    func keyRemoval() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        provider.change { $0.published = [("k2", P256.Signing.PrivateKey().publicKey)] }
        provider.clock.advance(3600)
        provider.change { $0.claims["exp"] = Self.number(1_800_010_000) }
        await #expect(throws: UpstreamError.invalidIDToken) {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        }
    }

    @Test("Old keys bridge an outage of the key set, no keys at all are an unreachable provider")
    func keyOutage() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        provider.change { $0.override["/keys"] = OutboundResponse(status: 503) }
        func exchange() async throws -> UpstreamLogin {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        }
        await #expect(throws: UpstreamError.unreachable) { try await exchange() }
        provider.change {
            $0.override = [:]
            $0.claims["exp"] = Self.number(1_800_010_000)
        }
        provider.clock.advance(5)
        _ = try await exchange()
        provider.change { $0.override["/keys"] = OutboundResponse(status: 503) }
        provider.clock.advance(3600)
        _ = try await exchange()
        _ = try await exchange()
        #expect(provider.http.count("/keys") == 3)
    }

    @Test("Parallel first logins fetch the keys once")
    func parallelKeys() async throws {
        let provider = FakeOpenIDProvider()
        let gate = UpstreamsGate()
        let upstream = try await provider.started()
        provider.http.answer { request throws(OutboundError) in
            if request.url.hasSuffix("/keys") { await gate.wait() }
            return try provider.answer(request)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
                }
            }
            while provider.http.count("/token") < 20 { await Task.yield() }
            gate.open()
            try await group.waitForAll()
        }
        #expect(provider.http.count("/keys") == 1)
    }
}
