// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import Testing

@testable import Authentication

@Suite("Tokens that were verified lately")
struct VerifiedTokenCacheTests {
    private func token(_ number: Int, until: TimeInterval = 100, claims: String = "{}") throws -> VerifiedToken {
        VerifiedToken(
            principal: Principal(
                issuer: "i", subject: "\(number)", claims: try JSONSlice(validating: .init(string: claims))),
            thumbprint: nil, hasRequiredScopes: true, believedUntil: until, denialsSeen: 0)
    }

    private let secret = TokenKey.Secret()

    private func key(_ number: Int) -> TokenKey { TokenKey("token \(number)", secret) }

    @Test("Entries are bounded in number; those that are used stay")
    func count() throws {
        let cache = VerifiedTokenCache(maximumCount: 8, maximumBytes: .max)
        for number in 0..<100 {
            cache.store(try token(number), for: key(number), keyGeneration: 0)
            #expect(cache.find(key(0), now: 0, keyGeneration: 0) != nil, "\(number)")
        }
        #expect(cache.count == 8)
    }

    @Test("Entries are bounded in bytes, and one that is too big is not kept")
    func bytes() throws {
        let small = try token(0)
        let cache = VerifiedTokenCache(maximumCount: .max, maximumBytes: small.cost * 3)
        for number in 0..<10 { cache.store(try token(number), for: key(number), keyGeneration: 0) }
        #expect(cache.count == 3)
        #expect(cache.bytes == small.cost * 3)
        let big = try token(11, claims: "[\(String(repeating: "1,", count: 2000))1]")
        cache.store(big, for: key(11), keyGeneration: 0)
        #expect(cache.find(key(11), now: 0, keyGeneration: 0) == nil)
        #expect(cache.count == 3)
    }

    @Test("An entry is gone when it is no longer believed")
    func expiry() throws {
        let cache = VerifiedTokenCache(maximumCount: 8, maximumBytes: .max)
        cache.store(try token(1, until: 10), for: key(1), keyGeneration: 0)
        #expect(cache.find(key(1), now: 9.999, keyGeneration: 0) != nil)
        #expect(cache.find(key(1), now: 10, keyGeneration: 0) == nil)
        #expect(cache.count == 0)
        #expect(cache.bytes == 0)
    }

    @Test("New keys empty it, and what older keys verified is not stored any more")
    func generations() throws {
        let cache = VerifiedTokenCache(maximumCount: 8, maximumBytes: .max)
        cache.store(try token(1), for: key(1), keyGeneration: 1)
        #expect(cache.find(key(1), now: 0, keyGeneration: 2) == nil)
        #expect(cache.count == 0)
        cache.store(try token(1), for: key(1), keyGeneration: 1)
        #expect(cache.count == 0)
        cache.store(try token(2), for: key(2), keyGeneration: 3)
        #expect(cache.find(key(2), now: 0, keyGeneration: 3) != nil)
    }

    @Test("Random operations keep index, order and bytes consistent")
    func random() throws {
        var generator = SystemRandomNumberGenerator()
        let cache = VerifiedTokenCache(maximumCount: 16, maximumBytes: 16 * 600)
        var stored: Set<Int> = []
        for _ in 0..<5000 {
            let number = Int.random(in: 0..<40, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                cache.store(try token(number), for: key(number), keyGeneration: 0)
                stored.insert(number)
            case 2:
                cache.remove(key(number))
                #expect(cache.find(key(number), now: 0, keyGeneration: 0) == nil)
            default:
                if let hit = cache.find(key(number), now: 0, keyGeneration: 0) {
                    #expect(hit.principal.subject == "\(number)")
                }
            }
            #expect(cache.count <= 16)
        }
        let found = (0..<40).compactMap { cache.find(key($0), now: 0, keyGeneration: 0) }
        #expect(found.count == cache.count)
        #expect(found.map(\.cost).reduce(0, +) == cache.bytes)
        for number in 0..<40 { cache.remove(key(number)) }
        #expect(cache.count == 0)
        #expect(cache.bytes == 0)
        #expect(stored.count == 40)
    }
}

