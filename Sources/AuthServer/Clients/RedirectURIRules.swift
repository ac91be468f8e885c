// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a redirect URI of a request came to.
package enum RedirectMatch: Sendable, Hashable {
    /// Where answers go: the requested URI with its own port, or the only registered one.
    case matched(String)
    /// Nothing may be sent anywhere.
    case none
}

/// Which redirect URIs a client may have and use.
package enum RedirectURIRules {
    /// Finds out where the answer of an authorization request may go.
    ///
    /// A URI must equal a registered one byte by byte. The exception is RFC 8252 §7.3: a public client that registered
    /// an `http` URI on `localhost` or a loopback address may use any port there. Without a URI the only registered one
    /// counts; whether one may be left out at all is the caller's to know (OpenID Connect wants it always).
    package static func match(requested: String?, client: OAuthClient) -> RedirectMatch {
        guard let requested else {
            guard client.redirectURIs.count == 1, let only = client.redirectURIs.first else { return .none }
            return .matched(only)
        }
        if client.redirectURIs.contains(where: { $0.utf8.elementsEqual(requested.utf8) }) { return .matched(requested) }
        guard client.isPublic, let wanted = portFree(requested) else { return .none }
        return client.redirectURIs.contains { portFree($0) == wanted } ? .matched(requested) : .none
    }

    /// What must be equal when the port need not be; `nil` for URIs whose port counts.
    private static func portFree(_ text: String) -> PortFree? {
        guard let uri = try? StrictURI(parsing: text), uri.scheme == "http", !uri.hasFragment, let host = uri.host,
            host == "localhost" || uri.isLoopbackAddress
        else { return nil }
        return PortFree(host: host, path: uri.path, query: uri.query)
    }

    private struct PortFree: Hashable {
        let host: String
        let path: String
        let query: String?
    }

    /// Whether answers stay on the person's computer: its host is `localhost`, below it, or a loopback address.
    package static func isLoopback(_ uri: String) -> Bool {
        (try? StrictURI(parsing: uri))?.hasLoopbackHost ?? false
    }

    /// Whether the operating system hands the answer to whichever application claimed the scheme (RFC 8252 §7.1).
    package static func isPrivateUse(_ uri: String) -> Bool {
        guard let uri = try? StrictURI(parsing: uri) else { return false }
        return !uri.isWeb
    }

    /// Scheme, host and port as browsers compare them; `nil` for private-use and invalid URIs.
    package static func origin(_ uri: String) -> String? {
        (try? StrictURI(parsing: uri))?.origin
    }

    /// How a page names the place that a redirect URI leads to; `nil` for an invalid URI.
    package static func target(_ text: String) -> ConsentPage.Target? {
        guard let uri = try? StrictURI(parsing: text) else { return nil }
        guard uri.isWeb, let host = uri.host else { return .scheme(uri.scheme) }
        guard !uri.hasLoopbackHost else { return .loopback(port: uri.port) }
        return .host(uri.port.map { "\(host):\($0)" } ?? host)
    }
}
