// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the operator allows of redirect URIs.
package struct RedirectURIPolicy: Sendable, Hashable {
    /// Schemes without a dot that applications are known to use.
    package var privateUseSchemes: Set<String>
    /// Only https, and http on loopback: the letter of the MCP specification.
    package var isStrict: Bool

    package init(privateUseSchemes: some Sequence<String>, isStrict: Bool) {
        self.privateUseSchemes = Set(privateUseSchemes.map { $0.lowercased() })
        self.isStrict = isStrict
    }

    package init(_ settings: AuthServerSettings) {
        self.init(privateUseSchemes: settings.privateUseRedirectSchemes, isStrict: settings.hasStrictRedirectURIs)
    }

    /// For clients whose metadata document anyone can read: what is claimed there must be somebody's own.
    package static let metadataDocument = RedirectURIPolicy(privateUseSchemes: [], isStrict: true)
}

/// `application_type` of OpenID Connect Registration §2.
package enum ApplicationType: String, Sendable, Hashable {
    case native
    case web
}

extension RedirectURIRules {
    package static let maximumCount = 10

    /// Schemes that browsers and operating systems act upon themselves.
    private static let refusedSchemes: Set<String> = [
        "javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "ftp", "ws", "wss", "mailto", "intent",
        "content", "view-source",
    ]

    /// Checks a redirect URI that a client wants to register.
    ///
    /// - Throws: `invalid_redirect_uri`.
    package static func validate(
        _ text: String, policy: RedirectURIPolicy, applicationType: ApplicationType? = nil
    ) throws(OAuthError) {
        let uri = try parse(text)
        guard !uri.hasFragment else { throw refusal("A redirect URI must not have a fragment") }
        guard !text.contains("*") else { throw refusal("A redirect URI must not contain an asterisk") }
        guard !refusedSchemes.contains(uri.scheme) else { throw refusal("The scheme of a redirect URI is not allowed") }
        switch uri.scheme {
        case "https": break
        case "http":
            guard uri.hasLoopbackHost else {
                throw refusal("A redirect URI with http must be on localhost or a loopback address; use https")
            }
        default: try validatePrivateUse(uri, policy)
        }
        if applicationType == .web {
            guard uri.isWeb, !uri.hasLoopbackHost else {
                throw refusal("A web application cannot use loopback or private-use redirect URIs")
            }
        }
    }

    /// Checks that a URI is fit for a client with a secret: https, and not on somebody's own computer.
    package static func isFitForSecret(_ text: String) -> Bool {
        guard let uri = try? StrictURI(parsing: text) else { return false }
        return uri.scheme == "https" && !uri.hasLoopbackHost
    }

    /// Whether a page may offer a URL as a link: a browser opens it and does not run it or act upon it itself.
    package static func isSafeLink(_ url: String) -> Bool {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme.utf8.count < url.utf8.count, scheme.utf8.first.map(HostRules.isLetter) == true,
            scheme.utf8.allSatisfy({ HostRules.isLetter($0) || HostRules.isDigit($0) || "+-.".utf8.contains($0) })
        else { return false }
        return !refusedSchemes.contains(scheme)
            && url.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
    }

    private static func validatePrivateUse(_ uri: StrictURI, _ policy: RedirectURIPolicy) throws(OAuthError) {
        guard !policy.isStrict else { throw refusal("A redirect URI must use https, or http on a loopback address") }
        guard uri.scheme.contains(".") || policy.privateUseSchemes.contains(uri.scheme) else {
            throw refusal("A private-use scheme must be a reversed domain name such as com.example.app")
        }
        guard uri.host != nil || !uri.path.isEmpty else { throw refusal("A redirect URI must have a host or a path") }
    }

    private static func parse(_ text: String) throws(OAuthError) -> StrictURI {
        do {
            return try StrictURI(parsing: text)
        } catch {
            throw switch error {
            case .tooLong: refusal("A redirect URI is longer than 2048 bytes")
            case .forbiddenCharacter: refusal("A redirect URI has a character that URIs cannot have")
            case .invalidEscape: refusal("A percent sign in a redirect URI must start an escape")
            case .invalidScheme: refusal("A redirect URI must be absolute")
            case .userInformation: refusal("A redirect URI must not have a user name or password")
            case .invalidHost: refusal("The host of a redirect URI is not valid")
            case .invalidPort: refusal("The port of a redirect URI is not valid")
            case .dotSegment: refusal("A redirect URI must not have dot segments")
            }
        }
    }

    private static func refusal(_ description: StaticString) -> OAuthError {
        OAuthError(.invalidRedirectURI, description)
    }
}
