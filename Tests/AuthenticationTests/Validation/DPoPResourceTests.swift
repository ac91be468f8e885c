// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import JSONTypes
import Testing

@testable import Authentication

@Suite("DPoP at the resource")
struct DPoPResourceTests {
    private static let url = AuthenticatorHarness.audience
    private let proofs = ProofMaker()

    private struct NoMemory: ProofReplayCache {
        func isFirstUse(of proof: ProofID, until expires: Date) async throws(ProofReplayError) -> Bool {
            throw .unavailable
        }
    }

    private func harness(
        isRequired: Bool = false, nonces: DPoPNoncePolicy = .ignored, replays: (any ProofReplayCache)? = nil
    ) throws -> AuthenticatorHarness {
        try AuthenticatorHarness(
            isLocal: true, replays: replays ?? MemoryProofReplayCache(now: { ProofMaker.now })
        ) { $0.dpop = .init(isRequired: isRequired, nonces: nonces) }
    }

    private func boundToken(_ harness: AuthenticatorHarness) throws -> String {
        try harness.token(["cnf": ["jkt": .string(try proofs.publicKey().thumbprint)]])
    }

    private func proof(
        for token: String, id: String = "id-1", _ changes: (inout JSONObject) -> Void = { _ in }
    ) throws -> String {
        try proofs.proof {
            $0["htu"] = .string(Self.url)
            $0["ath"] = .string(ProofMaker.hash(token))
            $0["jti"] = .string(id)
            changes(&$0)
        }
    }

    private func send(
        _ harness: AuthenticatorHarness, _ token: String, scheme: String = "DPoP", proofs: [String],
        method: String = "POST", path: Substring = "/mcp"
    ) async -> AuthenticationOutcome {
        let request = BearerRequest(
            authorization: ["\(scheme) \(token)"], dpop: FieldLines(proofs), method: method, path: path)
        if let cached = harness.authenticator.cached(request) { return cached }
        return await harness.authenticator.authenticate(request)
    }

    @Test("A bound token with a fresh proof for each request is accepted, never from the fast path")
    func accepted() async throws {
        let harness = try harness()
        let token = try boundToken(harness)
        for number in 0..<3 {
            let request = BearerRequest(
                authorization: ["dpop \(token)"], dpop: [try proof(for: token, id: "id-\(number)")], method: "POST",
                path: "/mcp")
            #expect(harness.authenticator.cached(request) == nil)
            let principal = try #require(await harness.authenticator.authenticate(request).principal)
            #expect(principal.isTokenBound)
        }
        #expect(harness.authenticator.rememberedCount == 1)
    }

