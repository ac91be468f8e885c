// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// SE-12: what happens to open work when the process is told to end.
@Suite struct ShutdownTests {
    @Test("An open stream is ended in order, and nobody can connect any more")
    func openStream() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            _ = try await client.text("one_echo", ["text": "x"])
            try await client.listening { stream in
                _ = try await stream.event()
                await gateway.shutDown()
                while try await stream.block() != nil {}
                #expect(await stream.isBodyComplete)
                _ = try await stream.rest()
            }
            try await eventually("the listener's end") {
                do {
                    try await gateway.client.withConnection { _ in }
                    return false
                } catch { return true }
            }
        }
    }

    @Test("A running call is answered first")
    func runningCall() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            async let text = client.text("one_slow", ["milliseconds": 1500])
            try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
            await gateway.shutDown()
            #expect(try await text == "Slept for 1500 ms")
        }
    }

    @Test("An idle connection is ended at once")
    func idleConnection() async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                try await connection.send(gateway.client.requestText("GET", path: "/health"))
                #expect(try await connection.reply().status == 200)
                await gateway.shutDown()
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test("The sessions with backends are ended")
    func backendSessions() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            _ = try await client.text("one_echo", ["text": "x"])
            await gateway.shutDown()
            var live = 0
            do {
                try await eventually("the end of all backend sessions but the one that asks") {
                    live = try await gateway.stats()["liveSessions"]
                    return live == 1
                }
            } catch is TimedOut {
                Issue.record("\(live - 1) backend sessions are left")
            }
        }
    }

    @Test("A call that never ends does not keep the process", .timeLimit(.minutes(5)))
    func hangingCall() async throws {
        try await RunningGateway.run { gateway in
            let client = try await gateway.client.opened()
            try await client.withConnection { connection in
                try await connection.send(client.requestText("POST", MCPTestClient.call(1, "one_hang")))
                try await eventually("the call to reach the backend") { try await gateway.stats().calls >= 1 }
                await gateway.shutDown()
                // Within the 10 seconds that a shutdown takes at most.
                _ = try? await connection.reply()
            }
        }
    }
}
