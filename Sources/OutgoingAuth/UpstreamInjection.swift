// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Observability

/// The caller's own token of an upstream provider, given to the backend as it is (strategy `upstream_inject`).
///
/// The token that the caller brought to the gateway is never part of it: that one was minted for the gateway alone.
package struct UpstreamInjection: Sendable {
    /// Reads a usable access token of the principal's sign-in at a provider, renewed when due.
    package typealias TokenReader =
        @Sendable (_ provider: String, _ principal: Principal) async throws(CredentialProblem) -> Secret

    private let provider: String
    private let read: TokenReader

    package init(provider: String, read: @escaping TokenReader) {
        self.provider = provider
        self.read = read
    }

    /// What the requests of one client session carry.
    package func credential(of principal: @escaping @Sendable () -> Principal?) -> any BackendCredential {
        Credential(provider: provider, read: read, principal: principal)
    }

    private struct Credential: BackendCredential {
        let provider: String
        let read: TokenReader
        let principal: @Sendable () -> Principal?

        func fields() async throws(CredentialProblem) -> [CredentialField] {
            guard let principal = principal() else { throw .sessionEnded }
            let token = try await read(provider, principal)
            guard token.exposed.isHeaderToken else { throw .unavailable(provider: provider) }
            return [CredentialField(name: "Authorization", value: "Bearer \(token.exposed)")]
        }
    }
}

extension String {
    /// Whether the text can be a bearer token in a header (RFC 6750 §2.1 is stricter; some providers are not).
    fileprivate var isHeaderToken: Bool {
        !isEmpty && utf8.count <= 16 << 10 && utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
