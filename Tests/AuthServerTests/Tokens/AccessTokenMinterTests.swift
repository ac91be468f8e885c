// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Observability
import Testing

@testable import AuthServer

struct AccessTokenMinterTests {
    static let claims = AccessTokenClaims(
        subject: "u", audience: "https://mcp.example", clientID: "app", scopes: ["a", "b"], lifespan: .seconds(60))

    static func minter(type: String = "at+jwt", now: Double = 1_800_000_000.9) throws -> AccessTokenMinter {
        AccessTokenMinter(
            issuer: "https://as.example", type: type,
            signer: JWTSigner(keys: try SigningKeySource(keys: [try TokensServer.signingKey.get()])),
            now: { Date(timeIntervalSince1970: now) })
    }

    @Test("a token with everything has the claims of 13.10 in RFC 9068 form, dates in whole seconds")
    func everything() throws {
        var claims = Self.claims
        claims.tsid = "t"
        claims.name = "Ada"
        claims.email = "ada@example.org"
        claims.authTime = Date(timeIntervalSince1970: 1_799_999_000.5)
        claims.act = ["sub": "actor"]
        claims.thumbprint = "key"
        let minted = try Self.minter().mint(claims)
        let jws = try CompactJWS(parsing: minted.token.exposed)
        #expect(jws.type == "at+jwt")
        #expect(jws.algorithm == .ES256)
        #expect(jws.keyID == (try TokensServer.signingKey.get()).id)
        #expect(jws.isSigned(by: try TokensServer.signingKey.get().publicKey))
        let expected = """
            {"iss":"https://as.example","sub":"u","aud":["https://mcp.example"],"exp":1800000060,"iat":1800000000,\
            "jti":"\(minted.id)","client_id":"app","scope":"a b","scp":["a","b"],"tsid":"t","name":"Ada",\
            "email":"ada@example.org","auth_time":1799999000,"act":{"sub":"actor"},"cnf":{"jkt":"key"}}
            """
        #expect(jws.payload.description == expected)
        #expect(minted.expiresAt == Date(timeIntervalSince1970: 1_800_000_060))
        #expect(minted.expiresIn == 60)
        #expect(minted.isBound)
    }

    @Test("what a token has nothing to say about is absent, and scp is there even when empty")
    func absent() throws {
        var claims = Self.claims
        claims.scopes = []
        claims.name = ""
        claims.email = ""
        let minted = try Self.minter().mint(claims)
        let payload = try CompactJWS(parsing: minted.token.exposed).payload
        for name in ["scope", "tsid", "name", "email", "auth_time", "act", "cnf"] {
            #expect(payload.member(name) == nil, "\(name)")
        }
        #expect(payload.member("scp")?.description == "[]")
        #expect(!minted.isBound)
    }

    @Test("each token has an id of its own, a UUID of version 4")
    func ids() throws {
        let minter = try Self.minter()
        let ids = try (0..<50).map { _ in try minter.mint(Self.claims).id }
        #expect(Set(ids).count == 50)
        #expect(ids.allSatisfy { UUID(uuidString: $0) != nil && $0.dropFirst(14).first == "4" })
    }

    @Test("the type of the header can be that of 0.44.0")
    func type() throws {
        let minted = try Self.minter(type: "JWT").mint(Self.claims)
        #expect(try CompactJWS(parsing: minted.token.exposed).type == "JWT")
    }

    @Test("a minted token does not print itself")
    func secrecy() throws {
        let minted = try Self.minter().mint(Self.claims)
        #expect(!"\(minted)".contains(minted.token.exposed))
        #expect(!"\(TokenAnswer(minted, refreshToken: minted.token))".contains(minted.token.exposed))
    }
}
