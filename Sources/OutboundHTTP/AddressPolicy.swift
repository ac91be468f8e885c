// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which addresses a fetch may reach, as the operator decided for what is being fetched.
package struct AddressPolicy: Sendable, Hashable {
    /// RFC 1918, carrier-grade NAT and unique local addresses. Never link-local ones, where cloud credentials live.
    package var allowsPrivateAddresses: Bool
    /// This machine, and only where the URL itself says so: `localhost` or a loopback literal. A public name that
    /// resolves to 127.0.0.1 stays refused.
    package var allowsLoopback: Bool
    /// `http` to every host; loopback hosts may use it wherever they may be reached.
    package var allowsHTTP: Bool
    /// PEM certificates that replace the system's roots.
    package var caBundlePath: String?

    package init(
        allowsPrivateAddresses: Bool = false, allowsLoopback: Bool = false, allowsHTTP: Bool = false,
        caBundlePath: String? = nil
    ) {
        self.allowsPrivateAddresses = allowsPrivateAddresses
        self.allowsLoopback = allowsLoopback
        self.allowsHTTP = allowsHTTP
        self.caBundlePath = caBundlePath
    }

    /// Public addresses over https.
    package static let strict = AddressPolicy()

    /// The policy for a URL that the server at `configuredURL` named, in a document or otherwise.
    ///
    /// Such a URL gets no freedom that the configured one did not use itself: an https server cannot send us to
    /// http, a server elsewhere cannot send us to this machine.
    package func forURLs(namedBy configuredURL: String) -> AddressPolicy {
        guard let configured = try? OutboundURL(configuredURL) else { return .strict }
        var policy = self
        policy.allowsLoopback = allowsLoopback && configured.host.isLoopback
        policy.allowsHTTP = allowsHTTP && configured.scheme == .http
        return policy
    }

    func check(scheme: OutboundURL.Scheme, host: OutboundURL.Host) throws(OutboundError) {
        guard scheme == .https || allowsHTTP || (allowsLoopback && host.isLoopback) else { throw .httpsRequired }
        if let address = host.address, !permits(address, for: host) { throw .refusedAddress }
    }

    func permits(_ address: IPAddress, for host: OutboundURL.Host) -> Bool {
        // A loopback name is this machine and nothing else, whatever a resolver says.
        if host.isLoopback { return allowsLoopback && IPAddressRules.scope(of: address) == .loopback }
        return switch IPAddressRules.scope(of: address) {
        case .public: true
        case .private: allowsPrivateAddresses
        case .loopback, .reserved: false
        }
    }
}
