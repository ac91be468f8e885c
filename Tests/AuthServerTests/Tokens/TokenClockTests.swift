// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// Clocks that jump: nothing that was spent works again, and nobody honest is thrown out who would not be anyway.
struct TokenClockTests {
    static let day: TimeInterval = 86400

    @Test("a used code stays used, whichever way the clock goes", arguments: [-30 * day, -60, 60])
    func usedCode(jump: TimeInterval) async throws {
        let server = try TokensServer()
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        #expect(await server.redeem(code).status == 200)
        server.clock.advance(by: jump)
        #expect(await server.redeem(code).error == "invalid_grant")
        #expect(server.upstreams.deleted == ["tsid-1"])
    }

    @Test("a spent token stays spent, whichever way the clock goes", arguments: [-30 * day, -60, -1, 60, day])
    func spent(jump: TimeInterval) async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        let second = try #require(await server.refresh(first).refreshToken)
        _ = await server.refresh(second)
        server.clock.advance(by: jump)
        #expect(await server.refresh(first).error == "invalid_grant")
        #expect(try await server.refreshRows() == [])
    }

    @Test("a family that was ended stays ended", arguments: [-30 * day, -60, 60, day])
    func ended(jump: TimeInterval) async throws {
        let server = try TokensServer()
        let login = try await server.login()
        let token = try #require(login.refreshToken)
        _ = await server.postRevoke(["token": token, "client_id": "app"])
        server.clock.advance(by: jump)
        #expect(await server.refresh(token).error == "invalid_grant")
        #expect(try !server.isAccepted(#require(login.accessToken)))
    }

    @Test("a lost answer is repeated although the clock was set back a little in between", arguments: [-1, -60])
    func smallStep(jump: TimeInterval) async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        let second = await server.refresh(first).refreshToken
        server.clock.advance(by: jump)
        #expect(await server.refresh(first).refreshToken == second)
    }

    @Test("after a big step back a retired token neither works nor ends the family")
    func bigStep() async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        let second = try #require(await server.refresh(first).refreshToken)
        server.clock.advance(by: -Self.day)
        #expect(await server.refresh(first).error == "invalid_grant")
        #expect(server.lines.contains("reason=clock"))
        #expect(server.upstreams.deleted == [])
        #expect(await server.refresh(second).status == 200)
    }

    @Test("a token that was seen after its grace is not brought back by a step into the grace")
    func seen() async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        _ = await server.refresh(first)
        server.clock.advance(by: 31)
        #expect(await server.refresh(first).error == "invalid_grant")
        server.clock.advance(by: -20)
        #expect(await server.refresh(first).error == "invalid_grant")
    }

    @Test("a moment in the far future does not end an honest family", arguments: [8 * day, 20 * day])
    func glitch(jump: TimeInterval) async throws {
        let server = try TokensServer()
        let token = try #require(try await server.login().refreshToken)
        server.clock.advance(by: jump)
        // R6: too late for this token, and its row stays.
        #expect(await server.refresh(token).error == "invalid_grant")
        server.clock.advance(by: -jump)
        #expect(await server.refresh(token).status == 200)
        #expect(server.upstreams.deleted == [])
    }

    @Test("a refresh during a moment in the future gives tokens that go on working afterwards")
    func refreshInGlitch() async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        server.clock.advance(by: 3 * Self.day)
        let second = try #require(await server.refresh(first).refreshToken)
        server.clock.advance(by: -3 * Self.day)
        let third = try #require(await server.refresh(second).refreshToken)
        #expect(await server.refresh(third).status == 200)
        #expect(await server.refresh(first).error == "invalid_grant")
        #expect(server.lines.contains("action=reuse"))
    }

    @Test("a denial covers tokens from before the clock was set back")
    func denial() async throws {
        let server = try TokensServer()
        let login = try await server.login()
        server.clock.advance(by: -Self.day)
        _ = await server.postRevoke(["token": try #require(login.refreshToken), "client_id": "app"])
        server.clock.advance(by: Self.day + 3599)
        #expect(try !server.isAccepted(#require(login.accessToken)))
    }

    @Test("row 11: no family outlives its absolute end, however often it is refreshed")
    func absoluteEnd() async throws {
        let server = try TokensServer()
        var token = try #require(try await server.login().refreshToken)
        for _ in 0..<5 {
            server.clock.advance(by: 6 * Self.day - 1)
            token = try #require(await server.refresh(token).refreshToken)
        }
        server.clock.advance(by: 4)
        #expect(await server.refresh(token).status == 200)
        server.clock.advance(by: 1)
        #expect(await server.refresh(token).error == "invalid_grant")
        #expect(try await server.storage.memory.count(RefreshTokenRow.table) == 0)
        #expect(server.upstreams.deleted == [])
    }

    @Test("a refresh token has its own end, which each refresh moves")
    func slidingEnd() async throws {
        let server = try TokensServer()
        let first = try #require(try await server.login().refreshToken)
        server.clock.advance(by: 7 * Self.day - 1)
        let second = try #require(await server.refresh(first).refreshToken)
        server.clock.advance(by: 7 * Self.day - 1)
        let third = try #require(await server.refresh(second).refreshToken)
        server.clock.advance(by: 7 * Self.day)
        #expect(await server.refresh(third).error == "invalid_grant")
        #expect(server.upstreams.deleted == [])
    }
}
