// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import TestSupport
import Testing

struct DPoPProofTests {
    private let maker = ProofMaker()

    private func verify(
        _ proof: String, method: String = "POST", url: String = ProofMaker.url, accessToken: String? = nil,
        boundTo: String? = nil, nonce: DPoPNoncePolicy = .ignored, now: Date = ProofMaker.now
    ) throws(DPoPError) -> VerifiedDPoPProof {
        try DPoPProof(parsing: proof).verify(
            method: method, url: url, accessToken: accessToken, boundTo: boundTo, nonce: nonce, now: now)
    }

    @Test("a good proof proves the key")
    func good() throws {
        let verified = try verify(maker.proof())
        #expect(verified.thumbprint == (try maker.publicKey()).thumbprint)
        #expect(verified.jti == "id-1")
        #expect(verified.target.description == ProofMaker.url)
    }

    @Test("exactly one header line is needed")
    func headers() throws {
        let proof = try maker.proof()
        #expect(throws: DPoPError.missing) { try DPoPProof(headers: []) }
        #expect(throws: DPoPError.severalHeaders) { try DPoPProof(headers: [proof, proof]) }
        #expect(throws: DPoPError.malformed(.notThreeParts)) { try DPoPProof(headers: ["\(proof), \(proof)"]) }
        #expect(throws: DPoPError.malformed(.notThreeParts)) { try DPoPProof(headers: [""]) }
    }

    @Test("a proof has at most 8 KiB")
    func size() throws {
        let long = try maker.proof { $0["x"] = .string(String(repeating: "x", count: 6_000)) }
        #expect(throws: DPoPError.malformed(.tooLarge(limit: 8192))) { try DPoPProof(parsing: long) }
    }

    @Test("headers of the wrong form are refused, the type first")
    func badHeader() throws {
        let rows: [(DPoPError, (inout JSONObject) -> Void)] = [
            (.wrongType, { $0["typ"] = nil }), (.wrongType, { $0["typ"] = "JWT" }),
            (.wrongType, { $0["typ"] = "at+jwt" }),
            (.wrongType, { ($0["typ"], $0["alg"], $0["jwk"]) = ("JWT", "none", nil) }),
            (.unsupportedAlgorithm, { $0["alg"] = "none" }), (.unsupportedAlgorithm, { $0["alg"] = "HS256" }),
            (.unsupportedAlgorithm, { $0["alg"] = "RS512" }), (.unsupportedAlgorithm, { $0["alg"] = "PS384" }),
            (.unsupportedAlgorithm, { ($0["alg"], $0["jwk"]) = ("HS256", nil) }),
            (.missingKey, { $0["jwk"] = nil }),
            (.unusableKey(.malformed(member: "jwk")), { $0["jwk"] = "x" }),
            (.unusableKey(.unsupportedKeyType), { $0["jwk"] = ["kty": "oct"] }),
            (.wrongSignature, { $0["alg"] = "ES384" }), (.wrongSignature, { $0["alg"] = "RS256" }),
            (.malformed(.criticalExtension), { $0["crit"] = ["x"] }),
        ]
        for (error, change) in rows {
            let proof = try maker.proof(header: maker.header(change))
            #expect(throws: error) { try DPoPProof(parsing: proof) }
        }
    }

    @Test("a private key in the header is refused, also when everything else is right")
    func privateKey() throws {
        let proof = try maker.proof(
            header: maker.header { header in
                guard case .object(var jwk)? = header["jwk"] else { return }
                jwk.append("d", .string(Base64URL.encode(maker.key.rawRepresentation)))
                header["jwk"] = .object(jwk)
            })
        #expect(throws: DPoPError.unusableKey(.privateMember)) { try DPoPProof(parsing: proof) }
    }

    @Test("RSA keys below 2048 bits are refused")
    func smallRSA() throws {
        let jwk = try JSONSlice(text: SignatureFixtures.smallRSA)
        let proof = try maker.proof(
            header: maker.header { ($0["alg"], $0["jwk"]) = ("RS256", .slice(jwk)) })
        #expect(throws: DPoPError.unusableKey(.rsaTooSmall(bits: 1024))) { try DPoPProof(parsing: proof) }
    }

    @Test("the signature must be the header key's")
    func foreignKey() throws {
        let other = try ProofMaker().jwk()
        let proof = try maker.proof(header: maker.header { $0["jwk"] = other })
        #expect(throws: DPoPError.wrongSignature) { try DPoPProof(parsing: proof) }
    }

