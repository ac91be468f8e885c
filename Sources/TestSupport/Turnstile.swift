// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets few in at a time: tests run in parallel without a bound, and hundreds of servers at once would time each other
/// out.
package final class Turnstile: Sendable {
    /// For tests that run a whole server with its backends, whichever suite they are in.
    package static let servers = Turnstile(4)
    /// For tests that run the core with its backends. Who passes both goes through `servers` first.
    package static let cores = Turnstile(8)

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    package init(_ places: Int) { state = Mutex(State(free: places)) }

    package func pass<T>(_ body: () async throws -> T) async throws -> T {
        await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
