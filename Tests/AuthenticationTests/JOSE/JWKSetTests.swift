// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import NIOCore
import TestSupport
import Testing

struct JWKSetTests {
    private static func set(_ keys: [String]) throws(JWKSetError) -> JWKSet {
        try JWKSet(parsing: ByteBuffer(string: "{\"keys\":[\(keys.joined(separator: ","))]}"))
    }

    private static func named(_ id: String, _ jwk: String) -> String {
        "{\"kid\":\"\(id)\"," + jwk.dropFirst()
    }

    @Test("keys that cannot be used are left out, the others stay in order")
    func skips() throws {
        let rows = SignatureFixtures.rows
        let set = try Self.set([
            #"{"kty":"oct","k":"AAAA"}"#, rows[0].jwk, #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "7",
            rows[3].jwk, SignatureFixtures.smallRSA, rows[4].jwk.dropLast() + #","alg":"RSA-OAEP"}"#, rows[1].jwk,
        ])
        #expect(set.keys.map(\.thumbprint) == [rows[0], rows[3], rows[1]].map(\.thumbprint))
        #expect(set.skipped.map(\.index) == [0, 2, 3, 5, 6])
        #expect(set.skipped.map(\.reason).last == .unsupportedAlgorithm)
    }

    @Test("a set without one usable key is an empty set")
    func empty() throws {
        #expect(try Self.set([]).keys.isEmpty)
        #expect(try Self.set(["{}"]).keys.isEmpty)
    }

    @Test(
        "what is no key set is refused",
        arguments: [
            ("", JWKSetError.invalidJSON(JSONError(reason: .unexpectedEnd, offset: 0))),
            ("[]", .notAKeySet), ("{}", .notAKeySet), (#"{"keys":{}}"#, .notAKeySet),
            (#"{"keys":[],"keys":[]}"#, .notAKeySet), (#"{"keys":[],"\u006beys":[]}"#, .notAKeySet),
        ])
    func refused(text: String, error: JWKSetError) {
        #expect(throws: error) { try JWKSet(parsing: ByteBuffer(string: text)) }
    }

    @Test("100 keys are read and 101 are refused")
    func count() throws {
        let jwk = SignatureFixtures.rows[0].jwk
        let keys = (0..<101).map { Self.named("k\($0)", jwk) }
        #expect(try Self.set(Array(keys.dropLast())).keys.count == 100)
        #expect(throws: JWKSetError.tooManyKeys(limit: 100)) { try Self.set(keys) }
        #expect(throws: JWKSetError.tooManyKeys(limit: 100)) { try Self.set(Array(repeating: "{}", count: 101)) }
    }

    @Test("size is bounded before anything is parsed")
    func size() throws {
        let text = "{\"keys\":[]}"
        #expect(throws: Never.self) { try JWKSet(parsing: ByteBuffer(string: text), maximumBytes: 11) }
        #expect(throws: JWKSetError.tooLarge(limit: 10)) {
            try JWKSet(parsing: ByteBuffer(string: text), maximumBytes: 10)
        }
        let big = ByteBuffer(repeating: 0x20, count: JWKSet.maximumBytes + 1)
        #expect(throws: JWKSetError.tooLarge(limit: JWKSet.maximumBytes)) { try JWKSet(parsing: big) }
    }

    @Test("one kid for two keys: both are candidates for the algorithms they allow")
    func collisions() throws {
        let rows = SignatureFixtures.rows
        let set = try Self.set([
            Self.named("a", rows[0].jwk), Self.named("a", rows[4].jwk), Self.named("a", rows[0].jwk),
            Self.named("b", rows[0].jwk),
        ])
        #expect(set.keys.count == 3, "an exact repetition is one key")
        #expect(set.keys(id: "a", algorithm: .ES256).map(\.type) == [.p256])
        #expect(set.keys(id: "a", algorithm: .PS256).map(\.type) == [.rsa])
        #expect(set.keys(id: "a", algorithm: .EdDSA).isEmpty)
        #expect(set.keys(id: "c", algorithm: .ES256).isEmpty)
        #expect(set.keys(id: nil, algorithm: .ES256).map(\.id) == ["a", "b"])
    }

    @Test("the document of a set reads back as the set")
    func roundTrip() throws {
        let set = JWKSet(keys: try SignatureFixtures.rows.map { try PublicKey(text: $0.jwk) })
        #expect(set.keys.count == 5, "the RSA key is there once")
        let again = try JWKSet(parsing: JSONSlice(.object(set.document)).bytes)
        #expect(again == set)
    }

    @Test("mutated sets never crash, and a changed key verifies nothing of the original")
    func mutation() throws {
        var generator = SeededGenerator(seed: 3)
        let message = Array(SignatureFixtures.message.utf8)
        let rows = SignatureFixtures.rows
        let document = "{\"keys\":[\(rows.prefix(5).map(\.jwk).joined(separator: ","))]}"
        let known = Set(rows.map(\.thumbprint))
        var parsed = 0
        for _ in 0..<2_000 {
            let text = Array(document.utf8).mutated(using: &generator)
            guard let set = try? JWKSet(parsing: ByteBuffer(bytes: text)) else { continue }
            parsed += 1
            for key in set.keys where !known.contains(key.thumbprint) {
                for row in rows.prefix(5) {
                    guard let algorithm = SigningAlgorithm(rawValue: row.algorithm),
                        let signature = Base64URL.decode(row.signature)
                    else { continue }
                    #expect(!key.isValid(signature: signature, for: message, algorithm: algorithm))
                }
            }
        }
        #expect(parsed > 200, "the mutations are not all destructive")
    }
}
