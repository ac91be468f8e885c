// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import NIOCore

/// The time that parked calls live in.
package struct ParkClock: Sendable {
    package var now: @Sendable () -> NIODeadline
    /// What sealed states say.
    package var date: @Sendable () -> Date
    /// Calls back once after a while.
    package var wake: @Sendable (TimeAmount, @escaping @Sendable () -> Void) -> Void

    package init(
        now: @escaping @Sendable () -> NIODeadline, date: @escaping @Sendable () -> Date,
        wake: @escaping @Sendable (TimeAmount, @escaping @Sendable () -> Void) -> Void
    ) {
        self.now = now
        self.date = date
        self.wake = wake
    }

    /// The real one; `eventLoop` has one timer, the next that is due.
    package static func real(on eventLoop: any EventLoop) -> ParkClock {
        ParkClock(now: { .now() }, date: { Date() }) { delay, body in eventLoop.scheduleTask(in: delay, body) }
    }
}
