// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One challenge of a `WWW-Authenticate` field (RFC 9110 section 11.6.1), as we read those of other servers.
///
/// Reading never fails: what is no challenge ends the reading of its field line, and what stood before it counts. A
/// parameter that is repeated has no value, because two readers would differ.
package struct AuthenticationChallenge: Sendable, Hashable {
    /// Of all field lines together; a longer rest is not read.
    package static let maximumBytes = 16 * 1024
    package static let maximumChallenges = 16
    package static let maximumParameters = 32

    /// In lower case.
    package let scheme: String
    /// Names in lower case; `nil` stands for a repeated one.
    private var parameters: [String: String?] = [:]

    private init(scheme: String) { self.scheme = scheme }

    package subscript(name: String) -> String? { parameters[name.lowercased()] ?? nil }

    /// The challenges of all field lines, in order.
    package static func parse(_ lines: [String]) -> [AuthenticationChallenge] {
        var challenges: [AuthenticationChallenge] = []
        var rest = maximumBytes
        for line in lines {
            guard challenges.count < maximumChallenges, line.utf8.count <= rest else { break }
            rest -= line.utf8.count
            var reader = Reader(bytes: Array(line.utf8))
            reader.read(into: &challenges)
        }
        return challenges
    }

    /// The first challenge for a bearer token (RFC 6750 section 3).
    package static func bearer(in lines: [String]) -> AuthenticationChallenge? {
        parse(lines).first { $0.scheme == "bearer" }
    }

    private mutating func add(_ name: String, _ value: String) {
        let name = name.lowercased()
        guard parameters.count < Self.maximumParameters || parameters.keys.contains(name) else { return }
        parameters[name] = .some(parameters.keys.contains(name) ? nil : value)
    }
}

extension AuthenticationChallenge {
    package static let maximumScopes = 64
    package static let maximumScopeBytes = 256

    /// The parameter `scope`, taken apart; `nil` when it is not there or not a list of scopes (RFC 6749 section 3.3).
    package var scopes: [String]? { self["scope"].flatMap(Self.scopes(in:)) }

    /// - Returns: the scopes without repetitions, `nil` for what is no list of them or too long.
    package static func scopes(in text: String) -> [String]? {
        guard text.utf8.count <= maximumScopes * (maximumScopeBytes + 1) else { return nil }
        var scopes: [String] = []
        for part in text.split(separator: " ") where !scopes.contains(String(part)) {
            guard isScope(part), scopes.count < maximumScopes else { return nil }
            scopes.append(String(part))
        }
        return scopes.isEmpty ? nil : scopes
    }

    package static func isScope(_ text: some StringProtocol) -> Bool {
        (1...maximumScopeBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
    }
}

extension AuthenticationChallenge {
    /// Reads one field line. Scheme and parameter names look alike, and a comma stands between either: what follows the
    /// name decides.
    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        mutating func read(into challenges: inout [AuthenticationChallenge]) {
            var current: AuthenticationChallenge?
            defer {
                if let current, challenges.count < maximumChallenges { challenges.append(current) }
            }
            while true {
                skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
                guard let name = token() else { return }
                if current != nil, takeEquals() {
                    guard let value = value() else {
                        // Half a challenge is none.
                        current = nil
                        return
                    }
                    current?.add(name, value)
                    continue
                }
                guard index == bytes.count || Self.isSpace(bytes[index]) || bytes[index] == UInt8(ascii: ",") else {
                    return
                }
                if let current {
                    challenges.append(current)
                    guard challenges.count < maximumChallenges else { break }
                }
                current = AuthenticationChallenge(scheme: name.lowercased())
                skip(Self.isSpace)
                skipToken68()
            }
            current = nil
        }

        private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
            while index < bytes.count, isSkipped(bytes[index]) { index += 1 }
        }

        private mutating func token() -> String? {
            let start = index
            skip(Self.isTokenByte)
            return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
        }

        private mutating func takeEquals() -> Bool {
            let start = index
            skip(Self.isSpace)
            guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
                index = start
                return false
            }
            index += 1
            skip(Self.isSpace)
            return true
        }

        /// A quoted string, or what stands there up to the next comma: some servers leave the quotes out around URLs.
        private mutating func value() -> String? {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                let start = index
                skip { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") }
                return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
            }
            index += 1
            var text: [UInt8] = []
            while index < bytes.count {
                var byte = bytes[index]
                index += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                if byte == UInt8(ascii: "\\") {
                    guard index < bytes.count else { return nil }
                    byte = bytes[index]
                    index += 1
                }
                guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else { return nil }
                text.append(byte)
            }
            return nil
        }

        /// Credentials-like text behind a scheme, as `Basic` and `Negotiate` have it; it says nothing to us.
        private mutating func skipToken68() {
            let start = index
            skip { Self.isAlphanumeric($0) || "-._~+/".utf8.contains($0) }
            guard index > start else { return }
            skip { $0 == UInt8(ascii: "=") }
            let end = index
            skip(Self.isSpace)
            // Anything else behind it: it was the name of a parameter.
            index = index == bytes.count || bytes[index] == UInt8(ascii: ",") ? end : start
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        private static func isTokenByte(_ byte: UInt8) -> Bool {
            isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: false
            }
        }
    }
}
