// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Who may use which sessions that carry one call at a time.
struct LeaseKey: Hashable, Sendable {
    let backend: String
    let login: LoginKey
    let fingerprint: CapabilityFingerprint
}

/// The rules of leasing: at most so many sessions of a key and of a backend, and whoever waits longest is next.
///
/// A value that says what to do; sessions are made and ended by its owner.
struct LeasePools<Session: Sendable>: Sendable {
    enum Grant: Sendable {
        /// Nobody uses this one now.
        case reuse(Session)
        /// There is room for one more.
        case open
    }

    enum Answer: Sendable {
        case granted(Grant)
        /// Waits under the given number.
        case waits
        case busy
    }

    /// What becomes of a session that is given back.
    struct Return: Sendable {
        /// Who goes on with it, or with a new one.
        var next: (waiter: Int, grant: Grant)?
        var ended: Session?
    }

    struct Sweep: Sendable {
        var late: [Int] = []
        var ended: [Session] = []
    }

    private struct Pool {
        var idle: [(session: Session, since: NIODeadline)] = []
        var leased = 0
        var waiters: [(number: Int, deadline: NIODeadline)] = []

        var isEmpty: Bool { idle.isEmpty && leased == 0 && waiters.isEmpty }
    }

    private let settings: SharingSettings
    private var pools: [LeaseKey: Pool] = [:]
    /// Leased and idle sessions by backend.
    private var counts: [String: Int] = [:]

    init(settings: SharingSettings) { self.settings = settings }

    /// How many sessions are leased, idle, and waited for.
    var totals: (leased: Int, idle: Int, waiting: Int) {
        pools.values.reduce(into: (0, 0, 0)) { sum, pool in
            sum.0 += pool.leased
            sum.1 += pool.idle.count
            sum.2 += pool.waiters.count
        }
    }

    /// - Parameter waiter: under which number to wait when there is no session.
    /// - Returns: the answer, and an idle session of another key that made room.
    mutating func acquire(
        _ key: LeaseKey, waiter: Int, now: NIODeadline
    ) -> (answer: Answer, ended: Session?) {
        var pool = pools[key] ?? Pool()
        defer { if !pool.isEmpty { pools[key] = pool } }
        if pool.waiters.isEmpty, let (session, _) = pool.idle.popLast() {
            pool.leased += 1
            return (.granted(.reuse(session)), nil)
        }
        if pool.leased < settings.poolPerKey, pool.waiters.isEmpty {
            var ended: Session?
            if counts[key.backend, default: 0] >= settings.leasesPerBackend {
                guard let session = takeIdlest(of: key.backend, besides: key) else { return (.busy, nil) }
                ended = session
            }
            counts[key.backend, default: 0] += 1
            pool.leased += 1
            return (.granted(.open), ended)
        }
        guard pool.waiters.count < settings.maximumWaiting else { return (.busy, nil) }
        pool.waiters.append((waiter, now + settings.leaseWait))
        return (.waits, nil)
    }

    /// - Parameter isUsable: whether another call may go on with the session.
    mutating func giveBack(_ session: Session, of key: LeaseKey, isUsable: Bool, now: NIODeadline) -> Return {
        guard var pool = pools[key] else { return Return(ended: session) }
        defer { pools[key] = pool.isEmpty ? nil : pool }
        var result = Return()
        if let waiter = pool.waiters.first {
            pool.waiters.removeFirst()
            result.next = (waiter.number, isUsable ? .reuse(session) : .open)
            if !isUsable { result.ended = session }
            return result
        }
        pool.leased -= 1
        if isUsable {
            pool.idle.append((session, now))
        } else {
            removeOne(of: key.backend)
            result.ended = session
        }
        return result
    }

    /// Whoever waits under `number` no longer does.
    mutating func abandon(_ number: Int, of key: LeaseKey) -> Bool {
        guard var pool = pools[key], let index = pool.waiters.firstIndex(where: { $0.number == number }) else {
            return false
        }
        pool.waiters.remove(at: index)
        pools[key] = pool.isEmpty ? nil : pool
        return true
    }

    mutating func sweep(now: NIODeadline) -> Sweep {
        var result = Sweep()
        for (key, pool) in pools {
            var pool = pool
            let isLate = pool.waiters.contains { $0.deadline <= now }
            let isOld = pool.idle.contains { $0.since + settings.idleProcessTime <= now }
            guard isLate || isOld else { continue }
            result.late += pool.waiters.filter { $0.deadline <= now }.map(\.number)
            pool.waiters.removeAll { $0.deadline <= now }
            for entry in pool.idle where entry.since + settings.idleProcessTime <= now {
                result.ended.append(entry.session)
                removeOne(of: key.backend)
            }
            pool.idle.removeAll { $0.since + settings.idleProcessTime <= now }
            pools[key] = pool.isEmpty ? nil : pool
        }
        return result
    }

    /// Forgets everything; leased sessions end when they are given back.
    mutating func close() -> (waiters: [Int], idle: [Session]) {
        let waiters = pools.values.flatMap { $0.waiters.map(\.number) }
        let idle = pools.values.flatMap { $0.idle.map(\.session) }
        pools = [:]
        counts = [:]
        return (waiters, idle)
    }

    private mutating func takeIdlest(of backend: String, besides key: LeaseKey) -> Session? {
        let candidates = pools.filter { $0.key.backend == backend && $0.key != key && !$0.value.idle.isEmpty }
        guard let oldest = candidates.min(by: { $0.value.idle[0].since < $1.value.idle[0].since }) else { return nil }
        var pool = oldest.value
        let session = pool.idle.removeFirst().session
        pools[oldest.key] = pool.isEmpty ? nil : pool
        removeOne(of: backend)
        return session
    }

    private mutating func removeOne(of backend: String) {
        let count = counts[backend, default: 0] - 1
        counts[backend] = count > 0 ? count : nil
    }
}
