// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// How a stdio backend's process ended.
package struct StdioExit: Sendable, Hashable {
    package enum Status: Sendable, Hashable {
        case exited(code: Int32)
        case signalled(Int32)
        /// The operating system would not tell.
        case unknown
    }

    package enum Cause: Sendable, Hashable {
        /// The process ended without being asked.
        case itself
        /// `stop` was called before the process ended.
        case stopRequested
        /// The process closed its standard input or output and went on living, so we ended it.
        case closedStreams
    }

    package let status: Status
    package let cause: Cause
    package let uptime: Duration
    /// The last lines of standard error, oldest first: for the operator, never for an MCP client.
    package let lastErrorLines: [String]
}

extension StdioExit: CustomStringConvertible {
    package var description: String {
        let how =
            switch status {
            case .exited(let code): "exited with code \(code)"
            case .signalled(let signal): "was ended by signal \(signal)"
            case .unknown: "ended, status unknown"
            }
        return switch cause {
        case .itself: how
        case .stopRequested: "\(how) after it was stopped"
        case .closedStreams: "\(how) after it had closed its standard input or output"
        }
    }
}
