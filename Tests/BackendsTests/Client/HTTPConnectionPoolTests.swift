// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization
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
    private static let get = "GET /mcp HTTP/1.1\r\nHost: h\r\n\r\n"

    private func serve(
        _ script: @escaping ScriptedHTTPBackend.Script, configure: BackendHarness.Configure = { _ in },
        _ body: (ScriptedHTTPBackend, BackendHarness) async throws -> Void
    ) async throws {
        let server = try await ScriptedHTTPBackend.start(script)
        try await BackendHarness.run(server.url, configure: configure) { try await body(server, $0) }
        await server.stop()
    }

    private func isAnswer(_ reply: HTTPReply, _ status: Int = 200, _ body: String? = nil) -> Bool {
        guard case .answer(status, _, let bytes) = reply else { return false }
        return body == nil || String(buffer: bytes) == body
    }

    private func failure(_ reply: HTTPReply) -> TransportFailure? {
        if case .failed(let failure) = reply { failure } else { nil }
    }

    // MARK: Reuse

    @Test("One connection serves one exchange after the other")
    func reuse() async throws {
        try await serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            for _ in 0..<5 { #expect(isAnswer(await harness.exchange(Self.get), 200, "{}")) }
            #expect(server.connectionCount == 1)
            #expect(server.requests.count == 5)
        }
    }

    @Test("Exchanges at the same time have a connection each, which later ones use again")
    func parallel() async throws {
        let gate = ScriptedGate()
        try await serve { _, reply in
            await gate.wait()
            reply.json("{}")
        } _: { server, harness in
            try await withThrowingTaskGroup(of: HTTPReply.self) { group in
                for _ in 0..<6 { group.addTask { await harness.exchange(Self.get) } }
                try await eventually("all have arrived") { server.requests.count == 6 }
                gate.open()
                for try await reply in group { #expect(isAnswer(reply)) }
            }
            #expect(server.connectionCount == 6)
            for _ in 0..<10 { _ = await harness.exchange(Self.get) }
            #expect(server.connectionCount == 6)
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
        try await serve { _, reply in
            reply.raw(answer)
        } _: { server, harness in
            for _ in 0..<3 { #expect(isAnswer(await harness.exchange(Self.get), 200, "{}")) }
            #expect(server.connectionCount == 3)
            try await eventually("the connections are closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("A connection that the backend closed while it was idle is not used")
    func closedWhileIdle() async throws {
        try await serve { _, reply in
            reply.json("{}")
            reply.close()
        } _: { server, harness in
            for round in 1...10 {
                let answer = await harness.exchange(Self.get)
                #expect(isAnswer(answer), "round \(round): \(answer)")
                try await LoopbackConnections.gone(to: server.port)
            }
            #expect(server.connectionCount == 10)
        }
    }

    @Test("A connection on which the backend spoke without being asked is not used")
    func unaskedBytes() async throws {
        try await serve { _, reply in
            reply.json("{}")
            reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        } _: { server, harness in
            for _ in 0..<5 {
                #expect(isAnswer(await harness.exchange(Self.get), 200, "{}"))
                try await eventually("the connection is closed") { server.openConnectionCount == 0 }
            }
        }
    }

    @Test("A connection that has been idle for longer than servers keep them is not used")
    func idleAge() async throws {
        try await serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            #expect(isAnswer(await harness.exchange(Self.get)))
            #expect(isAnswer(await harness.exchange(Self.get)))
            let idleSince = NIODeadline.now()
            #expect(server.connectionCount == 1)
            try await eventually("4 s have passed") { NIODeadline.now() - idleSince > .milliseconds(4200) }
            #expect(isAnswer(await harness.exchange(Self.get)))
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
            guard case .unreachable = failure(await harness.exchange(Self.get)) else {
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
            let reply = await harness.exchange(Self.get)
            guard case .unreachable(let reason) = failure(reply) else {
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
            guard case .unreachable = failure(await harness.exchange(Self.get)) else {
                Issue.record("not unreachable")
                return
            }
        }
    }

    @Test("A closed pool takes nothing, and lets go of what it has")
    func closed() async throws {
        try await serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            #expect(isAnswer(await harness.exchange(Self.get)))
            harness.backend.close()
            guard case .unreachable = failure(await harness.exchange(Self.get)) else {
                Issue.record("not unreachable")
                return
            }
            #expect(server.requests.count == 1)
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("Closing the pool ends exchanges in flight as lost")
    func closedMeanwhile() async throws {
        try await serve { _, reply in
            await reply.closed()
        } _: { server, harness in
            async let reply = harness.exchange(Self.get)
            try await eventually("the request has arrived") { server.requests.count == 1 }
            harness.backend.close()
            #expect(failure(await reply) == .connectionLost)
        }
    }

    // MARK: Broken answers

    struct Cut: Sendable, CustomTestStringConvertible {
        let what: String
        let bytes: String
        var testDescription: String { what }
    }

    @Test(
        "An answer that is cut is a lost connection, and the next exchange gets a new one",
        arguments: [
            Cut(what: "before the head", bytes: ""), Cut(what: "in the status line", bytes: "HTTP/1.1 20"),
            Cut(what: "in the head", bytes: "HTTP/1.1 200 OK\r\nContent-Le"),
            Cut(what: "after the head", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
            Cut(what: "in the body", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":"),
            Cut(what: "before the first chunk", bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Cut(what: "in a chunk", bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a\""),
            Cut(
                what: "before the last chunk", bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
            ),
            Cut(
                what: "in the last chunk",
                bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"),
            Cut(what: "after an informational answer", bytes: "HTTP/1.1 103 Early Hints\r\n\r\n"),
        ]
    )
    func cut(_ cut: Cut) async throws {
        try await serve { request, reply in
            guard request.connection == 1 else { return reply.json("{}") }
            reply.raw(cut.bytes)
            reply.close()
        } _: { server, harness in
            #expect(failure(await harness.exchange(Self.get)) == .connectionLost)
            #expect(isAnswer(await harness.exchange(Self.get), 200, "{}"))
            #expect(server.connectionCount == 2)
        }
    }

    @Test(
        "What is not HTTP is an invalid answer, and the connection is given up",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
            "HTTP/1.1 200 OK\r\n bad\r\n\r\n",
        ]
    )
    func notHTTP(bytes: String) async throws {
        try await serve { _, reply in
            reply.raw(bytes)
        } _: { server, harness in
            let reply = await harness.exchange(Self.get)
            guard case .invalidResponse = failure(reply) else {
                Issue.record("not invalid: \(reply)")
                return
            }
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test(
        "Bodies arrive whole, however they are framed",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":1}",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
        ]
    )
    func framing(bytes: String) async throws {
        try await serve { _, reply in
            // One byte at a time: framing must not depend on how the bytes arrive.
            for byte in bytes { reply.raw(String(byte)) }
            if bytes.contains("close") { reply.close() }
        } _: { _, harness in
            #expect(isAnswer(await harness.exchange(Self.get), 200, "{\"a\":1}"))
        }
    }

    @Test("BC-27: an answer larger than allowed is refused, and its connection closed", arguments: [true, false])
    func oversized(isChunked: Bool) async throws {
        try await serve(
            { _, reply in
                let body = String(repeating: "x", count: 1001)
                if isChunked {
                    reply.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    reply.chunk(body)
                } else {
                    reply.respond(200, body: body)
                }
            }, configure: { $0.limits.responseBytes = 1000 }
        ) { server, harness in
            let reply = await harness.exchange(Self.get)
            guard case .invalidResponse(let reason) = failure(reply) else {
                Issue.record("not refused: \(reply)")
                return
            }
            #expect(reason.contains("1000"))
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("BC-27: an answer of exactly the allowed size passes")
    func exactSize() async throws {
        let body = String(repeating: "x", count: 1000)
        try await serve(
            { _, reply in reply.respond(200, body: body) }, configure: { $0.limits.responseBytes = 1000 }
        ) { _, harness in
            #expect(isAnswer(await harness.exchange(Self.get), 200, body))
        }
    }

    @Test("BC-27: of a long error page the status is kept, not the page")
    func longErrorPage() async throws {
        try await serve { _, reply in
            reply.respond(500, body: String(repeating: "x", count: 1 << 20))
        } _: { server, harness in
            let reply = await harness.exchange(Self.get)
            guard case .answer(500, _, let body) = reply else {
                Issue.record("not answered: \(reply)")
                return
            }
            #expect(body.readableBytes <= 64 * 1024)
            // The rest of the page was read, so the connection is at the start of the next answer.
            _ = await harness.exchange(Self.get)
            #expect(server.connectionCount == 1)
        }
    }

    @Test(
        "BC-28: a redirect is an answer like any other; nothing is sent to the place it names",
        arguments: [301, 302, 307, 308])
    func redirect(status: Int) async throws {
        let elsewhere = try await ScriptedHTTPBackend.start { _, reply in reply.json("{}") }
        try await serve { _, reply in
            reply.respond(status, [("Location", elsewhere.url)])
        } _: { _, harness in
            #expect(isAnswer(await harness.exchange(Self.get), status))
            try await harness.settle()
            #expect(elsewhere.connectionCount == 0)
        }
        await elsewhere.stop()
    }

    // MARK: Giving up

    @Test("An exchange that is not answered in time is ended, and its connection closed")
    func timeout() async throws {
        try await serve { _, reply in
            await reply.closed()
        } _: { server, harness in
            #expect(failure(await harness.exchange(Self.get, timeout: .milliseconds(50))) == .aborted)
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("Cancelling the task ends the exchange, and closes its connection")
    func cancellation() async throws {
        try await serve { _, reply in
            reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
            await reply.closed()
        } _: { server, harness in
            let task = Task { await harness.exchange(Self.get) }
            try await eventually("the request has arrived") { server.requests.count == 1 }
            task.cancel()
            #expect(failure(await task.value) == .aborted)
            try await eventually("the connection is closed") { server.openConnectionCount == 0 }
        }
    }

    @Test("An exchange that is cancelled before it begins sends nothing")
    func cancelledBefore() async throws {
        try await serve { _, reply in
            reply.json("{}")
        } _: { server, harness in
            let task = Task {
                await ScriptedGate().wait()
                return await harness.exchange(Self.get)
            }
            task.cancel()
            #expect(failure(await task.value) == .aborted)
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
