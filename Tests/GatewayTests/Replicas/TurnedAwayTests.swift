// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOPosix
import Observability
import OutboundHTTP
import Synchronization
import Testing
import VirtualServer

@testable import Gateway

@Suite("What is said of requests that no replica has made")
struct TurnedAwayTests {
    private final class Lines: Sendable {
        struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                let fields = event.metadata ?? [:]
                lines.state.withLock {
                    $0.append("\(fields["reason"].map { "\($0)" } ?? "") \(fields["refused"].map { "\($0)" } ?? "")")
                }
            }
        }

        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
    }

    @Test("A flood of them is one line in ten seconds for each reason, with their number")
    func flood() async {
        let lines = Lines()
        let time = Mutex(NIODeadline.uptimeNanoseconds(1))
        let replicas = Replicas(
            instance: "a", secrets: [Secret("a secret of thirty-two bytes or more")],
            client: StreamingHTTPClient(group: MultiThreadedEventLoopGroup.singleton, silence: .minutes(1)),
            logger: Logger(label: "test") { _ in Lines.Handler(lines: lines) }, uptime: { time.withLock { $0 } },
            baseURL: { _ in nil })
        for _ in 0..<5 { replicas.turnAway(.signature) }
        #expect(lines.all == ["signature 1"])
        replicas.turnAway(.time)
        #expect(lines.all == ["signature 1", "time 1"])
        time.withLock { $0 = $0 + RefusalCount.quiet }
        for _ in 0..<2 { replicas.turnAway(.signature) }
        #expect(lines.all == ["signature 1", "time 1", "signature 5"])
        #expect(replicas.counts.turnedAway == 8)
        await replicas.close()
    }
}
