// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An absolute URI taken apart by rules that no two readers can understand differently.
///
/// Redirect URIs and client identifiers are compared as text, but a browser acts on what it makes of them. So all that
/// readers are known to disagree about is refused instead of repaired: anything but the printable ASCII of RFC 3986
/// (international names must be in their `xn--` form), backslashes, user information, dot segments however they are
/// spelled, encoded control characters and backslashes, hosts that are numbers in disguise or end in a dot.
package struct StrictURI: Sendable, Hashable {
    /// In lower case.
    package let scheme: String
    /// In lower case, with the brackets of an IPv6 address; `nil` without an authority.
    package let host: String?
    package let port: Int?
    /// As spelled.
    package let path: String
    /// As spelled, without the question mark; an empty query is not an absent one.
    package let query: String?
    package let hasFragment: Bool

    package enum Failure: Error, Sendable, Hashable {
        case tooLong
        case forbiddenCharacter
        case invalidEscape
        case invalidScheme
        case userInformation
        case invalidHost
        case invalidPort
        case dotSegment
    }

    package static let maximumBytes = 2048

    package init(parsing text: String) throws(Failure) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumBytes else { throw .tooLong }
        guard bytes.allSatisfy(Self.isAllowed) else { throw .forbiddenCharacter }
        try Self.checkEscapes(bytes)

        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(bytes[..<colon]) else {
            throw .invalidScheme
        }
        scheme = Self.lowercased(bytes[..<colon])

        var rest = bytes[(colon + 1)...]
        try Self.checkBrackets(rest)
        let fragment = rest.firstIndex(of: UInt8(ascii: "#"))
        hasFragment = fragment != nil
        if let fragment { rest = rest[..<fragment] }

        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = Self.text(rest[(mark + 1)...])
            rest = rest[..<mark]
        } else {
            query = nil
        }

        if rest.starts(with: Array("//".utf8)) {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            (host, port) = try Self.authority(rest[..<end], isWeb: Self.isWeb(scheme))
            rest = rest[end...]
        } else {
            guard !Self.isWeb(scheme) else { throw .invalidHost }
            (host, port) = (nil, nil)
        }
        path = Self.text(rest)
        guard !Self.hasDotSegment(path) else { throw .dotSegment }
    }

    /// Whether the scheme is `http` or `https`.
    package var isWeb: Bool { Self.isWeb(scheme) }

    /// `localhost` and names below it, `127.0.0.0/8` and `[::1]`, in the one spelling that all readers agree on.
    package var hasLoopbackHost: Bool {
        guard let host else { return false }
        return host == "localhost" || host.hasSuffix(".localhost") || isLoopbackAddress
    }

    package var isLoopbackAddress: Bool {
        guard let host else { return false }
        return host == "[::1]" || (HostRules.isIPv4(host) && host.hasPrefix("127."))
    }

    /// Scheme, host and port as browsers compare them; `nil` unless the scheme is `http` or `https`.
    package var origin: String? {
        guard isWeb, let host else { return nil }
        guard let port, port != (scheme == "https" ? 443 : 80) else { return "\(scheme)://\(host)" }
        return "\(scheme)://\(host):\(port)"
    }
}

extension StrictURI {
    private static func isWeb(_ scheme: String) -> Bool { scheme == "https" || scheme == "http" }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String { text(bytes).lowercased() }

    /// RFC 3986 §2: unreserved, reserved and the percent sign.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
        }
    }

    /// RFC 3986 §3.1.
    private static func isScheme(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, HostRules.isLetter(first) else { return false }
        return bytes.allSatisfy { HostRules.isLetter($0) || HostRules.isDigit($0) || "+-.".utf8.contains($0) }
    }

    /// Brackets belong around an IPv6 address and nowhere else (RFC 3986 §3.2.2).
    private static func checkBrackets(_ rest: ArraySlice<UInt8>) throws(Failure) {
        var rest = rest
        if rest.starts(with: Array("//".utf8)) { rest = rest.dropFirst(2).drop { !"/?#".utf8.contains($0) } }
        guard !rest.contains(where: { "[]".utf8.contains($0) }) else { throw .forbiddenCharacter }
    }

    /// Every percent sign starts an escape, and none hides a control character or a backslash.
    private static func checkEscapes(_ bytes: [UInt8]) throws(Failure) {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            guard index + 2 < bytes.count, let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2])
            else { throw .invalidEscape }
            let byte = high << 4 | low
            guard byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "\\") else { throw .forbiddenCharacter }
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func authority(
        _ bytes: ArraySlice<UInt8>, isWeb: Bool
    ) throws(Failure) -> (host: String?, port: Int?) {
        guard !bytes.contains(UInt8(ascii: "@")) else { throw .userInformation }
        // `com.example.app:///callback` is in use and means the same as one slash.
        guard isWeb || !bytes.isEmpty else { return (nil, nil) }
        var name = bytes
        var port: Int?
        let searched = bytes.lastIndex(of: UInt8(ascii: "]")).map { bytes[$0...] } ?? bytes
        if let colon = searched.firstIndex(of: UInt8(ascii: ":")) {
            guard let number = Self.port(bytes[(colon + 1)...]) else { throw .invalidPort }
            port = number
            name = bytes[..<colon]
        }
        let host = lowercased(name)
        // What follows `//` in a private-use URI need not be in any registry of names, but it is spelled like one.
        guard isWeb ? HostRules.isHost(host) : HostRules.isName(host) else { throw .invalidHost }
        return (host, port)
    }

    private static func port(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy(HostRules.isDigit), digits.first != UInt8(ascii: "0"),
            let number = Int(text(digits)), number <= 65_535
        else { return nil }
        return number
    }

    /// `.` and `..` between slashes, however dots and slashes are spelled.
    private static func hasDotSegment(_ path: String) -> Bool {
        let lowered = path.lowercased()
        guard lowered.contains(".") || lowered.contains("%2e") else { return false }
        var decoded: [UInt8] = []
        var bytes = Array(lowered.utf8)[...]
        while let byte = bytes.first {
            if bytes.starts(with: Array("%2e".utf8)) {
                decoded.append(UInt8(ascii: "."))
                bytes = bytes.dropFirst(3)
            } else if bytes.starts(with: Array("%2f".utf8)) {
                decoded.append(UInt8(ascii: "/"))
                bytes = bytes.dropFirst(3)
            } else {
                decoded.append(byte)
                bytes = bytes.dropFirst()
            }
        }
        return decoded.split(separator: UInt8(ascii: "/")).contains { segment in
            segment.count <= 2 && segment.allSatisfy { $0 == UInt8(ascii: ".") }
        }
    }
}
