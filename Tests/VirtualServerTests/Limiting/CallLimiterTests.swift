// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import VirtualServer

/// Token buckets, on a clock that only tests move (SE-11).
struct CallLimiterTests {
    private static let alice = Principal(issuer: "https://issuer.example", subject: "alice")
    private static let bob = Principal(issuer: "https://issuer.example", subject: "bob")

    private let clock = ParkTestClock()

    private func limiter(_ configure: (inout CallLimits) -> Void) -> CallLimiter {
        var limits = CallLimits()
        configure(&limits)
        return CallLimiter(limits, now: { [clock] in clock.now }, logger: RecordedLog().logger)
    }

    private static func rate(_ calls: Int, _ seconds: Int64) -> CallRate {
        CallRate(calls: calls, period: .seconds(seconds))
    }

    /// What asking leads to: `nil` for admission.
    private func ask(
        _ limiter: CallLimiter, _ principal: Principal = alice, tool: String? = nil
    ) -> RequestError? {
        do throws(RequestError) {
            try limiter.admit(principal, tool: tool)
            return nil
        } catch {
            return error
        }
    }

    /// How many of so many requests are admitted.
    private func admitted(
        _ limiter: CallLimiter, _ count: Int, _ principal: Principal = alice, tool: String? = nil
    ) -> Int {
        (0..<count).count { _ in ask(limiter, principal, tool: tool) == nil }
    }

    @Test("SE-11: a full bucket gives all of its tokens at once, and each comes back after its part of the period")
    func refill() {
        let limiter = limiter { $0.shared = Self.rate(3, 60) }
        #expect(admitted(limiter, 10) == 3)
        clock.advance(.seconds(20) - .nanoseconds(1))
        #expect(admitted(limiter, 10) == 0)
        clock.advance(.nanoseconds(1))
        #expect(admitted(limiter, 10) == 1)
        clock.advance(.seconds(59))
        #expect(admitted(limiter, 10) == 2)
        clock.advance(.hours(24))
        #expect(admitted(limiter, 10) == 3)
    }

    @Test("SE-11: what a refusal says to wait is enough, and a second less is not")
    func wait() throws {
        let limiter = limiter { $0.perUser = Self.rate(7, 100) }
        #expect(admitted(limiter, 7) == 7)
        clock.advance(.milliseconds(300))
        let error = try #require(ask(limiter))
        #expect(error.code.rawValue == 429)
        #expect(error.httpStatus == 429)
        #expect(error.message == "Rate limit exceeded: too many requests of one user; try again in 14 s")
        #expect(error.data?.description == #"{"retryAfterSeconds":14,"limit":"perUser"}"#)
        #expect(error.retryAfter == 14)
        clock.advance(.seconds(13))
        #expect(ask(limiter)?.retryAfter == 1)
        clock.advance(.seconds(1))
        #expect(ask(limiter) == nil)
    }

    @Test(
        "No rate is rounded away or overflows",
        arguments: [
            (1, Int64.max), (Int(Int32.max), Int64.max), (Int(Int32.max), 1), (1, 1),
        ] as [(Int, Int64)])
    func extremes(_ calls: Int, _ nanoseconds: Int64) throws {
        var bucket = CallBucket()
        let rate = CallRate(calls: calls, period: .nanoseconds(nanoseconds))
        let now = NIODeadline.uptimeNanoseconds(5)
        for _ in 0..<min(calls, 1000) {
            let wait = bucket.take(rate, at: now)
            #expect(wait == nil)
        }
        if calls == 1 {
            let wait = bucket.take(rate, at: now) ?? 0
            #expect(wait >= 1)
            bucket.giveBack(rate)
            #expect(bucket.isFull(rate, at: now))
        }
    }

    @Test("SE-11: each user has tokens of their own, and who is out of them takes none that are there for everybody")
    func users() {
        let limiter = limiter {
            $0.perUser = Self.rate(2, 60)
            $0.shared = Self.rate(5, 60)
        }
        #expect(admitted(limiter, 100) == 2)
        #expect(admitted(limiter, 100, Self.bob) == 2)
        #expect(ask(limiter, Self.bob)?.data?["limit"]?.string == "perUser")
        let carol = Principal(issuer: "https://issuer.example", subject: "carol")
        #expect(admitted(limiter, 1, carol) == 1)
        // Five have been used, and the sixth is refused for that, not for who asks.
        #expect(ask(limiter, carol)?.data?["limit"]?.string == "shared")
        // It cost no token of the user's own.
        clock.advance(.seconds(12))
        #expect(ask(limiter, carol) == nil)
    }

