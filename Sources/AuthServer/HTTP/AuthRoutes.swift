// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the server can be asked for.
package enum AuthRoute: Sendable, Hashable, CaseIterable {
    case authorize
    case consent
    case callback
    case token
    case pushedRequest
    case register
    case revoke
    case metadata
    case openIDMetadata
    case keys
}

/// What a path means.
package enum AuthPath: Sendable, Hashable {
    case route(AuthRoute)
    /// Ours, but there is nothing there. Whether pages of other origins may learn that.
    case nothing(allowsCrossOrigin: Bool)
}

/// Finds out which endpoint a path belongs to, by the text of the path as it was sent.
///
/// Endpoints are at the root of the server and, for an issuer with a path, below that path too, so that it works with
/// and without a proxy that strips it. Metadata is at the root and where RFC 8414 §3.1 (path inserted) and OpenID Connect
/// Discovery §4 (path appended) look for it.
package struct AuthRoutes: Sendable {
    private let issuerPath: String
    private let isRegistrationOpen: Bool
    private let hasPushedRequests: Bool
    private let hasConsent: Bool

    package init(_ settings: AuthServerSettings) {
        issuerPath = Self.path(of: settings.issuer)
        isRegistrationOpen = settings.isRegistrationOpen
        hasPushedRequests = settings.pushedRequests != .off
        hasConsent = settings.consent != .off && !settings.skipsBrowserChecks
    }

    /// `nil` for paths that are not ours.
    package func resolve(_ path: String) -> AuthPath? {
        if let found = resolveAtRoot(path) { return found }
        // A path that only looks like the issuer's is somebody else's.
        guard !issuerPath.isEmpty, path.hasPrefix(issuerPath + "/") else { return nil }
        return resolveAtRoot(String(path.dropFirst(issuerPath.count)), isBelowIssuer: true)
    }

    private func resolveAtRoot(_ path: String, isBelowIssuer: Bool = false) -> AuthPath? {
        if path == "/oauth" || path.hasPrefix("/oauth/") {
            return endpoint(path).map(AuthPath.route) ?? .nothing(allowsCrossOrigin: false)
        }
        for (name, route) in Self.documents where path.hasPrefix(name) {
            let suffix = path.dropFirst(name.count)
            guard suffix.isEmpty || suffix.hasPrefix("/") else { continue }
            let isInserted = route != .keys && !isBelowIssuer && suffix == issuerPath
            return suffix.isEmpty || isInserted ? .route(route) : .nothing(allowsCrossOrigin: true)
        }
        return nil
    }

    private func endpoint(_ path: String) -> AuthRoute? {
        switch path {
        case "/oauth/authorize": .authorize
        case "/oauth/consent": hasConsent ? .consent : nil
        case "/oauth/callback": .callback
        case "/oauth/token": .token
        case "/oauth/par": hasPushedRequests ? .pushedRequest : nil
        case "/oauth/register": isRegistrationOpen ? .register : nil
        case "/oauth/revoke": .revoke
        default: nil
        }
    }

    private static let documents: [(name: String, route: AuthRoute)] = [
        ("/.well-known/oauth-authorization-server", .metadata),
        ("/.well-known/openid-configuration", .openIDMetadata),
        ("/.well-known/jwks.json", .keys),
    ]

    private static func path(of issuer: String) -> String {
        guard let start = issuer.firstRange(of: "://")?.upperBound, let slash = issuer[start...].firstIndex(of: "/")
        else { return "" }
        var path = issuer[slash...]
        while path.last == "/" { path.removeLast() }
        return String(path)
    }
}
