// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import OutboundHTTP

/// Which URLs may be an endpoint of an upstream.
struct UpstreamEndpointRule: Sendable {
    static let maximumBytes = 2048

    private let policy: AddressPolicy
    private let staysOnLoopback: Bool

    /// For URLs of the operator's own configuration. Those may name this machine: the operator decides that.
    init(configured policy: AddressPolicy) {
        self.policy = policy
        staysOnLoopback = false
    }

    /// For URLs in a document that the server at `url` handed out: they get no freedom that `url` does not use itself,
    /// and a server on this machine names only this machine, unless plain HTTP is allowed everywhere.
    init(_ policy: AddressPolicy, namedBy url: OutboundURL) {
        self.policy = policy.forURLs(namedBy: url.text)
        staysOnLoopback = url.host.isLoopback && !policy.allowsHTTP
    }

    func accepts(_ url: OutboundURL) -> Bool {
        if url.host.isLoopback { return policy.allowsLoopback }
        return !staysOnLoopback && (url.scheme == .https || policy.allowsHTTP)
    }

    /// The URL, if it is one and the rule accepts it.
    func endpoint(_ text: String?) -> OutboundURL? {
        guard let text, text.utf8.count <= Self.maximumBytes, let url = try? OutboundURL(text), accepts(url) else {
            return nil
        }
        return url
    }
}

extension OutboundURL {
    /// The host as a person should see it, with the port when it is an unusual one.
    var displayHost: String {
        let isDefault = port == (scheme == .http ? 80 : 443)
        return isDefault ? host.urlText : "\(host.urlText):\(port)"
    }
}
