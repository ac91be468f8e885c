// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes

/// The checks of what a token says, after its signature or its issuer's word for it (RFC 9068 section 4, RFC 7519).
struct ClaimRules: Sendable {
    /// Who stands behind the claims.
    enum Source: Sendable, Hashable {
        /// This process's own authorization server: everything that RFC 9068 section 2.2 demands is there.
        case local
        case external
        /// The answer of an introspection endpoint, which may leave out what it checked itself.
        case introspection
    }

    static let maximumSubjectBytes = 1024
    static let maximumAudiences = 64
    /// 9999-12-31; larger numbers are milliseconds or nonsense.
    static let latestDate: TimeInterval = 253_402_300_799

    let issuer: String
    let audience: String
    let expiryLeeway: TimeInterval
    let clockSkew: TimeInterval
    private let canonicalAudience: CanonicalResource?

    init(_ settings: TokenAuthenticatorSettings) {
        issuer = settings.issuer
        audience = settings.audience
        expiryLeeway = settings.expiryLeeway
        clockSkew = settings.clockSkew
        canonicalAudience = CanonicalResource(settings.audience)
    }

    struct Accepted: Sendable {
        let principal: Principal
        let thumbprint: String?
        let expiry: Date?
    }

    func check(_ claims: JSONSlice, from source: Source, now: Date) throws(TokenError) -> Accepted {
        try checkIssuer(claims, source)
        try checkAudience(claims)
        let expiry = try checkTimes(claims, source, now: now)
        let subject = try self.subject(of: claims)
        let clientID = try text("client_id", in: claims)
        let tokenID = try text("jti", in: claims)
        if source == .local {
            for name in ["client_id", "jti", "iat"] where claims.member(name) == nil { throw .missingClaim(name) }
        }
        let thumbprint = try Self.confirmation(claims)
        let tsid = try text("tsid", in: claims)
        let principal = Principal(
            issuer: issuer, subject: subject, name: claims["name"]?.string, email: claims["email"]?.string,
            claims: tsid == nil ? claims : claims.editing([JSONEdit(key: "tsid", value: nil)]),
            scopes: try Self.scopes(claims), clientID: clientID ?? claims["azp"]?.string,
            // Only our own authorization server's word opens its sessions.
            tsid: source == .local ? tsid : nil, tokenID: tokenID, tokenExpiry: expiry, isTokenBound: thumbprint != nil)
        return Accepted(principal: principal, thumbprint: thumbprint, expiry: expiry)
    }

    private func checkIssuer(_ claims: JSONSlice, _ source: Source) throws(TokenError) {
        guard let issuer = try text("iss", in: claims) else {
            if source == .introspection { return }
            throw .missingClaim("iss")
        }
        guard issuer.utf8.elementsEqual(self.issuer.utf8) else { throw .wrongIssuer }
    }

    private func checkAudience(_ claims: JSONSlice) throws(TokenError) {
        guard let member = claims["aud"] else { throw .missingClaim("aud") }
        let audiences = try Self.strings(member, claim: "aud")
        guard !audiences.isEmpty else { throw .missingClaim("aud") }
        let matches = audiences.contains { candidate in
            candidate.utf8.elementsEqual(audience.utf8)
                || (canonicalAudience != nil && CanonicalResource(candidate) == canonicalAudience)
        }
        guard matches else { throw .wrongAudience }
    }

    /// - Returns: when the token ends.
    private func checkTimes(_ claims: JSONSlice, _ source: Source, now: Date) throws(TokenError) -> Date? {
        let now = now.timeIntervalSince1970
        let expiry = try seconds("exp", in: claims)
        if expiry == nil, source != .introspection { throw .missingClaim("exp") }
        if let expiry, now >= expiry + expiryLeeway { throw .expired }
        if let start = try seconds("nbf", in: claims), start > now + clockSkew { throw .notYetValid }
        if let issued = try seconds("iat", in: claims), issued > now + clockSkew { throw .issuedInFuture }
        return expiry.map { Date(timeIntervalSince1970: $0) }
    }

    private func subject(of claims: JSONSlice) throws(TokenError) -> String {
        guard let subject = try text("sub", in: claims), !subject.isEmpty else { throw .missingClaim("sub") }
        // NUL separates issuer and subject where sessions are bound to them.
        guard subject.utf8.count <= Self.maximumSubjectBytes, !subject.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw .malformedClaim("sub") }
        return subject
    }

    /// RFC 7800: a confirmation that we cannot check must not be ignored.
    private static func confirmation(_ claims: JSONSlice) throws(TokenError) -> String? {
        guard let confirmation = claims["cnf"] else { return nil }
        guard confirmation.kind == .object else { throw .malformedClaim("cnf") }
        guard confirmation.members.allSatisfy({ $0.key.isString("jkt") }),
            let thumbprint = confirmation["jkt"]?.string, !thumbprint.isEmpty
        else { throw .unsupportedBinding }
        return thumbprint
    }

    /// `scope` as RFC 8693 section 4.2 has it, `scp` as several issuers do.
    private static func scopes(_ claims: JSONSlice) throws(TokenError) -> Set<String> {
        var scopes: Set<String> = []
        if let member = claims["scope"] {
            for text in try strings(member, claim: "scope") { scopes.formUnion(split(text)) }
        }
        if let member = claims["scp"] {
            for text in try strings(member, claim: "scp") { scopes.formUnion(split(text)) }
        }
        return scopes
    }

    private static func split(_ scopes: String) -> [String] {
        scopes.split(separator: " ").map(String.init)
    }

    private static func strings(_ member: JSONSlice, claim: String) throws(TokenError) -> [String] {
        if let text = member.string { return [text] }
        guard member.kind == .array else { throw .malformedClaim(claim) }
        var texts: [String] = []
        for element in member.elements {
            guard let text = element.string else { throw .malformedClaim(claim) }
            if claim == "aud", texts.count == maximumAudiences { throw .malformedClaim(claim) }
            texts.append(text)
        }
        return texts
    }

    private func text(_ name: String, in claims: JSONSlice) throws(TokenError) -> String? {
        guard let member = claims.member(name) else { return nil }
        guard let text = member.string else { throw .malformedClaim(name) }
        return text
    }

    private func seconds(_ name: String, in claims: JSONSlice) throws(TokenError) -> TimeInterval? {
        guard let member = claims.member(name) else { return nil }
        guard member.kind == .number, let seconds = member.double, (0...Self.latestDate).contains(seconds) else {
            throw .malformedClaim(name)
        }
        return seconds
    }
}
