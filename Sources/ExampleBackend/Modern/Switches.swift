// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How `server/discover` behaves.
package enum DiscoverBehaviour: String, Sendable, CaseIterable {
    case honest
    /// Unknown method, as on a server that never heard of it.
    case missing
    /// A JSON-RPC error of no special meaning.
    case error
    /// HTTP 500 with a plain body; over stdio an error.
    case broken
    /// HTTP 404 with an empty body; over stdio an error.
    case nothing
    /// Lists Legacy versions alone.
    case older
    /// A result without `resultType` and `supportedVersions`.
    case loose
    /// Never answers.
    case silent
    /// `-32022` that lists the very version that was asked with, once.
    case again
}

/// Settings that tools can change while the server runs.
package final class Switches: Sendable {
    struct Values: Sendable {
        var era: Era
        var discover: DiscoverBehaviour
        var discoverDelay: Duration
        /// How often a discover that was refused "once" was refused.
        var refusals = 0
    }

    private let values: Mutex<Values>

    init(_ options: ExampleBackendOptions) {
        values = Mutex(
            Values(
                era: options.era, discover: options.faults.discover, discoverDelay: options.faults.discoverDelay))
    }

    package var era: Era { values.withLock { $0.era } }
    var current: Values { values.withLock { $0 } }

    func change(_ change: (inout Values) -> Void) { values.withLock { change(&$0) } }

    /// True for the first discover that is to be refused.
    func refusesNow() -> Bool {
        values.withLock { values in
            values.refusals += 1
            return values.refusals == 1
        }
    }
}
