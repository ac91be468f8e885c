// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// A replay cache for one process.
package final class MemoryProofReplayCache: ProofReplayCache {
    /// About 20 MB; at the lifetime of a proof this is 160 requests with proofs a second.
    package static let standardCapacity = 100_000

    private struct Memory {
        var seen: Set<ProofID> = []
        /// In order of arrival, which with one lifetime for all is the order of expiry.
        var queue: [(proof: ProofID, expires: Date)] = []
        var head = 0

        mutating func forgetExpired(now: Date) {
            while head < queue.count, queue[head].expires <= now {
                seen.remove(queue[head].proof)
                head += 1
            }
            // Moves the rest once as much is dead as alive: constant cost for each entry.
            if head > 64, head * 2 > queue.count {
                queue.removeFirst(head)
                head = 0
            }
        }
    }

    private let memory = Mutex(Memory())
    private let capacity: Int
    private let now: @Sendable () -> Date

    package init(capacity: Int = standardCapacity, now: @escaping @Sendable () -> Date) {
        self.capacity = capacity
        self.now = now
    }

    package func isFirstUse(of proof: ProofID, until expires: Date) async throws(ProofReplayError) -> Bool {
        let now = now()
        let outcome: Bool? = memory.withLock { memory in
            memory.forgetExpired(now: now)
            guard !memory.seen.contains(proof) else { return false }
            guard memory.seen.count < capacity else { return nil }
            memory.seen.insert(proof)
            memory.queue.append((proof, expires))
            return true
        }
        guard let outcome else { throw .full(limit: capacity) }
        return outcome
    }

    /// How many proofs are remembered.
    package var count: Int {
        memory.withLock { $0.seen.count }
    }
}