    @Test("T12: a bound token as Bearer is refused, also when it is remembered")
    func boundAsBearer() async throws {
        let harness = try harness()
        let token = try boundToken(harness)
        #expect(await send(harness, token, proofs: [try proof(for: token)]).principal != nil)
        for _ in 0..<2 {
            let refusal = try #require(
                await send(harness, token, scheme: "Bearer", proofs: [try proof(for: token, id: "x")]).refusal)
            #expect(refusal.status == 401)
            #expect(refusal.description == TokenError.bound.description)
        }
    }

    @Test("An unbound token under DPoP is refused; as Bearer it is fine unless DPoP is required")
    func unbound() async throws {
        let harness = try harness()
        let token = try harness.token()
        #expect(
            await send(harness, token, proofs: [try proof(for: token)]).refusal?.description
                == TokenError.unbound.description)
        #expect(await send(harness, token, scheme: "Bearer", proofs: []).principal != nil)
        #expect(await send(harness, token, proofs: [try proof(for: token, id: "y")]).principal == nil)
        let strict = try self.harness(isRequired: true)
        let other = try strict.token()
        for _ in 0..<2 {
            #expect(
                await send(strict, other, scheme: "Bearer", proofs: []).refusal?.description
                    == TokenError.bindingRequired.description)
        }
    }

    @Test("T13: bad proofs are answered with a DPoP challenge")
    func badProofs() async throws {
        let harness = try harness()
        let token = try boundToken(harness)
        let rows: [(String, [String], DPoPError)] = [
            ("no proof", [], .missing),
            ("two", [try proof(for: token), try proof(for: token)], .severalHeaders),
            ("other method", [try proof(for: token) { $0["htm"] = "GET" }], .wrongMethod),
            ("other path", [try proof(for: token) { $0["htu"] = "https://mcp.example/other" }], .wrongTarget),
            ("other host", [try proof(for: token) { $0["htu"] = "https://evil.example/mcp" }], .wrongTarget),
            ("other token", [try proof(for: token + "x")], .wrongToken),
            ("old", [try proof(for: token) { $0["iat"] = 1_799_999_900 }], .tooOld),
        ]
        for (name, proofs, error) in rows {
            let refusal = try #require(await send(harness, token, proofs: proofs).refusal, "\(name)")
            #expect(refusal.status == 401)
            #expect(refusal.description == error.description, "\(name)")
            #expect(refusal.error == "invalid_dpop_proof", "\(name)")
            #expect(refusal.challenges.count == 1)
            #expect(refusal.challenges.first?.hasPrefix(#"DPoP error="invalid_dpop_proof""#) == true)
            #expect(refusal.challenges.first?.contains(#"algs="ES256 ES384 ES512 EdDSA RS256 PS256""#) == true)
        }
    }

    @Test("T13: a proof is good once, and for its own target only")
    func replay() async throws {
        let harness = try harness()
        let token = try boundToken(harness)
        let first = try proof(for: token)
        #expect(await send(harness, token, proofs: [first]).principal != nil)
        #expect(await send(harness, token, proofs: [first]).refusal?.description == DPoPError.replayed.description)
        #expect(
            await send(harness, token, proofs: [try proof(for: token, id: "n")], path: "/else").refusal?.description
                == DPoPError.wrongTarget.description)
    }

    @Test("Another key's proof is refused as invalid_token")
    func wrongKey() async throws {
        let harness = try harness()
        let token = try harness.token(["cnf": ["jkt": .string(try ProofMaker().publicKey().thumbprint)]])
        #expect(await send(harness, token, proofs: [try proof(for: token)]).refusal?.error == "invalid_token")
    }

    @Test("A demanded nonce is handed out, accepted, and renewed while it ages")
    func nonces() async throws {
        let nonces = DPoPNonces(secret: SymmetricKey(size: .bits256))
        let harness = try harness(nonces: .demanded(nonces))
        let token = try boundToken(harness)
        let refusal = try #require(await send(harness, token, proofs: [try proof(for: token)]).refusal)
        #expect(refusal.error == "use_dpop_nonce")
        let nonce = try #require(refusal.headers.first { $0.name == "DPoP-Nonce" }?.value)
        let good = try proof(for: token) { $0["nonce"] = .string(nonce) }
        #expect(await send(harness, token, proofs: [good]).principal != nil)
        let request = BearerRequest(authorization: ["DPoP \(token)"], dpop: [good])
        #expect(harness.authenticator.responseHeaders(for: request).isEmpty)
        harness.clock.advance(DPoPNonces.renewalAge)
        #expect(harness.authenticator.responseHeaders(for: request).map(\.name) == ["DPoP-Nonce"])
        harness.clock.advance(DPoPNonces.lifetime)
        let stale = try #require(
            await send(harness, token, proofs: [try proof(for: token, id: "n") { $0["nonce"] = .string(nonce) }])
                .refusal)
        #expect(stale.error == "use_dpop_nonce")
    }

    @Test("When no proof can be remembered, or nobody remembers them, the answer is 503")
    func noReplayCache() async throws {
        for replays in [NoMemory(), nil] as [(any ProofReplayCache)?] {
            let harness = try AuthenticatorHarness(isLocal: true, replays: replays) { $0.dpop = .init() }
            let token = try boundToken(harness)
            #expect(await send(harness, token, proofs: [try proof(for: token)]).refusal?.status == 503)
        }
    }

    @Test("While DPoP is off its scheme is unknown, and bound tokens are refused")
    func off() async throws {
        let harness = try AuthenticatorHarness(isLocal: true)
        let token = try boundToken(harness)
        let refusal = try #require(await send(harness, token, proofs: [try proof(for: token)]).refusal)
        #expect(refusal.status == 401)
        #expect(refusal.error == nil)
        #expect(
            await send(harness, token, scheme: "Bearer", proofs: []).refusal?.description
                == TokenError.bound.description)
    }

    @Test("Without a resource there is no target that a proof could name")
    func noResource() async throws {
        let harness = try AuthenticatorHarness(
            isLocal: true, replays: MemoryProofReplayCache(now: { ProofMaker.now })
        ) {
            $0.resource = nil
            $0.dpop = .init()
        }
        let token = try boundToken(harness)
        #expect(
            await send(harness, token, proofs: [try proof(for: token)]).refusal?.description
                == DPoPError.wrongTarget.description)
    }
}
