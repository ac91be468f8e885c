// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A resource identifier in the form in which resources are compared (RFC 8707 section 2, RFC 9728 section 1.2):
/// scheme and host in lower case, no default port, no trailing slash.
package struct CanonicalResource: Sendable, Hashable, CustomStringConvertible {
    package static let maximumBytes = 2048

    /// `scheme://authority`, also the start of every URL of this server that we advertise.
    package let origin: String
    /// Empty, or starting with a slash and not ending in one.
    package let path: String
    /// With its question mark; usually empty.
    package let query: String

    /// `nil` for what cannot name a resource: not http(s), without a host, with user information or a fragment.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes, text.utf8.allSatisfy(Self.isAllowed),
            let separator = text.firstRange(of: "://")
        else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let authority = Self.authority(rest[..<end], defaultPort: scheme == "https" ? ":443" : ":80")
        else { return nil }
        let question = rest[end...].firstIndex(of: "?") ?? rest.endIndex
        var path = rest[end..<question]
        if path.hasSuffix("/") { path.removeLast() }
        self.origin = "\(scheme)://\(authority)"
        self.path = String(path)
        self.query = String(rest[question...])
    }

    package var description: String { origin + path + query }

    private static func authority(_ text: Substring, defaultPort: String) -> String? {
        var authority = text.lowercased()
        if authority.hasSuffix(defaultPort) {
            authority.removeLast(defaultPort.utf8.count)
        } else if authority.hasSuffix(":") {
            authority.removeLast()
        }
        guard !authority.isEmpty, !authority.hasPrefix(":"), !authority.contains("@") else { return nil }
        return authority
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}#".utf8.contains(byte)
    }
}
