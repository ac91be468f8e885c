// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Authentication
package import JSONTypes

/// What the server says about itself (RFC 8414, OpenID Connect Discovery); every member only while its feature is on.
package struct AuthServerMetadata: Sendable {
    private let settings: AuthServerSettings

    package init(settings: AuthServerSettings) { self.settings = settings }

    /// `/.well-known/oauth-authorization-server`.
    package var document: JSONObject {
        var document: JSONObject = [
            "issuer": .string(settings.issuer),
            "authorization_endpoint": .string(settings.authorizationEndpoint),
            "token_endpoint": .string(settings.tokenEndpoint),
            "jwks_uri": .string(settings.jwksURI),
        ]
        if settings.isRegistrationOpen {
            document.append("registration_endpoint", .string(settings.registrationEndpoint))
        }
        document.append("revocation_endpoint", .string(settings.revocationEndpoint))
        document.append("scopes_supported", .strings(settings.scopesSupported))
        document.append("response_types_supported", ["code"])
        document.append("response_modes_supported", ["query"])
        document.append("grant_types_supported", .strings(grantTypes))
        document.append("code_challenge_methods_supported", ["S256"])
        document.append("token_endpoint_auth_methods_supported", .strings(authenticationMethods))
        document.append("revocation_endpoint_auth_methods_supported", .strings(authenticationMethods))
        document.append("authorization_response_iss_parameter_supported", true)
        document.append("protected_resources", .strings(settings.allowedAudiences))
        if settings.pushedRequests != .off {
            document.append("pushed_authorization_request_endpoint", .string(settings.pushedRequestEndpoint))
        }
        if settings.pushedRequests == .required {
            document.append("require_pushed_authorization_requests", true)
        }
        if settings.dpop != .off {
            document.append("dpop_signing_alg_values_supported", .strings(SigningAlgorithm.dpop.map(\.rawValue)))
        }
        if settings.metadataDocuments != nil { document.append("client_id_metadata_document_supported", true) }
        return document
    }

    /// `/.well-known/openid-configuration`: the same and the members that OpenID Connect demands.
    package func openIDDocument(algorithms: [String]) -> JSONObject {
        var document = document
        document.append("subject_types_supported", ["public"])
        document.append(
            "id_token_signing_alg_values_supported", .strings(algorithms.isEmpty ? ["RS256"] : algorithms))
        // Its default is true, and would promise request objects.
        document.append("request_uri_parameter_supported", false)
        return document
    }

    private var grantTypes: [String] {
        let always = [GrantType.authorizationCode, GrantType.refreshToken, GrantType.tokenExchange]
        return always + (settings.offersJWTBearer ? [GrantType.jwtBearer] : [])
    }

    private var authenticationMethods: [String] {
        guard settings.allowsConfidentialRegistration || !settings.delegateClients.isEmpty else { return ["none"] }
        return ["none", "client_secret_basic", "client_secret_post"]
    }
}
