// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Synchronization

/// The open streams of the HTTP+SSE transport, by the token that leads to them.
final class LegacySSETable: Sendable {
    private let connections = Mutex<[String: LegacySSEConnection]>([:])
    private let maximum: Int

    /// - Parameter maximum: how many streams may be open at a time, those included that have no session yet.
    init(maximum: Int) { self.maximum = maximum }

    func insert(_ connection: LegacySSEConnection) -> Bool {
        connections.withLock { connections in
            guard connections.count < maximum else { return false }
            connections[connection.token] = connection
            return true
        }
    }

    /// The connection, if it belongs to `principal`: to anyone else it does not exist.
    func connection(_ token: String, for principal: Principal) -> LegacySSEConnection? {
        guard let connection = connections.withLock({ $0[token] }), connection.principal == principal else {
            return nil
        }
        return connection
    }

    func remove(_ connection: LegacySSEConnection) {
        connections.withLock { _ = $0.removeValue(forKey: connection.token) }
    }

    var all: [LegacySSEConnection] { connections.withLock { Array($0.values) } }
}
