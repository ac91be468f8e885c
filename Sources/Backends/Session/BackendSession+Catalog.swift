// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Aggregation

extension BackendSession {
    /// Reads everything that the backend lists to the owner of this session, opening the session first.
    package func readCatalog(on shard: Shard) async throws(BackendError) -> BackendCatalog {
        let handshake = try await open(on: shard)
        var catalog = BackendCatalog(backend: backend.name)
        try await CatalogReader(session: self, shard: shard).read(
            Set(CapabilityKind.allCases), of: handshake, into: &catalog)
        return catalog
    }
}
