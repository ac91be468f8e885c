// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Upstream tokens that were read from the store a moment ago, so that a busy session does not read, open and decode its
/// row for each call.
///
/// What this process changes is forgotten at once; what another one changes is noticed after `lifetime`.
final class RecentUpstreamTokens: Sendable {
    static let lifetime: TimeInterval = 5
    static let maximumLogins = 2000

    private struct Entry {
        var tokens: [String: UpstreamTokenRecord.Tokens] = [:]
        var readAt: Date
    }

    private struct State {
        var logins: [String: Entry] = [:]
        /// Another number after each change: what was read before it is not kept.
        var changes: UInt64 = 0
    }

    private let state = Mutex(State())

    /// To be asked before reading what is then given to `keep`.
    var changes: UInt64 { state.withLock { $0.changes } }

    func find(_ provider: String, tsid: String, at now: Date) -> UpstreamTokenRecord.Tokens? {
        state.withLock { state in
            guard let entry = state.logins[tsid] else { return nil }
            let age = now.timeIntervalSince(entry.readAt)
            // A clock that was set back makes everything old.
            guard age >= 0, age < Self.lifetime else {
                state.logins[tsid] = nil
                return nil
            }
            return entry.tokens[provider]
        }
    }

    func keep(
        _ tokens: UpstreamTokenRecord.Tokens, _ provider: String, tsid: String, at now: Date, since changes: UInt64
    ) {
        // Strings compare by meaning, names of rows by bytes; for ASCII, which ours are, that is the same.
        guard tsid.utf8.allSatisfy({ $0 < 0x80 }), provider.utf8.allSatisfy({ $0 < 0x80 }) else { return }
        state.withLock { state in
            guard state.changes == changes else { return }
            if state.logins.count >= Self.maximumLogins, state.logins[tsid] == nil { state.logins.removeAll() }
            // The oldest reading counts for all of a login.
            state.logins[tsid, default: Entry(readAt: now)].tokens[provider] = tokens
        }
    }

    func forget(tsid: String) {
        state.withLock { state in
            state.changes += 1
            state.logins[tsid] = nil
        }
    }
}
