// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What one authorization request must satisfy, as pure functions of its parameters and its client.
package struct AuthorizationRequestRules: Sendable {
    private let allowedAudiences: [String]
    /// The scopes of a request that names none: those of the protected resource.
    private let defaultScopes: [String]
    private let bindsToKeys: Bool

    package static let maximumStateBytes = 2048

    package init(allowedAudiences: [String], defaultScopes: [String], bindsToKeys: Bool) {
        self.allowedAudiences = allowedAudiences
        self.defaultScopes = defaultScopes
        self.bindsToKeys = bindsToKeys
    }

    /// - Throws: always a direct error: nothing is known about the address.
    package func returnAddress(
        _ parameters: Parameters, _ client: OAuthClient
    ) throws(AuthorizationRefusal) -> ReturnAddress {
        let requested = parameters["redirect_uri"]
        guard requested != nil || !parameters.all("scope").contains(where: { Self.words($0).contains("openid") }) else {
            throw .direct(OAuthError(.invalidRequest, "redirect_uri is required with the scope openid"))
        }
        guard case .matched(let uri) = RedirectURIRules.match(requested: requested, client: client) else {
            throw .direct(OAuthError(.invalidRequest, "redirect_uri is missing or not registered for this client"))
        }
        return ReturnAddress(
            clientID: client.id, isConfigured: client.origin == .configuration, redirectURI: uri,
            state: parameters.isRepeated("state") ? nil : parameters["state"])
    }

    package func checkRepeated(
        _ parameters: Parameters, _ address: ReturnAddress
    ) throws(AuthorizationRefusal) {
        guard parameters.repeated.subtracting(["resource"]).isEmpty else {
            throw .redirect(OAuthError(.invalidRequest, "A parameter is repeated"), address)
        }
    }

    package func checkUnsupported(
        _ parameters: Parameters, _ address: ReturnAddress
    ) throws(AuthorizationRefusal) {
        if parameters["request"] != nil {
            throw .redirect(OAuthError(.requestNotSupported, "Request objects are not supported"), address)
        }
        if parameters["request_uri"] != nil {
            throw .redirect(
                OAuthError(.requestURINotSupported, "Only request URIs of this server are supported"), address)
        }
        if parameters["registration"] != nil {
            throw .redirect(OAuthError(.registrationNotSupported, "registration is not supported"), address)
        }
    }

    /// The checks from `response_type` on.
    package func grant(
        _ parameters: Parameters, _ client: OAuthClient, _ address: ReturnAddress
    ) throws(AuthorizationRefusal) -> AuthorizationGrant {
        do throws(OAuthError) {
            try checkResponse(parameters)
            let challenge = try challenge(parameters)
            let scopes = try scopes(parameters["scope"], client)
            let resource = try resource(parameters, client)
            try checkState(parameters["state"])
            let thumbprint = try thumbprint(parameters["dpop_jkt"])
            let prompts = Self.words(parameters["prompt"] ?? "")
            guard !prompts.contains("none") else {
                throw OAuthError(.loginRequired, "Signing in always takes a person")
            }
            return AuthorizationGrant(
                clientID: client.id, clientFingerprint: client.fingerprint, redirectURI: address.redirectURI,
                state: parameters["state"], codeChallenge: challenge, scopes: scopes, resource: resource,
                dpopThumbprint: thumbprint, promptsConsent: prompts.contains("consent"))
        } catch {
            throw .redirect(error, address)
        }
    }

    private func checkResponse(_ parameters: Parameters) throws(OAuthError) {
        guard let type = parameters["response_type"] else {
            throw OAuthError(.invalidRequest, "response_type is missing")
        }
        guard type == "code" else { throw OAuthError(.unsupportedResponseType, "response_type must be code") }
        guard (parameters["response_mode"] ?? "query") == "query" else {
            throw OAuthError(.unsupportedResponseMode, "response_mode must be query")
        }
    }

    /// RFC 7636 §4.3: without a method the challenge would be the verifier itself, which is no protection.
    private func challenge(_ parameters: Parameters) throws(OAuthError) -> String {
        guard let challenge = parameters["code_challenge"], Self.isDigest(challenge) else {
            throw OAuthError(.invalidRequest, "code_challenge must be 43 characters of base64url")
        }
        guard parameters["code_challenge_method"] == "S256" else {
            throw OAuthError(.invalidRequest, "code_challenge_method must be S256")
        }
        return challenge
    }

    private func scopes(_ requested: String?, _ client: OAuthClient) throws(OAuthError) -> [String] {
        var seen: Set<String> = []
        let scopes = Self.words(requested ?? "").filter { seen.insert($0).inserted }
        guard !scopes.isEmpty else {
            return defaultScopes.filter {
                $0 != "offline_access" && client.scopes.contains($0) && seen.insert($0).inserted
            }
        }
        guard scopes.allSatisfy(client.scopes.contains) else {
            throw OAuthError(.invalidScope, "A scope is not registered for this client")
        }
        return scopes
    }

    /// RFC 8707 §2, with `audience` as the older word for it.
    private func resource(_ parameters: Parameters, _ client: OAuthClient) throws(OAuthError) -> String {
        let requested = parameters.all("resource")
        guard requested.count <= 1 else {
            throw OAuthError(.invalidTarget, "Only one resource can be asked for")
        }
        let audience = parameters["audience"]
        if let resource = requested.first, let audience, canonicalResource(resource) != canonicalResource(audience) {
            throw OAuthError(.invalidTarget, "resource and audience name different resources")
        }
        let mine = Set(client.audiences.compactMap(canonicalResource))
        let allowed = allowedAudiences.filter { canonicalResource($0).map(mine.contains) ?? false }
        guard let wanted = requested.first ?? audience else {
            guard allowed.count == 1, let sole = allowed.first else {
                throw OAuthError(.invalidTarget, "resource is missing and this server has no single one")
            }
            return sole
        }
        guard let canonical = canonicalResource(wanted),
            let spelling = allowed.first(where: { canonicalResource($0) == canonical })
        else { throw OAuthError(.invalidTarget, "The resource is not one of this server") }
        return spelling
    }

    private func checkState(_ state: String?) throws(OAuthError) {
        guard let state else { return }
        guard state.utf8.count <= Self.maximumStateBytes, state.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw OAuthError(.invalidRequest, "state must be at most 2048 printable ASCII characters")
        }
    }

    private func thumbprint(_ value: String?) throws(OAuthError) -> String? {
        guard bindsToKeys, let value else { return nil }
        guard Self.isDigest(value) else {
            throw OAuthError(.invalidRequest, "dpop_jkt must be 43 characters of base64url")
        }
        return value
    }

    /// Whether the text is a SHA-256 digest in base64url, by length and alphabet.
    package static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 43
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func words(_ text: String) -> [String] {
        text.split(separator: " ").map(String.init)
    }
}