    @Test("claims are checked one after the other")
    func claims() throws {
        let rows: [(DPoPError, (inout JSONObject) -> Void)] = [
            (.malformedClaim("htm"), { $0["htm"] = nil }), (.malformedClaim("htm"), { $0["htm"] = 1 }),
            (.wrongMethod, { $0["htm"] = "GET" }), (.wrongMethod, { $0["htm"] = "post" }),
            (.wrongMethod, { ($0["htm"], $0["htu"], $0["iat"]) = ("GET", nil, nil) }),
            (.malformedClaim("htu"), { $0["htu"] = nil }),
            (.wrongTarget, { $0["htu"] = "https://server.example.com/par" }),
            (.wrongTarget, { $0["htu"] = "http://server.example.com/token" }),
            (.wrongTarget, { $0["htu"] = "https://server.example.com.evil.example/token" }),
            (.wrongTarget, { $0["htu"] = "/token" }), (.wrongTarget, { $0["htu"] = "" }),
            (.malformedClaim("iat"), { $0["iat"] = nil }), (.malformedClaim("iat"), { $0["iat"] = "1800000000" }),
            (.malformedClaim("jti"), { $0["jti"] = nil }), (.malformedClaim("jti"), { $0["jti"] = "" }),
            (.malformedClaim("jti"), { $0["jti"] = 7 }),
            (.malformedClaim("jti"), { $0["jti"] = .string(String(repeating: "é", count: 129)) }),
        ]
        for (error, change) in rows {
            let proof = try maker.proof(change)
            #expect(throws: error) { try verify(proof) }
        }
        let longest = try maker.proof { $0["jti"] = .string(String(repeating: "é", count: 128)) }
        #expect(throws: Never.self) { try verify(longest) }
    }

    @Test("query, fragment, case and default port of htu do not matter")
    func normalisedTarget() throws {
        let proof = try maker.proof { $0["htu"] = "HTTPS://SERVER.example.com:443/%74oken?x=y#z" }
        #expect(try verify(proof).target.description == ProofMaker.url)
    }

    @Test("an advertised URL without a normal form matches nothing")
    func badAdvertisedURL() throws {
        let proof = try maker.proof { $0["htu"] = "/token" }
        #expect(throws: DPoPError.wrongTarget) { try verify(proof, url: "/token") }
    }

    @Test(
        "iat lies within -60 to +30 seconds",
        arguments: [(-61, DPoPError.tooOld), (-60, nil), (0, nil), (30, nil), (31, .tooNew), (1 << 40, .tooNew)])
    func window(offset: Int, error: DPoPError?) throws {
        let proof = try maker.proof { $0["iat"] = .number(JSONNumber(1_800_000_000 + offset)) }
        #expect(refusal(proof) == error)
    }

    @Test(
        "with a good nonce iat lies within -300 to +300 seconds",
        arguments: [(-301, DPoPError.tooOld), (-300, nil), (300, nil), (301, .tooNew)])
    func windowWithNonce(offset: Int, error: DPoPError?) throws {
        let nonces = DPoPNonces(secret: SymmetricKey(size: .bits256))
        let nonce = nonces.issue(now: ProofMaker.now)
        let proof = try maker.proof {
            $0["iat"] = .number(JSONNumber(1_800_000_000 + offset))
            $0["nonce"] = .string(nonce)
        }
        #expect(refusal(proof, nonce: .demanded(nonces)) == error)
        #expect(refusal(proof, nonce: .welcome(nonces)) == error)
        #expect(refusal(proof) != nil, "an ignored nonce widens nothing")
    }

    @Test("a demanded nonce is looked at before the clock")
    func demandedNonce() throws {
        let nonces = DPoPNonces(secret: SymmetricKey(size: .bits256))
        let old = nonces.issue(now: ProofMaker.now.addingTimeInterval(-301))
        let rows: [(DPoPError, JSONValue?)] = [
            (.missingNonce, nil), (.missingNonce, 7), (.staleNonce, ""), (.staleNonce, "x"),
            (.staleNonce, .string(old)),
        ]
        for (error, nonce) in rows {
            let proof = try maker.proof { ($0["nonce"], $0["iat"]) = (nonce, 0) }
            #expect(throws: error) { try verify(proof, nonce: .demanded(nonces)) }
            #expect(error.code == .useNonce)
            #expect(throws: DPoPError.tooOld) { try verify(proof, nonce: .welcome(nonces)) }
        }
    }

