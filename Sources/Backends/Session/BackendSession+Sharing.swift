// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
package import MCPTypes
import Synchronization

/// What those need who keep a session for several clients.
extension BackendSession {
    /// Whether ending the session now would be noticed.
    package var isInUse: Bool {
        state.withLock { !$0.calls.isEmpty || !$0.subscriptions.isEmpty || $0.wantsListening || $0.holdsTasks }
    }

    /// Whether everything that the backend sends comes on one channel, so that a question may belong to any call.
    package var hasSingleChannel: Bool {
        switch backend.settings.endpoint {
        case .stdio, .legacySSE: true
        case .streamableHTTP: readyConnection()?.link.hasSingleChannel ?? false
        }
    }

    /// Makes the backend log at least as much as `level` says; others may need more than that.
    package func raiseLogLevel(to level: LogLevel, on shard: Shard) async throws(BackendError) {
        let before = state.withLock { state -> (isLower: Bool, level: LogLevel?) in
            if let current = state.logLevel, current <= level { return (false, current) }
            defer { state.logLevel = level }
            return (true, state.logLevel)
        }
        guard before.isLower else { return }
        do throws(BackendError) {
            try await setLogLevel(level, on: shard)
        } catch {
            // The next one who needs it tries again.
            state.withLock { if $0.logLevel == level { $0.logLevel = before.level } }
            throw error
        }
    }
}
