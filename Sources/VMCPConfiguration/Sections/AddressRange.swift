// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// An IP address or a block of them in CIDR notation (RFC 4632 section 3.1): `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    package let text: String
    /// Four or sixteen bytes; an IPv4-mapped IPv6 address counts as IPv4.
    private let bytes: [UInt8]
    private let prefixLength: Int

    package var description: String { text }

    struct Malformed: Error {
        let message: String
    }

    init(parsing text: String) throws(Malformed) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, let bytes = Self.bytes(of: String(address)) else {
            throw Malformed(
                message: "\(quoted(text)) is no IP address; write one such as 192.0.2.1, 10.0.0.0/8 or fd00::/8")
        }
        // A mapped address was shortened; its prefix counts from the mapped part on.
        let isMapped = bytes.count == 4 && address.contains(":")
        var length = bytes.count * 8
        if parts.count == 2 {
            let digits = parts[1]
            guard !digits.isEmpty, digits.utf8.count <= 3, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let written = Int(digits).map({ isMapped ? $0 - 96 : $0 }), (0...length).contains(written)
            else {
                throw Malformed(
                    message: "\(quoted(text)) has no prefix length from 0 to \(isMapped ? 128 : length) behind the /")
            }
            length = written
        }
        let masked = Self.masked(bytes, to: length)
        guard masked == bytes else {
            throw Malformed(
                message: "\(quoted(text)) has bits behind its prefix; write the first address of the block")
        }
        self.text = text
        self.bytes = bytes
        prefixLength = length
    }

    /// Whether an address as text (no brackets, no port) lies in this range; a text that is no address does not.
    package func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(of: address), other.count == bytes.count else { return false }
        return Self.masked(other, to: prefixLength) == bytes
    }

    /// Every address of one family.
    package var isEverything: Bool { prefixLength == 0 }

    /// The bytes of an address in its strict notation, IPv4-mapped ones shortened to four; nil for everything else.
    static func bytes(of text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { [UInt8]($0) } }
        var sixteen = in6_addr()
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &sixteen) { [UInt8]($0) }
        let mapping: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return bytes.starts(with: mapping) ? Array(bytes.dropFirst(12)) : bytes
    }

    private static func masked(_ bytes: [UInt8], to length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(max(length - index * 8, 0), 8)
            return kept == 0 ? 0 : byte & (0xFF << UInt8(8 - kept))
        }
    }
}

extension AddressRange {
    /// Blocks that are not of the public internet; the client that connects knows more of them (RFC 6890).
    private static let privateBlocks: [AddressRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/128", "::1/128", "fc00::/7", "fe80::/10",
    ].compactMap { try? AddressRange(parsing: $0) }

    /// Whether the text is the literal of a private, loopback, link-local or unspecified address.
    static func isPrivateLiteral(_ host: String) -> Bool {
        privateBlocks.contains { $0.contains(host) }
    }
}

extension ValueType where Value == AddressRange {
    static var addressRange: ValueType {
        ValueType(
            schema: { _ in ["type": "string"] }, spell: { .string($0.text) },
            read: { place in
                guard let text = ValueType<String>.string.read(place) else { return nil }
                do throws(AddressRange.Malformed) {
                    let range = try AddressRange(parsing: text)
                    if range.isEverything { place.warn("\(quoted(text)) is every address; name those of your proxies") }
                    return range
                } catch {
                    place.refuse(error.message)
                    return nil
                }
            })
    }
}
