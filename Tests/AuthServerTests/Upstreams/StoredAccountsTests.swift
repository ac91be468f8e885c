// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Storage
import Synchronization
import TestSupport
import Testing

@testable import AuthServer

/// Who is who across logins.
@Suite struct StoredAccountsTests {
    let clock = UpstreamsClock()
    let storage: UpstreamsStorage
    let records: RecordStore
    let accounts: StoredAccounts

    init() throws {
        let clock = clock
        storage = UpstreamsStorage(now: { clock.now })
        records = try RecordStore.upstreams(storage)
        accounts = StoredAccounts(
            records: records, now: { clock.now }, logger: RecordedLog().logger)
    }

    @Test("A person is one user at every login, and carries the name of the newest one")
    func sameUser() async throws {
        let first = try await accounts.resolve(.of("alice"), provider: "corp")
        clock.advance(3600)
        var again = UpstreamLogin.of("alice")
        again.name = "Alice B"
        let second = try await accounts.resolve(again, provider: "corp")
        #expect(first.id == second.id)
        #expect(UUID(uuidString: first.id) != nil)
        #expect(second.name == "Alice B")
        #expect(second.email == "alice@example.com")
        #expect(try await storage.count(UserRecord.table) == 1)
        let id = IdentityRecord.id(provider: "corp", subject: "alice")
        let identity = try #require(try await records.load(IdentityRecord.self, id))
        #expect(identity.record.lastUsedAt == clock.now)
        #expect(identity.record.linkedAt == clock.now.addingTimeInterval(-3600))
        #expect(identity.expires == nil)
    }

    @Test(
        "Identities that only look alike are different people",
        arguments: [
            (("corp", "alice"), ("corp", "Alice")), (("corp", "alice"), ("hub", "alice")),
            (("corp", "ren\u{E9}"), ("corp", "rene\u{301}")), (("a", "b:c"), ("a:b", "c")), (("a", "bc"), ("ab", "c")),
            (("a", "1:x"), ("a1", ":x")),
        ])
    func different(left: (String, String), right: (String, String)) async throws {
        let first = try await accounts.resolve(.of(left.1), provider: left.0)
        let second = try await accounts.resolve(.of(right.1), provider: right.0)
        #expect(first.id != second.id)
    }

    @Test("A hundred parallel first logins make one user")
    func race() async throws {
        let accounts = accounts
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 {
                group.addTask { try await accounts.resolve(.of("alice"), provider: "corp").id }
            }
            var ids: Set<String> = []
            for try await id in group { ids.insert(id) }
            return ids
        }
        #expect(ids.count == 1)
        #expect(try await storage.count(UserRecord.table) == 1)
        #expect(try await storage.count(IdentityRecord.table) == 1)
    }

    @Test("A login that loses the race takes the winner's user and leaves none of its own behind")
    func lostRace() async throws {
        let accounts = accounts
        let result = Mutex<String?>(nil)
        // Between the loser's look and its commit the winner comes in.
        storage.beforeNextCommit {
            let winner = try? await accounts.resolve(.of("alice"), provider: "corp").id
            result.withLock { $0 = winner }
        }
        let id = try await accounts.resolve(.of("alice"), provider: "corp").id
        #expect(id == result.withLock { $0 })
        #expect(try await storage.count(UserRecord.table) == 1)
    }

    @Test("A synthetic identity is its own user and leaves nothing in the store")
    func synthetic() async throws {
        let user = try await accounts.resolve(.of("tk-0123", isSynthetic: true), provider: "corp")
        #expect(user.id == "tk-0123")
        #expect(try await storage.count(UserRecord.table) == 0)
        #expect(try await storage.count(IdentityRecord.table) == 0)
        // A provider that names somebody so does not get that user.
        #expect(try await accounts.resolve(.of("tk-0123"), provider: "corp").id != "tk-0123")
    }

    @Test("A store that does not answer lets nobody in; one that cannot note the last use does")
    func failures() async throws {
        storage.fail(UpstreamsStorage.Faults(commits: 1))
        await #expect(throws: OAuthError.storage) { try await accounts.resolve(.of("alice"), provider: "corp") }
        storage.fail(UpstreamsStorage.Faults(reads: true))
        await #expect(throws: OAuthError.storage) { try await accounts.resolve(.of("alice"), provider: "corp") }
        storage.fail(UpstreamsStorage.Faults(isFull: true))
        await #expect(
            throws: OAuthError(.temporarilyUnavailable, "The authorization server cannot take another user")
        ) { try await accounts.resolve(.of("alice"), provider: "corp") }
        storage.fail(UpstreamsStorage.Faults())
        let id = try await accounts.resolve(.of("alice"), provider: "corp").id
        storage.fail(UpstreamsStorage.Faults(commits: 1))
        #expect(try await accounts.resolve(.of("alice"), provider: "corp").id == id)
    }

    @Test("A deleted person is somebody new at the next login, and the upstream tokens are gone")
    func delete() async throws {
        let clock = clock
        let sessions = StoredUpstreamSessions(
            records: records, providers: [], sessionLifetime: .seconds(3600), now: { clock.now },
            sleep: upstreamsSleep, audit: AuditLog(logger: RecordedLog().logger),
            logger: RecordedLog().logger)
        let user = try await accounts.resolve(.of("alice"), provider: "corp")
        let other = try await accounts.resolve(.of("bob"), provider: "corp")
        try await sessions.store(.of("alice"), provider: "corp", tsid: "t1", user: user, clientID: "c")
        try await sessions.store(.of("bob"), provider: "corp", tsid: "t2", user: other, clientID: "c")
        try await accounts.delete(userID: user.id)
        #expect(try await sessions.owner(tsid: "t1", provider: "corp") == nil)
        #expect(try await sessions.owner(tsid: "t2", provider: "corp") == other.id)
        #expect(try await accounts.resolve(.of("alice"), provider: "corp").id != user.id)
        #expect(try await accounts.resolve(.of("bob"), provider: "corp").id == other.id)
    }
}
