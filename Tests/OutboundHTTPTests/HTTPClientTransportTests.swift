// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@testable import OutboundHTTP

/// What a hostile or broken server can do, over a real socket.
@Suite("The guarded HTTP client against real servers", .timeLimit(.minutes(5)))
struct HTTPClientTransportTests {
    private static let loopback = AddressPolicy(allowsLoopback: true)
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func serve(_ script: @escaping ScriptedHTTPBackend.Script) async throws -> ScriptedHTTPBackend {
        try await ScriptedHTTPBackend.start(script)
    }

    /// Runs `body` with a client for this machine that is closed afterwards.
    private func withClient<Value>(
        deadline: ManualDeadline = ManualDeadline(), _ body: (GuardedHTTPClient) async throws -> Value
    ) async throws -> Value {
        let client = GuardedHTTPClient(
            resolver: SystemResolver(), transport: HTTPClientTransport(), logger: logger,
            sleep: { try await deadline.sleep($0) })
        do {
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }

    private func url(_ server: ScriptedHTTPBackend, _ path: String = "/x") -> String {
        "http://127.0.0.1:\(server.port)\(path)"
    }

    @Test("Method, target, headers and body arrive as given; status, headers and body come back")
    func exchange() async throws {
        let server = try await serve { _, reply in
            reply.respond(201, [("X-One", "1"), ("x-one", "2")], type: "text/plain", body: "made")
        }
        try await withClient { client in
            let response = try await client.send(
                OutboundRequest(
                    method: "POST", url: url(server, "/a/../b?c=d%20e"), headers: [("X-Mine", "yes")],
                    body: Array("body".utf8)), policy: Self.loopback)
            #expect(response.status == 201)
            #expect(response.header("X-ONE") == "1")
            #expect(response.headers.filter { $0.name.lowercased() == "x-one" }.map(\.value) == ["1", "2"])
            #expect(String(decoding: response.body, as: UTF8.self) == "made")
        }
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/a/../b?c=d%20e")
        #expect(request.header("x-mine") == "yes")
        #expect(request.header("host") == "127.0.0.1:\(server.port)")
        #expect(request.header("accept-encoding") == nil)
        #expect(String(buffer: request.body) == "body")
        await server.stop()
    }

    @Test("AU-35, T19: a redirect is an answer, never followed", arguments: [301, 302, 303, 307, 308])
    func redirect(status: Int) async throws {
        let server = try await serve { _, reply in reply.respond(status, [("Location", "/elsewhere")]) }
        try await withClient { client in
            let response = try await client.send(
                OutboundRequest(method: "POST", url: url(server), body: [1]), policy: Self.loopback)
            #expect(response.status == status)
            #expect(response.header("location") == "/elsewhere")
        }
        #expect(server.requests.count == 1)
        await server.stop()
    }

    @Test("A content coding is not undone")
    func coding() async throws {
        let server = try await serve { _, reply in reply.respond(200, [("Content-Encoding", "gzip")], body: "not gzip")
        }
        try await withClient { client in
            let response = try await client.send(OutboundRequest(url: url(server)), policy: Self.loopback)
            #expect(String(decoding: response.body, as: UTF8.self) == "not gzip")
        }
        await server.stop()
    }

    enum Slowness: String, CaseIterable, Sendable { case head, body, drip }

    @Test("The deadline ends a slow head, a slow body and a dripping body", arguments: Slowness.allCases)
    func slow(slowness: Slowness) async throws {
        let server = try await serve { _, reply in
            switch slowness {
            case .head: break
            case .body: reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            case .drip:
                reply.openStream()
                while reply.isOpen {
                    reply.chunk("x")
                    await Task.yield()
                }
            }
            await reply.closed()
        }
        let deadline = ManualDeadline()
        try await withClient(deadline: deadline) { client in
            async let outcome = failure { () async throws(OutboundError) in
                try await client.send(
                    OutboundRequest(url: url(server), maximumBytes: .max, timeout: .seconds(3600)),
                    policy: Self.loopback)
            }
            try await eventually("the server was asked") { server.requests.count == 1 }
            deadline.fire()
            #expect(await outcome == .timedOut)
            try await eventually("the connection is gone") { server.openConnectionCount == 0 }
        }
        await server.stop()
    }

    @Test("Cancelling the task closes the connection")
    func cancelled() async throws {
        let server = try await serve { _, reply in await reply.closed() }
        try await withClient { client in
            let task = Task {
                await failure { () async throws(OutboundError) in
                    try await client.send(OutboundRequest(url: url(server)), policy: Self.loopback)
                }
            }
            try await eventually("the server was asked") { server.requests.count == 1 }
            task.cancel()
            #expect(await task.value == .cancelled)
            try await eventually("the connection is gone") { server.openConnectionCount == 0 }
        }
        await server.stop()
    }

    @Test(
        "A body longer than allowed is an error, however it is framed",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n0",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n01234567890",
        ])
    func tooLarge(answer: String) async throws {
        let server = try await serve { _, reply in
            reply.raw(answer)
            await reply.closed()
        }
        try await withClient { client in
            #expect(
                await failure { () async throws(OutboundError) in
                    try await client.send(OutboundRequest(url: url(server), maximumBytes: 10), policy: Self.loopback)
                } == .tooLarge(limit: 10))
            try await eventually("the connection is gone") { server.openConnectionCount == 0 }
        }
        await server.stop()
    }

    @Test("A body of exactly the allowed length is fine, and a HEAD answer has none")
    func exact() async throws {
        let server = try await serve { request, reply in
            if request.method == "HEAD" {
                reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
            } else {
                reply.respond(200, body: "0123456789")
            }
        }
        try await withClient { client in
            for method in ["GET", "HEAD"] {
                let response = try await client.send(
                    OutboundRequest(method: method, url: url(server), maximumBytes: 10), policy: Self.loopback)
                #expect(response.body.count == (method == "GET" ? 10 : 0))
            }
        }
        await server.stop()
    }

    @Test(
        "A server that breaks off or does not speak HTTP is unreachable",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ])
    func broken(answer: String) async throws {
        let server = try await serve { _, reply in
            reply.raw(answer)
            reply.close()
        }
        try await withClient { client in
            #expect(
                await failure { () async throws(OutboundError) in
                    try await client.send(OutboundRequest(url: url(server)), policy: Self.loopback)
                } == .unreachable)
        }
        await server.stop()
    }

    @Test("A refused connection fails at once")
    func refusedPort() async throws {
        let server = try await serve { _, _ in }
        await server.stop()
        try await withClient { client in
            #expect(
                await failure { () async throws(OutboundError) in
                    try await client.send(
                        OutboundRequest(url: url(server), timeout: .seconds(3600)), policy: Self.loopback)
                } == .unreachable)
        }
    }

    @Test("Closing the client ends what is under way")
    func close() async throws {
        let server = try await serve { _, reply in await reply.closed() }
        let client = GuardedHTTPClient(logger: logger)
        let address = url(server)
        let task = Task {
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: address), policy: Self.loopback)
            }
        }
        try await eventually("the server was asked") { server.requests.count == 1 }
        await client.close()
        #expect(await task.value == .closed)
        await server.stop()
    }

    @Test("The clients are few, however many hosts there are")
    func clientBound() async throws {
        let server = try await serve { _, reply in reply.respond(200) }
        let transport = HTTPClientTransport()
        for number in 0..<HTTPClientTransport.maximumClients + 3 {
            let url = try OutboundURL("http://h\(number).test:\(server.port)/")
            let response = try await transport.send(
                PinnedRequest(
                    request: OutboundRequest(url: url.text), url: url, address: .v4(0x7F00_0001), caBundlePath: nil))
            #expect(response.status == 200)
        }
        #expect(transport.clientCount == HTTPClientTransport.maximumClients)
        #expect(
            server.requests.last?.header("host") == "h\(HTTPClientTransport.maximumClients + 2).test:\(server.port)")
        await transport.close()
        await server.stop()
    }
}

