// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Testing

@testable import AuthServer

@Suite struct RecentUpstreamTokensTests {
    private let recent = RecentUpstreamTokens()
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func tokens(_ access: String) -> UpstreamTokenRecord.Tokens {
        UpstreamTokenRecord.Tokens(
            UpstreamLogin(
                subject: "s", name: nil, email: nil, isSynthetic: false, accessToken: .init(access), refreshToken: nil,
                idToken: nil, expiresAt: nil),
            userID: "u", clientID: "c", sessionExpiresAt: start, now: start)
    }

    @Test("what was read is found for a moment, at its provider and login only")
    func lifetime() {
        recent.keep(tokens("a"), "corp", tsid: "t", at: start, since: recent.changes)
        #expect(recent.find("corp", tsid: "t", at: start.addingTimeInterval(4.9))?.accessToken == "a")
        #expect(recent.find("other", tsid: "t", at: start) == nil)
        #expect(recent.find("corp", tsid: "u", at: start) == nil)
        #expect(recent.find("corp", tsid: "t", at: start.addingTimeInterval(5)) == nil)
    }

    @Test("a clock that was set back brings nothing back")
    func clockSetBack() {
        recent.keep(tokens("a"), "corp", tsid: "t", at: start, since: recent.changes)
        #expect(recent.find("corp", tsid: "t", at: start.addingTimeInterval(-1)) == nil)
    }

    @Test("what changes is forgotten, and what was read before the change is not kept")
    func change() {
        recent.keep(tokens("a"), "corp", tsid: "t", at: start, since: recent.changes)
        let before = recent.changes
        recent.forget(tsid: "t")
        #expect(recent.find("corp", tsid: "t", at: start) == nil)
        recent.keep(tokens("a"), "corp", tsid: "t", at: start, since: before)
        #expect(recent.find("corp", tsid: "t", at: start) == nil)
    }

    @Test("a login whose name could be spelled in two ways is not remembered")
    func spelling() {
        recent.keep(tokens("a"), "corp", tsid: "ren\u{E9}", at: start, since: recent.changes)
        #expect(recent.find("corp", tsid: "rene\u{301}", at: start) == nil)
    }

    @Test("no more logins are remembered than the bound")
    func bound() {
        for index in 0...RecentUpstreamTokens.maximumLogins {
            recent.keep(tokens("\(index)"), "corp", tsid: "\(index)", at: start, since: recent.changes)
        }
        let found = (0...RecentUpstreamTokens.maximumLogins).count {
            recent.find("corp", tsid: "\($0)", at: start) != nil
        }
        #expect(found <= RecentUpstreamTokens.maximumLogins)
        #expect(recent.find("corp", tsid: "\(RecentUpstreamTokens.maximumLogins)", at: start) != nil)
    }
}
