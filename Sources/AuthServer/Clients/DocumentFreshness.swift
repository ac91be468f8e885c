// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// How long a fetched document may be used again (RFC 9111 §5.2, bounded).
package enum DocumentFreshness: Sendable, Hashable {
    /// Only by those who waited for this very answer.
    case once
    case seconds(Int)

    package static let minimumSeconds = 60
    package static let maximumSeconds = 24 * 3600

    /// - Parameters:
    ///   - cacheControl: the values of all `Cache-Control` headers.
    ///   - age: the value of the `Age` header: how long a cache on the way has kept the answer already.
    ///   - fallback: for answers that do not say.
    package init(cacheControl: [String], age: String?, fallback: Int) {
        let directives = cacheControl.flatMap { $0.split(separator: ",") }.map(Directive.init)
        guard !directives.contains(where: { $0.name == "no-store" }) else {
            self = .once
            return
        }
        let limits = directives.filter { $0.name == "max-age" }
        var seconds = fallback
        if directives.contains(where: { $0.name == "no-cache" }) {
            seconds = 0
        } else if !limits.isEmpty {
            // The shortest of several; one that cannot be read is the shortest there is (RFC 9111 §4.2.1).
            seconds = (limits.map { Self.number($0.value) ?? 0 }.min() ?? 0) - (age.flatMap(Self.number) ?? 0)
        }
        self = .seconds(min(max(seconds, Self.minimumSeconds), Self.maximumSeconds))
    }

    private struct Directive {
        let name: String
        let value: String

        init(_ text: Substring) {
            let halves = text.split(separator: "=", maxSplits: 1).map { half in
                half.drop { $0 == " " || $0 == "\t" }
            }
            name = Self.trimmed(halves.first ?? "").lowercased()
            value = halves.count > 1 ? Self.trimmed(halves[1]).replacing("\"", with: "") : ""
        }

        private static func trimmed(_ text: Substring) -> String {
            var text = text
            while text.last == " " || text.last == "\t" { text.removeLast() }
            return String(text)
        }
    }

    /// A count of seconds; more than we can use is as much as we can use.
    private static func number(_ text: String) -> Int? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: " ") }
        guard !digits.isEmpty, digits.allSatisfy(HostRules.isDigit) else { return nil }
        return digits.count > 9 ? maximumSeconds : Int(String(decoding: digits, as: UTF8.self))
    }
}
