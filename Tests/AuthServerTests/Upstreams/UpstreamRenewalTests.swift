// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Storage
import Synchronization
import TestSupport
import Testing

@testable import AuthServer

/// When upstream tokens are renewed, and what becomes of them when that fails.
@Suite struct UpstreamRenewalTests {
    let bench: UpstreamsBench

    init() throws { bench = try UpstreamsBench() }

    private func storeExpired(refresh: String? = "refresh-1") async throws {
        try await bench.store(.of(refresh: refresh, expiresAt: bench.inSeconds(3600)))
        bench.clock.advance(3600)
    }

    /// Still good, but within the last 30 seconds of its hour.
    private func storeDue(refresh: String? = "refresh-1") async throws {
        try await bench.store(.of(refresh: refresh, expiresAt: bench.inSeconds(3600)))
        bench.clock.advance(3580)
    }

    @Test(
        "A token is renewed from 30 seconds before its end on, a short-lived one from its half on",
        arguments: [
            (3600, 3569, false), (3600, 3570, true), (40, 19, false), (40, 20, true), (10, 4, false), (10, 5, true),
        ]
            as [(TimeInterval, TimeInterval, Bool)])
    func due(lifetime: TimeInterval, age: TimeInterval, isDue: Bool) async throws {
        try await bench.store(.of(expiresAt: bench.inSeconds(lifetime)))
        bench.clock.advance(age)
        bench.refreshAnswers()
        #expect(try await bench.token() == (isDue ? "access-2" : "access-1"))
        #expect(bench.corp.refreshes.count == (isDue ? 1 : 0))
    }

    @Test("A token that does not expire is never refreshed")
    func nonExpiring() async throws {
        try await bench.store(.of(expiresAt: nil))
        bench.clock.advance(700 * 3600)
        #expect(try await bench.token() == "access-1")
        #expect(bench.corp.refreshes.isEmpty)
    }

