// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the command line and the environment add to the configuration.
package struct ServeOptions: Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 4483
    /// Whether one client is served on standard input and output, and nothing is listened on.
    package var isStdio = false
    /// How long an unused session lives.
    package var sessionIdleTime: Duration = .seconds(30 * 60)
    /// Whether a server that asks nobody who they are may listen beyond this machine.
    package var allowsAnonymousNonLoopback = false
    package var environment: [String: String] = [:]
    /// Of this machine or pod.
    package var hostName = ""
    /// The path of this program, which a stdio backend's `command: vmcp` stands for.
    package var executable = "vmcp"

    package init() {}

    /// Whether only programs of this machine can reach the listener.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
