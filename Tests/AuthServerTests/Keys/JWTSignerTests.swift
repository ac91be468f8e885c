// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AuthServer
import Authentication
import Foundation
import JSONTypes
import Testing

struct JWTSignerTests {
    private func signer(_ algorithm: SigningAlgorithm = .ES256) throws -> (JWTSigner, SigningKeySource) {
        let source = try SigningKeySource(keys: [try SigningKey(generating: algorithm)])
        return (JWTSigner(keys: source), source)
    }

    @Test(
        "a token has alg, kid and typ, its claims in order, and a good signature",
        arguments: [SigningAlgorithm.ES256, .EdDSA])
    func token(algorithm: SigningAlgorithm) throws {
        let (signer, source) = try signer(algorithm)
        let now = Date(timeIntervalSince1970: 1_795_243_553.5761273)
        let text = try signer.sign([
            "iss": "https://as.example", "exp": .numericDate(now.addingTimeInterval(60)), "iat": .numericDate(now),
            "aud": ["a"],
        ])
        let jws = try CompactJWS(parsing: text)
        #expect(
            jws.header.description == #"{"alg":"\#(algorithm.rawValue)","kid":"\#(source.active.id)","typ":"at+jwt"}"#)
        #expect(
            jws.payload.description
                == #"{"iss":"https://as.example","exp":1795243613,"iat":1795243553,"aud":["a"]}"#)
        let key = try #require(source.publicKeys.publicKeys().first)
        #expect(jws.isSigned(by: key))
    }

    @Test("the type can be another one")
    func type() throws {
        #expect(try CompactJWS(parsing: signer().0.sign([:], type: "JWT")).type == "JWT")
    }

    @Test(
        "dates that are not whole seconds are refused",
        arguments: ["exp", "iat", "nbf", "auth_time"],
        [JSONValue.number(JSONNumber(1.5)), "1", .null, .number(JSONNumber(1e3)), .number(JSONNumber(5.0))])
    func dates(name: String, value: JSONValue) throws {
        let signer = try signer().0
        #expect(throws: JWTSigningError.notANumericDate(claim: name)) { try signer.sign(JSONObject([(name, value)])) }
    }

    @Test("a claim that is given twice is refused")
    func repeated() throws {
        let signer = try signer().0
        #expect(throws: JWTSigningError.repeatedClaim("sub")) { try signer.sign(["sub": "a", "sub": "b"]) }
    }
}
