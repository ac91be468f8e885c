// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Opening a session over Streamable HTTP", .serialized, .timeLimit(.minutes(5)))
struct SessionOpeningTests {
    @Test("The handshake says who we are, what the owner can do, and then that it is done")
    func handshake() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.instructions = "Be kind" })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"roots":{"listChanged":true},"elicitation":{}}"#) { session in
                #expect(session.handshake == nil)
                let handshake = try await harness.open(session)
                #expect(handshake.revision == .v2025_11_25)
                #expect(handshake.capabilities.tools)
                #expect(!handshake.capabilities.prompts)
                #expect(handshake.instructions == "Be kind")
                #expect(handshake.serverInfo?["name"]?.string == "scripted")
                #expect(session.handshake?.revision == .v2025_11_25)
            }
        }
        #expect(backend.requests.map(\.verb) == ["initialize", "notifications/initialized", nil])
        let initialize = try #require(backend.requests.first)
        #expect(initialize.params?["protocolVersion"]?.string == "2025-11-25")
        #expect(
            initialize.params?["capabilities"] == json(#"{"roots":{"listChanged":true},"elicitation":{}}"#))
        #expect(initialize.params?["clientInfo"]?["name"]?.string == GatewayIdentity.name)
        #expect(initialize.json?["jsonrpc"]?.string == "2.0")
        #expect(initialize.header("Content-Type") == "application/json")
        #expect(initialize.header("Accept") == "application/json, text/event-stream")
        #expect(initialize.header("Host") == "127.0.0.1:\(backend.http.port)")
        #expect(initialize.params?["_meta"] == nil, "Legacy backends refuse Modern metadata")
        await backend.stop()
    }

    @Test("BC-11: the session's id is sent with every later request, GET and DELETE included, and not before")
    func sessionID() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.listen(on: harness.shard)
                #expect(await harness.call(session).text == "echo")
                try await eventually("the stream is open") { backend.streams.count == 1 }
            }
        }
        let requests = backend.requests
        #expect(requests.first?.headers("Mcp-Session-Id") == [])
        #expect(Set(requests.map(\.method)) == ["POST", "GET", "DELETE"])
        for request in requests.dropFirst() {
            #expect(request.headers("Mcp-Session-Id") == ["session-1"], "\(request.method) \(request.verb ?? "")")
        }
        #expect(requests.last?.method == "DELETE")
        await backend.stop()
    }

    @Test("A backend without session ids gets none, and no DELETE")
    func noSession() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = false })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in #expect(await harness.call(session).text == "echo") }
        }
        #expect(backend.requests.allSatisfy { $0.sessionID == nil })
        #expect(backend.http.requests(method: "DELETE").isEmpty)
        await backend.stop()
    }

    @Test(
        "BC-11: an id that cannot stand in a header is not taken",
        arguments: ["", " ", "a b", "é", String(repeating: "x", count: 1025), "a\tb"])
    func unusableID(id: String) async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = false }) { request, reply in
            guard request.verb == "initialize" else { return false }
            reply.result(
                #"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}"#,
                [("Mcp-Session-Id", id)])
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in #expect(await harness.call(session).text == "echo") }
        }
        #expect(backend.requests.allSatisfy { $0.header("Mcp-Session-Id") == nil })
        await backend.stop()
    }

    @Test("BC-11: only the answer to initialize gives the id; later answers do not change it")
    func stableID() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(#"{"content":[]}"#, [("Mcp-Session-Id", "other")])
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                for _ in 0..<3 { _ = await harness.call(session) }
            }
        }
        #expect(backend.requests.dropFirst().allSatisfy { $0.sessionID == "session-1" })
        await backend.stop()
    }

    @Test(
        "BC-14: the negotiated revision is repeated where that revision says so, from the first notification on",
        arguments: [
            ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", nil), ("2024-11-05", nil),
        ] as [(String, String?)]
    )
    func versionHeader(revision: String, header: String?) async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.revision = revision
            $0.listens = true
        })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(try await harness.open(session).revision.rawValue == revision)
                _ = await harness.call(session)
                session.listen(on: harness.shard)
                try await eventually("the stream is open") { backend.streams.count == 1 }
            }
        }
        #expect(backend.requests.first?.header("MCP-Protocol-Version") == nil)
        for request in backend.requests.dropFirst() {
            #expect(request.headers("MCP-Protocol-Version") == (header.map { [$0] } ?? []), "\(request.method)")
        }
        await backend.stop()
    }

    @Test(
        "A revision that is unknown, or has no handshake, ends the connection and its session",
        arguments: ["2026-07-28", "1999-01-01", "", "latest"])
    func foreignRevision(revision: String) async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.revision = revision })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).isInvalidResponse)
            }
            #expect(backend.requests("notifications/initialized").isEmpty)
            #expect(backend.requests("tools/call").isEmpty)
            try await eventually("the backend's session is deleted") {
                backend.http.requests(method: "DELETE").map(\.sessionID) == ["session-1"]
            }
        }
        await backend.stop()
    }

    @Test("20 calls at once open one session")
    func singleFlight() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "initialize" { await gate.wait() }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                try await withThrowingTaskGroup(of: String?.self) { group in
                    for number in 0..<20 {
                        let shard = harness.shards.all[number % harness.shards.all.count]
                        group.addTask { await harness.call(session, "tool-\(number)", on: shard).text }
                    }
                    try await eventually("one has asked") { backend.requests("initialize").count == 1 }
                    try await harness.settle()
                    gate.open()
                    var texts: Set<String?> = []
                    for try await text in group { texts.insert(text) }
                    #expect(texts == Set((0..<20).map { "tool-\($0)" }))
                }
            }
        }
        #expect(backend.openedCount == 1)
        #expect(backend.requests("notifications/initialized").count == 1)
        await backend.stop()
    }

    @Test("A caller that goes away does not end the handshake for the others")
    func cancelledOpener() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "initialize" { await gate.wait() }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let first = Task { await harness.call(session, "first") }
                try await eventually("the handshake has begun") { backend.requests("initialize").count == 1 }
                let second = Task { await harness.call(session, "second") }
                first.cancel()
                gate.open()
                #expect(await second.value.text == "second")
                _ = await first.value
            }
        }
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    @Test("A caller that is cancelled while the session is being opened gets its answer at once")
    func cancelledWaiter() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "initialize" { await gate.wait() }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let call = Task { await harness.call(session) }
                try await eventually("the handshake has begun") { backend.requests("initialize").count == 1 }
                let started = ContinuousClock.now
                call.cancel()
                let opener = Task {
                    try? await Task.sleep(for: .seconds(8))
                    gate.open()
                }
                #expect(await call.value.error == .cancelled)
                #expect(ContinuousClock.now - started < .seconds(4), "it waited for the handshake")
                opener.cancel()
                gate.open()
            }
        }
        #expect(backend.requests("tools/call").isEmpty)
        await backend.stop()
    }

    @Test("A handshake that fails fails everyone who waited, and a later call tries anew")
    func failedOnce() async throws {
        let isRefusing = Mutex(true)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "initialize", isRefusing.withLock({ $0 }) else { return false }
            reply.error(-32603, "not today")
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let calls = (0..<5).map { _ in Task { await harness.call(session) } }
                for call in calls { #expect(await call.value.error != nil) }
                isRefusing.withLock { $0 = false }
                #expect(await harness.call(session).text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("The owner's headers and the caller's go with the handshake and with later calls (R19)")
    func headers() async throws {
        let backend = try await ScriptedBackend.start()
        try await BackendHarness.run(backend.url, configure: { $0.headers = [("X-Key", "static")] }) { harness in
            try await harness.withSession { session in
                let headers = ForwardedHeaders(fields: [.init(name: "X-Tenant", value: "t1")])
                #expect(await harness.call(session, headers: headers).text == "echo")
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(backend.requests.allSatisfy { $0.headers("X-Key") == ["static"] })
        #expect(backend.requests("initialize").first?.header("X-Tenant") == "t1")
        #expect(backend.requests("tools/call").map { $0.header("X-Tenant") } == ["t1", nil])
        await backend.stop()
    }

    @Test("LC-07: a backend may ping before its handshake is done, and waits for the answer")
    func pingDuringHandshake() async throws {
        let pong = ScriptedGate()
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = false }) { request, reply in
            if request.verb == nil, request.id == #""early""#, request.json?["result"] != nil {
                reply.accepted()
                pong.open()
                return true
            }
            guard request.verb == "initialize" else { return false }
            reply.openStream()
            reply.event(#"{"jsonrpc":"2.0","id":"early","method":"ping"}"#)
            await pong.wait()
            reply.event(
                reply.response(
                    #"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}}"#))
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.requestTimeout = .seconds(5) }) { harness in
            try await harness.withSession { session in
                let handshake = await harness.openResult(session)
                #expect((try? handshake.get()) != nil, "\(handshake)")
            }
        }
        pong.open()
        await backend.stop()
    }
}
