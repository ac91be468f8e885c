// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Testing

@testable import Backends

@Suite("Calls that a shard watches", .timeLimit(.minutes(5)))
struct ShardTests {
    private let shard = Shard(index: 0, eventLoop: MultiThreadedEventLoopGroup.singleton.next())

    private func call(_ id: Int) -> PendingCall {
        PendingCall(id: id, shard: shard, timeout: .seconds(1), deadline: .now() - .seconds(1))
    }

    @Test("The tick ends the late calls that are watched, whichever went before")
    func places() async throws {
        let shard = self.shard
        let calls = (0..<6).map(call)
        try await shard.eventLoop.submit {
            for call in calls { shard.watch(call) }
            shard.watch(calls[0])
            for gone in [0, 5, 2] { shard.unwatch(calls[gone]) }
            shard.unwatch(calls[2])
        }.get()
        shard.start()
        defer { shard.stop() }
        for id in [1, 3, 4] {
            guard case .failed(.timeout) = await calls[id].wait() else {
                Issue.record("call \(id) did not end by its deadline")
                return
            }
        }
        let finished = try await shard.eventLoop.submit { [0, 2, 5].map { calls[$0].isFinished } }.get()
        #expect(finished == [false, false, false])
        try await shard.eventLoop.submit {
            for call in calls { shard.unwatch(call) }
            #expect(calls.allSatisfy { $0.watchedAt == nil })
        }.get()
    }
}
