// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL

/// Where a backend listens, taken apart once.
package struct HTTPEndpoint: Sendable {
    package var isTLS: Bool
    package var host: String
    package var port: Int
    /// Path and query, as sent in the request line.
    package var target: String

    /// The `Host` header (RFC 9110 §7.2): without the port when it is the scheme's own.
    package var hostHeader: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    package init(isTLS: Bool, host: String, port: Int, target: String) {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.target = target
    }

    /// From an absolute `http` or `https` URL without user information or fragment; `nil` for everything else.
    package init?(_ url: String) {
        guard !url.utf8.contains(UInt8(ascii: "#")) else { return nil }
        let rest: Substring
        if url.lowercased().hasPrefix("https://") {
            isTLS = true
            rest = url.dropFirst(8)
        } else if url.lowercased().hasPrefix("http://") {
            isTLS = false
            rest = url.dropFirst(7)
        } else {
            return nil
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<end]
        var target = String(rest[end...])
        guard !authority.contains("@") else { return nil }
        if target.isEmpty || target.hasPrefix("?") { target = "/" + target }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        port = isTLS ? 443 : 80
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let after = authority[authority.index(after: close)...]
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            guard after.isEmpty || after.hasPrefix(":"), host.utf8.allSatisfy(\.isAddressByte), host.contains(":")
            else {
                return nil
            }
            authority = after
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon])
            authority = authority[colon...]
        }
        if authority.hasPrefix(":") {
            let digits = authority.dropFirst()
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits), number > 0 else {
                return nil
            }
            port = Int(number)
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            return nil
        }
        self.target = target
    }

    /// The endpoint that `reference` names when read relative to this one, if it has the same origin
    /// (2024-11-05, HTTP with SSE: the `endpoint` event must stay on the server that sent it).
    package func resolving(_ reference: String) -> HTTPEndpoint? {
        guard !reference.hasPrefix("//") else { return nil }
        if reference.hasScheme {
            guard let other = HTTPEndpoint(reference), other.isTLS == isTLS, other.port == port,
                other.host.lowercased() == host.lowercased()
            else { return nil }
            return other
        }
        var copy = self
        let path = target.prefix { $0 != "?" }
        if reference.hasPrefix("/") {
            copy.target = reference
        } else if reference.hasPrefix("?") {
            copy.target = path + reference
        } else {
            copy.target = (path.lastIndex(of: "/").map { path[...$0] } ?? "/") + reference
        }
        guard copy.target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { return nil }
        copy.target = copy.target.withoutDotSegments
        return copy
    }
}

extension String {
    /// Whether the text begins with a URI scheme (RFC 3986 §3.1).
    fileprivate var hasScheme: Bool {
        guard let colon = firstIndex(of: ":"), let first = utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A else {
            return false
        }
        return self[..<colon].utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E].contains(byte)
        }
    }

    /// The path without `.` and `..` (RFC 3986 §5.2.4); the query stays.
    fileprivate var withoutDotSegments: String {
        let path = prefix { $0 != "?" }
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/") + self[path.endIndex...]
    }
}

extension UInt8 {
    /// What an IPv6 address is written with.
    fileprivate var isAddressByte: Bool {
        (0x30...0x3A).contains(self) || (0x61...0x66).contains(self | 0x20) || self == UInt8(ascii: ".")
    }
}

/// How a TLS backend is verified.
enum BackendTLS {
    /// - Parameter caBundlePath: PEM certificates that are trusted besides the system's.
    static func context(caBundlePath: String?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if let caBundlePath {
            configuration.additionalTrustRoots = [
                .certificates(try NIOSSLCertificate.fromPEMFile(caBundlePath))
            ]
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
