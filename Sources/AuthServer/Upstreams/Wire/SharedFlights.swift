// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Runs one piece of work per key at a time; whoever comes meanwhile gets the same result.
///
/// The work belongs to nobody: a caller that is cancelled does not end it, because others wait for it and because half
/// a refresh loses the token. So the work must end by itself, and here it does: each step of it has its own bound.
final class SharedFlights<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let flights = Mutex<[Key: Task<Value, Never>]>([:])

    func run(_ key: Key, _ work: @escaping @Sendable () async -> Value) async -> Value {
        let flight = flights.withLock { flights in
            if let flight = flights[key] { return flight }
            let flight = Task.detached { [self] in
                let value = await work()
                // Waits for the lock that is held while the flight is entered, so it cannot come before that.
                self.flights.withLock { $0[key] = nil }
                return value
            }
            flights[key] = flight
            return flight
        }
        return await flight.value
    }

    var count: Int { flights.withLock { $0.count } }
}
