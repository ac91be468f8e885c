// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An IPv4 or IPv6 address as a number, so that ranges are arithmetic.
package enum IPAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Reads four decimal numbers without leading zeros, or RFC 4291 text without a zone.
    ///
    /// The spellings that some resolvers also take (`127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1`) are not addresses.
    package init?(_ text: some StringProtocol) {
        if let number = Self.dottedQuad(text) {
            self = .v4(number)
        } else if text.utf8.count <= 45, text.utf8.contains(UInt8(ascii: ":")), !text.utf8.contains(0) {
            var raw = in6_addr()
            guard inet_pton(AF_INET6, String(text), &raw) == 1 else { return nil }
            self = withUnsafeBytes(of: raw) { Self.v6($0) }
        } else {
            return nil
        }
    }

    init(_ raw: in_addr) { self = .v4(UInt32(bigEndian: raw.s_addr)) }

    init(_ raw: in6_addr) { self = withUnsafeBytes(of: raw) { Self.v6($0) } }

    private static func v6(_ bytes: UnsafeRawBufferPointer) -> IPAddress {
        .v6(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    private static func dottedQuad(_ text: some StringProtocol) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var octet: UInt32 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard octet < 256 else { return nil }
            number = number << 8 | octet
        }
        return number
    }
}

extension IPAddress: CustomStringConvertible {
    /// The usual spelling, as `init(_:)` reads it.
    package var description: String {
        switch self {
        case .v4(let number):
            "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
        case .v6(let high, let low):
            // Uncompressed: one spelling per address.
            [high, low].flatMap { half in
                stride(from: 48, through: 0, by: -16).map { String(half >> UInt64($0) & 0xFFFF, radix: 16) }
            }.joined(separator: ":")
        }
    }
}
