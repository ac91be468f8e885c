// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An http(s) URL without query and fragment in the normal form that DPoP compares (RFC 9449 section 4.3, check 9).
///
/// Normalised by syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3): case of scheme, host and percent-encodings,
/// unreserved characters decoded, dot segments removed, default port and empty path. A trailing slash stays a
/// difference. URLs with user information, other schemes or characters outside RFC 3986 have no normal form.
package struct DPoPTarget: Sendable, Hashable, CustomStringConvertible {
    package static let maximumBytes = 2048

    /// `scheme://authority/path`.
    package let description: String

    package init?(_ url: String) {
        let bytes = [UInt8](url.utf8)
        guard bytes.count <= Self.maximumBytes, bytes.allSatisfy(Self.isURLByte),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = bytes[(colon + 3)...]
        let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        let afterPath = rest[end...].firstIndex { "?#".utf8.contains($0) } ?? rest.endIndex
        guard let authority = Self.authority(rest[..<end], scheme: scheme),
            let path = Self.path(rest[end..<afterPath])
        else { return nil }
        description = "\(scheme)://\(authority)\(path)"
    }

    private static func isURLByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
    }

    private static func authority(_ authority: ArraySlice<UInt8>, scheme: String) -> String? {
        guard !authority.contains(UInt8(ascii: "@")) else { return nil }
        let host: ArraySlice<UInt8>
        let port: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[...close]
            port = authority[(close + 1)...]
            guard host.dropFirst().dropLast().allSatisfy(isIPv6Byte), host.count > 2 else { return nil }
        } else {
            let colon = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = authority[..<colon]
            port = authority[colon...]
            guard !host.isEmpty, !host.contains(where: { "[]".utf8.contains($0) }) else { return nil }
        }
        guard let name = percentNormalised(host), let suffix = portSuffix(port, scheme: scheme) else { return nil }
        // Percent-encodings that are left are reserved characters, which no host that we serve has.
        guard !name.contains(UInt8(ascii: "%")) else { return nil }
        return String(decoding: name, as: UTF8.self).lowercased() + suffix
    }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        hexadecimal(byte) != nil || ":.".utf8.contains(byte)
    }

    private static func portSuffix(_ port: ArraySlice<UInt8>, scheme: String) -> String? {
        guard let first = port.first else { return "" }
        let digits = port.dropFirst()
        guard first == UInt8(ascii: ":"), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard !digits.isEmpty else { return "" }
        guard let number = UInt16(String(decoding: digits, as: UTF8.self)) else { return nil }
        return number == (scheme == "https" ? 443 : 80) ? "" : ":\(number)"
    }

    private static func path(_ path: ArraySlice<UInt8>) -> String? {
        guard let normal = percentNormalised(path) else { return nil }
        return withoutDotSegments(String(decoding: normal, as: UTF8.self))
    }

    /// Decodes what is encoded needlessly and writes the other encodings in upper case; nil for a broken one.
    private static func percentNormalised(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
            else { return nil }
            let value = high << 4 | low
            if isUnreserved(value) {
                result.append(value)
            } else {
                result += [byte, hexadecimalDigit(high), hexadecimalDigit(low)]
            }
        }
        return result
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }

    /// RFC 3986 section 5.2.4, for a path that is empty or starts with a slash.
    private static func withoutDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".":
                if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default:
                kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
