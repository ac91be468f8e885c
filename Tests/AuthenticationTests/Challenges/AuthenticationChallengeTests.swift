// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Authentication

/// `WWW-Authenticate` of other servers (RFC 9110 section 11.6.1).
@Suite struct AuthenticationChallengeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let lines: [String]
        /// `scheme name=value …`, with the names in order.
        let challenges: [String]
        var testDescription: String { lines.joined(separator: " | ") }

        init(_ lines: String..., is challenges: [String]) {
            self.lines = lines
            self.challenges = challenges
        }
    }

    static let rows: [Row] = [
        Row("Bearer", is: ["bearer"]), Row("", is: []), Row(" , ,, ", is: []),
        Row(#"Bearer realm="a b", scope="x y""#, is: ["bearer realm=a b scope=x y"]),
        Row(#"BEARER Realm="a""#, is: ["bearer realm=a"]),
        Row(#"Bearer error=invalid_token,realm = "a" "#, is: ["bearer error=invalid_token realm=a"]),
        Row(#"Basic realm="a", Bearer realm="b""#, is: ["basic realm=a", "bearer realm=b"]),
        Row(#"Negotiate, Bearer realm="b""#, is: ["negotiate", "bearer realm=b"]),
        Row(#"Negotiate a87421000492aa874209af8bc028==, Bearer a="1""#, is: ["negotiate", "bearer a=1"]),
        Row("DPoP algs=\"ES256\"", #"Bearer a="1", b="2""#, is: ["dpop algs=ES256", "bearer a=1 b=2"]),
        Row(#"Bearer a="say \"hi\", \\ and , =", b=2"#, is: [#"bearer a=say "hi", \ and , = b=2"#]),
        Row(
            "Bearer resource_metadata=https://a.example/x?y=1,b=2",
            is: ["bearer b=2 resource_metadata=https://a.example/x?y=1"]),
        // A token68, which may end so, and says nothing.
        Row("Bearer a=, b=1", is: ["bearer b=1"]),
        // Two readers would differ.
        Row(#"Bearer a="1", A="2", b=3"#, is: ["bearer b=3"]),
        // Half a challenge is none, and what stood before it counts.
        Row(#"Basic realm="a", Bearer b="x"#, is: ["basic realm=a"]), Row(#"Bearer a="x\"#, is: []),
        Row("Bearer b=1, a=", is: []), Row("Bearer a=\"x\u{7}\"", is: []), Row("=x", is: []),
        Row(#""Bearer" a=1"#, is: []), Row("Bearer a =", is: []), Row("Bearer/x", is: []),
    ]

    private static func text(_ challenge: AuthenticationChallenge, _ names: [String]) -> String {
        ([challenge.scheme] + names.compactMap { name in challenge[name].map { "\(name)=\($0)" } })
            .joined(separator: " ")
    }

    @Test("AU-27: challenges are read as they are meant", arguments: rows)
    func reading(row: Row) {
        let names = ["a", "algs", "b", "error", "realm", "resource_metadata", "scope"]
        #expect(AuthenticationChallenge.parse(row.lines).map { Self.text($0, names) } == row.challenges)
    }

    @Test("What we write ourselves is read back")
    func roundTrip() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let value = Self.value(&generator)
            var header = ChallengeHeader(scheme: "Bearer")
            header.add("realm", value)
            header.add("scope", "x")
            let read = AuthenticationChallenge.bearer(in: ["Basic realm=\"y\", " + header.text])
            #expect(read?["realm"] == (value.isEmpty ? nil : value))
            #expect(read?["scope"] == "x")
        }
    }

    private static func value(_ generator: inout SeededGenerator) -> String {
        String(
            String.UnicodeScalarView(
                (0..<generator.below(12)).compactMap { _ in
                    generator.chance(oneIn: 3)
                        ? "\"\\,= ".unicodeScalars.randomElement(using: &generator)
                        : Unicode.Scalar(UInt8(0x20 + generator.below(0x5F)))
                }))
    }

    @Test("AU-27: any text is read in bounded time and within all bounds")
    func anyText() {
        var generator = SeededGenerator(seed: 6)
        let pieces = [
            "Bearer", "Basic", "DPoP", " ", "  ", "\t", ",", ", ", "=", "==", "\"", "\\", "\\\"", "scope", "realm",
            "error", "resource_metadata", "a", "b", "x/y", "https://a.example/", "é", "\u{0}", "\u{7F}", "token68+/",
            "=\"", "\",", "\"read write\"",
        ]
        var read = 0
        for _ in 0..<20_000 {
            let lines = (0..<(1 + generator.below(3))).map { _ in
                (0..<generator.below(14)).map { _ in pieces[generator.below(pieces.count)] }.joined()
            }
            let challenges = AuthenticationChallenge.parse(lines)
            let whole = lines.joined(separator: " ").lowercased()
            for challenge in challenges {
                read += 1
                #expect(whole.contains(challenge.scheme))
                for name in ["scope", "realm", "error", "resource_metadata"] {
                    guard let value = challenge[name] else { continue }
                    #expect(value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) })
                    #expect(value.utf8.count <= whole.utf8.count)
                }
                if let scopes = challenge.scopes {
                    #expect(!scopes.isEmpty && scopes.allSatisfy { AuthenticationChallenge.isScope($0) })
                }
            }
        }
        #expect(read > 5000)
    }

    @Test("Bounds: lines, challenges, parameters and scopes")
    func bounds() {
        let long = String(repeating: "a", count: AuthenticationChallenge.maximumBytes)
        #expect(AuthenticationChallenge.parse(["Bearer a=\"\(long)\""]).isEmpty)
        #expect(AuthenticationChallenge.parse(["Bearer", "Basic " + long]).map(\.scheme) == ["bearer"])
        let many = Array(repeating: "Basic", count: 1000)
        #expect(AuthenticationChallenge.parse(many).count == AuthenticationChallenge.maximumChallenges)
        #expect(
            AuthenticationChallenge.parse([many.joined(separator: ", ")]).count
                == AuthenticationChallenge.maximumChallenges)
        let parameters = (0..<100).map { "p\($0)=1" }.joined(separator: ", ")
        let challenge = AuthenticationChallenge.parse(["Bearer " + parameters]).first
        #expect(challenge?["p31"] == "1")
        #expect(challenge?["p32"] == nil)
        func scopes(_ text: String) -> [String]? { AuthenticationChallenge.scopes(in: text) }
        #expect(scopes("a  b a") == ["a", "b"])
        #expect(scopes("") == nil)
        #expect(scopes("a \\") == nil)
        #expect(scopes((0..<64).map { "s\($0)" }.joined(separator: " "))?.count == 64)
        #expect(scopes((0..<65).map { "s\($0)" }.joined(separator: " ")) == nil)
        #expect(scopes(String(repeating: "a", count: 257)) == nil)
    }
}
