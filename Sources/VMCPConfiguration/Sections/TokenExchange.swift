// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// The caller's token exchanged for one that the backend accepts (RFC 8693).
    package struct TokenExchange: Sendable, Hashable {
        package let tokenURL: HTTPURL
        package let clientID: String?
        package let clientSecret: Secret?
        package let audience: String?
        package let scopes: [String]
        /// The full URN.
        package let subjectTokenType: String
        /// The upstream provider whose token is exchanged; absent means the caller's own.
        package let subjectProviderName: String?
    }
}

extension Configuration.TokenExchange: Section {
    static let summary = "The caller's token exchanged for one that the backend accepts (RFC 8693)."

    private enum Keys {
        static let tokenURL = Key<String>("tokenUrl", .nonEmptyString, required: true, "The token endpoint.")
        static let clientID = Key<String>("clientId", .string, "The client that asks.")
        static let clientSecret = Key<String>("clientSecret", .string, "Its secret; wins over clientSecretEnv.")
        static let clientSecretEnv = Key<String>(
            "clientSecretEnv", .string, "The environment variable that holds the secret.")
        static let audience = Key<String>("audience", .string, "Who the new token is for.")
        static let scopes = DefaultKey<[String]>("scopes", .strings, default: [], "What the new token may do.")
        static let subjectTokenType = Key<String>(
            "subjectTokenType", .string, "access_token, id_token, jwt, or a full token-type URN.")
        static let subjectProviderName = Key<String>(
            "subjectProviderName", .string, "The upstream provider whose token is exchanged.")
    }

    static let keys: [any SectionKey] = [
        Keys.tokenURL, Keys.clientID, Keys.clientSecret, Keys.clientSecretEnv, Keys.audience, Keys.scopes,
        Keys.subjectTokenType, Keys.subjectProviderName,
    ]

    static let tokenTypePrefix = "urn:ietf:params:oauth:token-type:"

    init(reading section: SectionReader) {
        tokenURL = section.endpoint(Keys.tokenURL)
        clientID = section[Keys.clientID].nonEmpty
        clientSecret = section.secret(Keys.clientSecret, Keys.clientSecretEnv)
        audience = section[Keys.audience].nonEmpty
        scopes = section[Keys.scopes]
        subjectProviderName = section[Keys.subjectProviderName].nonEmpty
        let type = section[Keys.subjectTokenType].nonEmpty ?? "access_token"
        let isShort = ["access_token", "id_token", "jwt"].contains(type)
        subjectTokenType = isShort ? Self.tokenTypePrefix + type : type
        if !isShort, !type.hasPrefix(Self.tokenTypePrefix) {
            section.refuse(
                Keys.subjectTokenType,
                "\(quoted(type)) is not a token type; write access_token, id_token, jwt or \(Self.tokenTypePrefix)…")
        }
        if clientSecret != nil, clientID == nil {
            section.missing("clientId", "a client secret belongs to a client")
        }
    }
}
