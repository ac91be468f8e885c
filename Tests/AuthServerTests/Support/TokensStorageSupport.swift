// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Synchronization

/// A clock that stands still until it is told to go, in either direction.
final class TokensClock: Sendable {
    private let date = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    var now: Date { date.withLock { $0 } }
    func advance(by seconds: TimeInterval) { date.withLock { $0.addTimeInterval(seconds) } }
}

/// Counts what the store is asked, gives others a turn before each operation, and fails where it is told to.
final class TokensStorage: Storage {
    enum Fault: Sendable, CaseIterable {
        /// The operation does not happen.
        case lost
        /// It happens, but nobody gets to know.
        case unanswered
    }

    struct State {
        var loads = 0
        var commits = 0
        var others = 0
        var fault: (operation: Int, kind: Fault)?
        var operations: Int { loads + commits + others }
    }

    let memory: MemoryStorage
    private let state = Mutex(State())
    private let turnstile: TokensTurnstile?

    init(now: @escaping @Sendable () -> Date, turnstile: TokensTurnstile? = nil) {
        memory = MemoryStorage(now: now)
        self.turnstile = turnstile
    }

    var counts: State { state.withLock { $0 } }
    func reset() { state.withLock { $0 = State() } }
    /// Fails the operation with this number, counted from the last `reset`, and no other.
    func fail(operation: Int, _ kind: Fault) { state.withLock { $0.fault = (operation, kind) } }

    private func enter(_ count: any WritableKeyPath<State, Int> & Sendable) async -> Fault? {
        if let turnstile { await turnstile.pass() } else { await Task.yield() }
        return state.withLock { state in
            let fault = state.fault?.operation == state.operations ? state.fault?.kind : nil
            state[keyPath: count] += 1
            return fault
        }
    }

    private static let failure = StorageError.unavailable("told to fail")

    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] {
        guard await enter(\.loads) == nil else { throw Self.failure }
        return try await memory.load(keys)
    }

    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        guard await enter(\.others) == nil else { throw Self.failure }
        return try await memory.take(key)
    }

    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        switch await enter(\.commits) {
        case nil: return try await memory.commit(changes)
        case .lost: throw Self.failure
        case .unanswered:
            _ = try await memory.commit(changes)
            throw Self.failure
        }
    }

    func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        guard await enter(\.others) == nil else { throw Self.failure }
        return try await memory.rows(inGroup: group, limit: limit)
    }

    func count(_ table: StorageTable) async throws(StorageError) -> Int { try await memory.count(table) }
    func check() async throws(StorageError) { try await memory.check() }
    func close() async throws(StorageError) { try await memory.close() }
}

/// Lets exactly one of several tasks go on, chosen at random, whenever all of them have come to a step on the store:
/// one seed is one interleaving.
final class TokensTurnstile: Sendable {
    private struct State {
        var generator: TokensGenerator
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(generator: TokensGenerator(state: seed))) }

    func pass() async {
        guard state.withLock({ $0.running > 0 }) else { return }
        await withCheckedContinuation { continuation in
            step { $0.waiting.append(continuation) }
        }
    }

    private func step(_ change: (inout State) -> Void) {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            change(&state)
            guard !state.waiting.isEmpty, state.waiting.count == state.running else { return nil }
            let index = Int.random(in: 0..<state.waiting.count, using: &state.generator)
            return state.waiting.remove(at: index)
        }
        next?.resume()
    }

    /// Runs all bodies at once and returns what they return, in their order.
    func run<Value: Sendable>(_ bodies: [@Sendable () async -> Value]) async -> [Value] {
        state.withLock { $0.running = bodies.count }
        return await withTaskGroup(of: (Int, Value).self) { group in
            for (index, body) in bodies.enumerated() {
                group.addTask {
                    await self.pass()
                    let value = await body()
                    self.step { $0.running -= 1 }
                    return (index, value)
                }
            }
            var values: [Int: Value] = [:]
            for await (index, value) in group { values[index] = value }
            return bodies.indices.compactMap { values[$0] }
        }
    }
}

/// SplitMix64.
struct TokensGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
