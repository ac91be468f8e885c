// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An `http` or `https` URL of the configuration, checked and taken apart once.
package struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// The URL as it was written.
    package let text: String
    package let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Path and query, as a request line carries them; `/` when the URL has none.
    package let target: String

    package var description: String { text }

    /// Whether the host is this machine by name or by address.
    package var isLoopback: Bool {
        let name = host.lowercased()
        if name == "localhost" || name == "::1" { return true }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        // Digits only: a name such as 127.0.0.example is somebody else's.
        return labels.count == 4 && labels[0] == "127"
            && labels.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// Scheme, host in lower case, and the port unless it is the scheme's own (RFC 6454 section 6.2).
    package var origin: String {
        let name = host.contains(":") ? "[\(host.lowercased())]" : host.lowercased()
        let suffix = port == (isSecure ? 443 : 80) ? "" : ":\(port)"
        return "\(isSecure ? "https" : "http")://\(name)\(suffix)"
    }
}

extension HTTPURL {
    /// Why a text is no usable URL, with what to write instead.
    struct Malformed: Error {
        let message: String
    }

    static let placeholder = HTTPURL(text: "", isSecure: false, host: "localhost", port: 80, target: "/")

    /// Takes apart an absolute URL (RFC 3986 section 3) with a host, no user information and no fragment.
    init(parsing text: String) throws(Malformed) {
        let lowercased = text.lowercased()
        guard !Self.hasUserInformation(text) else {
            // The text is not repeated: it may hold a password.
            throw Malformed(
                message: "has user information before the host; remove it, credentials have keys of their own")
        }
        let isSecure = lowercased.hasPrefix("https://")
        guard isSecure || lowercased.hasPrefix("http://") else {
            throw Malformed(message: "\(quoted(text)) is not a web address; start it with http:// or https://")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !Self.forbidden.contains($0) }) else {
            throw Malformed(message: "\(quoted(text)) has characters that a URL cannot have; percent-encode them")
        }
        guard !text.contains("#") else {
            throw Malformed(message: "\(quoted(text)) has a fragment; remove the part from # on")
        }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(authority.count)
        let (host, port) = try Self.split(authority, of: text)
        self.text = text
        self.isSecure = isSecure
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        self.target = target.isEmpty ? "/" : target.first == "?" ? "/\(target)" : String(target)
    }

    /// Whether there is an `@` between the scheme, whichever it is, and the path.
    private static func hasUserInformation(_ text: String) -> Bool {
        guard let mark = text.firstRange(of: "://") else { return false }
        return text[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }.contains("@")
    }

    /// `"`, `<`, `>`, `\`, `^`, the backquote, `{`, `|` and `}`.
    private static let forbidden: Set<UInt8> = [0x22, 0x3C, 0x3E, 0x5C, 0x5E, 0x60, 0x7B, 0x7C, 0x7D]

    private static func split(_ authority: Substring, of text: String) throws(Malformed) -> (String, Int?) {
        let host: Substring
        let tail: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else {
                throw Malformed(message: "\(quoted(text)) has a \"[\" without \"]\"; write [address]")
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            tail = authority[authority.index(after: end)...]
            let isAddress = host.contains(":") && host.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
            guard isAddress, tail.isEmpty || tail.first == ":" else {
                throw Malformed(message: "\(quoted(text)) has no IPv6 address between the brackets; write [::1]")
            }
        } else {
            host = authority.prefix { $0 != ":" }
            tail = authority.dropFirst(host.count)
            guard !host.isEmpty else { throw Malformed(message: "\(quoted(text)) has no host; write one behind //") }
            guard !host.contains(where: { "[]%!$&'()*+,;=".contains($0) }) else {
                throw Malformed(message: "\(quoted(text)) has a host with characters that no host has; write its name")
            }
        }
        guard !tail.isEmpty else { return (String(host), nil) }
        guard tail.dropFirst().allSatisfy(\.isNumber), let port = Int(tail.dropFirst()), (1...65535).contains(port)
        else {
            throw Malformed(message: "\(quoted(text)) has no port from 1 to 65535 behind the colon; write one")
        }
        return (String(host), port)
    }
}

extension ValueType where Value == HTTPURL {
    /// An absolute `http` or `https` URL.
    static var httpURL: ValueType {
        ValueType(
            schema: { _ in ["type": "string", "format": "uri", "pattern": "^[hH][tT][tT][pP][sS]?://[^#@]+$"] },
            spell: { .string($0.text) },
            read: { place in
                guard let text = ValueType<String>.string.read(place) else { return nil }
                do throws(HTTPURL.Malformed) {
                    return try HTTPURL(parsing: text)
                } catch {
                    place.refuse(text.isEmpty ? "is empty; write a URL" : error.message)
                    return nil
                }
            })
    }
}
