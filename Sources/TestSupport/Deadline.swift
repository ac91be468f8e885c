// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A condition did not come true, or an event did not come, in time.
package struct TimedOut: Error, CustomStringConvertible {
    package let description: String

    package init(_ what: String) { description = "timed out: \(what)" }
}

/// Looks again and again until `condition` holds: tests wait for what they mean, never for a while.
///
/// Fails after `limit`, which only a broken gateway or an overloaded machine reaches.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        if try await condition() { return }
        guard ContinuousClock.now < deadline else { throw TimedOut(what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
