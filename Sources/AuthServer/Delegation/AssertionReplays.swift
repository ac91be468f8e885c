// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import Storage

/// Remembers assertions in the store, so that each works once on all nodes that share it (RFC 7523 §3, on `jti`).
struct AssertionReplays: Sendable {
    /// Only rows of assertions that were good in every other way are made, each for no longer than the longest age.
    static let table = StorageTable("assertions", capacity: 100_000)
    /// Rows outlive their assertion by this much: the step that a clock may be set back by.
    static let margin: TimeInterval = 60

    private let storage: any Storage
    private let table: StorageTable

    init(storage: any Storage, table: StorageTable = Self.table) {
        self.storage = storage
        self.table = table
    }

    /// Notes an assertion; only one caller ever gets `true` for it.
    ///
    /// An assertion without a `jti` is known by what was signed. The signature is left out: for one text there are many
    /// good ones, and with ECDSA anybody can make a second out of the first.
    ///
    /// - Throws: `server_error` when nobody can know, or there is no room to remember it.
    func consume(
        _ token: CompactJWS, id: String?, issuer: String, until expires: Date
    ) async throws(OAuthError) -> Bool {
        let name = id.map { "\(issuer.utf8.count):\(issuer)\($0)" }
        let digest = SHA256.hash(data: name.map { Array($0.utf8) } ?? token.signingInput)
        let key = StorageKey(
            table, (id == nil ? "jwt-bearer-noJTI-" : "jwt-bearer-jti-") + Base64URL.encode(digest))
        let outcome = try await storing { () async throws(StorageError) in
            try await storage.create(key, [], expires: expires.addingTimeInterval(Self.margin))
        }
        switch outcome {
        case .committed: return true
        case .conflict: return false
        case .full: throw .noRoom
        }
    }
}
