// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

extension OAuthError {
    /// One text for every reason: what exactly was wrong with a code or token is the owner's business, and the log's.
    static let invalidCode = OAuthError(.invalidGrant, "The authorization code is invalid, expired or was used before")
    static let invalidRefreshToken = OAuthError(
        .invalidGrant, "The refresh token is invalid, expired, revoked or was used before")
    static let severalResources = OAuthError(.invalidTarget, "Only one resource can be requested")
    static let otherResource = OAuthError(.invalidTarget, "The resource is not the one that was approved")

    /// Others changed the same rows again and again, which cannot go on.
    static let contention = OAuthError(
        .serverError, "Too many requests use this token at the same time", status: 503, retryAfter: 1)
    /// A table has reached its bound.
    static let noRoom = OAuthError(
        .serverError, "The authorization server has no room for more tokens", status: 503, retryAfter: 5)
}

/// Runs a step on the store; whatever goes wrong there, nothing is known and nothing is allowed.
func storing<Value>(
    _ step: () async throws(StorageError) -> Value
) async throws(OAuthError) -> Value {
    do throws(StorageError) {
        return try await step()
    } catch {
        throw .storage
    }
}
