// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// A provider without identity tokens.
    package struct UpstreamOAuth2: Sendable, Hashable {
        /// Absent when registration finds it.
        package let authorizationEndpoint: HTTPURL?
        /// Absent when registration finds it.
        package let tokenEndpoint: HTTPURL?
        package internal(set) var client: UpstreamClient
        /// Where to ask who the user is; `identityFromToken` goes first.
        package let userInfo: UserInfo?
        package let tokenResponseMapping: TokenResponseMapping?
        package let identityFromToken: IdentityFromToken?
        /// How the server registers itself there; absent when it has a client id.
        package let registration: UpstreamRegistration?

        /// Whether nothing says who the user is, so that every sign-in makes a new one.
        package var isSynthetic: Bool { userInfo == nil && identityFromToken == nil }

        static var placeholder: UpstreamOAuth2 { UpstreamOAuth2(reading: .empty(keys: keys)) }
    }
}

extension AuthServerRunConfig.UpstreamOAuth2: Section {
    static let summary = "A provider without identity tokens."

    private enum Keys {
        static let authorizationEndpoint = Key<HTTPURL>(
            "authorization_endpoint", .httpURL.orEmpty,
            "Where browsers are sent; found by dcr_config with discovery_url.")
        static let tokenEndpoint = Key<HTTPURL>(
            "token_endpoint", .httpURL.orEmpty, "Where tokens are fetched; found by dcr_config with discovery_url.")
        static let clientID = Key<String>("client_id", .string, "What we are called there; or dcr_config.")
        static let scopes = DefaultKey<[String]>("scopes", .scopes, default: [], "What is asked for there.")
        static let userInfo = Key<AuthServerRunConfig.UserInfo>("userinfo", .section, "Where to ask who the user is.")
        static let mapping = Key<AuthServerRunConfig.TokenResponseMapping>(
            "token_response_mapping", .section, "Where the members of an unusual token response are.")
        static let identity = Key<AuthServerRunConfig.IdentityFromToken>(
            "identity_from_token", .section, "Where a token response says who the user is.")
        static let registration = Key<AuthServerRunConfig.UpstreamRegistration>(
            "dcr_config", .section, "How the server registers itself there; or client_id.")
    }

    static let keys: [any SectionKey] =
        [
            Keys.authorizationEndpoint, Keys.tokenEndpoint, Keys.clientID, Keys.scopes, Keys.userInfo, Keys.mapping,
            Keys.identity, Keys.registration,
        ] + AuthServerRunConfig.UpstreamClient.keys

    init(reading section: SectionReader) {
        authorizationEndpoint = section[Keys.authorizationEndpoint]
        tokenEndpoint = section[Keys.tokenEndpoint]
        let clientID = section[Keys.clientID].nonEmpty
        client = AuthServerRunConfig.UpstreamClient(
            reading: section, clientID: clientID, scopes: section[Keys.scopes])
        userInfo = section[Keys.userInfo]
        tokenResponseMapping = section[Keys.mapping]
        identityFromToken = section[Keys.identity]
        registration = section[Keys.registration]
        check(section, clientID)
    }

    private func check(_ section: SectionReader, _ clientID: String?) {
        let hasRegistration = section.has(Keys.registration)
        if clientID != nil, hasRegistration {
            section.refuse(Keys.registration, "only one of client_id and dcr_config may be set; remove one")
        }
        if clientID == nil, !hasRegistration {
            section.missing("client_id", "write what this server is called there, or dcr_config")
        }
        if hasRegistration, client.clientSecret != nil {
            let key = section.place.has("client_secret_file") ? "client_secret_file" : "client_secret_env_var"
            section.place.entry(key).refuse("does not go together with dcr_config, which fetches a secret; remove it")
        }
        // Only a discovery document says where the endpoints are.
        guard !hasRegistration || registration?.discoveryURL == nil else { return }
        for key in [Keys.authorizationEndpoint, Keys.tokenEndpoint] where !section.place.has(key.name) {
            section.missing(
                key.name, hasRegistration ? "only dcr_config with discovery_url finds it" : "write the URL")
        }
    }
}
