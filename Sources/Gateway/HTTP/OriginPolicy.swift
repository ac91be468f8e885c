// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// Keeps web pages of strangers out: a page that a person visits must not reach a server on their machine, whether by
/// plain requests (`Origin`) or by pointing its own name at the server's address (`Host`, DNS rebinding).
///
/// 2025-11-25, Transports, Security Warning: `Origin` must be validated on all connections.
struct OriginPolicy: Sendable {
    private let isLoopback: Bool
    private let hosts: Set<String>
    private let origins: Set<String>

    init(isLoopback: Bool, allowedHosts: [String], allowedOrigins: [String]) {
        self.isLoopback = isLoopback
        hosts = Set(allowedHosts.map { $0.lowercased() })
        origins = Set(allowedOrigins.map { $0.lowercased() })
    }

    enum Refusal: Hashable {
        case missingHost
        case ambiguousHost
        case foreignHost(String)
        case foreignOrigin
    }

    /// Why the request is refused, or `nil`.
    ///
    /// - Parameters:
    ///   - lastAllowedHost: what the same connection's last `Host` was, when it was allowed.
    ///   - origin: becomes the page's origin, if a page asks.
    func refusal(of head: HTTPRequestHead, lastAllowedHost: inout String?, origin: inout String?) -> Refusal? {
        var host: String?
        origin = nil
        var hostCount = 0
        var originCount = 0
        for (name, value) in head.headers {
            if name.isHeader("host") {
                host = value
                hostCount += 1
            } else if name.isHeader("origin") {
                origin = value
                originCount += 1
            }
        }
        if hostCount > 1 { return .ambiguousHost }
        if let host {
            if host != lastAllowedHost {
                guard allows(host: host) else { return .foreignHost(host) }
                lastAllowedHost = host
            }
        } else if head.version != .http1_0 {
            return .missingHost
        }
        if originCount > 1 { return .foreignOrigin }
        if let origin, !isAllowed(origin: origin) { return .foreignOrigin }
        return nil
    }

    /// Whether a client may call the server by this name.
    func allows(host: String) -> Bool {
        if Self.isLoopbackAuthority(host) && isLoopback { return true }
        if !isLoopback && hosts.isEmpty { return true }
        let lowered = host.lowercased()
        return hosts.contains(lowered) || hosts.contains(Self.name(of: lowered))
    }

    private func isAllowed(origin: String) -> Bool {
        let lowered = origin.lowercased()
        if origins.contains(lowered) { return true }
        guard isLoopback, let schemeEnd = lowered.range(of: "://") else { return false }
        let scheme = lowered[..<schemeEnd]
        guard scheme == "http" || scheme == "https" else { return false }
        return Self.isLoopbackAuthority(String(lowered[schemeEnd.upperBound(in: lowered)...]))
    }

    /// The host of `authority` without its port.
    private static func name(of authority: String) -> String {
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            return String(authority[...close])
        }
        return String(authority.prefix { $0 != ":" })
    }

    static func isLoopbackAuthority(_ authority: String) -> Bool {
        switch authority {
        case "localhost", "127.0.0.1", "[::1]": return true
        default: break
        }
        let host = name(of: authority.lowercased())
        let rest = authority.dropFirst(host.count)
        guard rest.isEmpty || (rest.first == ":" && rest.dropFirst().allSatisfy(\.isNumber) && rest.count > 1) else {
            return false
        }
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension String {
    /// Where `text` begins, found without Foundation.
    fileprivate func range(of text: String) -> String.Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}

extension String.Index {
    fileprivate func upperBound(in text: String) -> String.Index { text.index(self, offsetBy: 3) }
}
