// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import OutboundHTTP

/// What we use of an OpenID provider's discovery document (OpenID Connect Discovery 1.0).
struct UpstreamMetadata: Sendable {
    let authorizationEndpoint: OutboundURL
    let tokenEndpoint: OutboundURL
    let keysURL: OutboundURL
    /// Whether each authorization response names its issuer (RFC 9207 section 3).
    let namesIssuerInResponses: Bool
    /// nil when the document does not say.
    let clientMethods: [String]?

    /// Section 4: the path is appended, behind the issuer without its trailing slash.
    static func url(ofIssuer issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    init(
        reading document: JSONSlice, issuer: String, rule: UpstreamEndpointRule
    ) throws(UpstreamStartError.Problem) {
        guard let claimed = document["issuer"]?.string else { throw .member(.discovery, "issuer") }
        guard UpstreamText.areEqual(claimed, issuer) else {
            let slash = UpstreamText.areEqual(claimed, issuer + "/") || UpstreamText.areEqual(claimed + "/", issuer)
            throw .issuerMismatch(differsBySlashOnly: slash)
        }
        authorizationEndpoint = try rule.endpoint("authorization_endpoint", of: document)
        guard !UpstreamForm.hasReservedParameter(authorizationEndpoint) else {
            throw .endpoint(.discovery, "authorization_endpoint")
        }
        tokenEndpoint = try rule.endpoint("token_endpoint", of: document)
        keysURL = try rule.endpoint("jwks_uri", of: document)
        guard let types = try UpstreamDocument.strings("response_types_supported", of: document) else {
            throw .member(.discovery, "response_types_supported")
        }
        guard types.contains("code") else { throw .noCodeFlow }
        clientMethods = try UpstreamDocument.strings("token_endpoint_auth_methods_supported", of: document)
        namesIssuerInResponses = try UpstreamDocument.flag(
            "authorization_response_iss_parameter_supported", of: document)
    }
}

extension UpstreamEndpointRule {
    func endpoint(
        _ member: String, of document: JSONSlice
    ) throws(UpstreamStartError.Problem) -> OutboundURL {
        guard let text = document.member(member)?.string else { throw .member(.discovery, member) }
        guard let url = endpoint(text) else { throw .endpoint(.discovery, member) }
        return url
    }
}

/// Optional members of a discovery document.
enum UpstreamDocument {
    static let maximumListed = 500

    /// A list of strings, nil when it is not there.
    static func strings(
        _ member: String, of document: JSONSlice, _ kind: UpstreamStartError.Document = .discovery
    ) throws(UpstreamStartError.Problem) -> [String]? {
        guard let list = document.member(member), !list.isNull else { return nil }
        let values = list.elements.prefix(maximumListed + 1).map(\.string)
        let strings = values.compactMap { $0 }
        guard list.kind == .array, strings.count == values.count, strings.count <= maximumListed else {
            throw .member(kind, member)
        }
        return strings
    }

    /// Absent is false.
    static func flag(_ member: String, of document: JSONSlice) throws(UpstreamStartError.Problem) -> Bool {
        guard let value = document.member(member), !value.isNull else { return false }
        guard let flag = value.bool else { throw .member(.discovery, member) }
        return flag
    }
}
