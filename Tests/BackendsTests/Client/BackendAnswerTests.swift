// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import Backends

@Suite("Answers of a backend", .serialized, .timeLimit(.minutes(5)))
struct BackendAnswerTests {
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
        try await BackendHarness.serve { request, reply in
            guard request.connection == 1 else { return reply.json("{}") }
            reply.raw(cut.bytes)
            reply.close()
        } _: { server, harness in
            #expect(await harness.exchange(BackendHarness.get).failure == .connectionLost)
            #expect(await harness.exchange(BackendHarness.get).isAnswer(200, "{}"))
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
        try await BackendHarness.serve { _, reply in
            reply.raw(bytes)
        } _: { server, harness in
            let reply = await harness.exchange(BackendHarness.get)
            guard case .invalidResponse = reply.failure else {
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
        try await BackendHarness.serve { _, reply in
            // One byte at a time: framing must not depend on how the bytes arrive.
            for byte in bytes { reply.raw(String(byte)) }
            if bytes.contains("close") { reply.close() }
        } _: { _, harness in
            #expect(await harness.exchange(BackendHarness.get).isAnswer(200, "{\"a\":1}"))
        }
    }

    @Test("BC-27: an answer larger than allowed is refused, and its connection closed", arguments: [true, false])
    func oversized(isChunked: Bool) async throws {
        try await BackendHarness.serve(
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
            let reply = await harness.exchange(BackendHarness.get)
            guard case .invalidResponse(let reason) = reply.failure else {
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
        try await BackendHarness.serve(
            { _, reply in reply.respond(200, body: body) }, configure: { $0.limits.responseBytes = 1000 }
        ) { _, harness in
            #expect(await harness.exchange(BackendHarness.get).isAnswer(200, body))
        }
    }

    @Test("BC-27: of a long error page the status is kept, not the page")
    func longErrorPage() async throws {
        try await BackendHarness.serve { _, reply in
            reply.respond(500, body: String(repeating: "x", count: 1 << 20))
        } _: { server, harness in
            let reply = await harness.exchange(BackendHarness.get)
            guard case .answer(500, _, let body) = reply else {
                Issue.record("not answered: \(reply)")
                return
            }
            #expect(body.readableBytes <= 64 * 1024)
            // The rest of the page was read, so the connection is at the start of the next answer.
            _ = await harness.exchange(BackendHarness.get)
            #expect(server.connectionCount == 1)
        }
    }

    @Test(
        "BC-28: a redirect is an answer like any other; nothing is sent to the place it names",
        arguments: [301, 302, 307, 308])
    func redirect(status: Int) async throws {
        let elsewhere = try await ScriptedHTTPBackend.start { _, reply in reply.json("{}") }
        try await BackendHarness.serve { _, reply in
            reply.respond(status, [("Location", elsewhere.url)])
        } _: { _, harness in
            #expect(await harness.exchange(BackendHarness.get).isAnswer(status))
            try await harness.settle()
            #expect(elsewhere.connectionCount == 0)
        }
        await elsewhere.stop()
    }
}
