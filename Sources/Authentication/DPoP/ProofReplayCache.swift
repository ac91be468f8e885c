// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Remembers proofs, so that each is good for one request (RFC 9449 section 11.1).
///
/// Replicas share one behind their store.
package protocol ProofReplayCache: Sendable {
    /// True the first time and false every other time, until `expires`; asking and remembering are one atomic step.
    ///
    /// A cache that cannot remember throws, and the request must be refused.
    func isFirstUse(of proof: ProofID, until expires: Date) async throws(ProofReplayError) -> Bool
}

/// Why nobody can say whether a proof is new.
package enum ProofReplayError: Error, Hashable {
    /// As many proofs are remembered as fit; forgetting one early would let it be replayed.
    case full(limit: Int)
    case unavailable
}

extension ProofReplayError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .full(let limit): "\(limit) DPoP proofs are remembered, and no more fit until some expire"
        case .unavailable: "the store that remembers DPoP proofs does not answer"
        }
    }
}