    @Test("A renewed token is stored, with the rotated refresh token, under a later expiry")
    func rotated() async throws {
        try await storeExpired()
        bench.refreshAnswers(refresh: "refresh-2")
        #expect(try await bench.token() == "access-2")
        let row = try #require(try await bench.row())
        #expect(row.record.tokens?.refreshToken == "refresh-2")
        #expect(row.record.tokens?.userID == "user-alice")
        #expect(row.record.tokens?.clientID == "client-1")
        #expect(row.expires == bench.inSeconds(3600 + 30 * 86_400))
        #expect(try await bench.token() == "access-2")
        #expect(bench.corp.refreshes.count == 1)
        bench.clock.advance(3600)
        bench.refreshAnswers(access: "access-3")
        #expect(try await bench.token() == "access-3")
        #expect(bench.corp.refreshes.last?.refreshToken == Secret("refresh-2"))
        // The groups are still those of the login.
        try await bench.sessions.delete(tsid: "t1")
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token() }
    }

    @Test("A provider cannot hand a row to another user")
    func ownerStays() async throws {
        try await storeExpired()
        let clock = bench.clock
        bench.corp.onRefresh { tokens throws(UpstreamError) in
            var tokens = tokens.with(access: "access-2", expiresAt: clock.now.addingTimeInterval(60))
            tokens.userID = "user-bob"
            return tokens
        }
        #expect(try await bench.token() == "access-2")
        #expect(try await bench.row()?.record.tokens?.userID == "user-alice")
    }

    @Test("A hundred parallel callers cause one refresh, and get its token")
    func parallel() async throws {
        try await storeExpired()
        let gate = UpstreamsGate()
        let clock = bench.clock
        bench.corp.onRefresh { tokens throws(UpstreamError) in
            await gate.wait()
            return tokens.with(access: "access-2", refresh: "refresh-2", expiresAt: clock.now.addingTimeInterval(3600))
        }
        let bench = bench
        let loads = bench.storage.loads
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 { group.addTask { try await bench.token() } }
            while bench.storage.loads < loads + 101 || bench.corp.refreshes.isEmpty { await Task.yield() }
            gate.open()
            var tokens: [String] = []
            for try await token in group { tokens.append(token) }
            return tokens
        }
        #expect(tokens == [String](repeating: "access-2", count: 100))
        #expect(bench.corp.refreshes.count == 1)
    }

    @Test("The rows of two logins are refreshed each on its own")
    func separateRows() async throws {
        try await bench.store(.of(refresh: "r-1", expiresAt: bench.inSeconds(60)), tsid: "t1")
        try await bench.store(.of(refresh: "r-2", expiresAt: bench.inSeconds(60)), tsid: "t2")
        bench.clock.advance(60)
        bench.refreshAnswers()
        _ = try await bench.token(tsid: "t1")
        _ = try await bench.token(tsid: "t2")
        #expect(bench.corp.refreshes.map { $0.refreshToken?.exposed } == ["r-1", "r-2"])
    }

    @Test("A caller that is cancelled does not end the refresh that others wait for")
    func cancelled() async throws {
        try await storeExpired()
        let gate = UpstreamsGate()
        let clock = bench.clock
        let wasCancelled = Mutex(false)
        bench.corp.onRefresh { tokens throws(UpstreamError) in
            await gate.wait()
            wasCancelled.withLock { $0 = Task.isCancelled }
            return tokens.with(access: "access-2", expiresAt: clock.now.addingTimeInterval(3600))
        }
        let bench = bench
        let first = Task { try await bench.token() }
        while bench.corp.refreshes.isEmpty { await Task.yield() }
        first.cancel()
        gate.open()
        _ = try? await first.value
        #expect(try await bench.token() == "access-2")
        #expect(bench.corp.refreshes.count == 1)
        #expect(!wasCancelled.withLock { $0 })
    }

    @Test("A provider that never answers is given up, and asked to stop")
    func timeout() async throws {
        let bench = try UpstreamsBench(sleep: { _ in })
        try await bench.store(.of(expiresAt: bench.inSeconds(3600)))
        bench.clock.advance(3600)
        bench.corp.onRefresh { _ throws(UpstreamError) in
            try? await Task.sleep(for: .seconds(3600))
            throw Task.isCancelled ? .unreachable : .invalidIDToken
        }
        await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token() }
    }

    @Test("Another process that renewed the row saves us the refresh")
    func reread() async throws {
        try await storeExpired()
        let row = try #require(try await bench.row())
        var tokens = try #require(row.record.tokens)
        tokens.accessToken = "access-elsewhere"
        tokens.refreshToken = "refresh-elsewhere"
        tokens.expiresAt = bench.inSeconds(3600)
        let theirs = UpstreamTokenRecord(provider: "corp", content: .tokens(tokens))
        let records = bench.records
        // While we are at the provider, they store first.
        bench.corp.onRefresh { [clock = bench.clock] ours throws(UpstreamError) in
            _ = try? await records.replace(
                theirs, UpstreamTokenRecord.id(tsid: "t1", provider: "corp"), version: row.version, expires: nil)
            return ours.with(access: "access-ours", expiresAt: clock.now.addingTimeInterval(3600))
        }
        #expect(try await bench.token() == "access-elsewhere")
        #expect(try await bench.row()?.record.tokens?.refreshToken == "refresh-elsewhere")
        #expect(try await bench.token() == "access-elsewhere")
        #expect(bench.corp.refreshes.count == 1)
    }

    // MARK: Failures of the provider

    @Test(
        "A passing failure leaves a token that still works in use, and says unavailable when there is none",
        arguments: [
            UpstreamError.unreachable, .invalidResponse, .notConfigured, .refused(code: "server_error"),
            .refused(code: "temporarily_unavailable"), .refused(code: "invalid_client"), .refused(code: "slow_down"),
        ])
    func passing(error: UpstreamError) async throws {
        try await storeDue()
        bench.refreshFails(error)
        #expect(try await bench.token() == "access-1")
        bench.clock.advance(20)
        await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token() }
        bench.refreshAnswers()
        bench.clock.advance(RenewalPauses.length)
        #expect(try await bench.token() == "access-2")
    }

    @Test("An ill provider is asked once in five seconds, not once a call")
    func pause() async throws {
        try await storeExpired()
        for _ in 0..<10 { await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token() } }
        #expect(bench.corp.refreshes.count == 1)
        bench.clock.advance(RenewalPauses.length)
        await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token() }
        #expect(bench.corp.refreshes.count == 2)
    }

    @Test("The memory of failures is bounded")
    func pauseBound() {
        let clock = UpstreamsClock()
        let pauses = RenewalPauses(now: { clock.now })
        for number in 0..<(RenewalPauses.capacity + 50) {
            pauses.note(.unanswered, "row-\(number)")
        }
        #expect(pauses.count == RenewalPauses.capacity)
        clock.advance(RenewalPauses.length)
        pauses.note(.unanswered, "another")
        #expect(pauses.count == 1)
        #expect(pauses.holds("another"))
        #expect(!pauses.holds("row-0"))
        // An answer, and a store that failed, are no reason to spare the provider.
        pauses.note(.failed(.expired, keepsToken: true), "expired")
        pauses.note(.failed(.unavailable, keepsToken: true), "store")
        #expect(pauses.count == 1)
    }

    @Test("A refused refresh token is not used again; its access token is, to its end")
    func refused() async throws {
        try await storeDue()
        bench.refreshFails(.refused(code: "invalid_grant"))
        #expect(try await bench.token() == "access-1")
        #expect(try await bench.token() == "access-1")
        bench.clock.advance(20)
        for _ in 0..<3 { await #expect(throws: UpstreamTokenError.expired) { try await bench.token() } }
        #expect(bench.corp.refreshes.count == 1)
        #expect(try await !bench.sessions.isSatisfied(provider: "corp", tsid: "t1"))
    }

    @Test(
        "What only signing in again can heal is said so",
        arguments: [
            UpstreamError.refused(code: "invalid_grant"), .refused(code: "interaction_required"),
            .refused(code: "bad_refresh_token"), .invalidIDToken, .noSubject, .subjectChanged,
        ])
    func definitive(error: UpstreamError) async throws {
        try await storeExpired()
        bench.refreshFails(error)
        await #expect(throws: UpstreamTokenError.expired) { try await bench.token() }
    }

    @Test("A refresh that brings somebody else deletes the row, even while its token works")
    func subjectChanged() async throws {
        try await storeDue()
        bench.refreshFails(.subjectChanged)
        await #expect(throws: UpstreamTokenError.expired) { try await bench.token() }
        #expect(try await bench.row() == nil)
        #expect(bench.lines.all.contains { $0.contains("subject_changed") })
    }

    @Test("Without a refresh token a token is used to its end, and nobody is asked")
    func noRefreshToken() async throws {
        try await storeDue(refresh: nil)
        #expect(try await bench.token() == "access-1")
        bench.clock.advance(20)
        await #expect(throws: UpstreamTokenError.expired) { try await bench.token() }
        #expect(bench.corp.refreshes.isEmpty)
    }

    @Test("A provider that fails costs only what needs it")
    func oneFails() async throws {
        try await storeExpired()
        try await bench.store(.of(access: "a-hub", expiresAt: bench.inSeconds(3600)), provider: "hub")
        await #expect(throws: UpstreamTokenError.unavailable) { try await bench.token() }
        #expect(try await bench.token("hub") == "a-hub")
    }

    @Test("A provider that is configured no more has no tokens to give")
    func unknownProvider() async throws {
        try await bench.store(.of(expiresAt: bench.inSeconds(10)), provider: "gone")
        bench.clock.advance(10)
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token("gone") }
    }

    // MARK: Failures of the store

    @Test("A failed write is tried again")
    func storeRetry() async throws {
        try await storeExpired()
        bench.refreshAnswers(refresh: "refresh-2")
        bench.storage.fail(UpstreamsStorage.Faults(commits: 2))
        #expect(try await bench.token() == "access-2")
        #expect(try await bench.row()?.record.tokens?.refreshToken == "refresh-2")
    }

    @Test("A write that happened although the store denied it is recognised")
    func ambiguous() async throws {
        try await storeExpired()
        bench.refreshAnswers(refresh: "refresh-2")
        bench.storage.fail(UpstreamsStorage.Faults(ambiguous: 1))
        #expect(try await bench.token() == "access-2")
        #expect(try await bench.row()?.record.tokens?.refreshToken == "refresh-2")
    }

    @Test("A refresh that cannot be stored still serves when the old refresh token works on")
    func notRotated() async throws {
        try await storeExpired()
        bench.refreshAnswers()
        bench.storage.fail(UpstreamsStorage.Faults(commits: 3))
        #expect(try await bench.token() == "access-2")
        #expect(try await bench.row()?.record.tokens?.accessToken == "access-1")
        #expect(bench.lines.all.count { $0.hasPrefix("warning") && $0.contains("could not be stored") } == 3)
        #expect(try await bench.token() == "access-2")
        #expect(bench.corp.refreshes.count == 2)
    }

    @Test("A rotated refresh token that cannot be stored deletes the row: the old one may not be used again")
    func rotatedAndLost() async throws {
        try await storeExpired()
        bench.refreshAnswers(refresh: "refresh-2")
        bench.storage.fail(UpstreamsStorage.Faults(commits: 3))
        await #expect(throws: UpstreamTokenError.expired) { try await bench.token() }
        #expect(try await bench.row() == nil)
        #expect(bench.lines.all.contains { $0.hasPrefix("error") && $0.contains("must sign in again") })
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token() }
        #expect(bench.corp.refreshes.count == 1)
    }

    @Test("A login that is deleted during its refresh does not come back")
    func deletedMeanwhile() async throws {
        try await storeExpired()
        let sessions = bench.sessions
        bench.corp.onRefresh { [clock = bench.clock] tokens throws(UpstreamError) in
            try? await sessions.delete(tsid: "t1")
            return tokens.with(access: "access-2", refresh: "refresh-2", expiresAt: clock.now.addingTimeInterval(3600))
        }
        await #expect(throws: UpstreamTokenError.missing) { try await bench.token() }
        #expect(try await bench.storage.count(UpstreamTokenRecord.table) == 0)
    }

    @Test("A store that cannot be read during the refresh says unavailable, and the provider is not asked")
    func unreadable() async throws {
        try await storeExpired()
        let renewal = UpstreamRenewal(
            records: bench.records, providers: [bench.corp], sessionLifetime: 3600,
            now: { [clock = bench.clock] in clock.now },
            sleep: upstreamsSleep, audit: AuditLog(logger: bench.lines.logger),
            logger: bench.lines.logger)
        bench.storage.fail(UpstreamsStorage.Faults(reads: true))
        guard case .failed(.unavailable, keepsToken: true) = await renewal.run(provider: "corp", tsid: "t1") else {
            Issue.record("not unavailable")
            return
        }
        #expect(bench.corp.refreshes.isEmpty)
    }

    @Test("Tokens that lose their expiry at a refresh are kept as long as a login may last")
    func expiryLost() async throws {
        try await storeExpired()
        bench.refreshAnswers(lifetime: nil)
        #expect(try await bench.token() == "access-2")
        let row = try #require(try await bench.row())
        #expect(row.record.tokens?.expiresAt == nil)
        #expect(row.expires == bench.inSeconds(720 * 3600 - 3600 + 30 * 86_400))
    }
}
