// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Peers that are believed when they say for whom they ask.
///
/// Anyone can write `X-Forwarded-For`; only what a trusted proxy appended to it counts, read from the end.
package struct TrustedProxies: Sendable {
    private let isTrusted: [@Sendable (String) -> Bool]

    /// - Parameter ranges: each tells whether an address, as text, is in it.
    package init(_ ranges: [@Sendable (String) -> Bool]) { isTrusted = ranges }

    private static let maximumHops = 32

    /// Whose limits a request counts against.
    func client(peer: String, headers: [(name: String, value: String)]) -> String {
        guard trusts(peer) else { return peer }
        var hops = headers.filter { $0.name == "forwarded" }.flatMap { Self.forwarded($0.value) }
        if hops.isEmpty {
            hops = headers.filter { $0.name == "x-forwarded-for" }.flatMap { $0.value.split(separator: ",") }
                .map { Self.address($0) }
        }
        var client = peer
        for hop in hops.suffix(Self.maximumHops).reversed() {
            client = hop
            guard trusts(client) else { break }
        }
        return client
    }

    /// The `for` of each element (RFC 7239 §4); an element without one is an unknown hop.
    private static func forwarded(_ value: String) -> [String] {
        value.split(separator: ",").map { element in
            let pairs = element.split(separator: ";").map { $0.drop { $0 == " " } }
            guard let pair = pairs.first(where: { $0.prefix(4).lowercased() == "for=" }) else { return "unknown" }
            return address(pair.dropFirst(4))
        }
    }

    /// An address without quotes, brackets, port and white space around it.
    private static func address(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" || $0 == "\"" }.prefix(80)
        while let last = text.last, last == " " || last == "\t" || last == "\"" { text.removeLast() }
        if text.first == "[" { return String(text.dropFirst().prefix { $0 != "]" }) }
        let colons = text.count { $0 == ":" }
        return String(colons == 1 ? text.prefix { $0 != ":" } : text)
    }

    private func trusts(_ address: String) -> Bool { isTrusted.contains { $0(address) } }
}
