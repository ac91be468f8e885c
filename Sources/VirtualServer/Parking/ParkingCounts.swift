// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What parking has done so far, for metrics and `/status`.
package struct ParkingCounts: Sendable, Hashable {
    /// Live calls by state: collecting, parked, resumed, held.
    package internal(set) var states: [String: Int] = [:]
    package internal(set) var parked = 0
    package internal(set) var rounds = 0
    package internal(set) var refusals: [String: Int] = [:]
    package internal(set) var closes: [ParkEnd: Int] = [:]
}

/// Counts what happens.
final class ParkingCounters: Sendable {
    private let state = Mutex(ParkingCounts())

    var counts: ParkingCounts { state.withLock { $0 } }

    func moved(from old: ParkState.Phase, to new: ParkState.Phase) {
        state.withLock { counts in
            if old == .running {
                counts.parked += 1
            } else {
                counts.states[old.rawValue, default: 0] -= 1
            }
            if new != .closed { counts.states[new.rawValue, default: 0] += 1 }
            if new == .parked { counts.rounds += 1 }
        }
    }

    func refused(_ refusal: AskRefusal) { state.withLock { $0.refusals[refusal.name, default: 0] += 1 } }

    func closed(_ reason: ParkEnd) { state.withLock { $0.closes[reason, default: 0] += 1 } }
}
