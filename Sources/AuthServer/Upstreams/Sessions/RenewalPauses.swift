// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Remembers for a moment which refreshes were not answered, so that a busy caller does not turn an ill
/// provider into a busy one.
final class RenewalPauses: Sendable {
    static let length: TimeInterval = 5
    static let capacity = 10_000

    private let now: @Sendable () -> Date
    private let pauses = Mutex<[String: Date]>([:])

    init(now: @escaping @Sendable () -> Date) {
        self.now = now
    }

    /// Whether the provider was asked for this row a moment ago, and did not answer.
    func holds(_ id: String) -> Bool {
        let now = now()
        return pauses.withLock { pauses in
            guard let until = pauses[id] else { return false }
            if until <= now { pauses[id] = nil }
            return until > now
        }
    }

    func note(_ outcome: UpstreamRenewal.Outcome, _ id: String) {
        guard case .unanswered = outcome else { return }
        let now = now()
        pauses.withLock { pauses in
            if pauses.count >= Self.capacity { pauses = pauses.filter { $0.value > now } }
            // With so many failing, another request more does not matter; memory does.
            guard pauses.count < Self.capacity else { return }
            pauses[id] = now.addingTimeInterval(Self.length)
        }
    }

    var count: Int { pauses.withLock { $0.count } }
}
