// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a line was not handed out.
package enum LineFramingError: Error, Hashable, CustomStringConvertible {
    /// The line was longer than the bound. It is discarded; framing goes on with the next line.
    case lineTooLong(limit: Int)

    package var description: String {
        switch self {
        case .lineTooLong(let limit):
            "A line of more than \(limit) bytes was discarded. Raise the limit or send smaller messages."
        }
    }
}
