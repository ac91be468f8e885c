// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
package import Authentication
package import MCPTypes

extension VirtualServer {
    /// Counts a request that makes a backend, or this server for as long as it lasts, work for its caller: before
    /// anything is done for it, whatever edge it came by.
    ///
    /// What only ends something (`resources/unsubscribe`, `tasks/cancel`) and what is answered from memory is not counted.
    ///
    /// - Parameter tool: the name of the tool that it calls, as clients know it.
    /// - Throws: when the caller, or all callers together, ask too often.
    package func admit(_ principal: Principal, tool: String? = nil) throws(RequestError) {
        try limiter?.admit(principal, tool: tool)
    }

    /// The tools that have limits and that no backend has at the moment; unknown where lists depend on who asks.
    package var limitedToolsWithoutBackend: [String] {
        guard let limiter, !hasPersonalLists else { return [] }
        let routed = capabilities.routed
        return limiter.toolNames.filter { routed.tool(named: $0) == nil }
    }
}
