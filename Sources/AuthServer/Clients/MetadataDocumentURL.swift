// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The URL that is a client's identifier and the address of its metadata document.
package struct MetadataDocumentURL: Sendable, Hashable {
    package let text: String
    package let uri: StrictURI

    /// Whether an identifier can only belong to a metadata document; it is then never looked for elsewhere.
    package static func isClaimed(_ id: String) -> Bool {
        guard !id.hasPrefix("https://") else { return true }
        return id.hasPrefix("http://") && RedirectURIRules.isLoopback(id)
    }

    /// `nil` for what cannot be such a URL: it needs a host and a path of its own, and must have no fragment, user
    /// information or dot segments. Loopback hosts are for developers' own machines.
    package init?(_ id: String, isDevelopment: Bool) {
        guard Self.isClaimed(id), let uri = try? StrictURI(parsing: id), uri.isWeb, !uri.hasFragment,
            !uri.path.isEmpty, uri.path != "/", isDevelopment || !uri.hasLoopbackHost
        else { return nil }
        self.text = id
        self.uri = uri
    }

    /// Shown to people: the host that vouches for the document.
    package var host: String {
        let host = uri.host ?? ""
        return uri.port.map { "\(host):\($0)" } ?? host
    }
}

extension OAuthClient {
    /// The host that serves the client's metadata document. `nil` for other clients, and for a document on the person's
    /// own computer, where everybody can serve one.
    package var verifiedHost: String? {
        guard origin == .metadataDocument else { return nil }
        return MetadataDocumentURL(id, isDevelopment: false)?.host
    }
}
