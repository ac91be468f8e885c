// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// vmcp addition: what is stricter, or looser for a test, than the standards demand.
    package struct Hardening: Sendable, Hashable {
        package enum Registration: String, Sendable, Hashable, CaseIterable {
            /// Anybody may register a client (RFC 7591).
            case open
            /// There is no registration endpoint.
            case closed
        }

        package enum Consent: String, Sendable, Hashable, CaseIterable {
            /// Asked once for each client, redirect URI, resource and set of scopes.
            case remember
            /// Asked at every sign-in.
            case always
            /// Never asked.
            case off
        }

        package enum Requirement: String, Sendable, Hashable, CaseIterable {
            case off
            case optional
            case required
        }

        package enum NonceUse: String, Sendable, Hashable, CaseIterable {
            case off
            /// At the token endpoint and for pushed requests.
            case token
            /// At the MCP endpoint too.
            case all
        }

        package enum AccessTokenType: String, Sendable, Hashable, CaseIterable {
            /// RFC 9068.
            case accessToken = "at+jwt"
            case jwt = "JWT"
        }

        package let registration: Registration
        package let consent: Consent
        /// How long a decision is remembered.
        package let consentLifetime: Duration
        /// Origins that receive errors without a page in between.
        package let trustedRedirectOrigins: [String]
        /// Schemes without a dot that redirect URIs may have, in lower case.
        package let privateUseRedirectSchemes: [String]
        /// Whether only `https` and loopback redirect URIs are accepted.
        package let hasStrictRedirectURIs: Bool
        /// Pushed authorization requests (RFC 9126).
        package let par: Requirement
        /// Proof of possession (RFC 9449).
        package let dpop: Requirement
        package let dpopNonce: NonceUse
        /// How long the answer to a refresh can be fetched again.
        package let refreshGrace: Duration
        /// The absolute life of a sign-in.
        package let sessionMaximumLifetime: Duration
        /// The `typ` of access tokens.
        package let accessTokenType: AccessTokenType
        /// Whether there is neither a consent page nor a cookie, for tests without a browser.
        package let skipsBrowserChecks: Bool

        static var placeholder: Hardening { Hardening(reading: .empty(keys: keys)) }
    }
}

extension AuthServerRunConfig.Hardening: Section {
    static let summary = "vmcp addition. What is stricter, or looser for a test, than the standards demand."

    enum Keys {
        static let registration = DefaultKey<Registration>(
            "registration", .name, default: .open, "vmcp addition. Whether clients may register.")
        static let consent = DefaultKey<Consent>(
            "consent", .name, default: .remember, "vmcp addition. When people are asked whether a client may act.")
        static let consentLifetime = DefaultKey<Duration>(
            "consent_ttl", .positiveDuration, default: .seconds(720 * 3600),
            "vmcp addition. How long a decision is remembered.")
        static let trustedOrigins = DefaultKey<[String]>(
            "trusted_redirect_origins", .list(of: .secureOrigin), default: [],
            "vmcp addition. Origins that receive errors without a page in between.")
        static let schemes = DefaultKey<[String]>(
            "private_use_redirect_schemes", .list(of: .redirectScheme),
            default: ["cursor", "vscode", "vscode-insiders"],
            "vmcp addition. Schemes without a dot that redirect URIs may have.")
        static let strictRedirectURIs = DefaultKey<Bool>(
            "strict_redirect_uris", .boolean, default: false,
            "vmcp addition. Whether only https and loopback redirect URIs are accepted.")
        static let par = DefaultKey<Requirement>(
            "par", .name, default: .optional, "vmcp addition. Pushed authorization requests (RFC 9126).")
        static let dpop = DefaultKey<Requirement>(
            "dpop", .name, default: .optional, "vmcp addition. Proof of possession (RFC 9449).")
        static let dpopNonce = DefaultKey<NonceUse>(
            "dpop_nonce", .name, default: .token, "vmcp addition. Who demands a nonce of ours in such a proof.")
        static let refreshGrace = DefaultKey<Duration>(
            "refresh_grace", .duration(atLeast: .zero, atMost: .seconds(120)), default: .seconds(30),
            "vmcp addition. How long the answer to a refresh can be fetched again; 120s at most.")
        static let sessionLifetime = DefaultKey<Duration>(
            "session_max_lifetime", .positiveDuration, default: .seconds(720 * 3600),
            "vmcp addition. The absolute life of a sign-in; at least the life of a refresh token.")
        static let accessTokenType = DefaultKey<AccessTokenType>(
            "access_token_typ", .name, default: .accessToken, "vmcp addition. The typ of access tokens.")
        static let skipsBrowserChecks = DefaultKey<Bool>(
            "insecure_skip_browser_checks", .boolean, default: false,
            "vmcp addition. Neither consent page nor cookie, for tests without a browser.")
    }

