// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability

/// The answer of an upstream's token endpoint (RFC 6749 section 5.1), with a bound on everything in it.
struct UpstreamTokenAnswer: Sendable {
    /// No token of a living person is worth trusting longer; what says so is clamped.
    static let maximumLifetime: TimeInterval = 10 * 365 * 86_400

    let accessToken: Secret
    let refreshToken: Secret?
    let idToken: Secret?
    /// nil when the answer does not say that the token expires.
    let expiresAt: Date?
    /// What was granted, if the answer says so (RFC 6749 section 5.1).
    let scopes: [String]?
    /// As it came, before any mapping.
    let raw: JSONSlice

    /// Where the values are when they are not where RFC 6749 has them. Only these places count then: a token beside
    /// the mapped one is somebody else's.
    struct Mapping: Sendable {
        let accessToken: MemberPath
        let refreshToken: MemberPath
        let expiresIn: MemberPath
        let scope: MemberPath
    }

    init(reading object: JSONSlice, mapping: Mapping?, now: Date) throws(UpstreamError) {
        let access = mapping.map { $0.accessToken.value(in: object) } ?? object["access_token"]
        guard let accessToken = UpstreamText.token(access) else {
            // Some services refuse with status 200.
            throw UpstreamText.errorCode(object["error"]).map { .refused(code: $0) } ?? .invalidResponse
        }
        if mapping == nil {
            guard object["token_type"]?.string?.lowercased() == "bearer" else { throw .invalidResponse }
        }
        let refresh = mapping.map { $0.refreshToken.value(in: object) } ?? object["refresh_token"]
        let lifetime = mapping.map { $0.expiresIn.value(in: object) } ?? object["expires_in"]
        let scope = mapping.map { $0.scope.value(in: object) } ?? object["scope"]
        self.accessToken = accessToken
        refreshToken = try Self.optionalToken(refresh)
        idToken = try Self.optionalToken(object["id_token"])
        expiresAt = try Self.lifetime(lifetime, isMapped: mapping != nil).map { now.addingTimeInterval($0) }
        scopes = scope?.string.map { $0.split(separator: " ").map(String.init) }
        raw = object
    }

    private static func optionalToken(_ value: JSONSlice?) throws(UpstreamError) -> Secret? {
        guard let value, !value.isNull, !value.isString("") else { return nil }
        guard let token = UpstreamText.token(value) else { throw .invalidResponse }
        return token
    }

    /// Seconds, as a number or, as some services write it, as a string of digits; zero means that it does not expire.
    private static func lifetime(_ value: JSONSlice?, isMapped: Bool) throws(UpstreamError) -> TimeInterval? {
        guard let value, !value.isNull else { return nil }
        let seconds: Double?
        if let text = value.string {
            let isDigits = (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            seconds = isDigits ? Double(text) : nil
        } else {
            seconds = value.double
        }
        guard let seconds, seconds >= 0 || isMapped else { throw .invalidResponse }
        guard seconds > 0 else { return nil }
        return min(seconds.rounded(.down), maximumLifetime)
    }
}
