// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A tool argument that is mirrored into an `Mcp-Param-<name>` header (MCP 2026-07-28, transports, SEP-2243).
package struct ToolHeaderParameter: Sendable, Hashable {
    package enum ValueType: String, Sendable, Hashable {
        case string
        case integer
        case boolean
    }

    /// The part of the header name after `Mcp-Param-`.
    package let name: String
    /// The property names that lead from the arguments to the value.
    package let path: [String]
    package let type: ValueType
}