    @Test("the state of the nonce tells when a new one is due")
    func agingNonce() throws {
        let nonces = DPoPNonces(secret: SymmetricKey(size: .bits256))
        for (age, state) in [(0.0, DPoPNonces.State.fresh), (200, .aging)] {
            let nonce = nonces.issue(now: ProofMaker.now.addingTimeInterval(-age))
            let proof = try maker.proof { $0["nonce"] = .string(nonce) }
            #expect(try verify(proof, nonce: .demanded(nonces)).nonce == state)
        }
    }

    @Test("with an access token, ath and the bound key are checked, in this order")
    func accessToken() throws {
        let token = ProofMaker.token
        let thumbprint = try maker.publicKey().thumbprint
        let good = try maker.proof { $0["ath"] = .string(ProofMaker.hash(token)) }
        #expect(throws: Never.self) { try verify(good, accessToken: token, boundTo: thumbprint) }
        #expect(throws: DPoPError.wrongToken) { try verify(good, accessToken: token + "x", boundTo: "other") }
        #expect(throws: DPoPError.wrongKey) { try verify(good, accessToken: token, boundTo: "other") }
        #expect(throws: DPoPError.wrongKey) { try verify(good, boundTo: "") }
        let without = try maker.proof()
        #expect(throws: DPoPError.malformedClaim("ath")) { try verify(without, accessToken: token) }
        for ath in ["", "x", ProofMaker.hash(token) + "=", String(ProofMaker.hash(token).dropLast())] {
            let proof = try maker.proof { $0["ath"] = .string(ath) }
            #expect(throws: DPoPError.wrongToken) { try verify(proof, accessToken: token) }
        }
    }

    @Test("errors map to the codes of RFC 9449 and their texts are safe in a header")
    func codes() {
        let invalid: [DPoPError] = [
            .missing, .severalHeaders, .malformed(.notThreeParts), .wrongType, .unsupportedAlgorithm, .missingKey,
            .unusableKey(.privateMember), .wrongSignature, .malformedClaim("htu"), .wrongMethod, .wrongTarget, .tooOld,
            .tooNew, .wrongToken, .replayed,
        ]
        #expect(invalid.allSatisfy { $0.code == .invalidProof })
        #expect([DPoPError.missingNonce, .staleNonce].allSatisfy { $0.code == .useNonce })
        #expect(DPoPError.wrongKey.code == .invalidToken)
        #expect(DPoPError.Code.invalidProof.rawValue == "invalid_dpop_proof")
        #expect(DPoPError.Code.useNonce.rawValue == "use_dpop_nonce")
        for error in invalid + [.missingNonce, .staleNonce, .wrongKey] {
            #expect(error.description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        }
    }

    @Test("proofs of other curves are good too")
    func algorithms() throws {
        func check(_ algorithm: SigningAlgorithm, _ key: PublicKey, sign: ([UInt8]) throws -> Data) throws {
            let jwk = JSONSlice(.object(key.jwk)).description
            let header = "{\"typ\":\"dpop+jwt\",\"alg\":\"\(algorithm.rawValue)\",\"jwk\":\(jwk)}"
            let claims = "{\"jti\":\"a\",\"htm\":\"POST\",\"htu\":\"\(ProofMaker.url)\",\"iat\":1800000000}"
            let input = "\(TokenText.part(header)).\(TokenText.part(claims))"
            let proof = "\(input).\(Base64URL.encode(try sign(Array(input.utf8))))"
            #expect(try verify(proof).thumbprint == key.thumbprint)
        }
        let p384 = P384.Signing.PrivateKey()
        try check(.ES384, PublicKey(p384.publicKey)) { try p384.signature(for: $0).rawRepresentation }
        let p521 = P521.Signing.PrivateKey()
        try check(.ES512, PublicKey(p521.publicKey)) { try p521.signature(for: $0).rawRepresentation }
        let edwards = Curve25519.Signing.PrivateKey()
        try check(.EdDSA, PublicKey(edwards.publicKey)) { try edwards.signature(for: $0) }
        #expect(SigningAlgorithm.dpop == [.ES256, .ES384, .ES512, .EdDSA, .RS256, .PS256])
    }

    @Test("no mutation of a proof is a proof")
    func mutation() throws {
        let proof = try maker.proof()
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3_000 {
            let text = String(decoding: Array(proof.utf8).mutated(using: &generator), as: UTF8.self)
            guard text != proof else { continue }
            #expect(throws: DPoPError.self) { try DPoPProof(parsing: text) }
        }
    }

    private func refusal(_ proof: String, nonce: DPoPNoncePolicy = .ignored) -> DPoPError? {
        do throws(DPoPError) {
            _ = try verify(proof, nonce: nonce)
            return nil
        } catch {
            return error
        }
    }
}
