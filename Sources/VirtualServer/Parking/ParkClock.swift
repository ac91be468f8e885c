// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import NIOCore

/// The time that parked calls live in.
package struct ParkClock: Sendable {
    package var now: @Sendable () -> NIODeadline
    /// What sealed states say.
    package var date: @Sendable () -> Date
    /// Makes a wake that has not come yet never come; without effect on one that has.
    package typealias Cancel = @Sendable () -> Void

    /// Calls back once after a while, never before it has returned, unless that is cancelled.
    package var wake: @Sendable (TimeAmount, @escaping @Sendable () -> Void) -> Cancel

    package init(
        now: @escaping @Sendable () -> NIODeadline, date: @escaping @Sendable () -> Date,
        wake: @escaping @Sendable (TimeAmount, @escaping @Sendable () -> Void) -> Cancel
    ) {
        self.now = now
        self.date = date
        self.wake = wake
    }

    /// The real one; `eventLoop` has one timer, the next that is due.
    package static func real(on eventLoop: any EventLoop) -> ParkClock {
        ParkClock(now: { .now() }, date: { Date() }) { delay, body in
            let timer = eventLoop.scheduleTask(in: delay, body)
            return { timer.cancel() }
        }
    }
}
