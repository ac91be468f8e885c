// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the requests of one session carry to prove for whom they are made.
///
/// Asked before each request, because a credential may have been renewed since the last one.
package protocol BackendCredential: Sendable {
    /// - Throws: when the session's owner has none that would do.
    func fields() async throws(CredentialProblem) -> [CredentialField]
}

/// A header of a request to a backend.
package struct CredentialField: Sendable, Hashable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Why a request has no credential.
package enum CredentialProblem: Error, Sendable, Hashable {
    /// Nobody is signed in at the provider.
    case notSignedIn(provider: String)
    /// The sign-in at the provider is over and cannot be renewed.
    case signInExpired(provider: String)
    /// The provider, or our own store, does not answer now.
    case unavailable(provider: String)
    /// The client's session is over.
    case sessionEnded
}
