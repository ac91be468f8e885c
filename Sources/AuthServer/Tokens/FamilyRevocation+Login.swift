// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension FamilyRevocation {
    /// Ends one login, wherever it has come to: an unused code, a family of refresh tokens, or an access token alone.
    ///
    /// - Parameter tsid: from a verified token, which is why nobody needs to ask whose it is.
    package func endLogin(tsid: String) async throws(OAuthError) {
        _ = try await end(tsid: tsid, accessExpiresAt: now())
    }
}
