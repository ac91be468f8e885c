// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import VirtualServer

@Suite("The clock of parked calls", .timeLimit(.minutes(5)))
struct ParkClockTests {
    private final class Woken: Sendable {
        private let state = Mutex<[Int]>([])

        var numbers: [Int] { state.withLock { $0 } }
        func note(_ number: Int) { state.withLock { $0.append(number) } }
    }

    @Test("[GB-17] A wake that is cancelled does not come")
    func cancelled() async throws {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let clock = ParkClock.real(on: eventLoop)
        let woken = Woken()
        let isOver = ScriptedGate()
        try await eventLoop.submit {
            // What is due comes only after this has returned, in the order of its time.
            let cancel = clock.wake(.nanoseconds(0)) { woken.note(1) }
            cancel()
            _ = clock.wake(.nanoseconds(0)) {
                woken.note(2)
                isOver.open()
            }
        }.get()
        await isOver.wait()
        #expect(woken.numbers == [2])
    }
}
