// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes

/// What a backend said of itself in its answer to `initialize`.
package struct Handshake: Sendable {
    package let revision: ProtocolRevision
    package let capabilities: ServerCapabilities
    package let serverInfo: JSONSlice?
    package let instructions: String?

    /// `nil` when the backend chose a revision that is unknown here, or one without a handshake; the connection must
    /// then be closed (2025-11-25, Lifecycle, Version Negotiation).
    package init?(_ result: JSONSlice) {
        guard let version = result["protocolVersion"]?.string, let revision = ProtocolRevision(rawValue: version),
            revision.era == .legacy
        else { return nil }
        self.revision = revision
        capabilities = ServerCapabilities(result["capabilities"])
        serverInfo = result["serverInfo"]
        instructions = result["instructions"]?.string
    }
}
