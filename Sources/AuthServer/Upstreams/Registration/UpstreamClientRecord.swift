// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Storage

/// What an upstream gave us when we registered there (RFC 7591 section 3.2.1), with what we found out about it then.
struct UpstreamClientRecord: StoredRecord {
    /// One for each upstream, server, redirect URI and configured set of scopes. Servers and scopes that a remote MCP
    /// server chooses are bounded by an expiry, and by `ClientRegistrar.maximumWider`.
    static let table = StorageTable("upstream-client", capacity: 10_000)
    static let isSealed = true

    var clientID: String
    var clientSecret: String?
    var method: UpstreamClientMethod
    /// For managing the registration by hand (RFC 7592).
    var registrationAccessToken: String?
    var registrationClientURI: String?
    var authorizationEndpoint: String
    var tokenEndpoint: String
    /// Of a discovered service.
    var issuer: String?
    var namesIssuerInResponses: Bool
    var scopes: [String]
    var createdAt: Date
    var secretExpiresAt: Date?

    func isOf(_ issuer: String) -> Bool { self.issuer.map { UpstreamText.areEqual($0, issuer) } ?? false }

    /// Another address, redirect URI or set of scopes is another registration; another order of the scopes is not.
    static func id(server: String, upstream: String, redirectURI: String, scopes: [String]) -> String {
        let sorted = Set(scopes).sorted().joined(separator: "\n")
        return UpstreamRowID.id(server, upstream, redirectURI, sorted)
    }
}

/// Ids of rows that are made of several texts: hashed, so that the store learns none of them, and each behind its
/// length, so that no choice of texts spells another row's id.
enum UpstreamRowID {
    static func id(_ parts: String...) -> String {
        RecordStore.id(ofHandle: parts.map { "\($0.utf8.count):\($0)" }.joined())
    }
}
