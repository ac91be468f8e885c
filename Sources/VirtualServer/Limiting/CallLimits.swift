// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// How often callers may make the server work for them.
package struct CallLimits: Sendable, Hashable {
    /// All requests of all callers.
    package var shared: CallRate?
    /// All requests of each caller.
    package var perUser: CallRate?
    /// Calls of single tools, by the name that clients know them by.
    package var tools: [String: Tool] = [:]
    /// Callers that each limit counts apart at a time.
    package var maximumUsers = 65_536

    package struct Tool: Sendable, Hashable {
        package var shared: CallRate?
        package var perUser: CallRate?

        package init(shared: CallRate? = nil, perUser: CallRate? = nil) {
            self.shared = shared
            self.perUser = perUser
        }
    }

    package init() {}
}

/// So many calls at once, and the same number again within each period.
package struct CallRate: Sendable, Hashable {
    package let calls: Int
    package let period: TimeAmount

    /// - Parameters:
    ///   - calls: at least 1.
    ///   - period: at least a nanosecond; what an empty bucket takes to fill.
    package init(calls: Int, period: TimeAmount) {
        self.calls = max(calls, 1)
        self.period = max(period, .nanoseconds(1))
    }
}
