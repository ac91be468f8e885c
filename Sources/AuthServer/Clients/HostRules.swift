// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What may stand where a URI has its host.
package enum HostRules {
    /// A name, an IPv4 address in its one plain spelling, or an IPv6 address in brackets; in lower case.
    package static func isHost(_ host: String) -> Bool {
        host.hasPrefix("[") ? isBracketedIPv6(host) : isName(host) && !isDisguisedAddress(host)
    }

    /// Labels of letters, digits, hyphens and underscores, without a dot at the end (RFC 1123 §2.1, plus underscores,
    /// which are in use).
    package static func isName(_ name: String) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        return name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
            else { return false }
            return label.allSatisfy { isLetter($0) || isDigit($0) || "-_".utf8.contains($0) }
        }
    }

    /// Four decimal numbers without leading zeros.
    package static func isIPv4(_ host: String) -> Bool {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy(isDigit),
                    part.count == 1 || part.first != UInt8(ascii: "0"), let number = Int(String(part) ?? "")
                else { return false }
                return number <= 255
            }
    }

    /// A last label that browsers read as a number makes the whole host an address to them: `127.1`, `0x7f.1`,
    /// `2130706433`. `0.0.0.0` is this computer by another name.
    private static func isDisguisedAddress(_ host: String) -> Bool {
        guard let last = host.split(separator: ".").last else { return false }
        if isIPv4(host) { return host.hasPrefix("0.") }
        return last.utf8.allSatisfy(isDigit) || last.hasPrefix("0x")
    }

    /// An IPv6 address that is not an IPv4 address, the loopback address or the unspecified one in another spelling.
    private static func isBracketedIPv6(_ host: String) -> Bool {
        guard host.hasSuffix("]"), host != "[::1]" else { return host == "[::1]" }
        guard let groups = groups(ofIPv6: host.dropFirst().dropLast()) else { return false }
        return !groups.prefix(5).allSatisfy { $0 == 0 }
    }

    private static func groups(ofIPv6 text: Substring) -> [UInt16]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var parsed: [[UInt16]] = []
        for half in halves {
            var groups: [UInt16] = []
            for group in half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy({ isDigit($0) || isLetter($0) }),
                    let number = UInt16(group, radix: 16)
                else { return nil }
                groups.append(number)
            }
            parsed.append(groups)
        }
        let count = parsed.reduce(0) { $0 + $1.count }
        guard parsed.count == 2 else { return count == 8 ? parsed.first : nil }
        guard count < 8 else { return nil }
        return parsed[0] + Array(repeating: 0, count: 8 - count) + parsed[1]
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
