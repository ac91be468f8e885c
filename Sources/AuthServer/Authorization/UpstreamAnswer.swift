// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What an upstream sent the browser back with.
package struct UpstreamAnswer: Sendable {
    package var code: String?
    package var error: String?
    package var issuer: String?

    package init(code: String?, error: String?, issuer: String?) {
        self.code = code
        self.error = error
        self.issuer = issuer
    }
}

/// Why a leg failed, in words that are safe to keep: those of the registry, else one of ours.
enum LegFailureReason {
    static let network = "network_error"
    static let scope = "invalid_scope"
    static let other = "chain_failed"

    /// RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6.
    private static let registered: Set<String> = [
        "access_denied", "account_selection_required", "consent_required", "interaction_required", "invalid_client",
        "invalid_grant", "invalid_request", scope, "login_required", "server_error",
        "temporarily_unavailable", "unauthorized_client", "unsupported_grant_type", "unsupported_response_type",
    ]

    static func of(code: String) -> String {
        registered.contains(code) ? code : other
    }

    static func of(_ error: UpstreamError) -> String {
        switch error {
        case .unreachable: network
        case .refused(let code): of(code: code)
        case .invalidResponse, .invalidIDToken, .noSubject, .subjectChanged, .notConfigured, .otherServer: other
        }
    }
}
