// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import Authentication

@Suite("WWW-Authenticate and the answers around it")
struct ChallengeTests {
    private func challenges(
        resourceMetadata: String? = "https://mcp.example/.well-known/oauth-protected-resource/mcp",
        scopes: [String] = ["a", "b"], offersDPoP: Bool = false
    ) -> AuthenticationChallenges {
        AuthenticationChallenges(
            realm: "https://idp.example", resourceMetadata: resourceMetadata, scopes: scopes, offersDPoP: offersDPoP)
    }

    @Test("AU-01, AU-02, R2, R3, R4: without credentials: how to get a token, and no error")
    func unauthenticated() throws {
        let refusal = challenges().unauthenticated()
        #expect(refusal.status == 401)
        #expect(refusal.error == nil)
        #expect(
            refusal.challenges == [
                #"Bearer realm="https://idp.example", "#
                    + #"resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp", scope="a b""#
            ])
    }

    @Test("A bad token: the same with error and description")
    func invalidToken() throws {
        let refusal = challenges().invalidToken("The access token expired.")
        #expect(refusal.status == 401)
        #expect(
            refusal.challenges == [
                #"Bearer realm="https://idp.example", "#
                    + #"resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp", "#
                    + #"scope="a b", error="invalid_token", error_description="The access token expired.""#
            ])
        #expect(refusal.body == #"{"error":"invalid_token","error_description":"The access token expired."}"#)
        #expect(refusal.headers.contains { $0.name == "Content-Type" && $0.value == "application/json" })
        #expect(refusal.headers.contains { $0.name == "Cache-Control" && $0.value == "no-store" })
    }

    @Test("Parameters that are not known are left out")
    func minimal() {
        let refusal = challenges(resourceMetadata: nil, scopes: []).unauthenticated()
        #expect(refusal.challenges == [#"Bearer realm="https://idp.example""#])
    }

    @Test("While DPoP is on, a second line offers it on every Bearer challenge")
    func dpop() {
        let challenges = challenges(offersDPoP: true)
        for refusal in [
            challenges.unauthenticated(), challenges.invalidToken("x"), challenges.invalidRequest("x"),
            challenges.insufficientScope(["c"]),
        ] {
            #expect(refusal.challenges.count == 2)
            #expect(refusal.challenges[0].hasPrefix("Bearer "))
            #expect(refusal.challenges[1] == #"DPoP algs="ES256 ES384 ES512 EdDSA RS256 PS256""#)
        }
    }

    @Test("A DPoP error is a DPoP challenge with the nonce beside it")
    func dpopError() {
        let refusal = challenges(offersDPoP: true).dpop(.missingNonce, nonce: "n1")
        #expect(refusal.status == 401)
        #expect(refusal.error == "use_dpop_nonce")
        #expect(refusal.challenges.count == 1)
        #expect(refusal.challenges[0].hasPrefix(#"DPoP error="use_dpop_nonce", error_description=""#))
        #expect(refusal.headers.contains { $0.name == "DPoP-Nonce" && $0.value == "n1" })
        #expect(challenges().dpop(.replayed, nonce: nil).headers.allSatisfy { $0.name != "DPoP-Nonce" })
    }

    @Test("Nothing could be checked: 503 with Retry-After and no challenge")
    func unavailable() throws {
        let refusal = challenges(offersDPoP: true).unavailable()
        #expect(refusal.status == 503)
        #expect(refusal.challenges.isEmpty)
        #expect(refusal.headers.contains { $0.name == "Retry-After" && $0.value == "5" })
        _ = try JSONSlice(validating: ByteBuffer(string: refusal.body))
    }

    @Test(
        "Values are quoted, and nothing can end the value or the line",
        arguments: [
            ("plain", #"S x="plain""#), (#"a"b"#, #"S x="a\"b""#), (#"a\b"#, #"S x="a\\b""#), (#"\""#, #"S x="\\\"""#),
            ("a\r\nSet-Cookie: x", #"S x="a??Set-Cookie: x""#), ("tab\t", #"S x="tab?""#), ("é", #"S x="?""#),
            ("\u{0}\u{7F}", #"S x="??""#), ("", "S"),
        ])
    func quoting(value: String, expected: String) {
        var header = ChallengeHeader(scheme: "S")
        header.add("x", value)
        #expect(header.text == expected)
    }

    @Test("Whatever is put in comes out again by the rules of quoted strings")
    func fuzz() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let values = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                String(
                    String.UnicodeScalarView(
                        (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                            Bool.random(using: &generator)
                                ? Unicode.Scalar(UInt8.random(in: 0...127, using: &generator))
                                : (["\"", "\\", ",", "=", "\n", "😀"] as [Unicode.Scalar]).randomElement(
                                    using: &generator)
                                    ?? "x"
                        }))
            }
            var header = ChallengeHeader(scheme: "Bearer")
            for (index, value) in values.enumerated() { header.add("p\(index)", value) }
            #expect(header.text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            let expected = values.map { value in
                String(
                    String.UnicodeScalarView(
                        value.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
            }
            #expect(try Self.parse(header.text) == expected)
        }
    }

    /// A reader of its own for `Scheme name="quoted", …` (RFC 9110 section 5.6.4).
    private static func parse(_ header: String) throws -> [String] {
        var rest = Array(header.unicodeScalars)[...]
        var values: [String] = []
        while let quote = rest.firstIndex(of: "\"") {
            var value = String.UnicodeScalarView()
            rest = rest[(quote + 1)...]
            while let scalar = rest.popFirst(), scalar != "\"" {
                guard scalar == "\\" else {
                    value.append(scalar)
                    continue
                }
                let escaped = rest.popFirst()
                value.append(try #require(escaped))
            }
            values.append(String(value))
            if let comma = rest.first { #expect(comma == ",") }
        }
        return values
    }

    @Test("No text of the fixed tables needs quoting, and none repeats the request")
    func texts() {
        let errors: [TokenError] = [
            .malformed, .opaque, .unsupportedAlgorithm, .missingKeyID, .unknownKey, .wrongSignature, .wrongType,
            .missingClaim("aud"), .malformedClaim("exp"), .wrongIssuer, .wrongAudience, .expired, .notYetValid,
            .issuedInFuture, .revoked, .inactive, .unsupportedBinding, .bound, .unbound, .bindingRequired, .unavailable,
        ]
        for error in errors {
            // RFC 6750 section 3: %x20-21 / %x23-5B / %x5D-7E
            #expect(
                error.description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C },
                "\(error)")
        }
    }
}
