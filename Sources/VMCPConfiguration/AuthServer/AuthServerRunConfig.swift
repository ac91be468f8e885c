// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The settings of the embedded authorization server, complete: every default is filled in, every path is resolved.
///
/// Secrets are references (`SecretReference`, paths), which are followed when the server is built.
package struct AuthServerRunConfig: Sendable, Hashable {
    /// `iss` of every token, letter by letter, and the base of the advertised endpoints.
    package let issuer: String
    /// The base of the advertised authorization endpoint; the issuer unless browsers come another way.
    package let authorizationEndpointBaseURL: String
    /// Absent when the server makes its own key.
    package let signingKeys: SigningKeys?
    /// Raw files of at least 32 bytes, the current one first; empty when the server makes its own secret.
    package let hmacSecretFiles: [String]
    package let lifespans: TokenLifespans
    /// At least one; the first one says who the user is.
    package let upstreams: [Upstream]
    /// Advertised, and what registering clients may ask for.
    package let scopesSupported: [String]
    /// What every registering client gets.
    package let baselineClientScopes: [String]
    /// The values of `resource` that tokens are issued for, as written.
    package let allowedAudiences: [String]
    package internal(set) var storage: Storage
    /// Clients that are known by the URL of a document.
    package let cimd: ClientIDMetadataDocuments
    /// Whether the issuer may be plain HTTP on another host than this one.
    package let allowsHTTP: Bool
    package let trustedIssuers: [TrustedIssuer]
    /// Whether registration hands out client secrets.
    package let allowsConfidentialClientRegistration: Bool
    /// Redirect URIs whose clients always get a secret.
    package let forcedConfidentialRedirectURIs: [String]
    /// Whether clients with a secret are allowed while the issuer is `http` on loopback.
    package let allowsConfidentialOverLoopbackHTTP: Bool
    package let delegateClients: [DelegateClient]
    /// Whether the tokens of upstreams stay here: no strategy for a backend may then use them.
    package let disablesUpstreamTokenInjection: Bool
    package let hardening: Hardening

    package static let defaultScopes = ["openid", "profile", "email", "offline_access"]
    package static let callbackPath = "/oauth/callback"
    package static let tokenPath = "/oauth/token"
    /// The default name of a single upstream.
    package static let defaultUpstreamName = "default"

    /// Where the token endpoint is advertised.
    package var tokenEndpoint: String { issuer + Self.tokenPath }

    static var placeholder: AuthServerRunConfig { AuthServerRunConfig(reading: .empty(keys: keys)) }
}

extension AuthServerRunConfig: Section {
    static let summary = "The settings of the embedded authorization server."

    enum Keys {
        static let schemaVersion = Key<String>("schema_version", .string, "v0.1.0; another major version is refused.")
        static let issuer = Key<String>(
            "issuer", .nonEmptyString, required: true, "The URL of this server: iss of every token.")
        static let baseURL = Key<HTTPURL>(
            "authorization_endpoint_base_url", .httpURL.orEmpty,
            "Where browsers reach the authorization endpoint, when that is not the issuer.")
        static let signingKeys = Key<SigningKeys>(
            "signing_key_config", .section, "The keys that sign tokens; absent means a generated one.")
        static let hmacSecretFiles = DefaultKey<[String]>(
            "hmac_secret_files", .list(of: .string, nulls: .value("")), default: [],
            "Files of at least 32 raw bytes, the current one first; absent means a generated secret.")
        static let lifespans = Key<TokenLifespans>("token_lifespans", .section, "How long tokens and codes live.")
        static let delegationLifespan = Key<Duration>(
            "delegation_token_lifespan", .duration(atMost: .seconds(86_400)).orEmpty,
            "How long exchanged tokens live: 15m unless written, 24h at most.")
        static let upstreams = Key<[Upstream]>(
            "upstreams", .list(of: .section), required: true,
            "The providers that people sign in at, in this order; the first one says who they are.")
        static let scopesSupported = DefaultKey<[String]>(
            "scopes_supported", .scopes, default: AuthServerRunConfig.defaultScopes, "What clients may ask for.")
        static let baselineClientScopes = DefaultKey<[String]>(
            "baseline_client_scopes", .scopes, default: [], "What every registering client gets.")
        static let allowedAudiences = Key<[String]>(
            "allowed_audiences", .list(of: .string.checked(AuthServerURLRules.audienceProblem)), required: true,
            "The resources that tokens are issued for.")
        static let storage = Key<Storage>("storage", .section, "Where sign-ins, clients and tokens are kept.")
        static let disablesInjection = DefaultKey<Bool>(
            "disable_upstream_token_injection", .boolean, default: false,
            "Whether a strategy that uses the tokens of upstreams is an error.")
        static let cimd = Key<ClientIDMetadataDocuments>(
            "cimd", .section, "Clients that are known by the URL of a document; on unless turned off.")
        static let allowsHTTP = DefaultKey<Bool>(
            "insecure_allow_http", .boolean, default: false,
            "Whether the issuer and the upstreams may do without TLS on other hosts than this one.")
        static let trustedIssuers = DefaultKey<[TrustedIssuer]>(
            "trusted_issuers", .list(of: .section), default: [], "Other issuers whose tokens may be exchanged.")
        static let allowsConfidentialClients = DefaultKey<Bool>(
            "allow_confidential_client_registration", .boolean, default: false,
            "Whether registration hands out client secrets.")
        static let forcedConfidential = DefaultKey<[String]>(
            "force_confidential_redirect_uris", .list(of: .nonEmptyString), default: [],
            "Redirect URIs whose clients always get a secret.")
        static let allowsConfidentialOverLoopback = DefaultKey<Bool>(
            "insecure_allow_confidential_over_loopback_http", .boolean, default: false,
            "Whether clients may have secrets while the issuer is http on loopback.")
        static let delegateClients = DefaultKey<[DelegateClient]>(
            "delegate_clients", .list(of: .section), default: [], "Clients that may exchange tokens of users.")
        static let hardening = Key<Hardening>(
            "hardening", .section, "vmcp addition. What is stricter than the standard.")
    }

