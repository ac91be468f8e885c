// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

/// Rules R1 to R8 of the refresh table as decisions, without any I/O.
struct RefreshTokenRowTests {
    static let start = Date(timeIntervalSince1970: 1_800_000_000)
    static let day: TimeInterval = 86400
    static let rules: TokenRules = {
        var rules = TokenRules(
            accessLifespan: .seconds(3600), refreshLifespan: 7 * day, codeLifespan: 600, familyLifespan: 30 * day,
            grace: 30, allowedAudiences: ["https://mcp.example"])
        rules.maximumGeneration = 100
        return rules
    }()
    static let grant = RefreshGrant(
        user: ResolvedUser(id: "u", name: nil, email: nil), scopes: ["a"], resource: "https://mcp.example",
        authenticatedAt: start)
    static let owner = RefreshPresentation(clientID: "app", thumbprint: nil)

    static func family(thumbprint: String? = nil) -> RefreshFamily {
        RefreshFamily(
            id: "f", clientID: "app", tsid: "t", thumbprint: thumbprint, createdAt: start,
            endsAt: start.addingTimeInterval(rules.familyLifespan))
    }

    enum Condition: Sendable { case active, grace(repeats: Int), spent }

    static func row(_ condition: Condition, thumbprint: String? = nil) -> RefreshTokenRow {
        var row = RefreshTokenRow(
            opening: family(thumbprint: thumbprint), grant: grant, accessExpiresAt: start.addingTimeInterval(3600),
            at: start, rules: rules)
        switch condition {
        case .active: break
        case .grace(let repeats):
            row.state = .grace(
                grant: grant, retirement: .init(at: start, successor: "next", repeats: repeats))
        case .spent: row.state = .spent
        }
        return row
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var rule: String
        var condition: Condition
        var after: TimeInterval
        var presentation = owner
        var thumbprint: String?
        var decision: RefreshDecision
        var becomesSpent = false
        var testDescription: String { rule }
    }

    static let repeated = RefreshDecision.repeatSuccessor(grant, signature: "next")
    static let stranger = RefreshPresentation(clientID: "other", thumbprint: nil)

    static let cases: [Case] = [
        Case(rule: "R1 active", condition: .active, after: 1, decision: .rotate(grant)),
        Case(rule: "R1 just before its expiry", condition: .active, after: 7 * day - 0.001, decision: .rotate(grant)),
        Case(rule: "R2 at once", condition: .grace(repeats: 0), after: 0, decision: repeated),
        Case(rule: "R2 third repeat, late", condition: .grace(repeats: 2), after: 29.999, decision: repeated),
        Case(
            rule: "R3 repeats exhausted", condition: .grace(repeats: 3), after: 1,
            decision: .revoke(.repeatsExhausted)),
        Case(
            rule: "R3 successor used within the grace", condition: .spent, after: 1, decision: .revoke(.spent)),
        Case(
            rule: "R4 and R5 grace over", condition: .grace(repeats: 0), after: 30, decision: .revoke(.spent),
            becomesSpent: true),
        Case(rule: "R5 spent", condition: .spent, after: 20 * day, decision: .revoke(.spent)),
        Case(rule: "R6 expired", condition: .active, after: 7 * day, decision: .refuse(.expired)),
        Case(rule: "R7 active", condition: .active, after: 30 * day, decision: .refuse(.ended)),
        Case(rule: "R7 before R5", condition: .spent, after: 30 * day, decision: .refuse(.ended)),
        Case(
            rule: "R8 other client", condition: .active, after: 1, presentation: stranger,
            decision: .refuse(.otherClient)),
        Case(
            rule: "R8 other client with a spent token", condition: .spent, after: 1, presentation: stranger,
            decision: .refuse(.otherClient)),
        Case(
            rule: "R8 other client, grace over", condition: .grace(repeats: 0), after: 60, presentation: stranger,
            decision: .refuse(.otherClient)),
        Case(
            rule: "R8 no key", condition: .active, after: 1, thumbprint: "k", decision: .refuse(.wrongKey)),
        Case(
            rule: "R8 wrong key", condition: .grace(repeats: 3), after: 1,
            presentation: RefreshPresentation(clientID: "app", thumbprint: "other"), thumbprint: "k",
            decision: .refuse(.wrongKey)),
        Case(
            rule: "R1 right key", condition: .active, after: 1,
            presentation: RefreshPresentation(clientID: "app", thumbprint: "k"), thumbprint: "k",
            decision: .rotate(grant)),
        Case(
            rule: "R1 a key that an unbound family does not ask for", condition: .active, after: 1,
            presentation: RefreshPresentation(clientID: "app", thumbprint: "k"), decision: .rotate(grant)),
        Case(
            rule: "the clock stepped back a little", condition: .grace(repeats: 0), after: -60, decision: repeated),
        Case(
            rule: "the clock went back further", condition: .grace(repeats: 0), after: -61,
            decision: .refuse(.clockWentBack)),
        Case(
            rule: "the clock went back, repeats exhausted", condition: .grace(repeats: 3), after: -61,
            decision: .refuse(.clockWentBack)),
        Case(rule: "the clock went back, spent", condition: .spent, after: -day, decision: .revoke(.spent)),
        Case(rule: "the clock went back, active", condition: .active, after: -day, decision: .rotate(grant)),
    ]

