// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation

/// Why a request with a DPoP proof, or without one, is refused at one of our endpoints.
package struct DPoPRefusal: Error, Sendable {
    package let error: OAuthError
    /// The value of a `DPoP-Nonce` header for the answer.
    package let nonce: String?

    package init(_ error: OAuthError, nonce: String? = nil) {
        self.error = error
        self.nonce = nonce
    }
}

/// A proof that was accepted; it cannot be used again.
package struct AcceptedProof: Sendable, Hashable {
    package let thumbprint: String
    /// The value of a `DPoP-Nonce` header for the answer, once the presented one will soon be too old.
    package let nextNonce: String?
}

/// Checks DPoP proofs at the authorization server's own endpoints (RFC 9449 §5).
package struct DPoPGate: Sendable {
    private let mode: AuthServerSettings.Requirement
    private let demandsNonce: Bool
    private let secrets: HMACSecrets
    private let replays: any ProofReplayCache
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    package init(
        mode: AuthServerSettings.Requirement, nonce: AuthServerSettings.NonceDemand, secrets: HMACSecrets,
        replays: any ProofReplayCache, audit: AuditLog, now: @escaping @Sendable () -> Date
    ) {
        self.mode = mode
        demandsNonce = nonce != .off
        self.secrets = secrets
        self.replays = replays
        self.audit = audit
        self.now = now
    }

    /// The thumbprint of the key that the request proves to hold; `nil` without a proof.
    ///
    /// - Parameters:
    ///   - endpoint: the URL that we advertise for it, never one made of the `Host` header.
    ///   - required: whether this client must prove a key; so must everyone when the settings say so.
    package func check(
        _ request: EndpointRequest, endpoint: String, required: Bool
    ) async throws(DPoPRefusal) -> String? {
        try await accept(request, endpoint: endpoint, required: required)?.thumbprint
    }

    /// `check`, with what the answer has to say about nonces.
    package func accept(
        _ request: EndpointRequest, endpoint: String, required: Bool
    ) async throws(DPoPRefusal) -> AcceptedProof? {
        guard mode != .off else { return nil }
        let headers = request.http.headers("dpop")
        guard !headers.isEmpty || required || mode == .required else { return nil }
        let nonces = secrets.keys.dpopNonces
        let moment = now()
        let proof: VerifiedDPoPProof
        do throws(DPoPError) {
            proof = try DPoPProof(headers: headers).verify(
                method: request.http.method, url: endpoint, nonce: demandsNonce ? .demanded(nonces) : .ignored,
                now: moment)
        } catch {
            let nonce = error.code == .useNonce ? nonces.issue(now: moment) : nil
            throw refusal(error, nonce: nonce, request)
        }
        let nextNonce = proof.nonce == .aging ? nonces.issue(now: moment) : nil
        let isFirst: Bool
        do throws(ProofReplayError) {
            isFirst = try await replays.isFirstUse(
                of: proof.id, until: moment.addingTimeInterval(TimeInterval(ProofID.lifetimeSeconds)))
        } catch .full {
            throw DPoPRefusal(
                OAuthError(
                    .serverError, "Too many DPoP proofs at the moment", status: 503, retryAfter: 5), nonce: nextNonce)
        } catch {
            throw DPoPRefusal(.storage, nonce: nextNonce)
        }
        guard isFirst else { throw refusal(.replayed, nonce: nextNonce, request) }
        return AcceptedProof(thumbprint: proof.thumbprint, nextNonce: nextNonce)
    }

    private func refusal(_ error: DPoPError, nonce: String?, _ request: EndpointRequest) -> DPoPRefusal {
        let answer = Self.answer(error)
        // A client that learns the nonce is not a failure.
        if error.code != .useNonce {
            audit.record(
                AuditEvent(
                    .proof, .failure, reason: answer.code.rawValue, clientAddress: request.http.clientAddress))
        }
        return DPoPRefusal(answer, nonce: nonce)
    }

    private static func answer(_ error: DPoPError) -> OAuthError {
        switch error {
        case .missingNonce, .staleNonce:
            OAuthError(.useDPoPNonce, "The DPoP proof must carry a current nonce of this server")
        case .missing: OAuthError(.invalidDPoPProof, "A DPoP proof is required")
        case .severalHeaders: OAuthError(.invalidDPoPProof, "Send exactly one DPoP header")
        case .malformed, .wrongType, .unsupportedAlgorithm, .missingKey, .unusableKey, .malformedClaim:
            OAuthError(.invalidDPoPProof, "The DPoP proof is malformed or uses an unsupported key or algorithm")
        case .wrongSignature: OAuthError(.invalidDPoPProof, "The signature of the DPoP proof is wrong")
        case .wrongMethod, .wrongTarget:
            OAuthError(.invalidDPoPProof, "The DPoP proof is for another method or URL")
        case .tooOld, .tooNew: OAuthError(.invalidDPoPProof, "The iat of the DPoP proof is not near the present time")
        case .replayed: OAuthError(.invalidDPoPProof, "The DPoP proof was used before")
        case .wrongToken, .wrongKey: OAuthError(.invalidDPoPProof, "The DPoP proof is of another key or token")
        }
    }
}
