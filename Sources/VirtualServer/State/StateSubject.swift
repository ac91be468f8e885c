// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import JSONTypes
package import MCPTypes

/// What a sealed state speaks about: it opens for the same request of the same principal only.
package struct StateSubject: Sendable {
    package var method: MCPMethod
    /// The tool's or prompt's name, or the resource's URI, as the client sees it.
    package var target: String
    /// Absent for `resources/read`.
    package var arguments: JSONSlice?
    package var principal: Principal

    package init(method: MCPMethod, target: String, arguments: JSONSlice?, principal: Principal) {
        self.method = method
        self.target = target
        self.arguments = arguments
        self.principal = principal
    }
}
