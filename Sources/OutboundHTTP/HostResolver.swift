// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Turns a host name into addresses.
package protocol HostResolver: Sendable {
    /// All addresses, best first. Must return soon after the task is cancelled.
    func addresses(of name: String) async throws(OutboundError) -> [IPAddress]
}
