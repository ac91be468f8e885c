// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Authentication

/// What a refusal says about scopes.
package enum DemandedScopes {
    /// - Parameter challenges: the values of `WWW-Authenticate`.
    /// - Returns: the scopes of an `insufficient_scope` (RFC 6750 section 3.1); `nil` for every other challenge.
    package static func of(_ challenges: [String]) -> [String]? {
        guard !challenges.isEmpty, let bearer = AuthenticationChallenge.bearer(in: challenges),
            bearer["error"] == "insufficient_scope"
        else { return nil }
        return bearer.scopes
    }
}