    @Test("Two issuers' users of one name are two")
    func issuers() {
        let limiter = limiter { $0.perUser = Self.rate(1, 60) }
        #expect(ask(limiter) == nil)
        #expect(ask(limiter, Principal(issuer: "https://other.example", subject: "alice")) == nil)
        // A later token of the same person is the same person.
        #expect(ask(limiter, Principal(issuer: "https://issuer.example", subject: "alice", name: "Al")) != nil)
    }

    @Test("SE-11: a tool's limits hold for its advertised name, beside those for everything")
    func tools() throws {
        let limiter = limiter {
            $0.perUser = Self.rate(10, 60)
            $0.tools["one_slow"] = CallLimits.Tool(shared: Self.rate(3, 60), perUser: Self.rate(2, 60))
        }
        #expect(admitted(limiter, 5, tool: "one_slow") == 2)
        let own = try #require(ask(limiter, tool: "one_slow"))
        #expect(own.data?["limit"]?.string == "tools.perUser")
        #expect(own.message.contains(#"too many calls of "one_slow" of one user"#))
        #expect(admitted(limiter, 5, Self.bob, tool: "one_slow") == 1)
        #expect(ask(limiter, Self.bob, tool: "one_slow")?.data?["limit"]?.string == "tools.shared")
        // Refused calls took nothing of what is left for the rest.
        #expect(admitted(limiter, 20, tool: "slow") == 8)
        #expect(ask(limiter, tool: "one_slow")?.data?["limit"]?.string == "tools.perUser")
        #expect(ask(limiter, tool: nil)?.data?["limit"]?.string == "perUser")
    }

    @Test("Without limits everything is admitted")
    func unlimited() {
        #expect(admitted(limiter { _ in }, 10_000) == 10_000)
    }

    // MARK: Bounds

    @Test("SE-11: no number of users makes the table grow, and whoever is over the limit stays known")
    func bound() {
        let rate = Self.rate(3, 3600)
        let buckets = UserCallBuckets(rate, maximum: 1600)
        func user(_ number: Int) -> Principal { Principal(issuer: "https://issuer.example", subject: "u\(number)") }
        let greedy = user(-1)
        for _ in 0..<3 { #expect(buckets.take(for: greedy, at: clock.now) == nil) }
        for number in 0..<50_000 {
            #expect(buckets.take(for: user(number), at: clock.now) == nil)
            if number % 1000 == 0 {
                #expect(buckets.count <= 1600)
                #expect(buckets.take(for: greedy, at: clock.now) != nil)
            }
        }
        #expect(buckets.count <= 1600)
        #expect(buckets.take(for: greedy, at: clock.now) != nil)
        // When all are full again, one newcomer for each part of the table is enough to let go of the others.
        clock.advance(.hours(2))
        for number in 60_000..<62_000 { _ = buckets.take(for: user(number), at: clock.now) }
        #expect(buckets.count <= 1600)
    }

    @Test("A table for one user still counts", arguments: [0, 1, 3])
    func smallest(_ maximum: Int) {
        let buckets = UserCallBuckets(Self.rate(1, 60), maximum: maximum)
        #expect(buckets.take(for: Self.alice, at: clock.now) == nil)
        #expect(buckets.take(for: Self.alice, at: clock.now) != nil)
    }

    @Test("Many at once take exactly what is there")
    func concurrent() async {
        let limiter = limiter {
            $0.perUser = Self.rate(1000, 3600)
            $0.shared = Self.rate(1500, 3600)
        }
        let total = await withTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                group.addTask { admitted(limiter, 1000, index % 2 == 0 ? Self.alice : Self.bob) }
            }
            return await group.reduce(0, +)
        }
        // A token that is given back may be missed by a neighbour, so a few less are right and one more never is.
        #expect(total <= 1500)
        #expect(total + admitted(limiter, 1000) + admitted(limiter, 1000, Self.bob) == 1500)
    }

    @Test("A flood leaves one line in the log when it begins and one now and then")
    func log() {
        let log = RecordedLog()
        var limits = CallLimits()
        limits.perUser = Self.rate(1, 3600)
        let limiter = CallLimiter(limits, now: { [clock] in clock.now }, logger: log.logger)
        #expect(admitted(limiter, 1000) == 1)
        var said: [[String: String]] { log.lines.map { $0.metadata.mapValues { "\($0)" } } }
        #expect(said == [["limit": "perUser", "refused": "1", "user": "alice"]])
        clock.advance(.seconds(10))
        #expect(admitted(limiter, 1000) == 0)
        #expect(said.dropFirst() == [["limit": "perUser", "refused": "999", "user": "alice"]])
    }
}
