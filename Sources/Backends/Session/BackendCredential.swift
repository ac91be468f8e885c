// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the requests of one session carry to prove for whom they are made.
///
/// Asked before each request, because a credential may have been renewed since the last one.
package protocol BackendCredential: Sendable {
    /// - Throws: `noCredential` when the session's owner has none that would do.
    func fields() async throws(BackendError) -> [ForwardedHeaders.Field]
}

/// Why a request has no credential; the text is for the person whose request it is.
package enum CredentialProblem: Sendable, Hashable {
    /// Nobody is signed in at the provider.
    case notSignedIn(provider: String)
    /// The sign-in at the provider is over and cannot be renewed.
    case signInExpired(provider: String)
    /// The provider, or our own store, does not answer now.
    case unavailable(provider: String)
}

extension BackendSession {
    /// The credential's fields for one request; none without a credential.
    func credentialFields() async throws(BackendError) -> [ForwardedHeaders.Field] {
        guard let credential else { return [] }
        return try await credential.fields()
    }
}

extension ForwardedHeaders {
    /// These headers with the credential's, which take the place of any of the same name.
    func adding(credential fields: [Field]) -> ForwardedHeaders {
        guard !fields.isEmpty else { return self }
        let names = Set(fields.map { $0.name.lowercased() })
        return ForwardedHeaders(fields: self.fields.filter { !names.contains($0.name.lowercased()) } + fields)
    }
}
