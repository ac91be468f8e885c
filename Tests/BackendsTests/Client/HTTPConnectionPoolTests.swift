// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import Backends

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

@Suite("Connections to a backend", .serialized, .timeLimit(.minutes(5)))
struct HTTPConnectionPoolTests {
    // MARK: Reuse

    @Test("One connection serves one exchange after the other")
    func reuse() async throws {
        try await BackendHarness.serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            for _ in 0..<5 { #expect(await harness.exchange(BackendHarness.get).isAnswer(200, "{}")) }
            #expect(server.connectionCount == 1)
            #expect(server.requests.count == 5)
        }
    }

    @Test("Exchanges at the same time have a connection each, which later ones use again")
    func parallel() async throws {
        let gate = ScriptedGate()
        try await BackendHarness.serve { _, reply in
            await gate.wait()
            reply.json("{}")
        } _: { server, harness in
            try await withThrowingTaskGroup(of: HTTPReply.self) { group in
                for _ in 0..<6 { group.addTask { await harness.exchange(BackendHarness.get) } }
                try await eventually("all have arrived") { server.requests.count == 6 }
                gate.open()
                for try await reply in group { #expect(reply.isAnswer()) }
            }
            #expect(server.connectionCount == 6)
            for _ in 0..<10 { _ = await harness.exchange(BackendHarness.get) }
            #expect(server.connectionCount == 6)
        }
    }

    @Test("A backend that says nothing is asked whether it is still there")
    func probes() async throws {
        let gate = ScriptedGate()
        try await BackendHarness.serve { _, reply in
            await gate.wait()
            reply.json("{}")
        } _: { server, harness in
            async let reply = harness.exchange(BackendHarness.get)
            try await LoopbackConnections.probed(to: server.port)
            gate.open()
            #expect(await reply.isAnswer())
        }
    }

    @Test(
        "A connection that was not promised to stay is not used again",
        arguments: [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        ]
    )
    func notKept(answer: String) async throws {
        try await BackendHarness.serve { _, reply in
            reply.raw(answer)
        } _: { server, harness in
            for _ in 0..<3 { #expect(await harness.exchange(BackendHarness.get).isAnswer(200, "{}")) }
            #expect(server.connectionCount == 3)
            try await eventually("the connections are closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("A connection that the backend closed while it was idle is not used")
    func closedWhileIdle() async throws {
        try await BackendHarness.serve { _, reply in
            reply.json("{}")
            reply.close()
        } _: { server, harness in
            for round in 1...10 {
                let answer = await harness.exchange(BackendHarness.get)
                #expect(answer.isAnswer(), "round \(round): \(answer)")
                try await LoopbackConnections.gone(to: server.port)
            }
            #expect(server.connectionCount == 10)
        }
    }

    @Test(
        "A connection on which the backend spoke without being asked is not used",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nev",
            "HTTP/1.1 200 OK\r\nContent-Le", "H",
        ])
    func unaskedBytes(_ unasked: String) async throws {
        try await BackendHarness.serve { _, reply in
            reply.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" + unasked)
        } _: { server, harness in
            for _ in 0..<5 {
                #expect(await harness.exchange(BackendHarness.get).isAnswer(200, "{}"))
                try await eventually("the connection is closed") { server.openConnectionCount == 0 }
            }
        }
    }

    @Test("A connection that has been idle for longer than servers keep them is not used")
    func idleAge() async throws {
        try await BackendHarness.serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            #expect(await harness.exchange(BackendHarness.get).isAnswer())
            #expect(await harness.exchange(BackendHarness.get).isAnswer())
            let idleSince = NIODeadline.now()
            #expect(server.connectionCount == 1)
            try await eventually("4 s have passed") { NIODeadline.now() - idleSince > .milliseconds(4200) }
            #expect(await harness.exchange(BackendHarness.get).isAnswer())
            #expect(server.connectionCount == 2)
            try await eventually("the old one is closed") { server.openConnectionCount == 1 }
        }
    }

    // MARK: No connection

    @Test("A refused connection is known at once, and nothing was sent")
    func refused() async throws {
        let server = try await ScriptedHTTPBackend.start { _, _ in }
        await server.stop()
        try await BackendHarness.run(server.url) { harness in
            let started = ContinuousClock.now
            guard case .unreachable = await harness.exchange(BackendHarness.get).failure else {
                Issue.record("not unreachable")
                return
            }
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }

    @Test("A host that does not take the connection is given up after the connect timeout")
    func connectTimeout() async throws {
        let full = try FullListener()
        let url = "http://127.0.0.1:\(full.port)/"
        try await BackendHarness.run(url, configure: { $0.connectTimeout = .milliseconds(200) }) { harness in
            let started = ContinuousClock.now
            let reply = await harness.exchange(BackendHarness.get)
            guard case .unreachable(let reason) = reply.failure else {
                Issue.record("not unreachable: \(reply)")
                return
            }
            #expect(reason.contains("timed out"))
            #expect(ContinuousClock.now - started < .seconds(10))
        }
    }

    @Test("A name that does not resolve makes the backend unreachable")
    func unknownHost() async throws {
        try await BackendHarness.run("http://vmcp-test.invalid/mcp") { harness in
            guard case .unreachable = await harness.exchange(BackendHarness.get).failure else {
                Issue.record("not unreachable")
                return
            }
        }
    }

    @Test("A closed pool takes nothing, and lets go of what it has")
    func closed() async throws {
        try await BackendHarness.serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            #expect(await harness.exchange(BackendHarness.get).isAnswer())
            harness.backend.close()
            guard case .unreachable = await harness.exchange(BackendHarness.get).failure else {
                Issue.record("not unreachable")
                return
            }
            #expect(server.requests.count == 1)
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("Closing the pool ends exchanges in flight as lost")
    func closedMeanwhile() async throws {
        try await BackendHarness.serve { _, reply in
            await reply.closed()
        } _: { server, harness in
            async let reply = harness.exchange(BackendHarness.get)
            try await eventually("the request has arrived") { server.requests.count == 1 }
            harness.backend.close()
            let ended = await reply
            #expect(ended.failure == .connectionLost)
        }
    }

    // MARK: Giving up

    @Test("An exchange that is not answered in time is ended, and its connection closed")
    func timeout() async throws {
        try await BackendHarness.serve { _, reply in
            await reply.closed()
        } _: { server, harness in
            #expect(await harness.exchange(BackendHarness.get, timeout: .milliseconds(50)).failure == .aborted)
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("Cancelling the task ends the exchange, and closes its connection")
    func cancellation() async throws {
        try await BackendHarness.serve { _, reply in
            reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
            await reply.closed()
        } _: { server, harness in
            let task = Task { await harness.exchange(BackendHarness.get) }
            try await eventually("the request has arrived") { server.requests.count == 1 }
            task.cancel()
            #expect(await task.value.failure == .aborted)
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("An exchange that is cancelled before it begins sends nothing")
    func cancelledBefore() async throws {
        try await BackendHarness.serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            let task = Task {
                await ScriptedGate().wait()
                return await harness.exchange(BackendHarness.get)
            }
            task.cancel()
            #expect(await task.value.failure == .aborted)
            try await harness.settle()
            #expect(server.requests.isEmpty)
        }
    }
}

/// A listener that takes no connection: its queue is full, so the kernel drops what comes.
private final class FullListener: Sendable {
    let port: Int
    private let descriptors: [Int32]

    init() throws {
        let stream = Int32(SOCK_STREAM.rawValue)
        let listener = socket(AF_INET, stream, 0)
        var descriptors = [listener]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try #require(bind(listener, address, length) == 0)
                try #require(listen(listener, 0) == 0)
                try #require(getsockname(listener, address, &length) == 0)
                // More than fit: the first ones fill the queue, the others would wait for ever.
                for _ in 0..<8 {
                    let client = socket(AF_INET, stream | Int32(SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(client, address, length)
                    descriptors.append(client)
                }
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.descriptors = descriptors
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
