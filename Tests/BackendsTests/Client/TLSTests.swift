// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import Backends

@Suite("Backends over TLS", .serialized, .timeLimit(.minutes(5)))
struct TLSTests {
    private static let get = "GET /mcp HTTP/1.1\r\nHost: h\r\n\r\n"

    private func serve(
        _ leaf: (certificate: String, key: String), maximum: TLSVersion? = nil
    ) async throws -> ScriptedHTTPBackend {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(leaf.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(leaf.key.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = maximum
        let context = try NIOSSLContext(configuration: configuration)
        return try await ScriptedHTTPBackend.start(
            preparing: { channel in
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            },
            script: { request, reply in
                if request.verb == "initialize" {
                    reply.result(#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}}}"#)
                } else if request.verb == "tools/call" {
                    reply.result(#"{"content":[{"type":"text","text":"secret"}]}"#)
                } else {
                    reply.respond(202)
                }
            })
    }

    private func run(
        _ url: String, trusting authority: String? = TestCertificates.authority,
        _ body: (BackendHarness) async throws -> Void
    ) async throws {
        let bundle = try authority.map { try TemporaryFile($0, mode: 0o600, name: "ca.pem") }
        try await BackendHarness.run(url, configure: { $0.caBundlePath = bundle?.path }, body)
    }

    @Test(
        "R22: a backend whose certificate the configured authority signed is trusted",
        arguments: ["localhost", "127.0.0.1"])
    func trusted(host: String) async throws {
        let server = try await serve(TestCertificates.good)
        try await run("https://\(host):\(server.port)/mcp") { harness in
            try await harness.withSession { session in
                for _ in 0..<3 {
                    let result = await harness.call(session)
                    #expect(result.text == "secret", "\(result)")
                }
            }
        }
        #expect(server.connectionCount <= 2)
        #expect(server.requests("initialize").count == 1)
        await server.stop()
    }

    @Test(
        "Another host's certificate, an expired one and an unknown authority are refused before anything is sent",
        arguments: ["other", "expired", "untrusted"])
    func refused(what: String) async throws {
        let leaf =
            ["other": TestCertificates.other, "expired": TestCertificates.expired][what] ?? TestCertificates.good
        let server = try await serve(leaf)
        let authority = what == "untrusted" ? nil : TestCertificates.authority
        try await run("https://localhost:\(server.port)/mcp", trusting: authority) { harness in
            let reply = await harness.exchange(Self.get)
            guard case .failed(.unreachable(let reason)) = reply else {
                Issue.record("nothing was sent, so nothing can have run: \(reply)")
                return
            }
            #expect(!reason.isEmpty)
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.isUnavailable, "\(result)")
            }
        }
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test("A server that speaks no TLS, or only an old one, is not spoken to", arguments: ["plain", "TLS 1.1"])
    func noTLS(what: String) async throws {
        let server =
            what == "plain"
            ? try await ScriptedHTTPBackend.start { _, reply in reply.json("{}") }
            : try await serve(TestCertificates.good, maximum: .tlsv11)
        try await run("https://localhost:\(server.port)/mcp") { harness in
            if what == "plain" {
                // It reads the greeting as a request that never ends, until it is given up.
                let reply = await harness.exchange(Self.get, timeout: .milliseconds(500))
                guard case .failed = reply else {
                    Issue.record("\(reply)")
                    return
                }
            } else {
                guard case .failed(.unreachable) = await harness.exchange(Self.get) else {
                    Issue.record("not unreachable")
                    return
                }
            }
        }
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test(
        "A bundle that cannot be read is an error before anything is sent",
        arguments: ["/no/such/file", "empty", "garbage"])
    func badBundle(what: String) async throws {
        let file = try TemporaryFile(what == "garbage" ? "-----BEGIN CERTIFICATE-----\nx\n" : "", mode: 0o600)
        let path = what.hasPrefix("/") ? what : file.path
        await #expect(throws: (any Error).self) {
            try await BackendHarness.run("https://localhost:1/", configure: { $0.caBundlePath = path }) { _ in }
        }
    }
}
