// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// An identity assertion of one provider, traded for an access token of another.
    package struct CrossAppAccess: Sendable, Hashable {
        package let identityProvider: Client
        package let target: Client
        package let targetAudience: String
        /// An absolute URI.
        package let targetResource: String?
        package let scopes: [String]
        package let subjectProviderName: String?

        /// A token endpoint and how this server authenticates there.
        package struct Client: Sendable, Hashable {
            package let tokenURL: HTTPURL
            package let clientID: String?
            package let clientSecret: Secret?
        }

        package static let subjectTokenType = "urn:ietf:params:oauth:token-type:id_token"
    }
}

extension Configuration.CrossAppAccess: Section {
    static let summary = "An identity assertion of one provider, traded for an access token of another."

    private enum Keys {
        static let idpTokenURL = Key<String>(
            "idpTokenUrl", .nonEmptyString, required: true, "The identity provider's token endpoint.")
        static let idpClientID = Key<String>("idpClientId", .string, "The client there.")
        static let idpClientSecret = Key<String>("idpClientSecret", .string, "Its secret.")
        static let idpClientSecretEnv = Key<String>("idpClientSecretEnv", .string, "The variable that holds it.")
        static let targetTokenURL = Key<String>(
            "targetTokenUrl", .nonEmptyString, required: true, "The target's token endpoint.")
        static let insecureTargetTokenURL = DefaultKey<Bool>(
            "insecureTargetTokenUrl", .boolean, default: false, "Whether it may be reached without TLS.")
        static let targetClientID = Key<String>("targetClientId", .string, "The client there.")
        static let targetClientSecret = Key<String>("targetClientSecret", .string, "Its secret.")
        static let targetClientSecretEnv = Key<String>("targetClientSecretEnv", .string, "The variable that holds it.")
        static let targetAudience = Key<String>(
            "targetAudience", .nonEmptyString, required: true, "The issuer of the target.")
        static let targetResource = Key<String>("targetResource", .string, "The resource that is asked for.")
        static let scopes = DefaultKey<[String]>("scopes", .strings, default: [], "Sent to both endpoints.")
        static let subjectProviderName = Key<String>(
            "subjectProviderName", .string, "The upstream provider whose identity token is presented.")
        static let subjectTokenType = Key<String>("subjectTokenType", .string, "Only the id_token URN.")
    }

    static let keys: [any SectionKey] = [
        Keys.idpTokenURL, Keys.idpClientID, Keys.idpClientSecret, Keys.idpClientSecretEnv, Keys.targetTokenURL,
        Keys.insecureTargetTokenURL, Keys.targetClientID, Keys.targetClientSecret, Keys.targetClientSecretEnv,
        Keys.targetAudience, Keys.targetResource, Keys.scopes, Keys.subjectProviderName, Keys.subjectTokenType,
    ]

    init(reading section: SectionReader) {
        identityProvider = section.client(
            Keys.idpTokenURL, Keys.idpClientID, Keys.idpClientSecret, Keys.idpClientSecretEnv)
        target = section.client(
            Keys.targetTokenURL, Keys.targetClientID, Keys.targetClientSecret, Keys.targetClientSecretEnv)
        targetAudience = section[Keys.targetAudience] ?? ""
        targetResource = section[Keys.targetResource].nonEmpty
        scopes = section[Keys.scopes]
        subjectProviderName = section[Keys.subjectProviderName].nonEmpty
        let isInsecure = section[Keys.insecureTargetTokenURL]
        for (key, url) in [(Keys.idpTokenURL, identityProvider.tokenURL), (Keys.targetTokenURL, target.tokenURL)]
        where !url.isSecure && !url.isLoopback && !(isInsecure && key.name == Keys.targetTokenURL.name) {
            section.refuse(key, "\(quoted(url.text)) is not https; use https so that secrets stay secret")
        }
        if let type = section[Keys.subjectTokenType].nonEmpty, type != Self.subjectTokenType {
            section.refuse(
                Keys.subjectTokenType, "\(quoted(type)) is not supported; remove it or write \(Self.subjectTokenType)")
        }
        if let targetResource, !Self.isAbsoluteURI(targetResource) {
            section.refuse(
                Keys.targetResource,
                "\(quoted(targetResource)) is not an absolute URI without fragment; write https://…")
        }
        if target.clientID == nil {
            section.warn(Keys.targetClientID, "is not set, so the target has to accept unauthenticated clients")
        }
    }

    private static func isAbsoluteURI(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), !text.contains("#") else { return false }
        let scheme = text[..<colon]
        return scheme.first?.isLetter == true
            && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
            && text.index(after: colon) < text.endIndex
    }
}

extension SectionReader {
    /// A token endpoint with its client, whose id and secret come together or not at all.
    fileprivate func client(
        _ url: Key<String>, _ id: Key<String>, _ secret: Key<String>, _ variable: Key<String>
    ) -> Configuration.CrossAppAccess.Client {
        let clientID = self[id].nonEmpty
        let literal = self[secret].nonEmpty
        let hasSecret = self[variable].nonEmpty != nil || literal != nil
        // A literal wins, so the variable does not even have to be set.
        let clientSecret = literal.map(Secret.init) ?? self.secret(secret, variable)
        if clientID == nil, hasSecret { missing(id.name, "a client secret belongs to a client") }
        if clientID != nil, !hasSecret { missing(secret.name, "write \(secret.name) or \(variable.name)") }
        return .init(tokenURL: endpoint(url), clientID: clientID, clientSecret: clientSecret)
    }
}
