// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why an upstream cannot be used, found at start: what is wrong, where, and what the operator can do.
///
/// Nothing that the upstream said is repeated in it, except which member of a document is wrong.
package struct UpstreamStartError: Error, Sendable, Hashable {
    package let upstream: String
    package let problem: Problem

    package enum Document: String, Sendable, Hashable {
        case discovery = "discovery document"
        case registration = "registration answer"
        case resource = "protected resource metadata"
    }

    package enum Problem: Error, Sendable, Hashable {
        case missing(setting: String)
        /// A parameter that is set for every request was configured as an additional one.
        case reservedParameter(String)
        /// Not an absolute URL, or one that the upstream's address settings do not allow.
        case url(setting: String)
        case path(setting: String, MemberPathError)
        case header(setting: String)
        case fetch(Document, UpstreamFetchError)
        /// A member is missing or not what it has to be.
        case member(Document, String)
        /// An endpoint that is not https, or that leaves the network that the configured URL is in.
        case endpoint(Document, String)
        case issuerMismatch(differsBySlashOnly: Bool)
        case noCodeFlow
        /// The provider takes neither `client_secret_basic` nor `client_secret_post` (nor no secret, at registration).
        case noClientAuthentication
        case registrationRefused(code: String)
        case storage
        /// The metadata speaks of another resource than the one that it was fetched for (RFC 9728 section 3.3).
        case otherResource
        /// The resource does not say where tokens for it are given.
        case noResourceMetadata
        /// No document of an authorization server where MCP says that there is one.
        case noServerMetadata
        /// The authorization server does not say that it knows PKCE with S256.
        case noPKCE
        /// The configured client belongs to another authorization server than the resource names now.
        case otherIssuer
        /// No client is configured, and the authorization server registers none.
        case noRegistration
    }

    package init(_ upstream: String, _ problem: Problem) {
        self.upstream = upstream
        self.problem = problem
    }
}

extension UpstreamStartError: CustomStringConvertible {
    package var description: String { "upstream \"\(upstream)\": \(problem)" }
}

extension UpstreamStartError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let setting): "\(setting) is missing"
        case .reservedParameter(let name):
            "additional_authorization_params must not set \"\(name)\": it is set for every request"
        case .url(let setting):
            "\(setting) must be an absolute https URL without user information and fragment; http needs a loopback "
                + "host or insecure_allow_http"
        case .path(let setting, let error): "\(setting): \(error)"
        case .header(let setting): "\(setting) holds a header that cannot be sent"
        case .fetch(let document, let error): "the \(document.rawValue) could not be fetched: \(error)"
        case .member(let document, let member): "\"\(member)\" of the \(document.rawValue) is missing or malformed"
        case .endpoint(let document, let member):
            "\"\(member)\" of the \(document.rawValue) is not a URL that this upstream may use: https is needed, and "
                + "loopback only where the configured URL is loopback itself"
        case .issuerMismatch(differsBySlashOnly: true):
            "the discovery document names the issuer with another trailing slash: write issuer_url exactly as the "
                + "provider does"
        case .issuerMismatch(differsBySlashOnly: false):
            "the discovery document names another issuer than the configured one"
        case .noCodeFlow: "the provider does not support response_type \"code\""
        case .noClientAuthentication:
            "the provider supports neither client_secret_basic nor client_secret_post at its token endpoint"
        case .registrationRefused(let code): "the provider refused to register this server: \(code)"
        case .storage: "the registration at the provider could not be stored or read"
        case .otherResource:
            "the protected resource metadata is about another resource; write resource as the server spells it"
        case .noResourceMetadata:
            "the server publishes no protected resource metadata (RFC 9728), so nothing says where people sign in"
        case .noServerMetadata: "the authorization server publishes no metadata (RFC 8414 or OpenID Connect Discovery)"
        case .noPKCE:
            "the authorization server's metadata does not list S256 in code_challenge_methods_supported, without which "
                + "no sign-in is begun"
        case .otherIssuer:
            "the resource names another authorization server than issuer, which client_id belongs to; register a client "
                + "there and write both anew, or remove both"
        case .noRegistration:
            "the authorization server has no registration_endpoint; register a client by hand and write issuer and "
                + "client_id"
        }
    }
}
