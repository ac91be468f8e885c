// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Foundation
import JSONTypes

/// A DPoP proof (RFC 9449 section 4.2) whose own signature is good; what it proves is for `verify` to say.
///
/// A pure value: the caller reads the headers, and last of all asks a `ProofReplayCache` about `VerifiedDPoPProof.id`.
package struct DPoPProof: Sendable {
    package static let maximumBytes = 8 * 1024
    package static let maximumIDLength = 128
    /// How far `iat` may lie behind and ahead of our clock.
    package static let window: ClosedRange<TimeInterval> = -60...30
    /// The same with a good nonce, which proves freshness without the client's clock.
    package static let windowWithNonce: ClosedRange<TimeInterval> = -300...300

    /// The key that the client proves to hold.
    package let key: PublicKey
    /// RFC 7638, the `jkt` of RFC 9449 section 6.1.
    package let thumbprint: String
    private let claims: JSONSlice

    /// Takes the values of all `DPoP` header lines (section 4.3, check 1).
    package init(headers: [String]) throws(DPoPError) {
        guard let proof = headers.first else { throw .missing }
        guard headers.count == 1 else { throw .severalHeaders }
        try self.init(parsing: proof)
    }

    /// Checks 2 to 7 of section 4.3: form, type, algorithm, key and signature.
    ///
    /// - Parameter proof: one header line; a list in it has a comma, which no JWS has.
    package init(parsing proof: String) throws(DPoPError) {
        let jws: CompactJWS
        do throws(JWSError) {
            jws = try CompactJWS(parsing: proof, maximumBytes: Self.maximumBytes)
        } catch {
            throw .malformed(error)
        }
        guard jws.hasType("dpop+jwt") else { throw .wrongType }
        guard let algorithm = jws.algorithm, SigningAlgorithm.dpop.contains(algorithm) else {
            throw .unsupportedAlgorithm
        }
        guard let jwk = jws.header["jwk"] else { throw .missingKey }
        do throws(JWKError) {
            key = try PublicKey(jwk: jwk)
        } catch {
            throw .unusableKey(error)
        }
        guard jws.isSigned(by: key) else { throw .wrongSignature }
        thumbprint = key.thumbprint
        claims = jws.payload
    }

    /// Checks 8 to 12 of section 4.3; all but the replay check.
    ///
    /// - Parameters:
    ///   - url: the URL that we advertise for the endpoint, or the resource's origin and the path of the request; never
    ///     made of the `Host` header.
    ///   - accessToken: at the resource, the token that came along; nil where none does.
    ///   - boundTo: the `cnf.jkt` of that token, or of the code or refresh token; nil when nothing is bound yet.
    package func verify(
        method: String, url: String, accessToken: String? = nil, boundTo expected: String? = nil,
        nonce policy: DPoPNoncePolicy = .ignored, now: Date
    ) throws(DPoPError) -> VerifiedDPoPProof {
        guard try text("htm") == method else { throw .wrongMethod }
        guard let target = DPoPTarget(try text("htu")), target == DPoPTarget(url) else { throw .wrongTarget }
        let nonce = try nonceState(policy, now: now)
        let issued = try checkTime(now: now, window: nonce == nil ? Self.window : Self.windowWithNonce)
        if let accessToken {
            guard Self.isHash(try text("ath"), of: accessToken) else { throw .wrongToken }
        }
        if let expected, !Self.isEqual(expected, thumbprint) { throw .wrongKey }
        let jti = try text("jti")
        guard (1...Self.maximumIDLength).contains(jti.unicodeScalars.count) else { throw .malformedClaim("jti") }
        return VerifiedDPoPProof(thumbprint: thumbprint, jti: jti, issued: issued, target: target, nonce: nonce)
    }

    /// The state of a good nonce; nil when there is none and none is needed.
    private func nonceState(_ policy: DPoPNoncePolicy, now: Date) throws(DPoPError) -> DPoPNonces.State? {
        let nonces: DPoPNonces
        let isDemanded: Bool
        switch policy {
        case .ignored: return nil
        case .welcome(let own): (nonces, isDemanded) = (own, false)
        case .demanded(let own): (nonces, isDemanded) = (own, true)
        }
        guard let nonce = claims["nonce"]?.string else {
            if isDemanded { throw .missingNonce }
            return nil
        }
        let state = nonces.check(nonce, now: now)
        guard state == .stale else { return state }
        if isDemanded { throw .staleNonce }
        return nil
    }

    private func checkTime(now: Date, window: ClosedRange<TimeInterval>) throws(DPoPError) -> Date {
        guard let seconds = claims["iat"]?.double else { throw .malformedClaim("iat") }
        let distance = seconds - now.timeIntervalSince1970
        guard distance >= window.lowerBound else { throw .tooOld }
        guard distance <= window.upperBound else { throw .tooNew }
        return Date(timeIntervalSince1970: seconds)
    }

    private func text(_ name: String) throws(DPoPError) -> String {
        guard let value = claims.member(name)?.string else { throw .malformedClaim(name) }
        return value
    }

    private static func isHash(_ hash: String, of token: String) -> Bool {
        guard let bytes = Base64URL.decode(hash) else { return false }
        // A digest compares in constant time.
        return SHA256.hash(data: Array(token.utf8)) == bytes
    }

    private static func isEqual(_ left: String, _ right: String) -> Bool {
        SHA256.hash(data: Array(left.utf8)) == SHA256.hash(data: Array(right.utf8))
    }
}

/// What a proof has proved.
package struct VerifiedDPoPProof: Sendable, Hashable {
    /// The `jkt` to bind to.
    package let thumbprint: String
    package let jti: String
    package let issued: Date
    package let target: DPoPTarget
    /// `fresh` or `aging` when a good nonce was in it, else nil; `aging` asks for a new one in the answer.
    package let nonce: DPoPNonces.State?

    /// What must not be seen again.
    package var id: ProofID {
        ProofID(thumbprint: thumbprint, target: target, jti: jti)
    }
}
