// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import Synchronization
import Testing

struct ProofReplayTests {
    private final class Clock: Sendable {
        let now = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

        func advance(_ seconds: TimeInterval) {
            now.withLock { $0.addTimeInterval(seconds) }
        }

        var date: Date { now.withLock { $0 } }

        var expiry: Date { date.addingTimeInterval(TimeInterval(ProofID.lifetimeSeconds)) }
    }

    private static func id(_ jti: String, key: String = "k", url: String = "https://a.example/x") throws -> ProofID {
        ProofID(thumbprint: key, target: try #require(DPoPTarget(url)), jti: jti)
    }

    @Test("one proof is good once, until it expires")
    func once() async throws {
        let clock = Clock()
        let cache = MemoryProofReplayCache(now: { clock.date })
        let id = try Self.id("1")
        #expect(try await cache.isFirstUse(of: id, until: clock.expiry))
        #expect(!(try await cache.isFirstUse(of: id, until: clock.expiry)))
        clock.advance(599)
        #expect(!(try await cache.isFirstUse(of: id, until: clock.expiry)))
        clock.advance(1)
        #expect(try await cache.isFirstUse(of: id, until: clock.expiry))
    }

    @Test("key, target and jti together are the name of a proof")
    func names() async throws {
        let clock = Clock()
        let cache = MemoryProofReplayCache(now: { clock.date })
        let ids = [
            try Self.id("1"), try Self.id("2"), try Self.id("1", key: "l"),
            try Self.id("1", url: "https://a.example/y"), try Self.id("", key: "k1"),
        ]
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.description.utf8.count == 43)
            #expect(try await cache.isFirstUse(of: id, until: clock.expiry))
        }
        #expect(try Self.id("1", url: "https://A.example:443/x?q") == ids[0])
    }

    @Test("a full cache refuses instead of forgetting, and takes proofs again when old ones expire")
    func full() async throws {
        let clock = Clock()
        let cache = MemoryProofReplayCache(capacity: 3, now: { clock.date })
        for index in 0..<3 {
            #expect(try await cache.isFirstUse(of: Self.id("\(index)"), until: clock.expiry))
            clock.advance(1)
        }
        await #expect(throws: ProofReplayError.full(limit: 3)) {
            try await cache.isFirstUse(of: Self.id("3"), until: clock.expiry)
        }
        #expect(!(try await cache.isFirstUse(of: Self.id("0"), until: clock.expiry)), "a replay is still seen")
        clock.advance(598)
        #expect(try await cache.isFirstUse(of: Self.id("3"), until: clock.expiry))
        #expect(cache.count == 2)
    }

    @Test("memory does not grow with the number of proofs seen")
    func churn() async throws {
        let clock = Clock()
        let cache = MemoryProofReplayCache(capacity: 1_000, now: { clock.date })
        for index in 0..<5_000 {
            #expect(try await cache.isFirstUse(of: Self.id("\(index)"), until: clock.expiry))
            clock.advance(1)
        }
        #expect(cache.count <= 600)
    }

    @Test("of parallel uses of one proof exactly one is the first")
    func race() async throws {
        let clock = Clock()
        let cache = MemoryProofReplayCache(now: { clock.date })
        let id = try Self.id("1")
        let expiry = clock.expiry
        let firsts = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { try await cache.isFirstUse(of: id, until: expiry) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(firsts == 1)
    }
}
