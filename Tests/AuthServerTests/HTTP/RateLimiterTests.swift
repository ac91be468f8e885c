// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct RateLimiterTests {
    private let clock = ClientsClock()

    private func count(
        _ limiter: RateLimiter, _ limitClass: EndpointRules.LimitClass, _ address: String, of tries: Int
    ) -> Int {
        (0..<tries).count { _ in limiter.admits(limitClass, from: address) }
    }

    @Test(
        "Each class has its burst and its rate",
        arguments: [
            (EndpointRules.LimitClass.browser, 30, 60), (.token, 60, 300), (.registration, 5, 60),
        ])
    func classes(limitClass: EndpointRules.LimitClass, burst: Int, perMinute: Int) {
        let limiter = RateLimiter(now: clock.now)
        #expect(count(limiter, limitClass, "192.0.2.1", of: 500) == burst)
        var admitted = 0
        for _ in 0..<60 {
            clock.advance(.seconds(1))
            admitted += count(limiter, limitClass, "192.0.2.1", of: 20)
        }
        #expect(admitted == perMinute)
    }

    @Test("Documents that anyone may read are not counted")
    func metadata() {
        let limiter = RateLimiter(now: clock.now)
        #expect(count(limiter, .metadata, "192.0.2.1", of: 10_000) == 10_000)
    }

    @Test("Classes and clients do not take from each other")
    func independence() {
        let limiter = RateLimiter(now: clock.now)
        #expect(count(limiter, .browser, "192.0.2.1", of: 100) == 30)
        #expect(count(limiter, .token, "192.0.2.1", of: 100) == 60)
        #expect(count(limiter, .browser, "192.0.2.2", of: 100) == 30)
    }

    @Test("AU-25: All registrations together are limited, and those over their own limit do not count for the others")
    func global() {
        let limiter = RateLimiter(now: clock.now)
        #expect(count(limiter, .registration, "192.0.2.250", of: 1000) == 5)
        let admitted = (1...60).reduce(0) { $0 + count(limiter, .registration, "192.0.2.\($1)", of: 1) }
        #expect(admitted == 45)
        clock.advance(.seconds(1))
        let more = (100...200).reduce(0) { $0 + count(limiter, .registration, "192.0.2.\($1)", of: 1) }
        #expect(more == 20)
    }

    @Test("The table is bounded and forgets who was quiet for longest")
    func bounded() {
        let limiter = RateLimiter(capacity: 2, now: clock.now)
        #expect(count(limiter, .browser, "192.0.2.1", of: 100) == 30)
        #expect(count(limiter, .browser, "192.0.2.2", of: 100) == 30)
        #expect(count(limiter, .browser, "192.0.2.1", of: 1) == 0)
        #expect(count(limiter, .browser, "192.0.2.3", of: 1) == 1)
        #expect(count(limiter, .browser, "192.0.2.1", of: 1) == 0)
        #expect(count(limiter, .browser, "192.0.2.2", of: 1) == 1)
    }

    @Test(
        "Addresses of one customer count as one",
        arguments: [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("[2001:db8:1:2::1]:443", "2001:db8:1:2::1", true), ("fe80::1%eth0", "fe80::2", true),
            ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1:5000", "192.0.2.1", true),
            ("::ffff:192.0.2.1", "192.0.2.1", true), ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("[::ffff:192.0.2.1]:1", "192.0.2.1:2", true), ("", "/run/socket", true), ("x", "192.0.2.1", false),
            ("::1", "127.0.0.1", false), ("192.0.2.01", "not an address", true),
        ])
    func networks(first: String, second: String, isSame: Bool) {
        #expect((ClientNetwork(first) == ClientNetwork(second)) == isSame)
    }
}
