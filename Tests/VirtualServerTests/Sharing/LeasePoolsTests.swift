// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import MCPTypes
import NIOCore
import Testing

@testable import VirtualServer

@Suite("The rules of leasing")
struct LeasePoolsTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let key = LeaseKey(backend: "one", login: LoginKey(.anonymous), fingerprint: .forms)

    private func settings(_ change: (inout SharingSettings) -> Void = { _ in }) -> SharingSettings {
        var settings = SharingSettings()
        settings.poolPerKey = 2
        change(&settings)
        return settings
    }

    private func describe(_ answer: LeasePools<Int>.Answer) -> String {
        switch answer {
        case .granted(.open): "open"
        case .granted(.reuse(let session)): "reuse \(session)"
        case .waits: "waits"
        case .busy: "busy"
        }
    }

    @Test("[GB-16] PK-22: so many sessions at a time, whoever waits longest is next, and not for ever")
    func order() {
        var pools = LeasePools<Int>(settings: settings())
        #expect(describe(pools.acquire(key, waiter: 1, now: start).answer) == "open")
        #expect(describe(pools.acquire(key, waiter: 2, now: start).answer) == "open")
        #expect(describe(pools.acquire(key, waiter: 3, now: start).answer) == "waits")
        #expect(describe(pools.acquire(key, waiter: 4, now: start + .seconds(1)).answer) == "waits")
        let first = pools.giveBack(10, of: key, isUsable: true, now: start)
        #expect(first.next?.waiter == 3)
        guard case .reuse(10)? = first.next?.grant else {
            Issue.record("the session was not handed on")
            return
        }
        #expect(pools.sweep(now: start + .seconds(5)).late == [])
        #expect(pools.sweep(now: start + .seconds(6)).late == [4])
        #expect(pools.giveBack(10, of: key, isUsable: true, now: start).next == nil)
        #expect(describe(pools.acquire(key, waiter: 5, now: start).answer) == "reuse 10")
    }

    @Test("A session that may still work ends, and whoever waits gets a new one")
    func unsettled() {
        var pools = LeasePools<Int>(settings: settings { $0.poolPerKey = 1 })
        _ = pools.acquire(key, waiter: 1, now: start)
        _ = pools.acquire(key, waiter: 2, now: start)
        let returned = pools.giveBack(10, of: key, isUsable: false, now: start)
        #expect(returned.ended == 10)
        guard case .open? = returned.next?.grant else {
            Issue.record("nobody goes on")
            return
        }
        #expect(pools.giveBack(11, of: key, isUsable: false, now: start).ended == 11)
        #expect(pools.totals == (0, 0, 0))
    }

    @Test("The queue is bounded, and who leaves it is forgotten")
    func queue() {
        var pools = LeasePools<Int>(
            settings: settings {
                $0.poolPerKey = 1
                $0.maximumWaiting = 1
            })
        _ = pools.acquire(key, waiter: 1, now: start)
        #expect(describe(pools.acquire(key, waiter: 2, now: start).answer) == "waits")
        #expect(describe(pools.acquire(key, waiter: 3, now: start).answer) == "busy")
        let abandoned = [pools.abandon(2, of: key), pools.abandon(2, of: key)]
        #expect(abandoned == [true, false])
        #expect(pools.giveBack(10, of: key, isUsable: true, now: start).next == nil)
    }

    @Test("A backend has so many sessions for all keys; an idle one of another key makes room")
    func perBackend() {
        var pools = LeasePools<Int>(settings: settings { $0.leasesPerBackend = 1 })
        let other = LeaseKey(backend: "one", login: LoginKey(.anonymous), fingerprint: .urls)
        _ = pools.acquire(key, waiter: 1, now: start)
        #expect(describe(pools.acquire(other, waiter: 2, now: start).answer) == "busy")
        _ = pools.giveBack(10, of: key, isUsable: true, now: start)
        let (answer, ended) = pools.acquire(other, waiter: 3, now: start)
        #expect(describe(answer) == "open")
        #expect(ended == 10)
    }

    @Test("Sessions that nobody leases end after a while")
    func idle() {
        var pools = LeasePools<Int>(settings: settings())
        _ = pools.acquire(key, waiter: 1, now: start)
        _ = pools.giveBack(10, of: key, isUsable: true, now: start)
        #expect(pools.sweep(now: start + .seconds(119)).ended == [])
        #expect(pools.sweep(now: start + .seconds(120)).ended == [10])
        #expect(pools.totals == (0, 0, 0))
    }

    @Test("After the end sessions that come back end")
    func close() {
        var pools = LeasePools<Int>(settings: settings())
        _ = pools.acquire(key, waiter: 1, now: start)
        _ = pools.acquire(key, waiter: 2, now: start)
        _ = pools.acquire(key, waiter: 3, now: start)
        _ = pools.giveBack(10, of: key, isUsable: true, now: start)
        #expect(pools.close().waiters == [])
        #expect(pools.giveBack(11, of: key, isUsable: true, now: start).ended == 11)
    }
}
