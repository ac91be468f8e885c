// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Synchronization

/// Counts refusals that are worth a line in the log once when they begin, and now and then while they go on: a flood
/// must not become one of log lines.
package final class RefusalCount: Sendable {
    private struct State {
        /// Since the last line in the log.
        var count = 0
        var reported: NIODeadline?
    }

    /// How long nothing more is said.
    package static let quiet = TimeAmount.seconds(10)

    private let state = Mutex(State())

    package init() {}

    /// Counts one more.
    ///
    /// - Returns: how many there were since the last line, when it is time for one.
    package func add(at time: NIODeadline) -> Int? {
        state.withLock { state in
            state.count += 1
            if let last = state.reported, time - last < Self.quiet { return nil }
            state.reported = time
            defer { state.count = 0 }
            return state.count
        }
    }
}
