// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
internal import JSONTypes
internal import NIOCore
internal import Observability

/// `POST /oauth/register` (RFC 7591): anyone gets a client, and nothing but that.
package struct RegistrationEndpoint: AuthEndpoint {
    private let settings: AuthServerSettings
    private let registry: ClientRegistry
    private let rendering: any AnswerRendering
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    package init(
        settings: AuthServerSettings, registry: ClientRegistry, rendering: any AnswerRendering, audit: AuditLog,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.settings = settings
        self.registry = registry
        self.rendering = rendering
        self.audit = audit
        self.now = now
    }

    package var rules: EndpointRules {
        EndpointRules(methods: ["POST"], content: .json, limitClass: .registration, allowsCrossOrigin: true)
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        do {
            let (client, body) = try await register(request.http)
            record(.success, nil, client.id, request.http)
            return AuthResponse(status: 201, headers: [("Content-Type", "application/json")], body: body)
        } catch {
            record(.failure, error.code, nil, request.http)
            return rendering.json(error, to: request.http)
        }
    }

    private func register(_ http: AuthRequest) async throws(OAuthError) -> (client: OAuthClient, body: [UInt8]) {
        guard MediaType.essence(http.header("content-type")) == "application/json" else {
            throw OAuthError(.invalidClientMetadata, "The Content-Type must be application/json")
        }
        let wanted = try RegistrationRequest(parsing: http.body, settings: settings)
        var generator = SystemRandomNumberGenerator()
        let secret = wanted.isConfidential ? ClientSecret.make(using: &generator) : nil
        let client = client(for: wanted, secret)
        do {
            try await registry.register(client)
        } catch {
            throw switch error {
            case .full:
                OAuthError(.serverError, "The server has no room for more clients", status: 503, retryAfter: 3600)
            case .unavailable: .storage
            }
        }
        return (client, body(client, wanted, secret))
    }

    private func client(for wanted: RegistrationRequest, _ secret: Secret?) -> OAuthClient {
        OAuthClient(
            id: UUID().uuidString.lowercased(), origin: .registration, name: wanted.name,
            redirectURIs: wanted.redirectURIs, grantTypes: wanted.grantTypes, scopes: wanted.scopes,
            audiences: settings.allowedAudiences, secretDigest: secret.map(ClientSecret.digest),
            authenticationMethod: wanted.isForcedConfidential ? nil : wanted.authenticationMethod,
            applicationType: wanted.applicationType?.rawValue, requiresDPoP: wanted.requiresDPoP ?? false,
            requiresPushedRequests: wanted.requiresPushedRequests ?? false, createdAt: now(),
            fingerprint: OAuthClient.fingerprint(name: wanted.name, redirectURIs: wanted.redirectURIs))
    }

    /// RFC 7591 §3.2.1: what was registered, which need not be what was asked for.
    private func body(_ client: OAuthClient, _ wanted: RegistrationRequest, _ secret: Secret?) -> [UInt8] {
        let method = wanted.isForcedConfidential ? .clientSecretPost : wanted.authenticationMethod
        var object = JSONObject()
        object.append("client_id", .string(client.id))
        object.append("client_id_issued_at", .number(JSONNumber(Int(client.createdAt.timeIntervalSince1970))))
        if let secret {
            object.append("client_secret", .string(secret.exposed))
            object.append("client_secret_expires_at", 0)
        }
        if !client.name.isEmpty { object.append("client_name", .string(client.name)) }
        object.append("redirect_uris", .strings(client.redirectURIs))
        object.append("token_endpoint_auth_method", .string(method.rawValue))
        object.append("grant_types", .strings(client.grantTypes))
        object.append("response_types", ["code"])
        object.append("scope", .string(client.scopes.joined(separator: " ")))
        if let type = wanted.applicationType { object.append("application_type", .string(type.rawValue)) }
        if let flag = wanted.requiresDPoP { object.append("dpop_bound_access_tokens", .bool(flag)) }
        if let flag = wanted.requiresPushedRequests {
            object.append("require_pushed_authorization_requests", .bool(flag))
        }
        return object.encoded
    }

    private func record(
        _ outcome: AuditEvent.Outcome, _ reason: OAuthError.Code?, _ clientID: String?, _ http: AuthRequest
    ) {
        audit.record(
            AuditEvent(
                .register, outcome, reason: reason?.rawValue, clientID: clientID, clientAddress: http.clientAddress))
    }
}
