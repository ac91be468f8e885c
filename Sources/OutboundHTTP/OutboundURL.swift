// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An absolute `http` or `https` URL, taken apart by one parser so that what is checked is what is connected to.
///
/// Stricter than RFC 3986 on purpose: no user information, no fragment, no IDN outside punycode, and no spelling of an
/// IPv4 address but four plain decimal numbers.
package struct OutboundURL: Sendable, Hashable {
    package enum Scheme: String, Sendable, Hashable {
        case http, https

        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    package enum Host: Sendable, Hashable {
        /// Lower-case letters, digits and hyphens in labels.
        case name(String)
        case address(IPAddress)
    }

    /// Characters of a longer URL are not read.
    package static let maximumLength = 8192

    package let scheme: Scheme
    package let host: Host
    package let port: Int
    /// Path and query as they go into the request line.
    package let target: String

    package init(_ text: String) throws(OutboundError) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy(Self.isAllowed),
            Self.hasWholeEscapes(text), let colon = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<colon.lowerBound].lowercased())
        else { throw .invalidURL }
        let rest = text[colon.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else { throw .invalidURL }
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
        let target = rest[end...]
        self.target = target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    /// The URL as it was understood: this is what is sent on, never the caller's text.
    package var text: String {
        port == scheme.defaultPort
            ? "\(scheme.rawValue)://\(host.urlText)\(target)" : "\(scheme.rawValue)://\(host.urlText):\(port)\(target)"
    }

    private static func authority(_ text: Substring) -> (host: Host, port: Int?)? {
        var host = text
        var port: Int?
        let closing = text.lastIndex(of: "]")
        if let colon = text.lastIndex(of: ":"), closing.map({ $0 < colon }) ?? true {
            guard let number = Self.port(text[text.index(after: colon)...]) else { return nil }
            port = number
            host = text[..<colon]
        }
        return Host(host).map { ($0, port) }
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }

    /// The characters of RFC 3986 without `#`. An `@` in the authority is no host character and fails there.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "-._~:/?[]@!$&'()*+,;=%".utf8.contains(byte)
        }
    }

    private static func hasWholeEscapes(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.indices.allSatisfy { index in
            bytes[index] != UInt8(ascii: "%")
                || (index + 2 < bytes.count && Self.isHex(bytes[index + 1]) && Self.isHex(bytes[index + 2]))
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xDF)
    }
}

extension OutboundURL.Host {
    /// Reads a host as it stands in a URL: IPv6 in brackets, IPv4 as four decimal numbers, or LDH labels.
    init?(_ text: some StringProtocol) {
        if text.hasPrefix("[") {
            guard text.hasSuffix("]"), text.contains(":"), let address = IPAddress(text.dropFirst().dropLast())
            else { return nil }
            self = .address(address)
        } else if let address = IPAddress(text), case .v4 = address {
            self = .address(address)
        } else {
            let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard text.utf8.count <= 253, labels.allSatisfy({ Self.isLabel($0) }), let last = labels.last,
                !Self.looksNumeric(last)
            else { return nil }
            self = .name(text.lowercased())
        }
    }

    package var address: IPAddress? {
        if case .address(let address) = self { address } else { nil }
    }

    /// The host is this machine by its very spelling.
    package var isLoopback: Bool {
        switch self {
        case .name(let name): name == "localhost"
        case .address(let address): IPAddressRules.scope(of: address) == .loopback
        }
    }

    /// As in a URL and in a `Host` header.
    package var urlText: String {
        switch self {
        case .name(let name): name
        case .address(let address):
            if case .v6 = address { "[\(address)]" } else { address.description }
        }
    }

    private static func isLabel(_ label: some Collection<UInt8>) -> Bool {
        let label = Array(label)
        guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
        else { return false }
        return label.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// `0x7f.1`, `127.1` and `2130706433` are IPv4 addresses to `inet_aton` and names to nobody.
    private static func looksNumeric(_ label: some Collection<UInt8>) -> Bool {
        let label = Array(label)
        if label.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        guard label.count >= 2, label[0] == UInt8(ascii: "0"), label[1] | 0x20 == UInt8(ascii: "x") else {
            return false
        }
        return label[2...].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    }
}
