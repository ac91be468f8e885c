// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which part of the Internet an address belongs to, for the guard against server-side request forgery.
///
/// The IANA special-purpose registries (RFC 6890 and its updates), judged by the address that packets end up at:
/// IPv4 inside IPv4-mapped, NAT64 and 6to4 addresses is decoded.
package enum IPAddressRules {
    package enum Scope: Sendable, Hashable {
        case `public`
        /// Somebody's own network.
        case `private`
        case loopback
        /// Link-local, multicast, documentation, benchmarking, tunnels and everything unassigned: no server we mean.
        case reserved
    }

    package static func isPublic(_ address: IPAddress) -> Bool { scope(of: address) == .public }

    package static func scope(of address: IPAddress) -> Scope {
        switch address {
        case .v4(let number): scope(ofIPv4: number)
        case .v6(let high, let low): scope(ofIPv6: high, low)
        }
    }

    private static func scope(ofIPv4 address: UInt32) -> Scope {
        for range in ranges where address >> (32 - range.bits) == range.prefix >> (32 - range.bits) {
            return range.scope
        }
        return .public
    }

    private struct Range {
        let prefix: UInt32
        let bits: UInt32
        let scope: Scope

        init(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ bits: UInt32, _ scope: Scope) {
            prefix = a << 24 | b << 16 | c << 8
            self.bits = bits
            self.scope = scope
        }
    }

    private static let ranges = [
        Range(0, 0, 0, 8, .reserved),  // this network
        Range(10, 0, 0, 8, .private),
        Range(100, 64, 0, 10, .private),  // carrier-grade NAT
        Range(127, 0, 0, 8, .loopback),
        Range(169, 254, 0, 16, .reserved),  // link-local, instance metadata
        Range(172, 16, 0, 12, .private),
        Range(192, 0, 0, 24, .reserved),  // protocol assignments
        Range(192, 0, 2, 24, .reserved),  // documentation
        Range(192, 88, 99, 24, .reserved),  // former 6to4 relays
        Range(192, 168, 0, 16, .private),
        Range(198, 18, 0, 15, .reserved),  // benchmarking
        Range(198, 51, 100, 24, .reserved),  // documentation
        Range(203, 0, 113, 24, .reserved),  // documentation
        Range(224, 0, 0, 3, .reserved),  // multicast, future use, broadcast
    ]

    private static func scope(ofIPv6 high: UInt64, _ low: UInt64) -> Scope {
        if high == 0, low >> 32 == 0xFFFF { return scope(ofIPv4: UInt32(truncatingIfNeeded: low)) }  // ::ffff:0:0/96
        if high == 0, low == 1 { return .loopback }
        if high >> 57 == 0xFC >> 1 { return .private }  // fc00::/7
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return embedded(low) }  // 64:ff9b::/96
        if high == 0x0064_FF9B_0001_0000, low >> 32 == 0 { return embedded(low) }  // 64:ff9b:1::/96
        // Everything else outside global unicast: unspecified, IPv4-compatible, link-local, multicast, unassigned.
        guard high >> 61 == 0b001 else { return .reserved }
        if high >> 48 == 0x2002 { return embedded(high >> 16) }  // 6to4
        if high >> 41 == 0x2001_0000 >> 9 { return .reserved }  // 2001::/23, with Teredo
        if high >> 32 == 0x2001_0DB8 { return .reserved }  // documentation
        if high >> 44 == 0x3FFF0 { return .reserved }  // documentation
        return .public
    }

    /// A translator elsewhere turns the address into IPv4, where our own loopback means somebody else's.
    private static func embedded(_ address: UInt64) -> Scope {
        let scope = scope(ofIPv4: UInt32(truncatingIfNeeded: address))
        return scope == .loopback ? .reserved : scope
    }
}
