// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Bounds how many requests are under way, in all and to one host, and how many wait for their turn.
///
/// First come, first served, except that nobody waits behind a request whose host is full.
final class RequestSlots: Sendable {
    private struct Waiter {
        let id: UInt64
        let host: String
        let answer: FirstAnswer<Void>
    }

    private struct State {
        var active = 0
        var perHost: [String: Int] = [:]
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
    }

    private let limit: Int
    private let hostLimit: Int
    private let queueLimit: Int
    private let state = Mutex(State())

    init(limit: Int, hostLimit: Int, queueLimit: Int) {
        self.limit = limit
        self.hostLimit = hostLimit
        self.queueLimit = queueLimit
    }

    /// Runs `operation` in a slot. Waiting ends when the task is cancelled.
    func withSlot<Value: Sendable>(
        host: String, _ operation: () async throws(OutboundError) -> Value
    ) async throws(OutboundError) -> Value {
        try await acquire(host)
        defer { release(host) }
        return try await operation()
    }

    var active: Int { state.withLock { $0.active } }
    var waiting: Int { state.withLock { $0.waiters.count } }

    private enum Entry {
        case now
        case full
        case later(Waiter)
    }

    private func acquire(_ host: String) async throws(OutboundError) {
        let entry: Entry = state.withLock { state in
            if canStart(host, state) {
                start(host, &state)
                return .now
            }
            guard state.waiters.count < queueLimit else { return .full }
            state.nextID += 1
            let waiter = Waiter(id: state.nextID, host: host, answer: FirstAnswer())
            state.waiters.append(waiter)
            return .later(waiter)
        }
        switch entry {
        case .now: return
        case .full: throw .overloaded
        case .later(let waiter):
            if await waiter.answer.value() != nil { return }
            // Cancelled. A slot that was handed over in the meantime goes to the next one.
            let stillWaits = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == waiter.id }) else { return false }
                state.waiters.remove(at: index)
                return true
            }
            if !stillWaits { release(host) }
            throw .cancelled
        }
    }

    private func release(_ host: String) {
        let started: [Waiter] = state.withLock { state in
            state.active -= 1
            let left = (state.perHost[host] ?? 1) - 1
            state.perHost[host] = left > 0 ? left : nil
            var started: [Waiter] = []
            while state.active < limit, let index = state.waiters.firstIndex(where: { canStart($0.host, state) }) {
                let waiter = state.waiters.remove(at: index)
                start(waiter.host, &state)
                started.append(waiter)
            }
            return started
        }
        for waiter in started { waiter.answer.give(()) }
    }

    private func canStart(_ host: String, _ state: borrowing State) -> Bool {
        state.active < limit && state.perHost[host, default: 0] < hostLimit
    }

    private func start(_ host: String, _ state: inout State) {
        state.active += 1
        state.perHost[host, default: 0] += 1
    }
}
