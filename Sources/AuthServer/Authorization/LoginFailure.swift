// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Storage

/// Why a login cannot begin or go on, for reasons that are not the client's.
package enum LoginFailure: Error, Sendable, Hashable {
    case upstream(UpstreamError)
    /// More pages or logins are open than we keep.
    case full
    case storage

    /// What the client is told; what the upstream said is not for it.
    package var oauthError: OAuthError {
        switch self {
        case .upstream: OAuthError(.serverError, "The identity provider cannot be used now")
        case .full: OAuthError(.temporarilyUnavailable, "Too many logins are under way", retryAfter: 60)
        case .storage: .storage
        }
    }

    /// Runs a step that can fail for no other reason than the store.
    static func storing<Result: Sendable>(
        _ body: () async throws(StorageError) -> Result
    ) async throws(LoginFailure) -> Result {
        do {
            return try await body()
        } catch {
            throw .storage
        }
    }

    /// Creates a record under an id that nobody can have used before.
    static func creating<Record: StoredRecord>(
        _ record: Record, _ id: String, in records: RecordStore, until expires: Date
    ) async throws(LoginFailure) {
        let outcome = try await storing { () async throws(StorageError) in
            try await records.create(record, id, expires: expires)
        }
        switch outcome {
        case .committed: return
        case .full: throw .full
        case .conflict: throw .storage
        }
    }
}
