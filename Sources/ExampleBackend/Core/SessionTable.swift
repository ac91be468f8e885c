// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The open sessions by id, bounded: the one that was used least recently makes room.
package final class SessionTable: Sendable {
    private struct Entry {
        let session: Session
        var lastUse: Int
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var uses = 0
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// Finds a session and marks it as used.
    package func find(_ id: String) -> Session? {
        state.withLock { state in
            guard let index = state.entries.index(forKey: id) else { return nil }
            state.uses += 1
            state.entries.values[index].lastUse = state.uses
            return state.entries.values[index].session
        }
    }

    /// Adds a session and returns the one that had to make room; false when the server is stopping.
    func insert(_ session: Session) -> (inserted: Bool, evicted: Session?) {
        state.withLock { state in
            guard !state.isClosed else { return (false, nil) }
            var evicted: Session?
            if state.entries.count >= limit,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                evicted = oldest.value.session
                state.entries[oldest.key] = nil
            }
            state.uses += 1
            state.entries[session.id] = Entry(session: session, lastUse: state.uses)
            return (true, evicted)
        }
    }

    package func remove(_ id: String) -> Session? {
        state.withLock { $0.entries.removeValue(forKey: id)?.session }
    }

    /// Empties the table; with `closing` no session can be added any more.
    func removeAll(closing: Bool) -> [Session] {
        state.withLock { state in
            defer { state.entries.removeAll() }
            if closing { state.isClosed = true }
            return state.entries.values.map(\.session)
        }
    }

    var all: [Session] { state.withLock { $0.entries.values.map(\.session) } }
    var count: Int { state.withLock { $0.entries.count } }
}
