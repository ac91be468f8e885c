// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import OutboundHTTP

/// Where to register, and what will work there: from the configuration or from the service's metadata.
struct RegistrationTarget: Sendable {
    let registrationEndpoint: OutboundURL
    let authorizationEndpoint: OutboundURL
    let tokenEndpoint: OutboundURL
    let issuer: String?
    let namesIssuerInResponses: Bool
    let method: UpstreamClientMethod
    let scopes: [String]
}

extension RegistrationTarget {
    /// Everything is configured; nothing is fetched.
    init(
        endpoint: OutboundURL, service: UpstreamSettings.OAuth2, scopes: [String], rule: UpstreamEndpointRule
    ) throws(UpstreamStartError.Problem) {
        guard let authorization = rule.endpoint(service.authorizationEndpoint) else {
            throw .url(setting: "authorization_endpoint")
        }
        guard let token = rule.endpoint(service.tokenEndpoint) else { throw .url(setting: "token_endpoint") }
        self.init(
            registrationEndpoint: endpoint, authorizationEndpoint: authorization, tokenEndpoint: token, issuer: nil,
            namesIssuerInResponses: false, method: .basic, scopes: scopes)
    }

    /// The service's metadata (RFC 8414, or OpenID Connect Discovery); configured endpoints win over it.
    init(
        reading document: JSONSlice, issuer: String, service: UpstreamSettings.OAuth2, scopes: [String],
        configuredRule: UpstreamEndpointRule, rule: UpstreamEndpointRule
    ) throws(UpstreamStartError.Problem) {
        // Both spellings have this one document, so a trailing slash can be nobody else's.
        guard let claimed = document["issuer"]?.string else { throw .member(.discovery, "issuer") }
        guard UpstreamText.areEqual(claimed, issuer) || UpstreamText.areEqual(claimed, issuer + "/") else {
            throw .issuerMismatch(differsBySlashOnly: false)
        }
        func endpoint(
            _ setting: String, _ configured: String?, or member: String
        ) throws(UpstreamStartError.Problem) -> OutboundURL {
            guard let configured else { return try rule.endpoint(member, of: document) }
            guard let url = configuredRule.endpoint(configured) else { throw .url(setting: setting) }
            return url
        }
        let authorization = try endpoint(
            "authorization_endpoint", service.authorizationEndpoint, or: "authorization_endpoint")
        guard !UpstreamForm.hasReservedParameter(authorization) else {
            throw .endpoint(.discovery, "authorization_endpoint")
        }
        let token = try endpoint("token_endpoint", service.tokenEndpoint, or: "token_endpoint")
        let registration: OutboundURL
        if document["registration_endpoint"] == nil {
            guard let url = rule.endpoint(issuer + "/register") else {
                throw .member(.discovery, "registration_endpoint")
            }
            registration = url
        } else {
            registration = try rule.endpoint("registration_endpoint", of: document)
        }
        let advertised = try UpstreamDocument.strings("scopes_supported", of: document) ?? []
        self.init(
            registrationEndpoint: registration, authorizationEndpoint: authorization, tokenEndpoint: token,
            issuer: claimed,
            namesIssuerInResponses: try UpstreamDocument.flag(
                "authorization_response_iss_parameter_supported", of: document),
            method: try Self.method(document), scopes: scopes.isEmpty ? advertised : scopes)
    }

    /// The best that both know. Going without a secret needs a service that says it knows PKCE.
    static func method(_ document: JSONSlice) throws(UpstreamStartError.Problem) -> UpstreamClientMethod {
        guard let supported = try UpstreamDocument.strings("token_endpoint_auth_methods_supported", of: document) else {
            return .basic
        }
        let challenges = try UpstreamDocument.strings("code_challenge_methods_supported", of: document) ?? []
        for method in [UpstreamClientMethod.basic, .post, .none] where supported.contains(method.rawValue) {
            if method != .none || challenges.contains("S256") { return method }
        }
        throw .noClientAuthentication
    }

    /// The issuer that a metadata URL belongs to, in either form: `/.well-known/<name>` between host and path
    /// (RFC 8414 section 3.1), or behind the path.
    static func issuer(ofDiscoveryURL url: OutboundURL) -> String? {
        guard !url.target.contains("?") else { return nil }
        let origin = String(url.text.dropLast(url.target.count))
        for name in ["oauth-authorization-server", "openid-configuration"] {
            let part = "/.well-known/" + name
            if url.target == part { return origin }
            if url.target.hasPrefix(part + "/") { return origin + url.target.dropFirst(part.count) }
            if url.target.hasSuffix(part) { return origin + url.target.dropLast(part.count) }
        }
        return nil
    }
}

extension UpstreamSettings.Registration {
    var configuredURL: OutboundURL? {
        (discoveryURL ?? registrationEndpoint).flatMap { try? OutboundURL($0) }
    }

    var host: String? { configuredURL?.displayHost }
}
