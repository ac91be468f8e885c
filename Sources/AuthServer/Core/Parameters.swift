// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The parameters of a query or a form (`application/x-www-form-urlencoded`).
///
/// An empty value counts as absent (RFC 6749 §3.1).
package struct Parameters: Sendable, Hashable {
    private struct Pair: Hashable {
        let name: String
        let value: String
    }

    private let pairs: [Pair]

    package enum Failure: Error, Hashable {
        /// A percent sign without two hexadecimal digits, or bytes that are not UTF-8.
        case malformed
        case tooMany
        /// A value is longer than its parameter may be.
        case tooLong(String)
    }

    package static let maximumCount = 200
    package static let maximumValueBytes = 2048
    /// Tokens, assertions and proofs may be longer.
    package static let maximumTokenBytes = 16 * 1024
    private static let tokens: Set<String> = [
        "token", "subject_token", "actor_token", "assertion", "client_assertion", "refresh_token", "code",
    ]

    package init(_ pairs: [(name: String, value: String)]) {
        self.pairs = pairs.map { Pair(name: $0.name, value: $0.value) }
    }

    /// - Throws: `Failure`; its text never holds a value.
    package init(parsing text: some Sequence<UInt8>) throws(Failure) {
        var pairs: [Pair] = []
        for part in Array(text).split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.maximumCount else { throw .tooMany }
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decode(halves[0])
            let value = halves.count > 1 ? try Self.decode(halves[1]) : ""
            let limit = Self.tokens.contains(name) ? Self.maximumTokenBytes : Self.maximumValueBytes
            guard value.utf8.count <= limit else { throw .tooLong(name.count <= 64 ? name : "") }
            pairs.append(Pair(name: name, value: value))
        }
        self.pairs = pairs
    }

    /// One name or value, decoded (also the halves of Basic credentials, RFC 6749 §2.3.1); `nil` when it is malformed.
    package static func decoded(_ text: some Sequence<UInt8>) -> String? {
        try? decode(Array(text)[...])
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws(Failure) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.endIndex, let high = Self.digit(bytes[index + 1]),
                    let low = Self.digit(bytes[index + 2])
                else { throw .malformed }
                decoded.append(high << 4 | low)
                index += 2
            default: decoded.append(bytes[index])
            }
            index += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformed }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// The value, unless the parameter is absent or empty. The first one when it is repeated.
    package subscript(_ name: String) -> String? {
        pairs.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    package func all(_ name: String) -> [String] {
        pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
    }

    package func isRepeated(_ name: String) -> Bool {
        pairs.count { $0.name == name } > 1
    }

    /// The names that occur more than once.
    package var repeated: Set<String> {
        var seen: Set<String> = []
        return Set(pairs.map(\.name).filter { !seen.insert($0).inserted })
    }
}
