// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Observability
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// The cases T1 to T20 of the test catalogue with the answers of 13.7; what they say about clients' secrets, bodies and
/// upstreams is tested with those.
struct TokenCatalogueTests {
    @Test("AU-20: T1 a code gives an access token with the claims of 13.10 and a refresh token")
    func happyPath() async throws {
        let server = try TokensServer()
        let reply = try await server.login()
        #expect(reply.headers["content-type"] == "application/json;charset=UTF-8")
        #expect(reply.text("token_type") == "bearer")
        #expect(reply.json?.member("expires_in")?.int == 3600)
        #expect(reply.text("scope") == "openid offline_access")
        #expect(reply.refreshToken?.hasPrefix("vmcp_rt_") == true)
        let claims = try reply.claims
        #expect(claims.member("sub")?.string == TokensServer.user.id)
        #expect(claims.member("tsid")?.string == "tsid-1")
        #expect(claims.member("aud")?.description == #"["\#(TokensServer.resource)"]"#)
        #expect(claims.member("auth_time")?.int == 1_799_999_990)
        #expect(claims.member("cnf") == nil)
        #expect(try server.isAccepted(#require(reply.accessToken)))
    }

    @Test(
        "T2 a grant type must be there and supported",
        arguments: [
            (nil, "invalid_request"), ("password", "unsupported_grant_type"),
            ("client_credentials", "unsupported_grant_type"),
            ("urn:ietf:params:oauth:grant-type:token-exchange", "unsupported_grant_type"),
        ] as [(String?, String)])
    func grantType(_ type: String?, _ error: String) async throws {
        let server = try TokensServer()
        // Before the client is looked at.
        let reply = await server.post(["client_id": "nobody"].merging(type.map { ["grant_type": $0] } ?? [:]) { $1 })
        #expect(reply.status == 400)
        #expect(reply.error == error)
    }

    @Test("T2 a client may use only the grants that it registered")
    func unregisteredGrant() async throws {
        let server = try TokensServer()
        server.directory.add(TokensServer.client("app", grants: ["refresh_token"]))
        let reply = await server.redeem("x")
        #expect(reply.status == 400)
        #expect(reply.error == "unauthorized_client")
    }

    @Test(
        "T3 unknown, forged and malformed codes",
        arguments: ["", "x", "vmcp_ac_x.y", String(repeating: "a", count: 4000), "vmcp_rt_"])
    func wrongCode(_ code: String) async throws {
        let server = try TokensServer()
        let reply = await server.redeem(code)
        #expect(reply.status == 400)
        #expect(reply.error == (code.isEmpty ? "invalid_request" : "invalid_grant"))
        #expect(server.storage.counts.operations == 0)
    }

