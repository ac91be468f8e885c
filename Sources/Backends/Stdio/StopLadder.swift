// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// How far ending a child has gone: close its standard input, wait, SIGTERM, wait, SIGKILL.
///
/// The order is the MCP stdio transport's shutdown rule. The value only decides; its owner closes, signals and keeps
/// the one timer.
struct StopLadder: Sendable, Hashable {
    enum Rung: Int, Sendable, Hashable, Comparable {
        case running, inputClosed, terminated, killed, exited

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    enum Action: Sendable, Hashable {
        case nothing
        /// Close standard input (after what is queued for it), then ask again after the wait.
        case closeInput(wait: Duration)
        case terminate(wait: Duration)
        case kill
        /// An earlier, more patient stop is under way: ask again after this shorter wait.
        case hurry(wait: Duration)
    }

    private(set) var rung = Rung.running
    private var grace = Duration.zero

    /// Starts the way down, or shortens the waits when a later caller has less patience.
    mutating func stop(gracePeriod: Duration) -> Action {
        let patience = max(gracePeriod, .zero)
        switch rung {
        case .running:
            rung = .inputClosed
            grace = patience
            return .closeInput(wait: patience)
        case .inputClosed, .terminated:
            guard patience < grace else { return .nothing }
            grace = patience
            return .hurry(wait: patience)
        case .killed, .exited:
            return .nothing
        }
    }

    /// The wait of the last action has passed.
    mutating func waited() -> Action {
        switch rung {
        case .inputClosed:
            rung = .terminated
            return .terminate(wait: grace)
        case .terminated:
            rung = .killed
            return .kill
        case .running, .killed, .exited:
            return .nothing
        }
    }

    mutating func exited() {
        rung = .exited
    }
}
