// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes

/// What a backend said of itself in its answer to `initialize` or `server/discover`.
package struct Handshake: Sendable {
    package let revision: ProtocolRevision
    package let capabilities: ServerCapabilities
    package let serverInfo: JSONSlice?
    package let instructions: String?
    /// Settings by extension identifier; `nil` from Legacy backends.
    package let extensions: JSONSlice?

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
        extensions = nil
    }

    /// From a `DiscoverResult` that names our revision (2026-07-28, Discovery). Older previews had `serverInfo` outside
    /// of `_meta`.
    package init(discovered result: JSONSlice) {
        revision = .latestModern
        let capabilities = result["capabilities"]
        self.capabilities = ServerCapabilities(capabilities)
        serverInfo = result["_meta"]?[ModernMeta.serverInfoKey] ?? result["serverInfo"]
        instructions = result["instructions"]?.string
        extensions = capabilities?["extensions"].flatMap { $0.kind == .object ? $0 : nil }
    }

    /// Whether calls may be answered with tasks (SEP-2663).
    package var hasTasks: Bool { extensions?[TasksExtension.key]?.kind == .object }
}
