// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Tokens that were verified lately, so that most calls cost a hash and a lookup instead of a signature.
///
/// Bounded in entries and bytes. What was not used since the clock hand last came by makes room first.
final class VerifiedTokenCache: Sendable {
    private struct Slot {
        let key: TokenKey
        let token: VerifiedToken
        var wasUsed = false
    }

    private struct State {
        var index: [TokenKey: Int] = [:]
        var slots: [Slot] = []
        var bytes = 0
        var hand = 0
        /// Of the keys that verified what is in here.
        var keyGeneration: UInt64 = 0
    }

    private let secret = TokenKey.Secret()
    private let maximumCount: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumCount: Int, maximumBytes: Int) {
        self.maximumCount = maximumCount
        self.maximumBytes = maximumBytes
    }

    /// What a token is found by; good for this cache alone.
    func key(of token: Substring) -> TokenKey { TokenKey(token, secret) }

    /// - Parameter keyGeneration: another one than before means that keys came or went: nothing is believed any more.
    func find(_ key: TokenKey, now: TimeInterval, keyGeneration: UInt64) -> VerifiedToken? {
        state.withLock { state in
            guard state.keyGeneration == keyGeneration else {
                Self.clear(&state, keyGeneration: keyGeneration)
                return nil
            }
            guard let position = state.index[key] else { return nil }
            let token = state.slots[position].token
            guard token.believedUntil > now else {
                Self.remove(at: position, from: &state)
                return nil
            }
            state.slots[position].wasUsed = true
            return token
        }
    }

    /// - Parameter keyGeneration: as it was before the token's key was looked up.
    func store(_ token: VerifiedToken, for key: TokenKey, keyGeneration: UInt64) {
        guard token.cost <= maximumBytes, maximumCount > 0 else { return }
        state.withLock { state in
            if state.keyGeneration < keyGeneration { Self.clear(&state, keyGeneration: keyGeneration) }
            guard state.keyGeneration == keyGeneration else { return }
            if let position = state.index[key] { Self.remove(at: position, from: &state) }
            while state.slots.count >= maximumCount || state.bytes + token.cost > maximumBytes { Self.evict(&state) }
            state.index[key] = state.slots.count
            state.slots.append(Slot(key: key, token: token))
            state.bytes += token.cost
        }
    }

    func remove(_ key: TokenKey) {
        state.withLock { state in
            if let position = state.index[key] { Self.remove(at: position, from: &state) }
        }
    }

    func removeAll() {
        state.withLock { Self.clear(&$0, keyGeneration: $0.keyGeneration) }
    }

    var count: Int { state.withLock { $0.slots.count } }
    var bytes: Int { state.withLock { $0.bytes } }

    private static func clear(_ state: inout State, keyGeneration: UInt64) {
        state = State()
        state.keyGeneration = keyGeneration
    }

    private static func evict(_ state: inout State) {
        while !state.slots.isEmpty {
            if state.hand >= state.slots.count { state.hand = 0 }
            guard state.slots[state.hand].wasUsed else {
                remove(at: state.hand, from: &state)
                return
            }
            state.slots[state.hand].wasUsed = false
            state.hand += 1
        }
    }

    private static func remove(at position: Int, from state: inout State) {
        state.bytes -= state.slots[position].token.cost
        state.index.removeValue(forKey: state.slots[position].key)
        let last = state.slots.removeLast()
        guard position < state.slots.count else { return }
        state.slots[position] = last
        state.index[last.key] = position
    }
}
