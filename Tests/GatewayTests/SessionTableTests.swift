// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import MCPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct SessionTableTests {
    private func table(sessions: Int = 10, perPrincipal: Int = 10) -> SessionTable {
        var limits = GatewayLimits()
        limits.sessions = sessions
        limits.sessionsPerPrincipal = perPrincipal
        return SessionTable(limits: limits)
    }

    @Test(
        "L26, HL-06: to anyone but its principal a session does not exist",
        arguments: [Principal.mallory, .otherAlice, .anonymous])
    func foreignPrincipal(_ stranger: Principal) throws {
        let table = table()
        let session = ClientSession.make(of: .alice)
        try table.insert(session)
        #expect(table.session(session.id, for: stranger) == nil)
        #expect(table.remove(session.id, for: stranger) == nil)
        #expect(table.session(session.id, for: .alice) === session)
        #expect(table.count == 1)
    }

    @Test("An id that was never given out names nothing", arguments: ["", "x", "00000000000000000000000000000000"])
    func unknown(_ id: String) {
        #expect(table().session(id, for: .alice) == nil)
    }

    @Test("SE-04: sessions are bounded in all")
    func bound() throws {
        let table = table(sessions: 2)
        let first = ClientSession.make(of: .alice)
        try table.insert(first)
        try table.insert(.make(of: .mallory))
        let refusal = #expect(throws: SessionTable.Refusal.self) { try table.insert(.make(of: .otherAlice)) }
        guard case .tooMany = refusal else { throw Unexpected("\(String(describing: refusal))") }
        _ = table.remove(first.id, for: .alice)
        #expect(throws: Never.self) { try table.insert(.make(of: .otherAlice)) }
    }

    @Test("SE-04: sessions are bounded per principal, and the bound is not another's")
    func boundPerPrincipal() throws {
        let table = table(perPrincipal: 1)
        let first = ClientSession.make(of: .alice)
        try table.insert(first)
        let refusal = #expect(throws: SessionTable.Refusal.self) { try table.insert(.make(of: .alice)) }
        guard case .tooManyForPrincipal = refusal else { throw Unexpected("\(String(describing: refusal))") }
        try table.insert(.make(of: .mallory))
        try table.insert(.make(of: .otherAlice))
        #expect(table.remove(first.id, for: .alice) === first)
        #expect(throws: Never.self) { try table.insert(.make(of: .alice)) }
        #expect(table.count == 3)
    }

    @Test("HL-04: only one of two callers that remove a session gets it")
    func removal() throws {
        let table = table()
        let session = ClientSession.make()
        try table.insert(session)
        #expect(table.remove(session.id, for: .alice) === session)
        #expect(table.remove(session.id, for: .alice) == nil)
        #expect(table.session(session.id, for: .alice) == nil)
    }

    @Test("HL-25: a session that nobody used for its time is taken out, a used one is not")
    func idle() throws {
        let table = table(perPrincipal: 2)
        let idle = ClientSession.make()
        let busy = ClientSession.make()
        try table.insert(idle)
        try table.insert(busy)
        guard case .admitted(let request) = busy.begin(.init(1)) else { throw Unexpected("no admission") }
        let limit = GatewayLimits().sessionIdleTime
        #expect(table.removeIdle(now: .now()).isEmpty)
        #expect(table.removeIdle(now: .now() + limit - .seconds(5)).isEmpty)
        #expect(table.removeIdle(now: .now() + limit + .seconds(1)).map(\.id) == [idle.id])
        #expect(table.session(idle.id, for: .alice) == nil)
        // Its place is free again.
        #expect(throws: Never.self) { try table.insert(.make()) }
        busy.end(.init(1), request)
        #expect(table.removeIdle(now: .now() + limit + .seconds(1)).count == 2)
        #expect(table.count == 0)
    }

    @Test("Taking all out leaves room for as many")
    func removeAll() throws {
        let table = table(sessions: 3, perPrincipal: 3)
        for _ in 0..<3 { try table.insert(.make()) }
        #expect(table.all.count == 3)
        #expect(table.removeAll().count == 3)
        #expect(table.count == 0)
        for _ in 0..<3 { try table.insert(.make()) }
    }

    @Test("L16, HL-01: ids are 128 random bits in visible ASCII")
    func ids() {
        let ids = (0..<2000).map { _ in SessionTable.newID() }
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.utf8.count == 32)
            #expect(id.utf8.allSatisfy { (0x21...0x7E).contains($0) })
        }
        // Each of the 32 digits takes each of its 16 values, which a counter or a clock would not do.
        for position in 0..<32 {
            #expect(Set(ids.map { Array($0.utf8)[position] }).count == 16, "digit \(position)")
        }
    }
}

/// A value that a test did not count on.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = what }
}
