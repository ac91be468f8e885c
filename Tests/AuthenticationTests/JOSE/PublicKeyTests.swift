// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import Testing

struct PublicKeyTests {
    typealias Row = SignatureFixtures.Row

    private let message = Array(SignatureFixtures.message.utf8)

    @Test("signatures that OpenSSL made are accepted", arguments: SignatureFixtures.rows)
    func differential(row: Row) throws {
        let key = try PublicKey(text: row.jwk)
        let signature = try #require(Base64URL.decode(row.signature))
        let algorithm = try #require(SigningAlgorithm(rawValue: row.algorithm))
        #expect(key.isValid(signature: signature, for: message, algorithm: algorithm))
        #expect(key.thumbprint == row.thumbprint)
        #expect(key.id == row.thumbprint)
    }

    @Test("a signature is good under one algorithm only", arguments: SignatureFixtures.rows)
    func algorithmConfusion(row: Row) throws {
        let key = try PublicKey(text: row.jwk)
        let signature = try #require(Base64URL.decode(row.signature))
        for algorithm in SigningAlgorithm.allCases where algorithm.rawValue != row.algorithm {
            #expect(!key.isValid(signature: signature, for: message, algorithm: algorithm))
        }
    }

    @Test("a key that names an alg refuses every other, also of its own kind", arguments: SignatureFixtures.rows)
    func pinned(row: Row) throws {
        let signature = try #require(Base64URL.decode(row.signature))
        let signed = try #require(SigningAlgorithm(rawValue: row.algorithm))
        for algorithm in SigningAlgorithm.allCases where algorithm.keyType == signed.keyType {
            let key = try PublicKey(text: "{\"alg\":\"\(algorithm.rawValue)\"," + row.jwk.dropFirst())
            #expect(key.isValid(signature: signature, for: message, algorithm: signed) == (algorithm == signed))
        }
    }

    @Test("a changed byte, a missing one and one too many spoil a signature", arguments: SignatureFixtures.rows)
    func damaged(row: Row) throws {
        let key = try PublicKey(text: row.jwk)
        let algorithm = try #require(SigningAlgorithm(rawValue: row.algorithm))
        let signature = try #require(Base64URL.decode(row.signature))
        for index in stride(from: 0, to: signature.count, by: 7) {
            var changed = signature
            changed[index] ^= 0x10
            #expect(!key.isValid(signature: changed, for: message, algorithm: algorithm))
        }
        for other in [[], Array(signature.dropLast()), Array(signature.dropFirst()), signature + [0], [0] + signature] {
            #expect(!key.isValid(signature: other, for: message, algorithm: algorithm))
        }
        let zero = [UInt8](repeating: 0, count: signature.count)
        #expect(!key.isValid(signature: zero, for: message, algorithm: algorithm))
    }

    @Test("an ECDSA signature in DER is refused")
    func der() throws {
        let row = try #require(SignatureFixtures.rows.first { $0.algorithm == "ES256" })
        let signature = try #require(Base64URL.decode(SignatureFixtures.derES256))
        #expect(!(try PublicKey(text: row.jwk)).isValid(signature: signature, for: message, algorithm: .ES256))
    }

    @Test("a PSS salt must be as long as the digest")
    func salt() throws {
        let row = try #require(SignatureFixtures.rows.first { $0.algorithm == "PS256" })
        let signature = try #require(Base64URL.decode(SignatureFixtures.pssWithLongSalt))
        #expect(!(try PublicKey(text: row.jwk)).isValid(signature: signature, for: message, algorithm: .PS256))
    }

    @Test("the written JWK is read back as the same key", arguments: SignatureFixtures.rows)
    func roundTrip(row: Row) throws {
        let plain = try PublicKey(text: row.jwk)
        let pinned = try PublicKey(text: "{\"kid\":\"a \\\" b\",\"alg\":\"\(row.algorithm)\"," + row.jwk.dropFirst())
        for key in [plain, pinned] {
            let written = JSONSlice(.object(key.jwk))
            #expect(try PublicKey(jwk: written) == key)
            #expect(written["use"]?.string == "sig")
            #expect(written["kid"]?.string == key.id)
            #expect(written["alg"]?.string == key.algorithm?.rawValue)
            #expect(["d", "p", "q", "k"].allSatisfy { written.member($0) == nil })
        }
        #expect(plain.isSameKey(as: pinned))
        #expect(plain != pinned)
    }

    @Test("each algorithm belongs to one kind of key, each kind has a default of its own")
    func table() {
        for algorithm in SigningAlgorithm.allCases {
            #expect(KeyType.allCases.contains(algorithm.keyType))
        }
        for type in KeyType.allCases {
            #expect(type.defaultAlgorithm.keyType == type)
        }
        for name in ["none", "None", "HS256", "HS384", "HS512", "es256", "ES256K", "RS1", "Ed448", ""] {
            #expect(SigningAlgorithm(rawValue: name) == nil)
        }
    }
}
