// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Storage

/// What one login has of one upstream: its tokens, or the note that the person went on without it.
struct UpstreamTokenRecord: StoredRecord {
    static let table = StorageTable("upstream", capacity: 500_000)
    static let isSealed = true
    /// How long a row outlives its access token, for the refresh token in it.
    static let retention: TimeInterval = 30 * 86_400

    enum Content: Codable, Sendable {
        case tokens(Tokens)
        case skipped(reason: String)
    }

    struct Tokens: Codable, Sendable {
        var userID: String
        var clientID: String
        var subject: String
        var isSynthetic: Bool
        var accessToken: String
        var refreshToken: String?
        var idToken: String?
        var expiresAt: Date?
        var sessionExpiresAt: Date?
        /// When the access token was given.
        var issuedAt: Date
        var binding: UpstreamBinding?
    }

    var provider: String
    var content: Content

    var tokens: Tokens? {
        guard case .tokens(let tokens) = content else { return nil }
        return tokens
    }

    static func id(tsid: String, provider: String) -> String { UpstreamRowID.id(tsid, provider) }

    static func group(tsid: String) -> String { "upstream-login:" + UpstreamRowID.id(tsid) }

    static func group(userID: String) -> String { "upstream-user:" + UpstreamRowID.id(userID) }
}

extension UpstreamTokenRecord.Tokens {
    /// How long before its end an access token is renewed, so that it does not die on its way to a backend.
    static let earlyBy: TimeInterval = 30

    /// A token that lives less than a minute is due at half of its life, not from the start.
    func isDue(at now: Date) -> Bool {
        guard let expiresAt else { return false }
        let early = min(Self.earlyBy, max(0, expiresAt.timeIntervalSince(issuedAt)) / 2)
        return expiresAt.addingTimeInterval(-early) <= now
    }

    func isUsable(at now: Date) -> Bool {
        expiresAt.map { $0 > now } ?? true
    }

    /// When the row may go; a token without an end is worth keeping as long as its login may last.
    var rowExpiry: Date? {
        (expiresAt ?? sessionExpiresAt)?.addingTimeInterval(UpstreamTokenRecord.retention)
    }

    init(_ login: UpstreamLogin, userID: String, clientID: String, sessionExpiresAt: Date, now: Date) {
        self.init(
            userID: userID, clientID: clientID, subject: login.subject, isSynthetic: login.isSynthetic,
            accessToken: login.accessToken.exposed, refreshToken: login.refreshToken?.exposed,
            idToken: login.idToken?.exposed, expiresAt: login.expiresAt, sessionExpiresAt: sessionExpiresAt,
            issuedAt: now, binding: login.binding)
    }

    /// As a provider takes them.
    func value(provider: String) -> UpstreamTokens {
        UpstreamTokens(
            provider: provider, userID: userID, clientID: clientID, subject: subject, isSynthetic: isSynthetic,
            accessToken: Secret(accessToken), refreshToken: refreshToken.map { Secret($0) },
            idToken: idToken.map { Secret($0) }, expiresAt: expiresAt, sessionExpiresAt: sessionExpiresAt,
            binding: binding)
    }

    /// These with what a refresh changed. Whose they are is ours to say, not the provider's.
    func renewed(by tokens: UpstreamTokens, sessionLifetime: TimeInterval, now: Date) -> Self {
        var renewed = self
        renewed.accessToken = tokens.accessToken.exposed
        renewed.refreshToken = tokens.refreshToken?.exposed
        renewed.idToken = tokens.idToken?.exposed
        renewed.expiresAt = tokens.expiresAt
        if renewed.expiresAt == nil, renewed.sessionExpiresAt == nil {
            renewed.sessionExpiresAt = now.addingTimeInterval(sessionLifetime)
        }
        renewed.issuedAt = now
        return renewed
    }
}