@Suite("Remembered tokens on the way of every request")
struct CachedAuthenticationTests {
    @Test("The second request with a token needs no waiting, whatever the case of the scheme")
    func hit() async throws {
        let harness = try AuthenticatorHarness()
        let token = try harness.token()
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).principal != nil)
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
            #expect(harness.cached(token, scheme: scheme)?.principal?.subject == "alice")
        }
        #expect(harness.cached(token + "x") == nil)
        #expect(harness.cached(String(token.dropLast())) == nil)
        #expect(harness.http.requests(to: AuthenticatorHarness.keysURL) == 1)
    }

    @Test("A remembered token expires like any other")
    func expired() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token(["exp": .number(JSONNumber(harness.clock.seconds + 100))])
        _ = await harness.authenticate(token)
        harness.clock.advance(99)
        #expect(harness.cached(token)?.principal != nil)
        harness.clock.advance(1)
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).refusal?.description == TokenError.expired.description)
    }

    @Test("However long a token lives, its key is looked at again after five minutes")
    func recheck() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token(["exp": .number(JSONNumber(harness.clock.seconds + 86_400))])
        _ = await harness.authenticate(token)
        harness.clock.advance(299)
        #expect(harness.cached(token)?.principal != nil)
        harness.clock.advance(1)
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).principal != nil)
    }

    @Test("T30: a denial of the session or the token ends cache hits at once", arguments: [true, false])
    func denied(session: Bool) async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token()
        let other = try harness.token(["tsid": "s2", "jti": "j2"])
        for token in [token, other] { #expect(await harness.authenticate(token).principal != nil) }
        let until = harness.clock.now.addingTimeInterval(600)
        if session {
            harness.denials.deny(tsid: "s1", until: until)
        } else {
            harness.denials.deny(jti: "j1", until: until)
        }
        let refusal = try #require(harness.cached(token)?.refusal)
        #expect(refusal.status == 401)
        #expect(refusal.error == "invalid_token")
        #expect(refusal.description == TokenError.revoked.description)
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).refusal?.description == TokenError.revoked.description)
        for _ in 0..<2 { #expect(harness.cached(other)?.principal != nil) }
    }

    @Test("A token that was looked for among the denials is still found by a later one")
    func deniedLater() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token()
        _ = await harness.authenticate(token)
        let until = harness.clock.now.addingTimeInterval(600)
        for number in 0..<3 {
            harness.denials.deny(jti: "other-\(number)", until: until)
            for _ in 0..<2 { #expect(harness.cached(token)?.principal != nil) }
        }
        harness.denials.deny(jti: "j1", until: until)
        #expect(harness.cached(token)?.refusal?.description == TokenError.revoked.description)
    }

    @Test("A remembered token with other claims and the same signature is another token")
    func forged() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try harness.token()
        #expect(await harness.authenticate(token).principal != nil)
        let other = try harness.token(["sub": "mallory"])
        let parts = (token.split(separator: "."), other.split(separator: "."))
        let forged = [parts.0[0], parts.1[1], parts.0[2]].joined(separator: ".")
        #expect(harness.cached(forged) == nil)
        #expect(await harness.authenticate(forged).refusal?.description == TokenError.wrongSignature.description)
        #expect(harness.cached(forged) == nil)
        #expect(harness.cached(token)?.principal?.subject == "alice")
    }

    @Test("A remembered token answers with its own scopes, whoever else has more")
    func narrow() async throws {
        let harness = try AuthenticatorHarness(isLocal: true) { $0.scopes = ScopeRules(required: ["mcp"]) }
        let narrow = try harness.token(["scope": "read", "jti": "j2"])
        #expect(await harness.authenticate(try harness.token()).principal != nil)
        #expect(await harness.authenticate(narrow).refusal?.status == 403)
        #expect(harness.cached(narrow)?.refusal?.status == 403)
    }

    @Test("A denial that is over counts no more")
    func denialOver() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        harness.denials.deny(jti: "j1", until: harness.clock.now.addingTimeInterval(10))
        let token = try harness.token()
        #expect(await harness.authenticate(token).principal == nil)
        harness.clock.advance(10)
        #expect(await harness.authenticate(token).principal != nil)
    }

    @Test("Only our own authorization server's sessions can be denied: a foreign tsid means nothing")
    func foreignSession() async throws {
        let harness = try AuthenticatorHarness()
        harness.denials.deny(tsid: "s1", until: harness.clock.now.addingTimeInterval(600))
        #expect(await harness.authenticate(try harness.token()).principal != nil)
    }

    @Test("A key that the issuer takes back takes its tokens along")
    func keyChange() async throws {
        let harness = try AuthenticatorHarness()
        let token = try harness.token()
        _ = await harness.authenticate(token)
        #expect(harness.cached(token)?.principal != nil)
        let next = TestKey("k2")
        harness.http.set(AuthenticatorHarness.keysURL, try .keys([next]))
        harness.clock.advance(RemoteKeySetState.unknownKeyCooldown)
        let fresh = try next.sign(harness.claims(["sub": "bob"]))
        #expect(await harness.authenticate(fresh).principal?.subject == "bob")
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).refusal?.description == TokenError.unknownKey.description)
        #expect(harness.cached(fresh)?.principal?.subject == "bob")
    }

    @Test("A key that this process no longer has takes its tokens along at once; others are verified again")
    func localKeyChange() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let keys = try #require(harness.localKeys)
        let token = try harness.token()
        _ = await harness.authenticate(token)
        #expect(harness.cached(token)?.principal != nil)
        let next = TestKey("k2")
        keys.set([try next.publicKey, try harness.key.publicKey])
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).principal != nil)
        keys.set([try next.publicKey])
        #expect(harness.cached(token) == nil)
        #expect(await harness.authenticate(token).refusal?.description == TokenError.unknownKey.description)
        let fresh = try next.sign(harness.claims())
        #expect(await harness.authenticate(fresh).principal != nil)
        #expect(harness.cached(fresh)?.principal != nil)
    }

    @Test("Denials are bounded; those that would expire first make room")
    func denialBound() {
        let clock = TestClock()
        let denials = TokenDenials(capacity: 32, now: { clock.now })
        for number in 0..<100 {
            denials.deny(jti: "\(number)", until: clock.now.addingTimeInterval(TimeInterval(1000 + number)))
            #expect(denials.count <= 32)
        }
        #expect(denials.isDenied(tsid: nil, jti: "99"))
        #expect(!denials.isDenied(tsid: nil, jti: "0"))
        #expect(!denials.isDenied(tsid: "99", jti: nil))
        clock.advance(2000)
        denials.deny(tsid: "new", until: clock.now.addingTimeInterval(1))
        #expect(denials.isDenied(tsid: "new", jti: "99"))
        #expect(!denials.isDenied(tsid: nil, jti: "99"))
    }

    @Test("A shorter denial does not replace a longer one")
    func longerDenial() {
        let clock = TestClock()
        let denials = TokenDenials(now: { clock.now })
        denials.deny(jti: "j", until: clock.now.addingTimeInterval(100))
        denials.deny(jti: "j", until: clock.now.addingTimeInterval(10))
        clock.advance(50)
        #expect(denials.isDenied(tsid: nil, jti: "j"))
    }

    @Test("Many requests at once get the same answer")
    func concurrent() async throws {
        let harness = try AuthenticatorHarness()
        let token = try harness.token()
        let subjects = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { await harness.authenticate(token).principal?.subject } }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(subjects == ["alice"])
        #expect(harness.http.requests(to: AuthenticatorHarness.keysURL) == 1)
        #expect(harness.http.requests(to: AuthenticatorHarness.metadataURL) == 1)
        #expect(harness.authenticator.rememberedCount == 1)
    }
}
