// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import JSONTypes
internal import NIOCore

/// What a client asks for when it registers (RFC 7591 §2), checked against what the operator allows.
package struct RegistrationRequest: Sendable, Hashable {
    package let redirectURIs: [String]
    package let name: String
    package let authenticationMethod: OAuthClient.AuthenticationMethod
    package let grantTypes: [String]
    package let scopes: [String]
    package let applicationType: ApplicationType?
    package let requiresDPoP: Bool?
    package let requiresPushedRequests: Bool?
    /// The operator wants clients with one of these redirect URIs to have a secret, whatever they ask for.
    package let isForcedConfidential: Bool

    private static let limits = JSONLimits(depth: 32, stringBytes: 65_536, values: 4096)
    private static let maximumSoftwareIDBytes = 256

    package var isConfidential: Bool { isForcedConfidential || authenticationMethod != .none }

    /// - Throws: `invalid_redirect_uri` or `invalid_client_metadata`.
    package init(parsing body: [UInt8], settings: AuthServerSettings) throws(OAuthError) {
        guard let document = try? JSONSlice(validating: ByteBuffer(bytes: body), limits: Self.limits),
            document.kind == .object
        else { throw Self.refusal("The body is not a JSON object") }
        guard document.duplicateKey() == nil else { throw Self.refusal("A member of the body occurs twice") }
        let fields = ClientMetadataFields(document)
        do {
            redirectURIs = try Self.redirectURIs(fields)
            applicationType = try Self.applicationType(fields)
            for uri in redirectURIs {
                try RedirectURIRules.validate(
                    uri, policy: RedirectURIPolicy(settings), applicationType: applicationType)
            }
            name = try Self.name(fields)
            try Self.checkSoftwareID(fields)
            authenticationMethod = try Self.authenticationMethod(fields, redirectURIs, settings)
            grantTypes = try Self.grantTypes(fields)
            scopes = try ClientPolicy(settings).scopes(requested: try fields.scopes() ?? [])
            requiresDPoP = try fields.bool("dpop_bound_access_tokens")
            requiresPushedRequests = try fields.bool("require_pushed_authorization_requests")
        } catch let error as OAuthError {
            throw error
        } catch {
            throw Self.refusal("A member of the body has the wrong type")
        }
        if requiresDPoP == true, settings.dpop == .off {
            throw Self.refusal("The server does not bind tokens to keys")
        }
        if requiresPushedRequests == true, settings.pushedRequests == .off {
            throw Self.refusal("The server has no pushed authorization requests")
        }
        isForcedConfidential =
            authenticationMethod == .none
            && redirectURIs.contains(where: settings.forceConfidentialRedirectURIs.contains)
        if isForcedConfidential { try Self.checkFitForSecret(redirectURIs) }
    }

    private static func refusal(_ description: StaticString) -> OAuthError {
        OAuthError(.invalidClientMetadata, description)
    }

    private static func redirectURIs(_ fields: ClientMetadataFields) throws -> [String] {
        guard let uris = try fields.strings("redirect_uris"), !uris.isEmpty else {
            throw OAuthError(.invalidRedirectURI, "A client needs at least one redirect URI")
        }
        guard uris.count <= RedirectURIRules.maximumCount else {
            throw OAuthError(.invalidRedirectURI, "A client can have at most ten redirect URIs")
        }
        return uris
    }

    private static func applicationType(_ fields: ClientMetadataFields) throws -> ApplicationType? {
        guard let text = try fields.string("application_type") else { return nil }
        guard let type = ApplicationType(rawValue: text) else {
            throw refusal("The application_type must be native or web")
        }
        return type
    }

    private static func name(_ fields: ClientMetadataFields) throws -> String {
        let name = try fields.string("client_name") ?? ""
        guard name.utf8.count <= ClientMetadataFields.maximumNameBytes else {
            throw refusal("The client_name is longer than 256 bytes")
        }
        return name
    }

    private static func checkSoftwareID(_ fields: ClientMetadataFields) throws {
        guard let id = try fields.string("software_id") else { return }
        guard id.utf8.count <= maximumSoftwareIDBytes, id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw refusal("The software_id must be at most 256 printable ASCII characters")
        }
    }

    /// Absent means `none`: nearly all MCP clients are public (RFC 7591's own default is a secret).
    private static func authenticationMethod(
        _ fields: ClientMetadataFields, _ redirectURIs: [String], _ settings: AuthServerSettings
    ) throws -> OAuthClient.AuthenticationMethod {
        let text = try fields.string("token_endpoint_auth_method") ?? ""
        guard let method = OAuthClient.AuthenticationMethod(rawValue: text.isEmpty ? "none" : text) else {
            throw refusal("The token_endpoint_auth_method is not supported")
        }
        guard method != .none else { return method }
        guard settings.allowsConfidentialRegistration else {
            throw refusal("Clients with a secret cannot register here")
        }
        try checkFitForSecret(redirectURIs)
        return method
    }

    private static func checkFitForSecret(_ redirectURIs: [String]) throws(OAuthError) {
        guard redirectURIs.allSatisfy(RedirectURIRules.isFitForSecret) else {
            throw OAuthError(
                .invalidRedirectURI, "All redirect URIs of a client with a secret must use https, not on loopback")
        }
    }

    private static func grantTypes(_ fields: ClientMetadataFields) throws -> [String] {
        if let types = try fields.strings("response_types"), !types.isEmpty, types.contains(where: { $0 != "code" }) {
            throw refusal("The only response type is code")
        }
        let supported = [GrantType.authorizationCode, GrantType.refreshToken]
        let requested = try fields.strings("grant_types") ?? []
        guard !requested.isEmpty else { return supported }
        guard requested.contains(GrantType.authorizationCode), requested.allSatisfy(supported.contains) else {
            throw refusal("The grant types are authorization_code, which is needed, and refresh_token")
        }
        return supported.filter(requested.contains)
    }
}
