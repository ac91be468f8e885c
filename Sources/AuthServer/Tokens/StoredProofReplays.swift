// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Foundation
package import Storage

/// Remembers DPoP proofs in the store, so that each works once on all nodes that share it.
package struct StoredProofReplays: ProofReplayCache {
    /// At ten minutes for each this is over 300 proofs a second.
    package static let table = StorageTable("dpop", capacity: 200_000)

    private let storage: any Storage
    private let table: StorageTable

    package init(storage: any Storage, table: StorageTable = Self.table) {
        self.storage = storage
        self.table = table
    }

    package func isFirstUse(of proof: ProofID, until expires: Date) async throws(ProofReplayError) -> Bool {
        let outcome: StorageOutcome
        do throws(StorageError) {
            outcome = try await storage.create(StorageKey(table, proof.description), [], expires: expires)
        } catch {
            throw .unavailable
        }
        switch outcome {
        case .committed: return true
        case .conflict: return false
        case .full(let table): throw .full(limit: table.capacity ?? 0)
        }
    }
}
