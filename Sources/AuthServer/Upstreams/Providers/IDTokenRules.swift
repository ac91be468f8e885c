// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Observability

/// What an ID token must say to be believed (OpenID Connect Core 3.1.3.7), once its signature is known to be good.
struct IDTokenRules: Sendable {
    static let leeway: TimeInterval = 60
    static let maximumBytes = UpstreamText.maximumTokenBytes
    /// Audiences beside us; more is not a token for a person's login.
    static let maximumAudiences = 32

    let issuer: String
    let clientID: String
    let now: Date

    /// - Parameter nonce: what we sent with the login; nil at a refresh, where a token has none (section 12.2).
    func check(_ token: CompactJWS, nonce: String?) throws(UpstreamError) {
        let claims = token.payload
        // Other kinds of signed tokens say so in their type: `at+jwt`, `logout+jwt`, `dpop+jwt`.
        if let type = token.type, !token.hasType("JWT"), type.utf8.contains(UInt8(ascii: "+")) { throw .invalidIDToken }
        guard let claimed = claims["iss"]?.string, UpstreamText.areEqual(claimed, issuer) else { throw .invalidIDToken }
        try checkAudience(claims)
        try checkTimes(claims)
        if let nonce {
            guard let claimed = claims["nonce"]?.string, Secret(claimed) == Secret(nonce) else { throw .invalidIDToken }
        }
    }

    private func checkAudience(_ claims: JSONSlice) throws(UpstreamError) {
        guard let member = claims["aud"] else { throw .invalidIDToken }
        let audiences: [String]
        if member.kind == .array {
            let values = member.elements.prefix(Self.maximumAudiences + 1).map(\.string)
            audiences = values.compactMap { $0 }
            guard audiences.count == values.count, audiences.count <= Self.maximumAudiences else {
                throw .invalidIDToken
            }
        } else {
            audiences = member.string.map { [$0] } ?? []
        }
        guard audiences.contains(where: { UpstreamText.areEqual($0, clientID) }) else { throw .invalidIDToken }
        if let party = claims["azp"] {
            guard let party = party.string, UpstreamText.areEqual(party, clientID) else { throw .invalidIDToken }
        } else if audiences.count > 1 {
            throw .invalidIDToken
        }
    }

    private func checkTimes(_ claims: JSONSlice) throws(UpstreamError) {
        let now = now.timeIntervalSince1970
        guard let expiry = claims["exp"]?.double, now < expiry + Self.leeway,
            let issued = claims["iat"]?.double, issued <= now + Self.leeway
        else { throw .invalidIDToken }
        if let start = claims["nbf"] {
            guard let start = start.double, start <= now + Self.leeway else { throw .invalidIDToken }
        }
    }
}
