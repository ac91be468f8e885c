// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import OutboundHTTP

/// What we use of the metadata of a remote MCP server's authorization server (RFC 8414 section 2).
struct RemoteAuthorizationServer: Sendable {
    /// As the resource spells it, which is how the document spells it, too.
    let issuer: String
    let authorizationEndpoint: OutboundURL
    let tokenEndpoint: OutboundURL
    let registrationEndpoint: OutboundURL?
    /// nil when the document does not say.
    let clientMethods: [String]?
    /// The best way to prove who we are, for a registration; nil when there is none that both know.
    let registrationMethod: UpstreamClientMethod?
    /// Whether each authorization response names its issuer (RFC 9207 section 3).
    let namesIssuer: Bool
    let knowsOfflineAccess: Bool

    /// Where the metadata may be, in the order that MCP prescribes (2025-11-25, Authorization).
    static func places(ofIssuer url: OutboundURL) -> [String] {
        let origin = String(url.text.dropLast(url.target.count))
        let path = url.target.hasSuffix("/") ? url.target.dropLast() : url.target[...]
        let (oauth, openID) = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
        guard !path.isEmpty else { return [origin + oauth, origin + openID] }
        return [origin + oauth + path, origin + openID + path, origin + path + openID]
    }

    /// - Parameters:
    ///   - url: `issuer`, as it was understood.
    ///   - policy: for what the resource names.
    /// - Throws: whatever keeps us from using the server; a document of another issuer ends the search.
    static func find(
        _ issuer: String, _ url: OutboundURL, client: any OutboundHTTPClient, policy: AddressPolicy
    ) async throws(UpstreamStartError.Problem) -> RemoteAuthorizationServer {
        let http = UpstreamHTTP(client: client, policy: policy)
        for place in places(ofIssuer: url) {
            guard let document = try await UpstreamDocument.at(place, over: http, .discovery) else { continue }
            return try RemoteAuthorizationServer(
                reading: document, issuer: issuer, rule: UpstreamEndpointRule(policy, namedBy: url))
        }
        throw .noServerMetadata
    }

    init(
        reading document: JSONSlice, issuer: String, rule: UpstreamEndpointRule
    ) throws(UpstreamStartError.Problem) {
        guard let claimed = document["issuer"]?.string else { throw .member(.discovery, "issuer") }
        // RFC 8414 section 3.3: identical, whatever a URL may mean.
        guard UpstreamText.areEqual(claimed, issuer) else { throw .issuerMismatch(differsBySlashOnly: false) }
        let challenges = try UpstreamDocument.strings("code_challenge_methods_supported", of: document) ?? []
        guard challenges.contains("S256") else { throw .noPKCE }
        if let types = try UpstreamDocument.strings("response_types_supported", of: document) {
            guard types.contains("code") else { throw .noCodeFlow }
        }
        self.issuer = issuer
        authorizationEndpoint = try rule.endpoint("authorization_endpoint", of: document)
        guard !UpstreamForm.hasReservedParameter(authorizationEndpoint, more: ["resource"]) else {
            throw .endpoint(.discovery, "authorization_endpoint")
        }
        tokenEndpoint = try rule.endpoint("token_endpoint", of: document)
        if let member = document["registration_endpoint"], !member.isNull {
            registrationEndpoint = try rule.endpoint("registration_endpoint", of: document)
        } else {
            registrationEndpoint = nil
        }
        clientMethods = try UpstreamDocument.strings("token_endpoint_auth_methods_supported", of: document)
        registrationMethod = try? RegistrationTarget.method(document)
        namesIssuer = try UpstreamDocument.flag("authorization_response_iss_parameter_supported", of: document)
        knowsOfflineAccess =
            try UpstreamDocument.strings("scopes_supported", of: document)?.contains("offline_access") ?? false
    }
}