    static let keys: [any SectionKey] = [
        Keys.schemaVersion, Keys.issuer, Keys.baseURL, Keys.signingKeys, Keys.hmacSecretFiles, Keys.lifespans,
        Keys.delegationLifespan, Keys.upstreams, Keys.scopesSupported, Keys.baselineClientScopes,
        Keys.allowedAudiences, Keys.storage, Keys.disablesInjection, Keys.cimd, Keys.allowsHTTP, Keys.trustedIssuers,
        Keys.allowsConfidentialClients, Keys.forcedConfidential, Keys.allowsConfidentialOverLoopback,
        Keys.delegateClients, Keys.hardening,
    ]

    init(reading section: SectionReader) {
        section.checkSchemaVersion(Keys.schemaVersion)
        let issuer = section[Keys.issuer] ?? ""
        self.issuer = issuer
        allowsHTTP = section[Keys.allowsHTTP]
        signingKeys = section[Keys.signingKeys].flatMap { $0.activeFile.isEmpty ? nil : $0 }
        hmacSecretFiles = section.hmacSecretFiles(Keys.hmacSecretFiles)
        lifespans = (section[Keys.lifespans] ?? .placeholder)
            .with(delegation: section.delegationLifespan(Keys.delegationLifespan))
        let upstreams = section[Keys.upstreams] ?? []
        self.upstreams = UpstreamRules(
            upstreams: upstreams, issuer: issuer, allowsHTTP: allowsHTTP, list: section.at(Keys.upstreams)
        ).completed()
        let scopes = section[Keys.scopesSupported]
        scopesSupported = scopes.isEmpty ? Self.defaultScopes : scopes
        baselineClientScopes = section[Keys.baselineClientScopes]
        allowedAudiences = section[Keys.allowedAudiences] ?? []
        storage = section[Keys.storage] ?? .placeholder
        cimd = section[Keys.cimd] ?? .placeholder
        trustedIssuers = section[Keys.trustedIssuers].map { $0.completed(tokenEndpoint: issuer + Self.tokenPath) }
        allowsConfidentialClientRegistration = section[Keys.allowsConfidentialClients]
        forcedConfidentialRedirectURIs = section[Keys.forcedConfidential]
        allowsConfidentialOverLoopbackHTTP = section[Keys.allowsConfidentialOverLoopback]
        delegateClients = section[Keys.delegateClients]
        hardening = section[Keys.hardening] ?? .placeholder
        authorizationEndpointBaseURL = CallbackRules(
            issuer: issuer, baseURL: section[Keys.baseURL], upstreams: self.upstreams, section: section
        ).authorizationBase()
        disablesUpstreamTokenInjection = section[Keys.disablesInjection]
        AuthServerRules(runConfig: self, section: section).check()
    }
}

extension SectionReader {
    fileprivate func checkSchemaVersion(_ key: Key<String>) {
        guard let text = self[key].nonEmpty else { return }
        let numbers = (text.hasPrefix("v") ? text.dropFirst() : text[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(numbers.count), numbers.allSatisfy({ UInt16($0) != nil }) else {
            refuse(key, "\(quoted(text)) is not a version; write v0.1.0")
            return
        }
        if numbers[0] != "0" {
            refuse(key, "\(quoted(text)) is newer than this program, which knows version 0; write v0.1.0")
        }
    }

    /// Zero stands for the default, as an empty text does.
    fileprivate func delegationLifespan(_ key: Key<Duration>) -> Duration {
        guard let duration = self[key], duration != .zero else {
            return AuthServerRunConfig.TokenLifespans.standardDelegation
        }
        if duration < .zero {
            refuse(key, "\(GoDuration.text(duration)) is negative; write a duration from 1s to 24h")
        }
        return duration
    }

    /// The first file is the current secret; empty entries behind it are skipped.
    fileprivate func hmacSecretFiles(_ key: DefaultKey<[String]>) -> [String] {
        let list = at(key)
        return self[key].enumerated().compactMap { index, path in
            let place = list.entry(index)
            if path.isEmpty {
                if index == 0 { place.refuse("is empty; the first entry is the current secret, write its path") }
                return nil
            }
            return place.checkedFile(path, atLeast: 32)
        }
    }
}