@Suite("The guarded HTTP client over TLS", .timeLimit(.minutes(5)))
struct TLSTransportTests {
    private func serve(_ leaf: (certificate: String, key: String)) async throws -> ScriptedHTTPBackend {
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(leaf.certificate.utf8)).map {
                    .certificate($0)
                },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(leaf.key.utf8), format: .pem))))
        return try await ScriptedHTTPBackend.start(
            preparing: { channel in
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            },
            script: { _, reply in reply.respond(200, body: "secret") })
    }

    /// - Parameter bundle: the text of a CA file; nil uses the system's roots.
    private func send(
        host: String, to server: ScriptedHTTPBackend, bundle: String?
    ) async throws -> Result<OutboundResponse, TransportError> {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("vmcp-\(UUID().uuidString).pem")
        if let bundle { try Data(bundle.utf8).write(to: file) }
        defer { try? FileManager.default.removeItem(at: file) }
        let transport = HTTPClientTransport()
        let url = try OutboundURL("https://\(host):\(server.port)/")
        let result: Result<OutboundResponse, TransportError>
        do throws(TransportError) {
            result = .success(
                try await transport.send(
                    PinnedRequest(
                        request: OutboundRequest(url: url.text), url: url, address: .v4(0x7F00_0001),
                        caBundlePath: bundle == nil ? nil : file.path)))
        } catch {
            result = .failure(error)
        }
        await transport.close()
        return result
    }

    @Test("The name in the URL is verified and sent, although the connection goes to the pinned address")
    func goodName() async throws {
        let server = try await serve(TestCertificates.good)
        let response = try await send(host: "idp.test", to: server, bundle: TestCertificates.authority).get()
        #expect(String(decoding: response.body, as: UTF8.self) == "secret")
        #expect(server.requests.first?.header("host") == "idp.test:\(server.port)")
        await server.stop()
    }

    @Test("An address in the URL is verified as an address")
    func goodAddress() async throws {
        let server = try await serve(TestCertificates.good)
        let response = try await send(host: "127.0.0.1", to: server, bundle: TestCertificates.authority).get()
        #expect(response.status == 200)
        await server.stop()
    }

    @Test(
        "Another name, another authority and an unreadable bundle are refused before anything is sent",
        arguments: [
            ("idp.test", true, TestCertificates.authority), ("127.0.0.1", true, TestCertificates.authority),
            ("idp.test", false, nil), ("idp.test", false, "not a certificate"), ("idp.test", false, ""),
        ])
    func refused(host: String, isOther: Bool, bundle: String?) async throws {
        let server = try await serve(isOther ? TestCertificates.other : TestCertificates.good)
        let result = try await send(host: host, to: server, bundle: bundle)
        #expect(throws: TransportError.failed(.tls)) { try result.get() }
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test("A missing CA file is a TLS error, not the system's roots")
    func missingBundle() async throws {
        let transport = HTTPClientTransport()
        let url = try OutboundURL("https://idp.test/")
        await #expect(throws: TransportError.failed(.tls)) {
            _ = try await transport.send(
                PinnedRequest(
                    request: OutboundRequest(url: url.text), url: url, address: .v4(0x7F00_0001),
                    caBundlePath: "/nonexistent/ca.pem"))
        }
        await transport.close()
    }
}
