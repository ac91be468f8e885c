// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes

/// The claims of a token whose signature is known to be good (RFC 7519 §4.1).
struct PresentedClaims: Sendable {
    static let maximumTextBytes = 1024
    static let maximumAudiences = 64
    /// 9999-12-31; larger numbers are milliseconds or nonsense.
    private static let latestDate: TimeInterval = 253_402_300_799

    let payload: JSONSlice

    /// - Throws: `.claim` when there is something else than a text.
    func text(_ name: String) throws(PresentedTokenError) -> String? {
        guard let member = payload.member(name) else { return nil }
        guard let text = member.string else { throw .claim }
        return text
    }

    /// Something that names somebody: not empty, of bounded length, without control characters.
    func name(_ claim: String) throws(PresentedTokenError) -> String? {
        guard let text = try text(claim) else { return nil }
        guard Self.isName(text) else { throw .claim }
        return text
    }

    func subject() throws(PresentedTokenError) -> String {
        guard let subject = try name("sub") else { throw .claim }
        return subject
    }

    /// For people to read; left out when it is something else than a text of reasonable length.
    func label(_ name: String) -> String? {
        payload.member(name)?.string.flatMap { $0.utf8.count <= Self.maximumTextBytes ? $0 : nil }
    }

    func date(_ name: String) throws(PresentedTokenError) -> Date? {
        guard let member = payload.member(name) else { return nil }
        guard let seconds = member.double, (0...Self.latestDate).contains(seconds) else { throw .claim }
        return Date(timeIntervalSince1970: seconds)
    }

    func audiences() throws(PresentedTokenError) -> [String] {
        guard let member = payload["aud"] else { throw .audience }
        return try Self.texts(member)
    }

    /// `scope` (RFC 8693 §4.2), or `scp`, which several issuers have instead.
    func scopes() throws(PresentedTokenError) -> [String] {
        guard let member = payload["scope"] ?? payload["scp"] else { return [] }
        return try Self.texts(member).flatMap { $0.split(separator: " ").map(String.init) }
    }

    /// Members that only an ID token has (OpenID Connect Core §3.1.3.6, §3.3.2.11).
    var hasIDTokenMarkers: Bool { payload["at_hash"] != nil || payload["c_hash"] != nil }

    /// Checks `exp`, which must be there, `nbf` and `iat`.
    ///
    /// - Parameter leeway: for clocks of others that are ahead; the end has none.
    /// - Returns: when the token ends.
    func checkTimes(at now: Date, leeway: TimeInterval) throws(PresentedTokenError) -> Date {
        guard let expires = try date("exp") else { throw .claim }
        guard now < expires else { throw .expired }
        for name in ["nbf", "iat"] {
            if let start = try date(name), start > now.addingTimeInterval(leeway) { throw .notYetValid }
        }
        return expires
    }

    static func isName(_ text: String) -> Bool {
        (1...maximumTextBytes).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func texts(_ member: JSONSlice) throws(PresentedTokenError) -> [String] {
        if let text = member.string { return [text] }
        guard member.kind == .array else { throw .claim }
        var texts: [String] = []
        for element in member.elements {
            guard let text = element.string, texts.count < maximumAudiences else { throw .claim }
            texts.append(text)
        }
        return texts
    }
}
