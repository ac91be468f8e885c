// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// What is kept of a login, for how long, and for whom.
@Suite struct UpstreamSessionsTests {
    let bench: UpstreamsBench

    init() throws { bench = try UpstreamsBench() }

    @Test("A stored token is found by its login and provider, and by nothing else")
    func store() async throws {
        try await bench.store(.of(access: "a-corp"))
        try await bench.store(.of(access: "a-hub"), provider: "hub")
        try await bench.store(.of(access: "a-other"), tsid: "t2")
        #expect(try await bench.token() == "a-corp")
        #expect(try await bench.token("hub") == "a-hub")
        #expect(try await bench.token(tsid: "t2") == "a-other")
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token("nowhere") }
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token(tsid: "t3") }
        #expect(try await bench.sessions.owner(tsid: "t1", provider: "corp") == "user-alice")
        #expect(try await bench.sessions.owner(tsid: "t3", provider: "corp") == nil)
    }

    @Test(
        "Ids with colons and other alphabets stay apart",
        arguments: [
            (("t:1", "corp"), ("t", "1:corp")), (("ren\u{E9}", "corp"), ("rene\u{301}", "corp")),
            (("1:t", "corp"), ("1", ":tcorp")), (("😀", "corp"), ("😀😀", "corp")),
        ])
    func ids(left: (String, String), right: (String, String)) async throws {
        try await bench.store(.of(access: "left"), provider: left.1, tsid: left.0)
        #expect(try await bench.token(left.1, tsid: left.0) == "left")
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token(right.1, tsid: right.0) }
        try await bench.store(.of(access: "right"), provider: right.1, tsid: right.0)
        #expect(try await bench.token(left.1, tsid: left.0) == "left")
        try await bench.sessions.delete(tsid: right.0)
        if left.0.utf8.elementsEqual(right.0.utf8) == false {
            #expect(try await bench.token(left.1, tsid: left.0) == "left")
        }
    }

    @Test("Another user's login does not exist, whatever the tsid says, and leaves an audit event")
    func owner() async throws {
        try await bench.store(.of())
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token(user: "user-bob") }
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token(user: "") }
        #expect(bench.lines.all.count { $0.contains("upstream_owner_mismatch") && $0.contains("denied") } == 2)
        #expect(try await bench.token() == "access-1")
    }

    @Test("An owner is compared byte by byte")
    func ownerBytes() async throws {
        let rene = ResolvedUser(id: "ren\u{E9}", name: nil, email: nil)
        try await bench.store(.of(), user: rene)
        #expect(try await bench.token(user: "ren\u{E9}") == "access-1")
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token(user: "rene\u{301}") }
    }

    @Test("Another user's expired login is not refreshed either")
    func ownerBeforeRefresh() async throws {
        try await bench.store(.of(expiresAt: bench.inSeconds(10)))
        bench.clock.advance(20)
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token(user: "user-bob") }
        #expect(bench.corp.refreshes.isEmpty)
    }

    @Test("Deleting a login forgets all its providers and nobody else's")
    func delete() async throws {
        try await bench.store(.of())
        try await bench.store(.of(), provider: "hub")
        try await bench.sessions.skip(provider: "third", tsid: "t1", reason: "access_denied")
        try await bench.store(.of(), tsid: "t2")
        try await bench.sessions.delete(tsid: "t1")
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token() }
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token("hub") }
        #expect(try await !bench.sessions.isSatisfied(provider: "third", tsid: "t1"))
        #expect(try await bench.token(tsid: "t2") == "access-1")
        #expect(try await bench.storage.count(UpstreamTokenRecord.table) == 1)
    }

    @Test("A skipped leg is satisfied, has no token and no owner, and its reason is bounded")
    func skip() async throws {
        try await bench.sessions.skip(
            provider: "corp", tsid: "t1", reason: "access_denied\n" + String(repeating: "x", count: 200))
        #expect(try await bench.sessions.isSatisfied(provider: "corp", tsid: "t1"))
        #expect(try await bench.sessions.owner(tsid: "t1", provider: "corp") == nil)
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token() }
        guard case .skipped(let reason)? = try await bench.row()?.record.content else {
            Issue.record("no skip row")
            return
        }
        #expect(reason == "access_denied" + String(repeating: "x", count: 51))
        bench.clock.advance(720 * 3600)
        #expect(try await !bench.sessions.isSatisfied(provider: "corp", tsid: "t1"))
    }

    @Test("Rows live a month longer than their token, those of tokens that do not expire as long as a login may")
    func expiry() async throws {
        try await bench.store(.of(expiresAt: bench.inSeconds(3600)))
        #expect(try await bench.row()?.expires == bench.inSeconds(3600 + 30 * 86_400))
        try await bench.store(.of(expiresAt: nil), provider: "hub")
        #expect(try await bench.row("hub")?.expires == bench.inSeconds(720 * 3600 + 30 * 86_400))
        #expect(try await bench.token("hub") == "access-1")
    }

    @Test("The row in the store shows nothing of its tokens, and opens only in its own place")
    func sealed() async throws {
        try await bench.store(.of(access: "access-clear", refresh: "refresh-clear"))
        let key = bench.records.key(UpstreamTokenRecord.self, UpstreamTokenRecord.id(tsid: "t1", provider: "corp"))
        let row = try #require(try await bench.storage.load([key])[0])
        let text = String(decoding: row.bytes, as: UTF8.self)
        for clear in ["access-clear", "refresh-clear", "user-alice", "alice"] { #expect(!text.contains(clear)) }
        #expect(!key.id.contains("t1"))
        let moved = bench.records.key(UpstreamTokenRecord.self, UpstreamTokenRecord.id(tsid: "t2", provider: "corp"))
        _ = try await bench.storage.put(moved, row.bytes, expires: nil)
        await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token(tsid: "t2") }
    }

    @Test("A leg is satisfied by a usable token, or by one that can be refreshed now")
    func satisfied() async throws {
        func isSatisfied() async throws -> Bool {
            try await bench.sessions.isSatisfied(provider: "corp", tsid: "t1")
        }
        #expect(try await !isSatisfied())
        try await bench.store(.of(expiresAt: bench.inSeconds(60)))
        #expect(try await isSatisfied())
        bench.clock.advance(59)
        #expect(try await isSatisfied())
        #expect(bench.corp.refreshes.isEmpty)
        bench.clock.advance(1)
        #expect(try await !isSatisfied())
        bench.clock.advance(RenewalPauses.length)
        bench.refreshAnswers()
        #expect(try await isSatisfied())
        #expect(try await bench.token() == "access-2")
        try await bench.store(.of(refresh: nil, expiresAt: bench.inSeconds(1)), tsid: "t2", user: bench.bob)
        bench.clock.advance(1)
        #expect(try await !bench.sessions.isSatisfied(provider: "corp", tsid: "t2"))
    }

    @Test("A store that does not answer is told apart from a login that is not there")
    func storeFailure() async throws {
        bench.storage.fail(UpstreamsStorage.Faults(reads: true))
        await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token() }
        await #expect(throws: OAuthError.storage) { try await bench.sessions.isSatisfied(provider: "corp", tsid: "t1") }
        await #expect(throws: OAuthError.storage) { try await bench.sessions.owner(tsid: "t1", provider: "corp") }
        bench.storage.fail(UpstreamsStorage.Faults(commits: 2))
        await #expect(throws: OAuthError.storage) { try await bench.store(.of()) }
        await #expect(throws: OAuthError.storage) { try await bench.sessions.delete(tsid: "t1") }
        bench.storage.fail(UpstreamsStorage.Faults(isFull: true))
        await #expect(
            throws: OAuthError(.temporarilyUnavailable, "The authorization server cannot take another login")
        ) { try await bench.store(.of()) }
    }

    // MARK: Carry-forward

    @Test("A login without a refresh token takes the one of the person's newest login at that provider")
    func carry() async throws {
        try await bench.store(.of(refresh: "r-old"), tsid: "t1")
        bench.clock.advance(1)
        try await bench.store(.of(refresh: "r-new"), tsid: "t2")
        bench.clock.advance(1)
        try await bench.store(.of(refresh: "r-hub"), provider: "hub", tsid: "t3")
        try await bench.store(.of(refresh: nil), tsid: "t4")
        #expect(try await bench.row(tsid: "t4")?.record.tokens?.refreshToken == "r-new")
        #expect(bench.lines.all.count { $0.contains("refresh_token_carried") } == 1)
        // Deleting the old login does not take the carried token.
        try await bench.sessions.delete(tsid: "t2")
        #expect(try await bench.row(tsid: "t4")?.record.tokens?.refreshToken == "r-new")
    }

    @Test("Nothing is carried from another subject, another user, or between a named and a made-up identity")
    func notCarried() async throws {
        try await bench.store(.of("alice", refresh: "r-1"), tsid: "t1")
        try await bench.store(.of("alicia", refresh: nil), tsid: "t2")
        try await bench.store(.of("alice", refresh: nil), tsid: "t3", user: bench.bob)
        try await bench.store(.of("tk-1", refresh: nil, isSynthetic: true), tsid: "t4")
        for tsid in ["t2", "t3", "t4"] {
            #expect(try await bench.row(tsid: tsid)?.record.tokens?.refreshToken == nil)
        }
    }

    @Test("Two made-up identities of one user are one account as far as anybody can tell")
    func carrySynthetic() async throws {
        try await bench.store(.of("tk-1", refresh: "r-1", isSynthetic: true), tsid: "t1")
        try await bench.store(.of("tk-2", refresh: nil, isSynthetic: true), tsid: "t2")
        #expect(try await bench.row(tsid: "t2")?.record.tokens?.refreshToken == "r-1")
    }

    @Test("A refresh token that came with the login is never replaced, and an unreadable past does not stop a login")
    func carryFailure() async throws {
        try await bench.store(.of(refresh: "r-1"), tsid: "t1")
        try await bench.store(.of(refresh: "r-2"), tsid: "t2")
        #expect(try await bench.row(tsid: "t2")?.record.tokens?.refreshToken == "r-2")
        bench.storage.fail(UpstreamsStorage.Faults(reads: true))
        try await bench.store(.of(refresh: nil), tsid: "t3")
        bench.storage.fail(UpstreamsStorage.Faults())
        #expect(try await bench.row(tsid: "t3")?.record.tokens?.refreshToken == nil)
        #expect(bench.lines.all.contains { $0.hasPrefix("warning") && $0.contains("goes on without") })
    }
}
