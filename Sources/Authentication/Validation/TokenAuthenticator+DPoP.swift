// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging

extension TokenAuthenticator {
    /// Headers for the answer to a request that was let in: a new nonce while the one that came is getting old
    /// (RFC 9449 section 8.2).
    package func responseHeaders(for request: BearerRequest) -> [(name: String, value: String)] {
        guard let nonces, case .one(let line) = request.dpop, let proof = try? CompactJWS(parsing: line),
            let nonce = proof.payload["nonce"]?.string, nonces.check(nonce, now: now()) == .aging
        else { return [] }
        return [("DPoP-Nonce", nonces.issue(now: now()))]
    }

    /// Why the proof that came with a bound token is not good; nil when it is.
    func proofRefusal(
        _ request: BearerRequest, token: Substring, thumbprint: String
    ) async -> AuthenticationRefusal? {
        guard let dpop = settings.dpop else { return challenges.dpop(.missing, nonce: nil) }
        let now = now()
        let verified: VerifiedDPoPProof
        do throws(DPoPError) {
            guard let origin else { throw DPoPError.wrongTarget }
            verified = try DPoPProof(headers: request.dpop.all).verify(
                method: request.method, url: origin + request.path, accessToken: String(token), boundTo: thumbprint,
                nonce: dpop.nonces(), now: now)
        } catch {
            return challenges.dpop(error, nonce: error.code == .useNonce ? nonces?.issue(now: now) : nil)
        }
        guard let replays else { return challenges.unavailable() }
        do throws(ProofReplayError) {
            let expires = now.addingTimeInterval(TimeInterval(ProofID.lifetimeSeconds))
            guard try await replays.isFirstUse(of: verified.id, until: expires) else {
                return challenges.dpop(.replayed, nonce: nil)
            }
            return nil
        } catch {
            logger.warning("no DPoP proof can be accepted", metadata: ["reason": "\(error)"])
            return challenges.unavailable()
        }
    }

    private var nonces: DPoPNonces? {
        switch settings.dpop?.nonces() {
        case .welcome(let nonces), .demanded(let nonces): nonces
        case .ignored, nil: nil
        }
    }
}
