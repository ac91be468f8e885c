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

    /// Does what can be done about a token that a backend refused; `nil` when the refused request had none of its own.
    package typealias Remedy =
        @Sendable (_ refusal: CredentialRefusal, _ token: Secret?, _ provider: String, _ principal: Principal) async ->
        CredentialRemedy

    private let provider: String
    private let read: TokenReader
    private let remedy: Remedy

    package init(
        provider: String, remedy: @escaping Remedy = { _, _, _, _ in .none }, read: @escaping TokenReader
    ) {
        self.provider = provider
        self.read = read
        self.remedy = remedy
    }

    /// What the requests of one client session carry.
    package func credential(of principal: @escaping @Sendable () -> Principal?) -> any BackendCredential {
        Credential(provider: provider, read: read, remedy: remedy, principal: principal)
    }

    private struct Credential: BackendCredential {
        let provider: String
        let read: TokenReader
        let remedy: Remedy
        let principal: @Sendable () -> Principal?

        func fields() async throws(CredentialProblem) -> [CredentialField] {
            guard let principal = principal() else { throw .sessionEnded }
            let token = try await read(provider, principal)
            guard token.exposed.isHeaderToken else { throw .unavailable(provider: provider) }
            return [CredentialField(name: "Authorization", value: Self.scheme + token.exposed)]
        }

        func refused(_ refusal: CredentialRefusal) async -> CredentialRemedy {
            guard let principal = principal() else { return .none }
            let value = refusal.sent.first { $0.name == "Authorization" && $0.value.hasPrefix(Self.scheme) }?.value
            let token = value.map { Secret(String($0.dropFirst(Self.scheme.count))) }
            return await remedy(refusal, token, provider, principal)
        }

        private static let scheme = "Bearer "
    }
}

extension String {
    /// Whether the text can be a bearer token in a header (RFC 6750 §2.1 is stricter; some providers are not).
    fileprivate var isHeaderToken: Bool {
        !isEmpty && utf8.count <= 16 << 10 && utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
