// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Losing a session and opening it anew", .serialized, .timeLimit(.minutes(5)))
struct SessionLossTests {
    /// What servers answer to a request of a session that they do not know.
    struct Loss: Sendable, CustomTestStringConvertible {
        let what: String
        let answer: @Sendable (ScriptedReply) -> Void
        var testDescription: String { what }
    }

    static let losses = [
        Loss(what: "404 with a text") { $0.respond(404, type: "text/plain", body: "session not found") },
        Loss(what: "404 with nothing") { $0.respond(404) },
        Loss(what: "404 with an error without id") {
            $0.json(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}"#, status: 404)
        },
        Loss(what: "404 with an error with an id of its own") {
            $0.json(
                #"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Session not found"}}"#,
                status: 404)
        },
        // 404 on a request with a session id means a new session, whatever the body says (2025-11-25, Transports).
        Loss(what: "404 with an error with the request's id") { $0.error(-32001, "Session not found", status: 404) },
        Loss(what: "400 for want of a session") { $0.respond(400, body: "Bad Request: no valid session ID provided") },
        Loss(what: "400 with an error without id") {
            $0.json(
                #"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session"}}"#,
                status: 400)
        },
    ]

    @Test("BC-12, GB-59: a lost session is opened anew once, and the call repeated", arguments: losses)
    func reinitialize(loss: Loss) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call", request.sessionID == "session-1" else { return false }
            loss.answer(reply)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(backend.openedCount == 2)
        #expect(backend.requests("initialize").allSatisfy { $0.sessionID == nil })
        #expect(backend.requests("tools/call").map(\.sessionID) == ["session-1", "session-2"])
        #expect(backend.requests("notifications/initialized").map(\.sessionID) == ["session-1", "session-2"])
        #expect(backend.http.requests(method: "DELETE").map(\.sessionID) == ["session-2"])
        await backend.stop()
    }

    @Test("BC-13: 20 calls that lose the session at once open one new session")
    func concurrentLoss() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "tools/call", request.sessionID == "session-1", request.subject != "first" {
                await gate.wait()
            }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, "first").text == "first")
                try await withThrowingTaskGroup(of: String?.self) { group in
                    for number in 0..<20 {
                        let shard = harness.shards.all[number % harness.shards.all.count]
                        group.addTask { await harness.call(session, "tool-\(number)", on: shard).text }
                    }
                    try await eventually("all are there") { backend.requests("tools/call").count == 21 }
                    backend.forgetSessions()
                    gate.open()
                    var texts: Set<String?> = []
                    for try await text in group { texts.insert(text) }
                    #expect(texts == Set((0..<20).map { "tool-\($0)" }))
                }
            }
        }
        #expect(backend.openedCount == 2)
        #expect(backend.requests("tools/call").count == 41)
        await backend.stop()
    }

    @Test("A 404 that comes late, for the session before, does not end the new one")
    func lateLoss() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call", request.sessionID == "session-1" else { return false }
            if request.subject == "slow" { await gate.wait() }
            reply.respond(404)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                async let slow = harness.call(session, "slow")
                try await eventually("the slow one is there") { backend.requests("tools/call").count == 1 }
                #expect(await harness.call(session, "quick").text == "quick")
                #expect(backend.openedCount == 2)
                gate.open()
                #expect(await slow.text == "slow")
                #expect(backend.openedCount == 2)
            }
        }
        await backend.stop()
    }

    @Test("A backend that loses every session is given up, and the client learns that nothing ran")
    func endlessLoss() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.respond(404)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let error = await harness.call(session, isRepeatable: true).error
                #expect(error == .sessionLost)
                #expect(error?.provesNotExecuted == true)
                #expect(error?.requestError(backend: "b").code == .backendUnavailable)
            }
        }
        #expect(backend.requests("tools/call").count <= 3)
        await backend.stop()
    }

    @Test("Without a session, 404 and 400 say nothing about one", arguments: [400, 404])
    func noSessionToLose(status: Int) async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = false }) { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.respond(status)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, isRepeatable: true).error == .rejected(status: status))
            }
        }
        #expect(backend.openedCount == 1)
        #expect(backend.requests("tools/call").count == 1)
        await backend.stop()
    }

    @Test("What the owner had set up is set up again: log level and subscriptions, before the call goes on")
    func replay() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.capabilities = #"{"tools":{},"logging":{},"resources":{"subscribe":true}}"#
        })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                try await setUp(session, harness)
                backend.forgetSessions()
                #expect(await harness.call(session).text == "echo")
            }
        }
        let second = backend.requests.filter { $0.sessionID == "session-2" && $0.method == "POST" }
        #expect(
            second.map { "\($0.verb ?? "") \($0.subject ?? $0.params?["level"]?.string ?? "")" } == [
                "notifications/initialized ", "logging/setLevel warning", "resources/subscribe demo://a",
                "resources/subscribe demo://c", "tools/call echo",
            ])
        await backend.stop()
    }

    private func setUp(_ session: BackendSession, _ harness: BackendHarness) async throws {
        let shard = harness.shard
        let error: BackendError? = await onLoop(of: shard) {
            do throws(BackendError) {
                try await session.setLogLevel(.warning, on: shard)
                for uri in ["demo://c", "demo://b", "demo://a"] {
                    try await session.subscribe(
                        to: uri, params: JSONSlice(["uri": .string(uri)]),
                        options: .init(shard: shard, isRepeatable: true))
                }
                try await session.unsubscribe(
                    from: "demo://b", params: json(#"{"uri":"demo://b"}"#),
                    options: .init(shard: shard, isRepeatable: true))
                return nil
            } catch {
                return error
            }
        }
        #expect(error == nil)
        #expect(session.hasSubscriptions)
    }

    @Test("A level that was set before the session was opened is sent with its first handshake")
    func presetLevel() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.capabilities = #"{"tools":{},"logging":{}}"# })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.presetLogLevel(.error)
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(backend.requests("logging/setLevel").map { $0.params?["level"]?.string } == ["error"])
        await backend.stop()
    }

    @Test("A backend that declares neither logging nor subscriptions is not asked for them")
    func undeclared() async throws {
        let backend = try await ScriptedBackend.start()
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.presetLogLevel(.error)
                #expect(await harness.call(session).text == "echo")
                let shard = harness.shard
                await onLoop(of: shard) { try? await session.setLogLevel(.debug, on: shard) }
            }
        }
        #expect(backend.requests("logging/setLevel").isEmpty)
        await backend.stop()
    }

    @Test("A part of the old state that cannot be restored costs that part and a warning")
    func partialReplay() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.capabilities = #"{"tools":{},"logging":{},"resources":{"subscribe":true}}"#
        }) { request, reply in
            guard request.sessionID == "session-2", request.verb == "resources/subscribe" else { return false }
            reply.error(-32002, "gone")
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                try await setUp(session, harness)
                backend.forgetSessions()
                #expect(await harness.call(session).text == "echo")
            }
            #expect(harness.log.all.contains { $0.hasPrefix("warning") && $0.contains("resources/subscribe") })
        }
        await backend.stop()
    }

    @Test("GB-59: a restart that also changes connections is not seen by the client")
    func restart() async throws {
        let backend = try await ScriptedBackend.start()
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).text == "echo")
                await backend.stop()
                backend.forgetSessions()
                try await LoopbackConnections.gone(to: backend.http.port)
                try await backend.http.listen()
                let result = await harness.call(session)
                #expect(result.text == "echo", "\(result)")
            }
        }
        #expect(backend.openedCount == 2)
        await backend.stop()
    }

    @Test("The listening stream is opened again for the new session")
    func listeningAgain() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                session.listen(on: harness.shard)
                _ = try await harness.open(session)
                try await eventually("the stream is open") { backend.streams.count == 1 }
                backend.forgetSessions()
                #expect(await harness.call(session).text == "echo")
                try await eventually("a second stream is open") {
                    backend.http.requests(method: "GET").map(\.sessionID).contains("session-2")
                }
                try await eventually("the first stream is closed") { backend.streams.count == 1 }
                backend.streams.first?.event(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
                try await eventually("the stream is read") { inbox.all(.toolsListChanged).count == 1 }
            }
        }
        await backend.stop()
    }
}
