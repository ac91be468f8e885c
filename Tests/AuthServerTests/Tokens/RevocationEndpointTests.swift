// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import Observability
import Storage
import TestSupport
import Testing

@testable import AuthServer

struct RevocationEndpointTests {
    static func revocation(_ token: String, client: String = "app", hint: String? = nil) -> [String: String] {
        ["token": token, "client_id": client].merging(hint.map { ["token_type_hint": $0] } ?? [:]) { $1 }
    }

    @Test(
        "row 30: revoking a refresh token, of any generation, ends its family whatever the hint says",
        arguments: [0, 1, 2], [nil, "refresh_token", "access_token", "nonsense"])
    func refreshToken(_ generation: Int, _ hint: String?) async throws {
        let server = try TokensServer()
        let login = try await server.login()
        var tokens = [try #require(login.refreshToken)]
        for _ in 0..<2 { tokens.append(try #require(await server.refresh(tokens[tokens.count - 1]).refreshToken)) }
        let reply = await server.postRevoke(Self.revocation(tokens[generation], hint: hint))
        #expect(reply.status == 200)
        #expect(reply.json == nil)
        for token in tokens { #expect(await server.refresh(token).error == "invalid_grant") }
        #expect(try !server.isAccepted(#require(login.accessToken)))
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(!server.lines.contains("action=reuse"))
    }

    @Test("revoking an access token denies that token and nothing else", arguments: [nil, "refresh_token"])
    func accessToken(_ hint: String?) async throws {
        let server = try TokensServer()
        let login = try await server.login()
        let second = await server.refresh(try #require(login.refreshToken))
        let token = try #require(login.accessToken)
        #expect(await server.postRevoke(Self.revocation(token, hint: hint)).status == 200)
        #expect(try !server.isAccepted(token))
        #expect(try server.isAccepted(#require(second.accessToken)))
        #expect(await server.refresh(try #require(second.refreshToken)).status == 200)
        #expect(server.upstreams.deleted == [])
    }

    @Test("the token of another client is refused and stays good")
    func otherClient() async throws {
        let server = try TokensServer()
        let login = try await server.login()
        for token in [try #require(login.refreshToken), try #require(login.accessToken)] {
            let reply = await server.postRevoke(Self.revocation(token, client: "other"))
            #expect(reply.status == 400)
            #expect(reply.error == "unauthorized_client")
        }
        #expect(try server.isAccepted(#require(login.accessToken)))
        #expect(await server.refresh(try #require(login.refreshToken)).status == 200)
    }

    @Test("the client is authenticated before anything else, and the token must be there")
    func order() async throws {
        let server = try TokensServer()
        #expect(await server.postRevoke(["client_id": "nobody"]).status == 401)
        #expect(await server.postRevoke(["token": "x"]).error == "invalid_request")
        #expect(await server.postRevoke(["client_id": "app"]).error == "invalid_request")
        server.directory.setDown(true)
        #expect(await server.postRevoke(Self.revocation("x")).status == 503)
    }

    @Test("unknown, malformed, foreign and expired tokens are fine with everybody")
    func unknown() async throws {
        let server = try TokensServer()
        let login = try await server.login()
        let access = try #require(login.accessToken)
        let foreign = try AccessTokenMinter(
            issuer: TokensServer.issuer,
            signer: JWTSigner(keys: SigningKeySource(keys: [SigningKey(generating: .ES256)])),
            now: { server.clock.now }
        ).mint(AccessTokenMinterTests.claims).token.exposed
        let code = try await server.codes.issueCode(for: TokensServer.authorization(tsid: "tsid-2"))
        for token in ["x", "a.b.c", foreign, access + "x", String(access.dropLast(4)), code] {
            let reply = await server.postRevoke(Self.revocation(token))
            #expect(reply.status == 200)
        }
        // Of the right key, but not of this issuer.
        let elsewhere = try AccessTokenMinter(
            issuer: "https://elsewhere.example", signer: JWTSigner(keys: server.keys), now: { server.clock.now }
        ).mint(AccessTokenMinterTests.claims).token.exposed
        #expect(await server.postRevoke(Self.revocation(elsewhere)).status == 200)
        #expect(try await server.storage.memory.count(DenialRow.table) == 0)
        #expect(try server.isAccepted(access))
        server.clock.advance(by: 3600)
        #expect(await server.postRevoke(Self.revocation(access, client: "other")).status == 200)
        #expect(server.upstreams.deleted == [])
    }

    @Test("nobody denies another's token with a forgery of it", arguments: ["none", "HS256", "ES256", "RS256"])
    func forgery(_ algorithm: String) async throws {
        let server = try TokensServer()
        let access = try #require(try await server.login().accessToken)
        let jws = try CompactJWS(parsing: access)
        let header: JSONObject = [
            "alg": .string(algorithm), "typ": "at+jwt", "kid": .string(try #require(jws.keyID)),
        ]
        let claims = jws.payload.editing([JSONEdit(key: "client_id", value: JSONSlice(string: "other"))])
        let input = Base64URL.encode(header.encoded) + "." + Base64URL.encode(Array(claims.description.utf8))
        let key = SymmetricKey(data: Array(server.keys.publicKeys.document.encoded))
        for tag in [
            "", String(access.split(separator: ".")[2]),
            Base64URL.encode(HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: key)),
        ] {
            let reply = await server.postRevoke(Self.revocation(input + "." + tag, client: "other"))
            #expect(reply.status == 200)
        }
        #expect(try server.isAccepted(access))
        #expect(try await server.storage.memory.count(DenialRow.table) == 0)
    }

    @Test("a second revocation of the same token is fine")
    func again() async throws {
        let server = try TokensServer()
        let token = try #require(try await server.login().refreshToken)
        for _ in 0..<2 { #expect(await server.postRevoke(Self.revocation(token)).status == 200) }
        #expect(server.upstreams.deleted == ["tsid-1"])
    }

    @Test("denials outlive a restart until the last access token has expired, and not much longer")
    func restart() async throws {
        let server = try TokensServer()
        let (first, second) = (
            try await server.login(), try await server.login(TokensServer.authorization(tsid: "tsid-2"))
        )
        let third = try await server.login(TokensServer.authorization(tsid: "tsid-3"))
        _ = await server.postRevoke(Self.revocation(try #require(first.refreshToken)))
        _ = await server.postRevoke(Self.revocation(try #require(second.accessToken)))
        let next = try TokensServer(clock: server.clock, storage: server.storage)
        #expect(try next.isAccepted(#require(first.accessToken)))
        #expect(try await next.denials.load() == 2)
        #expect(try !next.isAccepted(#require(first.accessToken)))
        #expect(try !next.isAccepted(#require(second.accessToken)))
        #expect(try next.isAccepted(#require(third.accessToken)))
        server.clock.advance(by: 3600 + 299)
        #expect(try await server.storage.memory.count(DenialRow.table) == 2)
        server.clock.advance(by: 1)
        #expect(try await server.storage.memory.count(DenialRow.table) == 0)
    }

    @Test("many denials are spread so that all of them are found again")
    func manyDenials() async throws {
        let server = try TokensServer()
        for index in 0..<2500 {
            try await server.denials.deny(
                DenialRow(.jti("token-\(index)"), until: server.clock.now.addingTimeInterval(100)))
        }
        let next = try TokensServer(clock: server.clock, storage: server.storage)
        #expect(try await next.denials.load() == 2500)
        #expect((0..<2500).allSatisfy { next.denied.isDenied(tsid: nil, jti: "token-\($0)") })
        #expect(!next.denied.isDenied(tsid: "token-1", jti: "token-2500"))
    }

    @Test("R10: one login is ended wherever it has come to, and no other", arguments: ["code", "access", "refresh"])
    func endLogin(_ progress: String) async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(
            for: TokensServer.authorization(scopes: progress == "access" ? ["openid"] : ["openid", "offline_access"]))
        let reply = progress == "code" ? nil : await server.redeem(code)
        let other = try await server.login(TokensServer.authorization(tsid: "tsid-2"))
        try await server.revocation.endLogin(tsid: "tsid-1")
        #expect(await server.redeem(code).error == "invalid_grant")
        if let access = reply?.accessToken { #expect(try !server.isAccepted(access)) }
        if let refresh = reply?.refreshToken { #expect(await server.refresh(refresh).error == "invalid_grant") }
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(try server.isAccepted(#require(other.accessToken)))
        #expect(await server.refresh(try #require(other.refreshToken)).status == 200)
    }

    @Test("R10: an operator's logout ends every login of a person, and codes that were not redeemed")
    func endAll() async throws {
        let server = try TokensServer()
        let first = try await server.login()
        let second = try await server.login(TokensServer.authorization(tsid: "tsid-2"))
        let next = await server.refresh(try #require(second.refreshToken))
        let code = try await server.codes.issueCode(for: TokensServer.authorization(tsid: "tsid-3"))
        var stranger = TokensServer.authorization(tsid: "tsid-4")
        stranger.user = ResolvedUser(id: "somebody else", name: nil, email: nil)
        let other = try await server.login(stranger)
        try await server.revocation.endAll(user: TokensServer.user.id)
        for token in [first.refreshToken, second.refreshToken, next.refreshToken] {
            #expect(await server.refresh(try #require(token)).error == "invalid_grant")
        }
        for token in [first.accessToken, second.accessToken, next.accessToken] {
            #expect(try !server.isAccepted(#require(token)))
        }
        #expect(await server.redeem(code).error == "invalid_grant")
        #expect(Set(server.upstreams.deleted) == ["tsid-1", "tsid-2", "tsid-3"])
        #expect(try server.isAccepted(#require(other.accessToken)))
        #expect(await server.refresh(try #require(other.refreshToken)).status == 200)
        #expect(try await server.revocation.endAll(user: TokensServer.user.id) == 0)
    }
}
