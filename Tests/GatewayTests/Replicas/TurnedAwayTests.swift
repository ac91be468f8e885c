// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import Observability
import OutboundHTTP
import Synchronization
import TestSupport
import Testing
import VirtualServer

@testable import Gateway

@Suite("What is said of requests that no replica has made")
struct TurnedAwayTests {
    @Test("A flood of them is one line in ten seconds for each reason, with their number")
    func flood() async {
        let log = RecordedLog()
        let time = Mutex(NIODeadline.uptimeNanoseconds(1))
        let replicas = Replicas(
            instance: "a", secrets: [Secret("a secret of thirty-two bytes or more")],
            client: StreamingHTTPClient(silence: .minutes(1), probes: QuietPeerProbes(every: .seconds(30))),
            logger: log.logger, uptime: { time.withLock { $0 } },
            baseURL: { _ in nil })
        var said: [String] {
            log.lines.map { "\($0.metadata["reason"] ?? "") \($0.metadata["refused"] ?? "")" }
        }
        for _ in 0..<5 { replicas.turnAway(.signature) }
        #expect(said == ["signature 1"])
        replicas.turnAway(.time)
        #expect(said == ["signature 1", "time 1"])
        time.withLock { $0 = $0 + RefusalCount.quiet }
        for _ in 0..<2 { replicas.turnAway(.signature) }
        #expect(said == ["signature 1", "time 1", "signature 5"])
        #expect(replicas.counts.turnedAway == 8)
        await replicas.close()
    }
}
