// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import OutboundHTTP

/// Peers that fall silent without closing anything, as a machine does that loses its power.
@Suite("The streaming HTTP client and peers that fall silent", .timeLimit(.minutes(5)))
struct StreamingHTTPClientTests {
    typealias Failure = StreamingHTTPClient.Failure

    private func run(
        _ script: @escaping ScriptedHTTPBackend.Script, _ body: (StreamingHTTPClient, String) async throws -> Void
    ) async throws {
        let peer = try await ScriptedHTTPBackend.start(script)
        let client = StreamingHTTPClient(
            connectTimeout: .minutes(1), silence: .milliseconds(200), probes: QuietPeerProbes(every: .seconds(30)))
        try await body(client, peer.url)
        await client.close()
        await peer.stop()
    }

    private func post(
        _ client: StreamingHTTPClient, _ url: String, isNeverSilent: Bool
    ) async -> Result<StreamingResponse, Failure> {
        do throws(Failure) {
            return .success(
                try await client.post(
                    url, headers: [], body: ByteBuffer(string: "{}"), isNeverSilent: isNeverSilent))
        } catch {
            return .failure(error)
        }
    }

    @Test("A peer that should show signs of life is given up when it shows none; another one is waited for")
    func noAnswer() async throws {
        let gate = ScriptedGate()
        try await run({ _, reply in
            await gate.wait()
            reply.json("{}")
        }) { client, url in
            async let patient = post(client, url, isNeverSilent: false)
            guard case .failure(.lost) = await post(client, url, isNeverSilent: true) else {
                Issue.record("it is still waited for")
                return gate.open()
            }
            // The limit has passed now.
            gate.open()
            let response = try await patient.get()
            #expect(response.status == 200)
        }
    }

    @Test("A peer that has nothing to say while it works is asked whether it is still there")
    func probes() async throws {
        let gate = ScriptedGate()
        let peer = try await ScriptedHTTPBackend.start { _, reply in
            await gate.wait()
            reply.json("{}")
        }
        let client = StreamingHTTPClient(silence: .minutes(1), probes: QuietPeerProbes(every: .seconds(30)))
        async let answer = post(client, peer.url, isNeverSilent: false)
        try await LoopbackConnections.probed(to: peer.port)
        gate.open()
        #expect(try await answer.get().status == 200)
        await client.close()
        await peer.stop()
    }

    @Test("An answer that stops coming is broken off")
    func halfAnAnswer() async throws {
        try await run({ _, reply in
            reply.openStream()
            reply.chunk(": keep-alive\n\n")
            await reply.closed()
        }) { client, url in
            // On a busy machine the beginning may be too late as well.
            var begun: StreamingResponse?
            while begun == nil { begun = try? await post(client, url, isNeverSilent: true).get() }
            let response = try #require(begun)
            var text = ""
            await #expect(throws: Failure.lost) {
                try await response.read { text += String(buffer: $0) }
            }
            #expect([": keep-alive\n\n", ""].contains(text))
        }
    }
}
