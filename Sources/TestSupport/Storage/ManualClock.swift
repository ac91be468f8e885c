// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: Sendable {
    private let time: Mutex<Date>

    package init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000)) { time = Mutex(start) }

    package var date: Date { time.withLock { $0 } }

    /// What is handed to the code under test.
    package var now: @Sendable () -> Date { { self.date } }

    package func advance(by seconds: TimeInterval) { time.withLock { $0 += seconds } }

    /// The moment in so many seconds.
    package func `in`(_ seconds: TimeInterval) -> Date { date + seconds }
}
