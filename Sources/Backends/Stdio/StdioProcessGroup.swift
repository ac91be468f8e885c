// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The process group of one child: the only place that signals it.
///
/// A number may be signalled only until the child is reaped; after that the operating system may give it to a
/// stranger. The task that runs the child therefore calls `end` while the child is at most a zombie.
final class StdioProcessGroup: Sendable {
    private let leader = Mutex<pid_t?>(nil)

    func begin(_ identifier: pid_t) {
        leader.withLock { $0 = identifier }
    }

    func signal(_ number: Int32) {
        leader.withLock { leader in
            // The only failure is that nobody is left in the group, which is what a signal is for.
            if let leader { _ = kill(-leader, number) }
        }
    }

    /// Whether the child itself has ended, reaped or not; on a busy machine that may be known late.
    var leaderHasEnded: Bool {
        leader.withLock { leader in leader.map { !StdioExitWatch.isRunning($0) } ?? true }
    }

    /// Kills what the child left behind (wrappers such as npx and uvx have grandchildren) and signals nothing later.
    func end() {
        leader.withLock { leader in
            if let leader { _ = kill(-leader, SIGKILL) }
            leader = nil
        }
    }
}
