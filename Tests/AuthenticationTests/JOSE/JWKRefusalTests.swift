// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import Testing

struct JWKRefusalTests {
    private static let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    private static let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

    private static func ec(_ extra: String = "", crv: String = "P-256", x: String = x, y: String = y) -> String {
        "{\"kty\":\"EC\",\"crv\":\"\(crv)\",\"x\":\"\(x)\",\"y\":\"\(y)\"\(extra)}"
    }

    private static func edwards(_ x: [UInt8]) -> String {
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\(Base64URL.encode(x))\"}"
    }

    private static func rsa(_ modulus: [UInt8], exponent: String = "AQAB") -> String {
        "{\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(modulus))\",\"e\":\"\(exponent)\"}"
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let jwk: String
        let error: JWKError

        init(_ name: String, _ jwk: String, _ error: JWKError) {
            (testDescription, self.jwk, self.error) = (name, jwk, error)
        }
    }

    private static let odd2047 = [0x7F] + [UInt8](repeating: 0xFF, count: 255)
    private static let even2048 = [UInt8](repeating: 0xFF, count: 255) + [0xFE]
    private static let odd2048 = [UInt8](repeating: 0xFF, count: 256)
    private static let zeros = [UInt8](repeating: 0, count: 31)

    static let rows: [Row] = [
        Row("not an object", "[]", .malformed(member: "jwk")),
        Row("no kty", "{}", .malformed(member: "kty")),
        Row("kty of another type", #"{"kty":1}"#, .malformed(member: "kty")),
        Row("symmetric with its key", #"{"kty":"oct","k":"AAAA"}"#, .privateMember),
        Row("symmetric without one", #"{"kty":"oct"}"#, .unsupportedKeyType),
        Row("unknown kty", #"{"kty":"LMS"}"#, .unsupportedKeyType),
        Row("kty in another case", #"{"kty":"ec","crv":"P-256"}"#, .unsupportedKeyType),
        Row("secp256k1", ec(crv: "secp256k1"), .unsupportedCurve),
        Row("Ed448", #"{"kty":"OKP","crv":"Ed448","x":"AA"}"#, .unsupportedCurve),
        Row("X25519", #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, .unsupportedCurve),
        Row("an Edwards curve as EC", ec(crv: "Ed25519"), .unsupportedCurve),
        Row("no crv", #"{"kty":"EC","x":"AA","y":"AA"}"#, .malformed(member: "crv")),
        Row("no y", #"{"kty":"EC","crv":"P-256","x":"\#(x)"}"#, .malformed(member: "y")),
        Row("empty x", ec(x: ""), .malformed(member: "x")),
        Row("padded x", ec(x: x + "="), .malformed(member: "x")),
        Row("non-canonical x", ec(x: x.dropLast() + "V"), .malformed(member: "x")),
        Row("short x", ec(x: "AAAA"), .invalidPoint),
        Row("x with a leading zero", ec(x: Base64URL.encode([0] + (Base64URL.decode(x) ?? []))), .invalidPoint),
        Row("point off the curve", ec(y: x), .invalidPoint),
        Row("P-256 coordinates as P-384", ec(crv: "P-384"), .invalidPoint),
        Row("the point (0, 0)", ec(x: Base64URL.encode(zeros + [0]), y: Base64URL.encode(zeros + [0])), .invalidPoint),
        Row("private EC key", ec(#","d":"AAAA""#), .privateMember),
        Row("private member with an escaped name", ec(#","\u0064":"AAAA""#), .privateMember),
        Row("repeated member", ec(#","x":"AAAA""#), .repeatedMember),
        Row("repeated member with an escaped name", ec(#","\u0078":"AAAA""#), .repeatedMember),
        Row("alg of another kind", ec(#","alg":"RS256""#), .unsupportedAlgorithm),
        Row("alg of another curve", ec(#","alg":"ES384""#), .unsupportedAlgorithm),
        Row("HMAC alg", ec(#","alg":"HS256""#), .unsupportedAlgorithm),
        Row("none", ec(#","alg":"none""#), .unsupportedAlgorithm),
        Row("alg of another type", ec(#","alg":null"#), .malformed(member: "alg")),
        Row("for encryption", ec(#","use":"enc""#), .notForVerifying),
        Row("use of another type", ec(#","use":["sig"]"#), .malformed(member: "use")),
        Row("only for signing", ec(#","key_ops":["sign"]"#), .notForVerifying),
        Row("key_ops of another type", ec(#","key_ops":"verify""#), .malformed(member: "key_ops")),
        Row("kid of another type", ec(#","kid":7"#), .malformed(member: "kid")),
        Row("empty kid", ec(#","kid":"""#), .malformed(member: "kid")),
        Row("long kid", ec(",\"kid\":\"\(String(repeating: "k", count: 1025))\""), .malformed(member: "kid")),
        Row("RSA of 1024 bits", SignatureFixtures.smallRSA, .rsaTooSmall(bits: 1024)),
        Row("RSA of 2047 bits", rsa(odd2047), .rsaTooSmall(bits: 2047)),
        Row("RSA of 2047 bits behind zeros", rsa([0, 0, 0] + odd2047), .rsaTooSmall(bits: 2047)),
        Row("RSA modulus zero", rsa(zeros), .rsaTooSmall(bits: 0)),
        Row("RSA of 8193 bits", rsa([1] + [UInt8](repeating: 0xFF, count: 1024)), .rsaTooLarge(bits: 8193)),
        Row("even RSA modulus", rsa(even2048), .invalidRSA),
        Row("RSA exponent 1", rsa(odd2048, exponent: "AQ"), .invalidRSA),
        Row("even RSA exponent", rsa(odd2048, exponent: "Ag"), .invalidRSA),
        Row("RSA exponent with trailing bits", rsa(odd2048, exponent: "_______"), .malformed(member: "e")),
        Row("RSA exponent of 40 bits", rsa(odd2048, exponent: "______8"), .invalidRSA),
        Row("short Ed25519 key", edwards(zeros), .invalidPoint),
        Row("Ed25519 identity", edwards([1] + zeros), .invalidPoint),
        Row("Ed25519 identity with a sign", edwards([1] + zeros.dropLast() + [0x80]), .invalidPoint),
        Row("Ed25519 order 4", edwards([0] + zeros), .invalidPoint),
        Row(
            "Ed25519 order 2", edwards([0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]), .invalidPoint),
        Row(
            "Ed25519 y not reduced", edwards([0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]), .invalidPoint),
        Row("Ed25519 all ones", edwards([UInt8](repeating: 0xFF, count: 32)), .invalidPoint),
        Row(
            "Ed25519 order 8",
            edwards([
                0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5,
                0xDF,
                0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x85,
            ]), .invalidPoint),
    ]

    @Test("keys that cannot verify are refused with the reason", arguments: rows)
    func refused(row: Row) throws {
        let slice = try JSONSlice(text: row.jwk)
        #expect(throws: row.error) { try PublicKey(jwk: slice) }
        #expect(!row.error.description.isEmpty)
    }

    @Test(
        "members that do not forbid verifying are accepted",
        arguments: [
            "", #","use":"sig""#, #","key_ops":["sign","verify"]"#, #","alg":"ES256""#, #","x5c":["AAAA"],"x5t":"AA""#,
            #","unknown":{"d":1}"#,
        ])
    func accepted(extra: String) throws {
        #expect(try PublicKey(text: Self.ec(extra)).type == .p256)
    }

    @Test("a leading zero before an RSA modulus is dropped and does not change the thumbprint")
    func leadingZero() throws {
        let row = try #require(SignatureFixtures.rows.first { $0.algorithm == "RS256" })
        let slice = try JSONSlice(text: row.jwk)
        let modulus = try #require(slice["n"]?.string.flatMap { Base64URL.decode($0) })
        let key = try PublicKey(text: Self.rsa([0] + modulus))
        #expect(key.thumbprint == row.thumbprint)
        let signature = try #require(Base64URL.decode(row.signature))
        #expect(
            key.isValid(signature: signature, for: Array(SignatureFixtures.message.utf8), algorithm: .RS256))
    }
}
