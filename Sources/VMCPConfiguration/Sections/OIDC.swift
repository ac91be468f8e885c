// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// The OpenID provider whose tokens clients bring.
    package struct OIDC: Sendable, Hashable {
        /// Must equal the token's `iss`; a trailing slash matters.
        package let issuer: String
        /// Must be among the token's `aud`.
        package let audience: String
        /// The identifier of this server as a protected resource (RFC 9728); absent means no metadata document.
        package let resource: String?
        package let clientID: String?
        /// What introspection authenticates with.
        package let clientSecret: Secret?
        /// Skips discovery.
        package let jwksURL: HTTPURL?
        /// Turns opaque tokens on.
        package let introspectionURL: HTTPURL?
        /// Advertised, and demanded of every token; `offline_access`, which is no right at this server, is neither.
        package let scopes: [String]
        /// Whether discovery, keys and introspection may be fetched from private addresses.
        package let allowsPrivateAddresses: Bool
        /// Whether they may be fetched without TLS.
        package let allowsHTTP: Bool
        /// PEM certificates that replace the system's for the provider.
        package let caBundlePath: String?
    }
}

extension Configuration.OIDC: Section {
    static let summary = "The OpenID provider whose tokens clients bring."

    private enum Keys {
        static let issuer = Key<String>("issuer", .nonEmptyString, required: true, "Must equal the token's iss.")
        static let clientID = Key<String>("clientId", .string, "The client that introspection authenticates as.")
        static let clientSecretEnv = Key<String>(
            "clientSecretEnv", .string, "The environment variable that holds the client's secret.")
        static let audience = Key<String>(
            "audience", .nonEmptyString, required: true, "Must be among the token's aud.")
        static let resource = Key<String>("resource", .string, "The URL of this server as a protected resource.")
        static let jwksURL = Key<String>("jwksUrl", .string, "Where the keys are; skips discovery.")
        static let introspectionURL = Key<String>("introspectionUrl", .string, "Turns opaque tokens on.")
        static let scopes = DefaultKey<[String]>(
            "scopes", .strings, default: [], "Advertised, and demanded of every token, all but offline_access.")
        static let protectedResourceAllowPrivateIP = DefaultKey<Bool>(
            "protectedResourceAllowPrivateIp", .boolean, default: false,
            "Whether the provider may have a private address.")
        static let jwksAllowPrivateIP = DefaultKey<Bool>(
            "jwksAllowPrivateIp", .boolean, default: false, "Whether the provider may have a private address.")
        static let insecureAllowHTTP = DefaultKey<Bool>(
            "insecureAllowHttp", .boolean, default: false, "Whether the provider may be reached without TLS.")
        static let caBundlePath = Key<String>(
            "caBundlePath", .absolutePath, "Certificates that replace the system's for the provider.")
    }

    static let keys: [any SectionKey] = [
        Keys.issuer, Keys.clientID, Keys.clientSecretEnv, Keys.audience, Keys.resource, Keys.jwksURL,
        Keys.introspectionURL, Keys.scopes, Keys.protectedResourceAllowPrivateIP, Keys.jwksAllowPrivateIP,
        Keys.insecureAllowHTTP, Keys.caBundlePath,
    ]

    /// Holds the secret for introspection when the file names no variable, or one that is not set.
    package static let fallbackSecretVariable = "TOOLHIVE_OIDC_CLIENT_SECRET"

    init(reading section: SectionReader) {
        let reading = section.place.reading
        issuer = section[Keys.issuer] ?? ""
        audience = section[Keys.audience] ?? ""
        resource = section[Keys.resource].nonEmpty
        clientID = section[Keys.clientID].nonEmpty
        let variable = section[Keys.clientSecretEnv].nonEmpty
        clientSecret = (variable.flatMap(reading.variable) ?? reading.variable(Self.fallbackSecretVariable))
            .map(Secret.init)
        jwksURL = section.url(Keys.jwksURL)
        introspectionURL = section.url(Keys.introspectionURL)
        scopes = section[Keys.scopes]
        let isPrivate = (section[Keys.protectedResourceAllowPrivateIP], section[Keys.jwksAllowPrivateIP])
        allowsPrivateAddresses = isPrivate.0 || isPrivate.1
        allowsHTTP = section[Keys.insecureAllowHTTP]
        caBundlePath = section[Keys.caBundlePath].nonEmpty
        if resource == nil {
            section.warn(Keys.resource, "is not set, so clients cannot discover how to log in; write this server's URL")
        }
        if let variable, reading.variable(variable) == nil {
            section.warn(Keys.clientSecretEnv, "the environment variable \(quoted(variable)) is not set")
        }
    }
}

extension Optional where Wrapped == String {
    /// The text unless it is empty, for keys whose empty text means absent.
    var nonEmpty: String? {
        flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension SectionReader {
    /// An optional URL; an empty text means absent.
    func url(_ key: Key<String>) -> HTTPURL? {
        guard let text = self[key].nonEmpty else { return nil }
        do {
            return try HTTPURL(parsing: text)
        } catch {
            refuse(key, error.message)
            return nil
        }
    }
}
