// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import OutboundHTTP

/// Whom a limit counts: one IPv4 address, or one IPv6 network, because every customer has a whole /64 to choose from.
package struct ClientNetwork: Sendable, Hashable {
    private enum Kind: Hashable {
        case v4(UInt32)
        case v6(UInt64)
        /// Not an address: a socket file, or nothing. All such callers count as one.
        case other
    }

    private let kind: Kind

    /// - Parameter address: as the socket or a trusted proxy writes it; brackets, ports and zones are ignored.
    package init(_ address: String) {
        switch IPAddress(Self.bare(address)) {
        case .v4(let number): kind = .v4(number)
        // ::ffff:a.b.c.d is how an IPv6 socket names an IPv4 peer (RFC 4291 §2.5.5.2).
        case .v6(high: 0, let low) where low >> 32 == 0xFFFF: kind = .v4(UInt32(truncatingIfNeeded: low))
        case .v6(let high, low: _): kind = .v6(high)
        case nil: kind = .other
        }
    }

    private static func bare(_ address: String) -> Substring {
        var text = address.prefix(100)
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            text = text[text.index(after: text.startIndex)..<end]
        } else if text.contains("."), text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
            text = text[..<colon]
        }
        if let zone = text.firstIndex(of: "%") { text = text[..<zone] }
        return text
    }
}
