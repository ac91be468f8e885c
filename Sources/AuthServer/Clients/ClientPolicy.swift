// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the operator lets clients have that nobody configured: those that register and those with a metadata document.
package struct ClientPolicy: Sendable, Hashable {
    package var scopesSupported: [String]
    /// Every such client has these, whatever it asks for.
    package var baselineScopes: [String]
    package var audiences: [String]
    package var redirectURIs: RedirectURIPolicy

    private static let defaultScopes = ["openid", "profile", "email", "offline_access"]

    package init(
        scopesSupported: [String], baselineScopes: [String], audiences: [String], redirectURIs: RedirectURIPolicy
    ) {
        self.scopesSupported = scopesSupported
        self.baselineScopes = baselineScopes
        self.audiences = audiences
        self.redirectURIs = redirectURIs
    }

    package init(_ settings: AuthServerSettings) {
        self.init(
            scopesSupported: settings.scopesSupported, baselineScopes: settings.baselineClientScopes,
            audiences: settings.allowedAudiences, redirectURIs: RedirectURIPolicy(settings))
    }

    /// The scopes of a client that asked for these: in its order, each once, then the baseline.
    ///
    /// One that asks for none gets the usual four as far as they are supported, or everything when none of them is.
    /// - Throws: `invalid_client_metadata` for a scope that is not supported.
    package func scopes(requested: [String]) throws(OAuthError) -> [String] {
        guard requested.allSatisfy(scopesSupported.contains) else {
            throw OAuthError(.invalidClientMetadata, "A requested scope is not in scopes_supported")
        }
        return Self.distinct((requested.isEmpty ? usualScopes : requested) + baselineScopes)
    }

    /// What is left of stored scopes under the configuration of today.
    package func current(_ scopes: [String]) -> [String] {
        Self.distinct(scopes.filter(scopesSupported.contains) + baselineScopes)
    }

    private var usualScopes: [String] {
        let usual = Self.defaultScopes.filter(scopesSupported.contains)
        return usual.isEmpty ? scopesSupported : usual
    }

    private static func distinct(_ scopes: [String]) -> [String] {
        var seen: Set<String> = []
        return scopes.filter { seen.insert($0).inserted }
    }
}
