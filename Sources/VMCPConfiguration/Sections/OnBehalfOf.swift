// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// A token that a provider issues to this server on behalf of the caller.
    package struct OnBehalfOf: Sendable, Hashable {
        package let tokenURL: HTTPURL
        package let clientID: String?
        package let clientSecret: Secret?
        package let audience: String?
        package let scopes: [String]
        package let subjectTokenProviderName: String?
        /// How long before it expires a token is not used any more.
        package let cacheSkewSeconds: Int
    }
}

extension Configuration.OnBehalfOf: Section {
    static let summary = "A token that a provider issues to this server on behalf of the caller."

    private enum Keys {
        static let tokenURL = Key<String>("tokenUrl", .nonEmptyString, required: true, "The token endpoint.")
        static let clientID = Key<String>("clientId", .string, "The client that asks.")
        static let clientSecret = Key<String>("clientSecret", .string, "Its secret; or clientSecretEnv.")
        static let clientSecretEnv = Key<String>(
            "clientSecretEnv", .string, "The environment variable that holds the secret.")
        static let audience = Key<String>("audience", .string, "Who the new token is for.")
        static let scopes = DefaultKey<[String]>("scopes", .strings, default: [], "What the new token may do.")
        static let subjectTokenProviderName = Key<String>(
            "subjectTokenProviderName", .string, "The upstream provider whose token is presented.")
        static let cacheSkewSeconds = DefaultKey<Int>(
            "cacheSkewSeconds", .integer(0...Int(Int32.max)), default: 0,
            "How long before it expires a token is not used any more.")
    }

    static let keys: [any SectionKey] = [
        Keys.tokenURL, Keys.clientID, Keys.clientSecret, Keys.clientSecretEnv, Keys.audience, Keys.scopes,
        Keys.subjectTokenProviderName, Keys.cacheSkewSeconds,
    ]

    init(reading section: SectionReader) {
        tokenURL = section.endpoint(Keys.tokenURL)
        clientID = section[Keys.clientID].nonEmpty
        section.refuseBoth(Keys.clientSecret, Keys.clientSecretEnv)
        clientSecret = section.secret(Keys.clientSecret, Keys.clientSecretEnv)
        audience = section[Keys.audience].nonEmpty
        scopes = section[Keys.scopes]
        subjectTokenProviderName = section[Keys.subjectTokenProviderName].nonEmpty
        cacheSkewSeconds = section[Keys.cacheSkewSeconds]
    }
}