    @Test("each rule of the table decides as it says, and only time changes a row", arguments: cases)
    func rule(_ row: Case) {
        let before = Self.row(row.condition, thumbprint: row.thumbprint)
        var after = before
        let decision = after.present(
            row.presentation, at: Self.start.addingTimeInterval(row.after), rules: Self.rules)
        #expect(decision == row.decision)
        #expect((after.state == .spent) == (row.becomesSpent || before.state == .spent))
        if !row.becomesSpent { #expect(after == before) }
    }

    @Test("without a grace a used token is spent at once")
    func noGrace() {
        var rules = Self.rules
        rules.grace = 0
        var row = Self.row(.grace(repeats: 0))
        #expect(row.present(Self.owner, at: Self.start, rules: rules) == .revoke(.spent))
    }

    @Test("R1 retires the token and opens the next generation, never beyond the end of the family")
    func rotation() {
        var row = Self.row(.active)
        let late = Self.start.addingTimeInterval(25 * Self.day)
        let next = row.rotate(
            Self.grant, to: "next", from: "this", accessExpiresAt: late.addingTimeInterval(3600), at: late,
            rules: Self.rules)
        #expect(row.state == .grace(grant: Self.grant, retirement: .init(at: late, successor: "next", repeats: 0)))
        #expect(next.generation == 2)
        #expect(next.state == .active(grant: Self.grant))
        #expect(next.predecessor == "this")
        #expect(next.expiresAt == Self.family().endsAt)
        #expect(next.accessExpiresAt == late.addingTimeInterval(3600))
        #expect(next.family == row.family)
    }

    @Test("a rotation after the clock was set back still knows when the last access token expires")
    func latestExpiry() {
        var row = Self.row(.active)
        let early = Self.start.addingTimeInterval(-Self.day)
        let next = row.rotate(
            Self.grant, to: "next", from: "this", accessExpiresAt: early.addingTimeInterval(3600), at: early,
            rules: Self.rules)
        #expect(row.accessExpiresAt == Self.start.addingTimeInterval(3600))
        #expect(next.accessExpiresAt == Self.start.addingTimeInterval(3600))
    }

    @Test("the use of a successor leaves a marker of its predecessor, without the person")
    func marker() throws {
        var row = Self.row(.active)
        let next = row.rotate(
            Self.grant, to: "next", from: "this", accessExpiresAt: Self.start, at: Self.start, rules: Self.rules)
        let marker = try #require(next.spentPredecessor)
        #expect(marker.signature == "this")
        #expect(marker.row.state == .spent)
        #expect(marker.row.generation == 1)
        #expect(marker.row.groups == [TokenGroups.login("t")])
        #expect(row.spentPredecessor == nil)
        let text = String(decoding: try JSONEncoder().encode(marker.row), as: UTF8.self)
        #expect(!text.contains("\"u\""))
    }

    @Test("R2 counts repeats and keeps the latest access token's expiry")
    func repeats() {
        var row = Self.row(.grace(repeats: 0))
        for count in 1...3 {
            #expect(row.present(Self.owner, at: Self.start, rules: Self.rules) == Self.repeated)
            row.countRepeat(accessExpiresAt: Self.start.addingTimeInterval(3600 - TimeInterval(count)))
        }
        #expect(row.present(Self.owner, at: Self.start, rules: Self.rules) == .revoke(.repeatsExhausted))
        #expect(row.accessExpiresAt == Self.start.addingTimeInterval(3600))
    }

    @Test("a family ends when it has as many generations as may be remembered")
    func generations() {
        var row = Self.row(.active)
        row.generation = 99
        #expect(row.present(Self.owner, at: Self.start, rules: Self.rules) == .rotate(Self.grant))
        row.generation = 100
        #expect(row.present(Self.owner, at: Self.start, rules: Self.rules) == .refuse(.ended))
    }

    @Test("rows survive being stored", arguments: [Condition.active, .grace(repeats: 2), .spent])
    func coding(_ condition: Condition) throws {
        let row = Self.row(condition, thumbprint: "k")
        #expect(try JSONDecoder().decode(RefreshTokenRow.self, from: JSONEncoder().encode(row)) == row)
    }
}
