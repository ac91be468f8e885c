// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An error of the OAuth protocol, with a text from a fixed table: never anything that a request said.
package struct OAuthError: Error, Sendable, Hashable {
    package enum Code: String, Sendable, Hashable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedResponseType = "unsupported_response_type"
        case unsupportedResponseMode = "unsupported_response_mode"
        case invalidScope = "invalid_scope"
        case invalidTarget = "invalid_target"
        case accessDenied = "access_denied"
        case loginRequired = "login_required"
        case requestNotSupported = "request_not_supported"
        case requestURINotSupported = "request_uri_not_supported"
        case registrationNotSupported = "registration_not_supported"
        case invalidRequestURI = "invalid_request_uri"
        case invalidRedirectURI = "invalid_redirect_uri"
        case invalidClientMetadata = "invalid_client_metadata"
        case invalidDPoPProof = "invalid_dpop_proof"
        case useDPoPNonce = "use_dpop_nonce"
        case serverError = "server_error"
        case temporarilyUnavailable = "temporarily_unavailable"
    }

    package let code: Code
    /// For people; without quotation marks and backslashes (RFC 6749 §5.2).
    package let description: String
    package let status: Int
    /// Seconds, for `Retry-After`.
    package let retryAfter: Int?

    package init(_ code: Code, _ description: StaticString, status: Int? = nil, retryAfter: Int? = nil) {
        self.code = code
        self.description = description.description
        self.status = status ?? code.status
        self.retryAfter = retryAfter
    }

    /// The store does not answer: nothing is known, so nothing is allowed.
    package static let storage = OAuthError(.serverError, "The authorization server cannot reach its state")
}

extension OAuthError.Code {
    /// The status of an answer that is not a redirect.
    package var status: Int {
        switch self {
        case .invalidClient: 401
        case .accessDenied: 403
        case .serverError: 500
        case .temporarilyUnavailable: 503
        default: 400
        }
    }
}
