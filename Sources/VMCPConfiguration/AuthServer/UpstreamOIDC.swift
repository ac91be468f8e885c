// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// A provider that describes itself (OpenID Connect Discovery).
    package struct UpstreamOIDC: Sendable, Hashable {
        package let issuerURL: HTTPURL
        package internal(set) var client: UpstreamClient
        /// The claim of the identity token that says who the user is.
        package let subjectClaim: String

        package static let defaultScopes = ["openid", "offline_access"]

        static var placeholder: UpstreamOIDC { UpstreamOIDC(reading: .empty(keys: keys)) }
    }
}

extension AuthServerRunConfig.UpstreamOIDC: Section {
    static let summary = "A provider that describes itself (OpenID Connect Discovery)."

    private enum Keys {
        static let issuerURL = Key<HTTPURL>(
            "issuer_url", .httpURL, required: true, "The issuer of its identity tokens.")
        static let clientID = Key<String>("client_id", .nonEmptyString, required: true, "What we are called there.")
        static let scopes = DefaultKey<[String]>(
            "scopes", .scopes, default: AuthServerRunConfig.UpstreamOIDC.defaultScopes,
            "What is asked for there; has openid.")
        static let userInfoOverride = Key<AuthServerRunConfig.UserInfo>(
            "userinfo_override", .section, "Without effect: the identity token says who the user is.")
        static let subjectClaim = DefaultKey<String>(
            "subject_claim", .claimName.orEmpty, default: "sub",
            "The claim of the identity token that says who the user is; changing it makes everybody a new user.")
    }

    static let keys: [any SectionKey] =
        [Keys.issuerURL, Keys.clientID, Keys.scopes, Keys.userInfoOverride, Keys.subjectClaim]
        + AuthServerRunConfig.UpstreamClient.keys

    init(reading section: SectionReader) {
        issuerURL = section[Keys.issuerURL] ?? .placeholder
        let scopes = section[Keys.scopes]
        client = AuthServerRunConfig.UpstreamClient(
            reading: section, clientID: section[Keys.clientID], scopes: scopes.isEmpty ? Self.defaultScopes : scopes)
        subjectClaim = section[Keys.subjectClaim]
        _ = section.read(Keys.userInfoOverride, isInUse: false)
        if section.has(Keys.userInfoOverride) {
            section.warn(Keys.userInfoOverride, "has no effect: the identity token says who the user is; remove it")
        }
        if issuerURL.text.contains("?") {
            section.refuse(
                Keys.issuerURL, "\(quoted(issuerURL.text)) has a query; an issuer has none, remove the part from ? on")
        }
        if !scopes.isEmpty, !scopes.contains("openid") {
            section.refuse(Keys.scopes, "has no openid, without which there is no identity token; add it")
        }
    }
}

extension ValueType where Value == String {
    /// The name of a claim at the top of a token.
    static var claimName: ValueType {
        string.checked { text in
            let isPlain = text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
            return isPlain && text.first?.isNumber == false
                ? nil : "\(quoted(text)) is not a claim name; use letters, digits and _, and no digit in front"
        }
    }
}
