// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import JSONTypes
import TestSupport
import Testing

struct CompactJWSTests {
    private static let header = #"{"alg":"ES256"}"#
    private static let payload = #"{"sub":"x"}"#
    private static let good = TokenText.compact(header, payload)

    private static func nested(_ depth: Int) -> String {
        String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let token: String
        let error: JWSError

        init(_ name: String, _ token: String, _ error: JWSError) {
            (testDescription, self.token, self.error) = (name, token, error)
        }
    }

    static let rows: [Row] = [
        Row("empty", "", .notThreeParts),
        Row("one part", "abc", .notThreeParts),
        Row("two parts", "e30.e30", .notThreeParts),
        Row("four parts", good + ".", .notThreeParts),
        Row("five parts, a JWE", "e30.e30.e30.e30.e30", .notThreeParts),
        Row("padded header", "e30=.e30.AA", .invalidBase64URL(.header)),
        Row("white space before", " " + good, .invalidBase64URL(.header)),
        Row("newline after", good + "\n", .invalidBase64URL(.signature)),
        Row("plain base64 in the signature", "eyJhbGciOiJFUzI1NiJ9.e30.A+/A", .invalidBase64URL(.signature)),
        Row("trailing bits in the signature", "eyJhbGciOiJFUzI1NiJ9.e30.AB", .invalidBase64URL(.signature)),
        Row("padded payload", "eyJhbGciOiJFUzI1NiJ9.e30=.AA", .invalidBase64URL(.payload)),
        Row("two tokens in a list", good + "," + good, .notThreeParts),
        Row("empty header", ".e30.AA", .invalidJSON(.header, .unexpectedEnd)),
        Row("empty payload", "eyJhbGciOiJFUzI1NiJ9..AA", .invalidJSON(.payload, .unexpectedEnd)),
        Row("header is an array", TokenText.compact("[]", payload), .notAnObject(.header)),
        Row("payload is a string", TokenText.compact(header, "\"x\""), .notAnObject(.payload)),
        Row("header is no JSON", TokenText.compact("{", payload), .invalidJSON(.header, .unexpectedEnd)),
        Row("two values", TokenText.compact(header, "{}{}"), .invalidJSON(.payload, .trailingBytes)),
        Row("no alg", TokenText.compact("{}", payload), .malformedHeader(member: "alg")),
        Row("alg is a number", TokenText.compact(#"{"alg":1}"#, payload), .malformedHeader(member: "alg")),
        Row("alg is null", TokenText.compact(#"{"alg":null}"#, payload), .malformedHeader(member: "alg")),
        Row("number kid", TokenText.compact(#"{"alg":"ES256","kid":1}"#, payload), .malformedHeader(member: "kid")),
        Row("list typ", TokenText.compact(#"{"alg":"ES256","typ":[]}"#, payload), .malformedHeader(member: "typ")),
        Row("crit", TokenText.compact(#"{"alg":"ES256","crit":["exp"]}"#, payload), .criticalExtension),
        Row("empty crit", TokenText.compact(#"{"alg":"ES256","crit":[]}"#, payload), .criticalExtension),
        Row("escaped crit", TokenText.compact(#"{"alg":"ES256","cr\u0069t":[]}"#, payload), .criticalExtension),
        Row("b64 false", TokenText.compact(#"{"alg":"ES256","b64":false}"#, payload), .unencodedPayload),
        Row("b64 text", TokenText.compact(#"{"alg":"ES256","b64":"false"}"#, payload), .unencodedPayload),
        Row("alg twice", TokenText.compact(#"{"alg":"ES256","alg":"none"}"#, payload), .repeatedMember(.header)),
        Row(
            "alg twice, escaped", TokenText.compact(#"{"alg":"ES256","\u0061lg":"none"}"#, payload),
            .repeatedMember(.header)),
        Row("claim twice", TokenText.compact(header, #"{"sub":"a","sub":"b"}"#), .repeatedMember(.payload)),
        Row(
            "nested claim twice", TokenText.compact(header, #"{"a":[{"b":{"c":1,"c":2}}]}"#),
            .repeatedMember(.payload)),
        Row("too deep", TokenText.compact(header, nested(33)), .invalidJSON(.payload, .tooDeep(limit: 32))),
        Row(
            "not UTF-8", "eyJhbGciOiJFUzI1NiJ9.\(Base64URL.encode([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])).AA",
            .invalidJSON(.payload, .invalidUTF8)),
    ]

    @Test("texts that are no strict compact JWS are refused", arguments: rows)
    func refused(row: Row) {
        #expect(throws: row.error) { try CompactJWS(parsing: row.token) }
        #expect(!row.error.description.isEmpty)
    }

    @Test("the limit is on the whole text and inclusive")
    func size() throws {
        let count = Self.good.utf8.count
        #expect(throws: Never.self) { try CompactJWS(parsing: Self.good, maximumBytes: count) }
        #expect(throws: JWSError.tooLarge(limit: count - 1)) {
            try CompactJWS(parsing: Self.good, maximumBytes: count - 1)
        }
        let long = TokenText.compact(Self.header, "{\"a\":\"\(String(repeating: "x", count: 13_000))\"}")
        #expect(throws: JWSError.tooLarge(limit: CompactJWS.maximumBytes)) { try CompactJWS(parsing: long) }
    }

    @Test("parts come out as they were sent")
    func parts() throws {
        let token = TokenText.compact(#"{"alg":"EdDSA","kid":"k","typ":"at+jwt"}"#, #"{"n":1.50}"#)
        let jws = try CompactJWS(parsing: token)
        #expect(jws.algorithm == .EdDSA)
        #expect(jws.keyID == "k")
        #expect(jws.type == "at+jwt")
        #expect(jws.payload.description == #"{"n":1.50}"#)
        #expect(jws.signature == [1, 2, 3])
        #expect(String(decoding: jws.signingInput, as: UTF8.self) + ".AQID" == token)
    }

    @Test(
        "typ is compared as a media type",
        arguments: [
            ("at+jwt", true), ("AT+JWT", true), ("application/at+jwt", true), ("Application/AT+jwt", true),
            ("JWT", false), ("x/at+jwt", false), ("application/x/at+jwt", false), ("at+jwt ", false), ("", false),
        ])
    func type(text: String, isAccessToken: Bool) throws {
        let jws = try CompactJWS(parsing: TokenText.compact("{\"alg\":\"ES256\",\"typ\":\"\(text)\"}", "{}"))
        #expect(jws.hasType("at+jwt") == isAccessToken)
    }

    @Test("without a typ there is no type")
    func noType() throws {
        #expect(!(try CompactJWS(parsing: Self.good)).hasType("JWT"))
    }

    @Test(
        "a good ES256 signature counts only under ES256",
        arguments: ["none", "None", "HS256", "HS512", "ES384", "RS256", "EdDSA", "es256", "", "ES256 "])
    func confusion(name: String) throws {
        let key = P256.Signing.PrivateKey()
        let publicKey = try PublicKey(key.publicKey)
        let good = try TokenText.signed(Self.header, Self.payload, key: key)
        #expect(try CompactJWS(parsing: good).isSigned(by: publicKey))
        let bad = try TokenText.signed("{\"alg\":\"\(name)\"}", Self.payload, key: key)
        #expect(!(try CompactJWS(parsing: bad)).isSigned(by: publicKey))
    }

    @Test("an HMAC under the bytes of the public key is refused in every spelling of those bytes")
    func publicKeyAsSecret() throws {
        let key = P256.Signing.PrivateKey().publicKey
        let publicKey = try PublicKey(key)
        let jwk = JSONSlice(.object(publicKey.jwk)).description
        for secret in [Array(key.pemRepresentation.utf8), [UInt8](key.derRepresentation), Array(jwk.utf8)] {
            for name in ["HS256", "ES256"] {
                let input = "\(TokenText.part("{\"alg\":\"\(name)\"}")).\(TokenText.part(Self.payload))"
                let tag = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: SymmetricKey(data: secret))
                let jws = try CompactJWS(parsing: "\(input).\(Base64URL.encode(tag))")
                #expect(!jws.isSigned(by: publicKey))
            }
        }
    }

    @Test("a key in the header proves nothing")
    func embeddedKey() throws {
        let attacker = P256.Signing.PrivateKey()
        let jwk = JSONSlice(.object(try PublicKey(attacker.publicKey).jwk)).description
        let token = try TokenText.signed("{\"alg\":\"ES256\",\"jwk\":\(jwk)}", Self.payload, key: attacker)
        let trusted = try PublicKey(P256.Signing.PrivateKey().publicKey)
        #expect(!(try CompactJWS(parsing: token)).isSigned(by: trusted))
    }

    @Test("no mutation of a signed token keeps a good signature over other content")
    func mutation() throws {
        let key = P256.Signing.PrivateKey()
        let publicKey = try PublicKey(key.publicKey)
        let token = try TokenText.signed(#"{"alg":"ES256","kid":"k"}"#, #"{"sub":"x","n":[1,2]}"#, key: key)
        var generator = SeededGenerator(seed: 4)
        var parsed = 0
        for _ in 0..<5_000 {
            let bytes = Array(token.utf8).mutated(using: &generator)
            let text = String(decoding: bytes, as: UTF8.self)
            guard text != token, let jws = try? CompactJWS(parsing: text) else { continue }
            parsed += 1
            #expect(!jws.isSigned(by: publicKey))
        }
        #expect(parsed > 100, "the mutations are not all destructive")
    }
}
