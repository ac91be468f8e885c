// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A pagination cursor that this program did not issue for the list it is used with.
///
/// Answer `-32602` (MCP 2025-11-25, server/utilities/pagination, "Error Handling"). An empty string is refused too:
/// the end of a list is a missing `nextCursor`, so no client was ever given one.
package struct InvalidCursor: Error, Hashable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable {
        case tooLong = "it is longer than 512 characters"
        case malformed = "it was not issued by this server"
        case wrongKind = "it was issued for another list"
    }

    package let reason: Reason

    package var description: String { "invalid cursor: \(reason.rawValue)" }
}
