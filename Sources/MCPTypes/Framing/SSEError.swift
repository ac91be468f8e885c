// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of one event stream.
package struct SSELimits: Sendable, Hashable {
    /// Bytes of one event: the values of its data, event and id lines, and a line end for each data line.
    package var maxEventBytes: Int

    /// Bytes of one line without its line end, comments included.
    package var maxLineBytes: Int

    package static let standard = SSELimits()

    package init(maxEventBytes: Int = 16 << 20, maxLineBytes: Int = 16 << 20) {
        self.maxEventBytes = maxEventBytes
        self.maxLineBytes = maxLineBytes
    }
}

/// Why an event stream cannot be read any further.
///
/// The format itself has no syntax errors: what it does not know, it ignores. Only our own bounds can be exceeded.
package enum SSEError: Error, Hashable, CustomStringConvertible {
    case lineTooLong(limit: Int)
    case eventTooLarge(limit: Int)

    package var description: String {
        switch self {
        case .lineTooLong(let limit):
            "The event stream holds a line of more than \(limit) bytes. Raise the limit or send smaller messages."
        case .eventTooLarge(let limit):
            "The event stream holds an event of more than \(limit) bytes. Raise the limit or send smaller messages."
        }
    }
}
