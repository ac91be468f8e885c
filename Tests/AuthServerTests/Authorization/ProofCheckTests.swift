// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import TestSupport
import Testing

@testable import AuthServer

@Suite("The DPoP gate at the pushed request endpoint")
struct ProofCheckTests {
    private let key = P256.Signing.PrivateKey()
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let endpoint = "https://auth.example.com/oauth/par"

    private func gate() throws -> DPoPGate {
        let now = now
        return DPoPGate(
            mode: .optional, nonce: .token, secrets: try HMACSecrets(secrets: [Array(repeating: 9, count: 32)]),
            replays: MemoryProofReplayCache(now: { now }), audit: AuditLog(logger: RecordedLog().logger), now: { now })
    }

    private func proof(nonce: String?) throws -> String {
        let point = key.publicKey.rawRepresentation
        let jwk =
            #"{"kty":"EC","crv":"P-256","x":"\#(Base64URL.encode(point.prefix(32)))","#
            + #""y":"\#(Base64URL.encode(point.suffix(32)))"}"#
        let header = #"{"typ":"dpop+jwt","alg":"ES256","jwk":\#(jwk)}"#
        let extra = nonce.map { #","nonce":"\#($0)""# } ?? ""
        let payload =
            #"{"jti":"proof-\#(nonce == nil ? 1 : 2)","htm":"POST","htu":"\#(endpoint)","#
            + #""iat":\#(Int(now.timeIntervalSince1970))\#(extra)}"#
        let input = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload.utf8)))"
        return "\(input).\(Base64URL.encode(try key.signature(for: Array(input.utf8)).rawRepresentation))"
    }

    private func request(_ proof: String?) -> EndpointRequest {
        EndpointRequest(
            http: AuthRequest(
                method: "POST", path: "/oauth/par", headers: proof.map { [("DPoP", $0)] } ?? [],
                clientAddress: "192.0.2.7"),
            parameters: Parameters([]))
    }

    @Test("a proof without a nonce is answered with one, and with it the key is known")
    func nonce() async throws {
        let gate = try gate()
        let first = await gate.check(request(try proof(nonce: nil)), endpoint: endpoint, isRequired: false)
        guard case .refused(let error) = first.result else {
            Issue.record("\(first)")
            return
        }
        #expect(error.code == .useDPoPNonce)
        let nonce = try #require(first.headers.first { $0.name == "DPoP-Nonce" }?.value)
        let second = await gate.check(request(try proof(nonce: nonce)), endpoint: endpoint, isRequired: true)
        guard case .valid(let thumbprint) = second.result else {
            Issue.record("\(second)")
            return
        }
        #expect(AuthorizationRequestRules.isDigest(thumbprint))
        #expect(second.headers.isEmpty)
    }

    @Test("without a proof it depends on whether one is required")
    func absent() async throws {
        let gate = try gate()
        guard case .absent = await gate.check(request(nil), endpoint: endpoint, isRequired: false).result else {
            Issue.record("a proof was demanded")
            return
        }
        guard case .refused(let error) = await gate.check(request(nil), endpoint: endpoint, isRequired: true).result
        else {
            Issue.record("no proof was demanded")
            return
        }
        #expect(error.code == .invalidDPoPProof)
    }
}