    static let keys: [any SectionKey] = [
        Keys.registration, Keys.consent, Keys.consentLifetime, Keys.trustedOrigins, Keys.schemes,
        Keys.strictRedirectURIs, Keys.par, Keys.dpop, Keys.dpopNonce, Keys.refreshGrace, Keys.sessionLifetime,
        Keys.accessTokenType, Keys.skipsBrowserChecks,
    ]

    init(reading section: SectionReader) {
        registration = section[Keys.registration]
        consent = section[Keys.consent]
        consentLifetime = section[Keys.consentLifetime]
        trustedRedirectOrigins = section[Keys.trustedOrigins].compactMap { try? HTTPURL(parsing: $0).origin }
        privateUseRedirectSchemes = section[Keys.schemes].map { $0.lowercased() }
        hasStrictRedirectURIs = section[Keys.strictRedirectURIs]
        par = section[Keys.par]
        dpop = section[Keys.dpop]
        dpopNonce = section[Keys.dpopNonce]
        refreshGrace = section[Keys.refreshGrace]
        sessionMaximumLifetime = section[Keys.sessionLifetime]
        accessTokenType = section[Keys.accessTokenType]
        skipsBrowserChecks = section[Keys.skipsBrowserChecks]
        if hasStrictRedirectURIs, section.has(Keys.schemes) {
            section.warn(Keys.schemes, "has no effect with strict_redirect_uris: true; remove one of the two")
        }
        if skipsBrowserChecks {
            section.warn(
                Keys.skipsBrowserChecks, "lets a link sign people in to somebody else's client; never use it in earnest"
            )
        }
    }
}

extension ValueType where Value == String {
    /// `https://name` or `https://name:port`.
    fileprivate static var secureOrigin: ValueType {
        string.checked { text in
            let url = try? HTTPURL(parsing: text)
            return url?.target == "/" && url?.isSecure == true && !text.hasSuffix("/") && !text.contains("?")
                && !text.contains("*")
                ? nil
                : "\(quoted(text)) is not an https origin; write https://name or https://name:port, without a path"
        }
    }

    /// The scheme of a URI (RFC 3986 section 3.1) that cannot run or read anything in a browser.
    fileprivate static var redirectScheme: ValueType {
        string.checked { text in
            let scheme = text.lowercased()
            guard scheme.first?.isLetter == true,
                scheme.utf8.allSatisfy({ byte in
                    switch byte {
                    case 0x30...0x39, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
                    default: false
                    }
                })
            else { return "\(quoted(text)) is not a scheme; write the part of the URI before the colon" }
            return deniedSchemes.contains(scheme)
                ? "\(quoted(text)) is never a scheme of redirect URIs; remove it" : nil
        }
    }

    /// Schemes of the web itself, and those whose URIs act in the browser or open other programs.
    private static var deniedSchemes: Set<String> {
        [
            "http", "https", "javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "ftp", "ws",
            "wss",
            "mailto", "intent", "content", "view-source",
        ]
    }
}