    @Test("T3 a refresh token is no code and a code no refresh token")
    func kinds() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        #expect(await server.refresh(code).error == "invalid_grant")
        let reply = await server.redeem(code)
        #expect(await server.redeem(try #require(reply.refreshToken)).error == "invalid_grant")
    }

    @Test("T3 a code is good until it expires and not a moment longer")
    func expiredCode() async throws {
        let server = try TokensServer()
        let early = try await server.codes.issueCode(for: TokensServer.authorization())
        let late = try await server.codes.issueCode(for: TokensServer.authorization(tsid: "tsid-2"))
        server.clock.advance(by: 599.9)
        #expect(await server.redeem(early).status == 200)
        server.clock.advance(by: 0.1)
        let reply = await server.redeem(late)
        #expect(reply.error == "invalid_grant")
        #expect(server.upstreams.deleted == [])
    }

    @Test("AU-15: T3 a replayed code ends everything that it gave, once")
    func replayedCode() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let first = await server.redeem(code)
        let refreshed = await server.refresh(try #require(first.refreshToken))
        #expect(refreshed.status == 200)
        for _ in 0..<3 {
            #expect(await server.redeem(code).error == "invalid_grant")
        }
        #expect(await server.refresh(try #require(refreshed.refreshToken)).error == "invalid_grant")
        #expect(try !server.isAccepted(#require(first.accessToken)))
        #expect(try !server.isAccepted(#require(refreshed.accessToken)))
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(server.lines.all.filter { $0.contains("action=reuse") }.count == 1)
        #expect(server.lines.all.contains { $0.hasPrefix("warning") && $0.contains("reason=code") })
    }

    @Test("T3 a replay is noticed for as long as the marker is kept", arguments: [(2390, true), (3601, false)])
    func marker(after: TimeInterval, isNoticed: Bool) async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        #expect(await server.redeem(code).status == 200)
        server.clock.advance(by: after)
        #expect(await server.redeem(code).error == "invalid_grant")
        #expect(server.upstreams.deleted == (isNoticed ? ["tsid-1"] : []))
    }

    @Test("T3 a replay by another client ends the family too: the code was stolen")
    func replayByOther() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        #expect(await server.redeem(code).status == 200)
        #expect(await server.redeem(code, changing: ["client_id": "other"]).error == "invalid_grant")
        #expect(server.upstreams.deleted == ["tsid-1"])
    }

    static let harmless: [(change: [String: String?], error: String)] = [
        (["code_verifier": nil], "invalid_grant"),
        (["code_verifier": "short"], "invalid_grant"),
        (["code_verifier": String(repeating: "a", count: 43)], "invalid_grant"),
        (["redirect_uri": "http://127.0.0.1:49153/callback"], "invalid_grant"),
        (["redirect_uri": "http://127.0.0.1:49152/callback/"], "invalid_grant"),
        (["redirect_uri": "HTTP://127.0.0.1:49152/callback"], "invalid_grant"),
        (["client_id": "other"], "invalid_grant"),
        (["resource": "https://other.example"], "invalid_target"),
        (["resource": "not a resource"], "invalid_target"),
        (["resource": "https://mcp.example/mcp#x"], "invalid_target"),
    ]

    @Test("T4 T5 T10 a request that is refused leaves code and challenge as they were", arguments: harmless.indices)
    func refusedRequest(_ index: Int) async throws {
        let row = Self.harmless[index]
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let refused = await server.redeem(code, changing: row.change)
        #expect(refused.status == 400)
        #expect(refused.error == row.error)
        #expect(server.directory.proven == [])
        #expect(await server.redeem(code).status == 200)
    }

    @Test(
        "row 8: no code is made for a request without a challenge",
        arguments: ["", "a", String(repeating: "=", count: 43)])
    func noChallenge(_ challenge: String) async throws {
        let server = try TokensServer()
        var authorization = TokensServer.authorization()
        authorization.grant.codeChallenge = challenge
        await #expect(throws: OAuthError.self) { try await server.codes.issueCode(for: authorization) }
        #expect(try await server.storage.memory.count(CodeRow.table) == 0)
    }

    @Test("T5 the redirect URI may be absent")
    func noRedirectURI() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        #expect(await server.redeem(code, changing: ["redirect_uri": nil]).status == 200)
    }

    @Test(
        "T6 T7 an unknown client, a wrong secret and a secret of a public client are 401",
        arguments: ["nobody", "confidential", "app"])
    func wrongClient(_ id: String) async throws {
        let server = try TokensServer()
        server.directory.add(TokensServer.client("confidential", secret: "right"))
        let reply = await server.redeem("x", changing: ["client_id": id, "client_secret": "wrong"])
        #expect(reply.status == 401)
        #expect(reply.error == "invalid_client")
    }

    @Test("T6 a directory that does not answer is our error")
    func directoryDown() async throws {
        let server = try TokensServer()
        server.directory.setDown(true)
        let reply = await server.redeem("x")
        #expect(reply.status == 500)
        #expect(reply.error == "server_error")
    }

    @Test(
        "T8 a confidential client authenticates in either way, and its secret is not stored", arguments: [true, false])
    func confidential(_ usesHeader: Bool) async throws {
        let server = try TokensServer()
        server.directory.add(TokensServer.client("web", secret: "s3cret-s3cret"))
        let code = try await server.codes.issueCode(for: TokensServer.authorization(client: "web"))
        var parameters = TokensServer.redemption(code, client: "web")
        var headers: [(String, String)] = []
        if usesHeader {
            headers = [("Authorization", "Basic " + Data("web:s3cret-s3cret".utf8).base64EncodedString())]
        } else {
            parameters["client_secret"] = "s3cret-s3cret"
        }
        #expect(await server.post(parameters, headers: headers).status == 200)
        let rows = try await server.storage.memory.rows(inGroup: TokenGroups.user(TokensServer.user.id), limit: 10)
        #expect(rows.count == 2)
        #expect(rows.allSatisfy { !String(decoding: $0.row.bytes, as: UTF8.self).contains("s3cret") })
    }

    @Test("AU-17: T9 T10 the audience is the code's resource, whatever spelling asks for it")
    func resource() async throws {
        let server = try TokensServer(audiences: [TokensServer.resource, "https://other.example"])
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let reply = await server.redeem(code, changing: ["resource": "HTTPS://MCP.example:443/mcp/"])
        #expect(try reply.claims.member("aud")?.description == #"["\#(TokensServer.resource)"]"#)
        let refresh = try #require(reply.refreshToken)
        let other = await server.refresh(refresh, changing: ["resource": "https://other.example"])
        #expect(other.error == "invalid_target")
        let again = await server.refresh(refresh, changing: ["resource": "https://mcp.example/mcp/"])
        #expect(try again.claims.member("aud")?.description == #"["\#(TokensServer.resource)"]"#)
    }

    @Test("T10 only one resource can be asked for")
    func severalResources() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let more = [(name: "resource", value: TokensServer.resource), (name: "resource", value: TokensServer.resource)]
        #expect(await server.post(TokensServer.redemption(code), more: more).error == "invalid_target")
        let refresh = try #require(await server.redeem(code).refreshToken)
        #expect(await server.post(TokensServer.refresh(refresh), more: more).error == "invalid_target")
        #expect(await server.refresh(refresh).status == 200)
    }

    @Test("T10 a resource that the operator has taken from the list gets no more tokens")
    func removedResource() async throws {
        let server = try TokensServer()
        let refresh = try #require(try await server.login().refreshToken)
        let later = try TokensServer(clock: server.clock, storage: server.storage, audiences: ["https://other.example"])
        #expect(await later.refresh(refresh).error == "invalid_target")
        #expect(await server.refresh(refresh).status == 200)
    }

    @Test("a repeated audience is refused where only token exchange may have it")
    func repeatedAudience() async throws {
        let server = try TokensServer()
        let reply = await server.post(
            TokensServer.redemption("x"), more: [(name: "audience", value: "a"), (name: "audience", value: "b")])
        #expect(reply.error == "invalid_request")
    }

    @Test(
        "T11 a refresh token takes both the scope and the registered grant",
        arguments: [
            (["openid"], ["authorization_code", "refresh_token"], false),
            (["openid", "offline_access"], ["authorization_code"], false),
            (["offline"], ["authorization_code", "refresh_token"], true),
        ])
    func refreshTokenIssued(_ scopes: [String], _ grants: [String], _ isIssued: Bool) async throws {
        let server = try TokensServer()
        server.directory.add(
            TokensServer.client("app", grants: grants, scopes: ["openid", "offline_access", "offline"]))
        let reply = try await server.login(TokensServer.authorization(scopes: scopes))
        #expect((reply.refreshToken != nil) == isIssued)
        #expect(try await server.refreshRows().count == (isIssued ? 1 : 0))
    }

    @Test("without a refresh token a replay still ends the access token")
    func replayWithoutRefresh() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization(scopes: []))
        let reply = await server.redeem(code)
        #expect(reply.json?.member("scope") == nil)
        #expect(try server.isAccepted(#require(reply.accessToken)))
        #expect(await server.redeem(code).error == "invalid_grant")
        #expect(try !server.isAccepted(#require(reply.accessToken)))
    }

    @Test("T18 no code, token, verifier or secret reaches the log, and identifiers are hashed")
    func logs() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let first = await server.redeem(code)
        let refresh = try #require(first.refreshToken)
        let second = await server.refresh(refresh)
        _ = await server.refresh(refresh, changing: ["client_id": "other"])
        _ = await server.refresh(try #require(second.refreshToken), changing: ["scope": "secret-scope"])
        _ = await server.redeem(code)
        _ = await server.refresh(refresh)
        _ = await server.postRevoke(["token": refresh, "client_id": "app"])
        _ = await server.postRevoke(["token": try #require(first.accessToken), "client_id": "app"])
        let replies = [first, second]
        let secrets =
            replies.flatMap { [$0.accessToken, $0.refreshToken] }.compactMap { $0 } + [
                code, TokensServer.verifier, TokensServer.user.id, "tsid-1", "secret-scope", "ada@example.org",
            ]
        #expect(server.lines.all.count >= 8)
        for secret in secrets {
            for part in [secret] + (secret.contains(".") ? secret.split(separator: ".").map(String.init) : [])
            where part.count > 5 {
                #expect(!server.lines.contains(part))
            }
        }
    }

    @Test("one audit event for each outcome")
    func audit() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let first = try #require(await server.redeem(code).refreshToken)
        _ = await server.refresh(first)
        _ = await server.refresh(first, changing: ["client_id": "other"])
        _ = await server.post(["grant_type": "x"])
        _ = await server.redeem("x")
        let events = server.lines.all.map { line in
            line.split(separator: " ").filter {
                $0.hasPrefix("action=") || $0.hasPrefix("outcome=") || $0.hasPrefix("reason=")
            }.joined(separator: " ")
        }
        #expect(
            events == [
                "action=token outcome=success", "action=refresh outcome=success",
                "action=refresh outcome=failure reason=other_client",
                "action=token outcome=failure reason=unsupported_grant_type",
                "action=token outcome=failure reason=invalid_grant",
            ])
    }

    @Test("a credential-free grant needs no client, but one that is named must be right")
    func credentialFree() async throws {
        struct Assertion: TokenGrant {
            let grantType = GrantType.jwtBearer
            let isCredentialFree = true
            let minted: MintedToken
            func answer(
                _ request: EndpointRequest, client: OAuthClient?, proof: String?
            ) async throws(OAuthError) -> TokenAnswer {
                guard client == nil else { throw OAuthError(.serverError, "A client") }
                return TokenAnswer(minted, issuedTokenType: "urn:x")
            }
        }
        let minted = try AccessTokenMinterTests.minter().mint(AccessTokenMinterTests.claims)
        let server = try TokensServer(grants: [Assertion(minted: minted)])
        let parameters = ["grant_type": GrantType.jwtBearer]
        let reply = await server.post(parameters)
        #expect(reply.status == 200)
        #expect(reply.text("issued_token_type") == "urn:x")
        #expect(reply.refreshToken == nil)
        #expect(server.directory.proven == [])
        #expect(await server.post(parameters.merging(["client_id": "nobody"]) { $1 }).error == "invalid_client")
        #expect(await server.post(parameters.merging(["client_id": "app"]) { $1 }).error == "unauthorized_client")
        #expect(await server.post(parameters, headers: [("Authorization", "Basic !")]).error == "invalid_client")
    }

    @Test("the store does not hold what a client presents")
    func storeHoldsNoToken() async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let first = try #require(await server.redeem(code).refreshToken)
        let second = try #require(await server.refresh(first).refreshToken)
        let rows = try await server.storage.memory.rows(inGroup: TokenGroups.user(TokensServer.user.id), limit: 100)
        #expect(rows.count == 3)
        for token in [code, first, second] {
            let random = try #require(token.dropFirst("vmcp_rt_".count).split(separator: ".").first)
            #expect(random.count == 43)
            for (key, row) in rows {
                #expect(!key.id.contains(random))
                #expect(!String(decoding: row.bytes, as: UTF8.self).contains(random))
            }
        }
    }
}
