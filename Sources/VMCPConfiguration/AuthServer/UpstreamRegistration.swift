// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// How the server registers itself at a provider (RFC 7591).
    package struct UpstreamRegistration: Sendable, Hashable {
        /// Where the provider's metadata is; exactly one of this and the next.
        package let discoveryURL: HTTPURL?
        package let registrationEndpoint: HTTPURL?
        package let initialAccessToken: SecretReference?
        package let softwareID: String?
        package let softwareStatement: String?
    }
}

extension AuthServerRunConfig.UpstreamRegistration: Section {
    static let summary = "How the server registers itself at a provider (RFC 7591)."

    private enum Keys {
        static let discoveryURL = Key<HTTPURL>(
            "discovery_url", .httpURL.orEmpty, "The provider's metadata; or registration_endpoint.")
        static let registrationEndpoint = Key<HTTPURL>(
            "registration_endpoint", .httpURL.orEmpty, "Where clients are registered; or discovery_url.")
        static let tokenFile = Key<String>(
            "initial_access_token_file", .string, "A file with the token that registration demands.")
        static let tokenVariable = Key<String>(
            "initial_access_token_env_var", .string, "The environment variable with that token.")
        static let softwareID = Key<String>("software_id", .string, "Sent as software_id.")
        static let softwareStatement = Key<String>("software_statement", .string, "Sent as software_statement.")
    }

    static let keys: [any SectionKey] = [
        Keys.discoveryURL, Keys.registrationEndpoint, Keys.tokenFile, Keys.tokenVariable, Keys.softwareID,
        Keys.softwareStatement,
    ]

    init(reading section: SectionReader) {
        discoveryURL = section[Keys.discoveryURL]
        registrationEndpoint = section[Keys.registrationEndpoint]
        softwareID = section[Keys.softwareID].nonEmpty
        softwareStatement = section[Keys.softwareStatement].nonEmpty
        let hasBothTokens = section[Keys.tokenFile].nonEmpty != nil && section[Keys.tokenVariable].nonEmpty != nil
        section.refuseBoth(Keys.tokenFile, Keys.tokenVariable)
        initialAccessToken =
            hasBothTokens ? nil : section.secretReference(file: Keys.tokenFile, variable: Keys.tokenVariable)
        let hasDiscovery = section.place.has(Keys.discoveryURL.name)
        let hasEndpoint = section.place.has(Keys.registrationEndpoint.name)
        if hasDiscovery, hasEndpoint {
            section.refuse(
                Keys.registrationEndpoint, "only one of discovery_url and registration_endpoint may be set; remove one")
        }
        if !hasDiscovery, !hasEndpoint {
            section.missing("discovery_url", "write discovery_url or registration_endpoint")
        }
        for (key, url) in [
            (Keys.discoveryURL, discoveryURL), (Keys.registrationEndpoint, registrationEndpoint),
        ] {
            if let url, let problem = AuthServerURLRules.endpointProblem(url, allowsHTTP: false) {
                section.refuse(key, problem)
            }
        }
    }
}
