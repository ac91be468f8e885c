// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Testing

@testable import AuthServer

/// The cases T12 to T16 and T20 of the test catalogue: refreshing, with the answers of 13.7.
struct RefreshCatalogueTests {
    @Test(
        "AU-21: T12 T13 a refresh replaces the token; the old is spent once its successor was used or the grace is over"
    )
    func rotation() async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        let second = await server.refresh(first)
        #expect(second.status == 200)
        #expect(second.refreshToken != first)
        server.clock.advance(by: 31)
        #expect(await server.refresh(first).error == "invalid_grant")
        #expect(await server.refresh(try #require(second.refreshToken)).error == "invalid_grant")
        #expect(try !server.isAccepted(#require(second.accessToken)))
        #expect(server.upstreams.deleted == ["tsid-1"])
        #expect(try await server.refreshRows() == [])
    }

    @Test(
        "T14 a refresh can narrow the scope of its access token, not widen it",
        arguments: [
            ("openid", "openid"), ("offline_access openid", "openid offline_access"), ("openid profile", nil),
            ("openid OFFLINE_ACCESS", nil), (" ", nil),
        ] as [(String, String?)])
    func scope(_ requested: String, _ granted: String?) async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        let reply = await server.refresh(first, changing: ["scope": requested])
        guard let granted else {
            #expect(reply.status == 400)
            #expect(reply.error == "invalid_scope")
            #expect(await server.refresh(first).status == 200)
            return
        }
        #expect(reply.text("scope") == granted)
        #expect(try reply.claims.member("scope")?.string == granted)
        let next = await server.refresh(try #require(reply.refreshToken))
        #expect(next.text("scope") == "openid offline_access")
    }

    @Test("T14 a scope that was taken from the registration ends refreshing, without harm to the token")
    func unregisteredScope() async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        server.directory.add(TokensServer.client("app", scopes: ["offline_access"]))
        #expect(await server.refresh(first).error == "invalid_scope")
        server.directory.add(TokensServer.client("app"))
        #expect(await server.refresh(first).status == 200)
    }

    @Test("R7: a family that has as many generations as may be remembered ends, without an alarm")
    func generations() async throws {
        let server = try TokensServer(rules: { $0.maximumGeneration = 3 })
        let first = try #require(try await server.login().refreshToken)
        let second = try #require(await server.refresh(first).refreshToken)
        let third = await server.refresh(second)
        #expect(third.status == 200)
        #expect(await server.refresh(try #require(third.refreshToken)).error == "invalid_grant")
        #expect(try server.isAccepted(#require(third.accessToken)))
        #expect(server.upstreams.deleted == [])
    }

    @Test("T15 a refreshed token is of the same login, with a fresh iat and jti")
    func sameLogin() async throws {
        let server = try TokensServer()
        let first = try await server.login()
        server.clock.advance(by: 100)
        let second = await server.refresh(try #require(first.refreshToken))
        let (old, new) = (try first.claims, try second.claims)
        for name in ["sub", "tsid", "name", "email", "client_id", "auth_time", "aud", "scope"] {
            #expect(old.member(name) == new.member(name), "\(name)")
        }
        #expect(old.member("jti") != new.member("jti"))
        #expect(new.member("iat")?.int == old.member("iat")?.int.map { $0 + 100 })
    }

    @Test("T16 a success proves that a registration is used, a failure does not")
    func proof() async throws {
        let server = try TokensServer()
        let refresh = try #require(try await server.login().refreshToken)
        #expect(server.directory.proven == ["app"])
        _ = await server.refresh("nonsense")
        _ = await server.refresh(refresh, changing: ["client_id": "other"])
        #expect(server.directory.proven == ["app"])
        _ = await server.refresh(refresh)
        #expect(server.directory.proven == ["app", "app"])
    }

    @Test("T20 after a rotation of the HMAC secret old tokens work, and new ones use the new secret")
    func rotatedSecret() async throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let before = try TokensServer(secrets: [old])
        let first = try #require(try await before.login().refreshToken)
        let second = try #require(await before.refresh(first).refreshToken)
        let during = try TokensServer(clock: before.clock, storage: before.storage, secrets: [new, old])
        // The answer was lost while the secret was rotated: the successor is the one that was handed out.
        #expect(await during.refresh(first).refreshToken == second)
        let third = try #require(await during.refresh(second).refreshToken)
        let after = try TokensServer(clock: before.clock, storage: before.storage, secrets: [new])
        #expect(await after.refresh(second).error == "invalid_grant")
        #expect(await after.refresh(third).status == 200)
    }

    @Test("T20 a successor whose secret is gone cannot be repeated, and nobody is punished for it")
    func droppedSecret() async throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let before = try TokensServer(secrets: [old])
        let first = try #require(try await before.login().refreshToken)
        let during = try TokensServer(clock: before.clock, storage: before.storage, secrets: [new, old])
        let second = try #require(await during.refresh(first).refreshToken)
        #expect(await before.refresh(first).error == "invalid_grant")
        #expect(await during.refresh(second).status == 200)
    }
}
