// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Waits until a child has exited, without reaping it.
///
/// It is asked when the child's standard error has ended, which mostly means that the exit is a moment away. A child
/// that closed standard error and lives on is asked after ever more rarely.
enum StdioExitWatch {
    private static let firstPause = TimeAmount.milliseconds(1)
    private static let longestPause = TimeAmount.milliseconds(250)

    static func exit(of identifier: pid_t, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let exited = eventLoop.makePromise(of: Void.self)
        ask(identifier, pause: firstPause, on: eventLoop, exited)
        return exited.futureResult
    }

    private static func ask(
        _ identifier: pid_t,
        pause: TimeAmount,
        on eventLoop: any EventLoop,
        _ exited: EventLoopPromise<Void>
    ) {
        guard isRunning(identifier) else { return exited.succeed() }
        let next = min(longestPause, pause * 2)
        let wait = eventLoop.scheduleTask(in: pause) { ask(identifier, pause: next, on: eventLoop, exited) }
        // A loop that is shut down drops its tasks.
        wait.futureResult.cascadeFailure(to: exited)
    }

    static func isRunning(_ identifier: pid_t) -> Bool {
        var information = siginfo_t()
        guard waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else {
            return errno == EINTR
        }
        return information.si_signo == 0
    }
}
