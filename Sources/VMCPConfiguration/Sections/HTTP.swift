// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// vmcp addition: who may reach the HTTP endpoint.
    package struct HTTP: Sendable, Hashable {
        /// Values of `Host` that are answered besides loopback names; `name` stands for every port.
        package let allowedHosts: [String]
        /// Values of `Origin` that are answered besides loopback origins.
        package let allowedOrigins: [String]
        /// Whether a server without client authentication may listen on other addresses than loopback.
        package let allowAnonymousNonLoopback: Bool
        /// Peers whose `Forwarded` and `X-Forwarded-For` say who the client is; nobody else is believed.
        package let trustedProxies: [AddressRange]

        /// Whether clients of 2024-11-05 find its HTTP+SSE transport at `/sse`.
        package let legacySSE: Bool
        /// The path under which a proxy shows this server to clients; empty at the root of its host.
        package let pathPrefix: String

        package static let standard = HTTP(
            allowedHosts: [], allowedOrigins: [], allowAnonymousNonLoopback: false, trustedProxies: [],
            legacySSE: false, pathPrefix: "")
    }
}

extension Configuration.HTTP: Section {
    static let summary = "vmcp addition. Who may reach the HTTP endpoint."

    private enum Keys {
        static let allowedHosts = DefaultKey<[String]>(
            "allowedHosts", .list(of: .host), default: [],
            "vmcp addition. Values of Host that are answered besides loopback names.")
        static let allowedOrigins = DefaultKey<[String]>(
            "allowedOrigins", .list(of: .origin), default: [],
            "vmcp addition. Values of Origin that are answered besides loopback origins.")
        static let allowAnonymousNonLoopback = DefaultKey<Bool>(
            "allowAnonymousNonLoopback", .boolean, default: false,
            "vmcp addition. Whether a server without client authentication may listen on other addresses than loopback."
        )
        static let trustedProxies = DefaultKey<[AddressRange]>(
            "trustedProxies", .list(of: .addressRange), default: [],
            "vmcp addition. Addresses of proxies whose Forwarded and X-Forwarded-For are believed, for rate limits.")
        static let legacySSE = DefaultKey<Bool>(
            "legacySSE", .boolean, default: false,
            "vmcp addition. Whether clients of 2024-11-05 find its HTTP+SSE transport at /sse.")
        static let pathPrefix = DefaultKey<String>(
            "pathPrefix", .pathPrefix, default: "",
            "vmcp addition. The path that a proxy cuts off before requests get here; HTTP+SSE clients are told it.")
    }

    static let keys: [any SectionKey] = [
        Keys.allowedHosts, Keys.allowedOrigins, Keys.allowAnonymousNonLoopback, Keys.trustedProxies, Keys.legacySSE,
        Keys.pathPrefix,
    ]

    init(reading section: SectionReader) {
        allowedHosts = section[Keys.allowedHosts]
        allowedOrigins = section[Keys.allowedOrigins]
        allowAnonymousNonLoopback = section[Keys.allowAnonymousNonLoopback]
        trustedProxies = section[Keys.trustedProxies]
        legacySSE = section[Keys.legacySSE]
        pathPrefix = section[Keys.pathPrefix]
    }
}

extension ValueType where Value == String {
    /// `name` or `name:port`, as the `Host` field carries it.
    fileprivate static var host: ValueType {
        string.checked { text in
            let url = try? HTTPURL(parsing: "http://\(text)")
            return url?.target == "/" && !text.hasSuffix("/") && !text.contains("*")
                ? nil : "\(quoted(text)) is not a host; write name or name:port, without http:// and without wildcards"
        }
    }

    /// An absolute path as it stands in a URI, without a slash at its end (RFC 3986 section 3.3).
    fileprivate static var pathPrefix: ValueType {
        string.checked { text in
            let segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            let isPath =
                text.hasPrefix("/")
                && segments.allSatisfy { segment in
                    !segment.isEmpty && segment != "." && segment != ".." && segment.utf8.allSatisfy(isPathByte)
                }
            return isPath || text.isEmpty
                ? nil : "\(quoted(text)) is not a path; write it like /tools, without a slash at its end"
        }
    }

    /// Nothing that needs an escape.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    /// `scheme://name` or `scheme://name:port`, as the `Origin` field carries it (RFC 6454 section 7).
    fileprivate static var origin: ValueType {
        string.checked { text in
            let url = try? HTTPURL(parsing: text)
            return url?.target == "/" && !text.hasSuffix("/") && !text.contains("*")
                ? nil : "\(quoted(text)) is not an origin; write https://name or https://name:port, without a path"
        }
    }
}
