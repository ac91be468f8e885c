// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the requests of one session carry to prove for whom they are made.
///
/// Asked before each request, because a credential may have been renewed since the last one.
package protocol BackendCredential: Sendable {
    /// - Throws: when the session's owner has none that would do.
    func fields() async throws(CredentialProblem) -> [CredentialField]
    /// Told when a backend refused a request because of the credential.
    func refused(_ refusal: CredentialRefusal) async -> CredentialRemedy
}

extension BackendCredential {
    package func refused(_ refusal: CredentialRefusal) async -> CredentialRemedy { .none }
}

/// A backend's 401 or 403.
package struct CredentialRefusal: Sendable, Hashable {
    package let status: Int
    /// The scopes that the backend demands (RFC 6750 section 3.1, `insufficient_scope`); `nil` for every other reason.
    package let scopes: [String]?
    /// What was asked of the backend: its method and the tool, prompt or resource.
    package let operation: String
    /// What the request carried.
    package let sent: [CredentialField]

    package init(status: Int, scopes: [String]?, operation: String, sent: [CredentialField]) {
        self.status = status
        self.scopes = scopes
        self.operation = operation
        self.sent = sent
    }
}

/// What can be done about a refusal.
package enum CredentialRemedy: Sendable, Hashable {
    case none
    /// There is another credential now; the refused request never ran.
    case retry
    /// The caller has to know.
    case report(CredentialProblem)
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
    /// The backend demands more scope than the sign-in at the provider has.
    case needsMoreScope(provider: String)
    /// The backend demands it still after the person signed in for it.
    case scopeNotGranted(provider: String)
    /// The client's session is over.
    case sessionEnded
}
