// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes

/// A client that makes proofs, good ones unless told otherwise.
struct ProofMaker {
    static let url = "https://server.example.com/token"
    static let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    let key = P256.Signing.PrivateKey()

    func publicKey() throws -> PublicKey { try PublicKey(key.publicKey, algorithm: nil) }

    func jwk() throws -> JSONValue {
        .object(try publicKey().jwk)
    }

    func header(_ changes: (inout JSONObject) -> Void = { _ in }) throws -> JSONObject {
        var header: JSONObject = ["typ": "dpop+jwt", "alg": "ES256", "jwk": try jwk()]
        changes(&header)
        return header
    }

    func proof(header: JSONObject? = nil, _ changes: (inout JSONObject) -> Void = { _ in }) throws -> String {
        var claims: JSONObject = [
            "jti": "id-1", "htm": "POST", "htu": .string(Self.url),
            "iat": .number(JSONNumber(Int(Self.now.timeIntervalSince1970))),
        ]
        changes(&claims)
        return try TokenText.signed(
            JSONSlice(.object(header ?? self.header())).description, JSONSlice(.object(claims)).description, key: key)
    }

    static func hash(_ token: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(token.utf8)))
    }
}
