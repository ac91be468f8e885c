// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// What this server is at a provider.
    package struct UpstreamClient: Sendable, Hashable {
        /// Empty when the server registers itself.
        package let clientID: String
        /// Absent for a public client.
        package let clientSecret: SecretReference?
        /// Our callback there.
        package internal(set) var redirectURI: String
        package let scopes: [String]
        /// Further parameters of the authorization request.
        package let additionalAuthorizationParameters: [String: String]
        /// Whether the provider may have a private address.
        package let allowsPrivateAddresses: Bool
        /// Whether the provider may do without TLS.
        package internal(set) var allowsHTTP: Bool

        /// Parameters that this server sets itself.
        package static let reservedParameters: Set<String> = [
            "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
            "nonce",
        ]
    }
}

extension AuthServerRunConfig.UpstreamClient {
    private enum Keys {
        static let clientSecretFile = Key<String>(
            "client_secret_file", .string, "A file with the client's secret; white space around it is cut off.")
        static let clientSecretVariable = Key<String>(
            "client_secret_env_var", .string, "The environment variable with the client's secret.")
        static let redirectURI = Key<String>(
            "redirect_uri", .string, "Our callback there; <issuer>/oauth/callback unless written.")
        static let parameters = DefaultKey<[String: String]>(
            "additional_authorization_params", .stringMap, default: [:],
            "Further parameters of the authorization request, such as prompt or audience.")
        static let allowsPrivateAddresses = DefaultKey<Bool>(
            "allow_private_ips", .boolean, default: false, "Whether the provider may have a private address.")
        static let allowsHTTP = DefaultKey<Bool>(
            "insecure_allow_http", .boolean, default: false, "Whether the provider may do without TLS.")
    }

    static let keys: [any SectionKey] = [
        Keys.clientSecretFile, Keys.clientSecretVariable, Keys.redirectURI, Keys.parameters,
        Keys.allowsPrivateAddresses, Keys.allowsHTTP,
    ]

    /// Reads the keys that both kinds of provider have; a redirect URI that is not written stays empty.
    init(reading section: SectionReader, clientID: String?, scopes: [String]) {
        self.clientID = clientID ?? ""
        self.scopes = scopes
        clientSecret = section.secretReference(file: Keys.clientSecretFile, variable: Keys.clientSecretVariable)
        redirectURI = section[Keys.redirectURI] ?? ""
        additionalAuthorizationParameters = section[Keys.parameters]
        allowsPrivateAddresses = section[Keys.allowsPrivateAddresses]
        allowsHTTP = section[Keys.allowsHTTP]
        if allowsHTTP { section.warn(Keys.allowsHTTP, "lets tokens travel in the clear; never use it in earnest") }
        let places = section.at(Keys.parameters)
        for name in additionalAuthorizationParameters.keys.sorted() where Self.reservedParameters.contains(name) {
            places.entry(name).refuse("is a parameter that vmcp sets itself; remove it")
        }
        if additionalAuthorizationParameters.keys.contains("") {
            places.entry("").refuse("has no name; write the name of a parameter")
        }
    }
}
