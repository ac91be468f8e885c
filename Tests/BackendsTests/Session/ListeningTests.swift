// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Listening, and streams that stop and go on", .serialized, .timeLimit(.minutes(5)))
struct ListeningTests {
    private static let change = #"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#

    private func gets(_ backend: ScriptedBackend) -> [ScriptedRequest] { backend.http.requests(method: "GET") }

    /// Milliseconds between one request and the one before it.
    private func pauses(_ requests: [ScriptedRequest]) -> [Int] {
        zip(requests.dropFirst(), requests).map { Int(($0.arrived - $1.arrived) / .milliseconds(1)) }
    }

    @Test(
        "BC-17: a backend without a listening stream is used without one, and not asked again",
        arguments: [405, 404, 400, 501])
    func noStream(status: Int) async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = status == 405 }) { request, reply in
            guard request.method == "GET" else { return false }
            reply.respond(status)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                session.listen(on: harness.shard)
                try await eventually("it was asked") { gets(backend).count >= 1 }
                for _ in 0..<5 { #expect(await harness.call(session).text == "echo") }
                session.listen(on: harness.shard)
                try await harness.settle()
                #expect(status == 501 || gets(backend).count == 1)
            }
        }
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    @Test("BC-17: a backend with sessions that never has a stream keeps its session: 404 on the first GET is no loss")
    func neverAStream() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            reply.respond(404)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.listen(on: harness.shard)
                for count in 1...6 {
                    #expect(await harness.call(session).text == "echo")
                    if count < 3 { try await eventually("it was asked") { gets(backend).count >= 1 } }
                    try await harness.settle()
                }
                try await eventually("it was found out which of the two it is") {
                    backend.requests("ping").count == 1
                }
                session.stopListening()
                session.listen(on: harness.shard)
                try await eventually("it was asked for again") { gets(backend).count == 2 }
                for _ in 1...3 { #expect(await harness.call(session).text == "echo") }
            }
        }
        #expect(backend.requests("ping").count == 1)
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    @Test("Listening asks for a stream with the session's headers, once, however often it is asked for")
    func once() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                for _ in 0..<5 { session.listen(on: harness.shard) }
                _ = try await harness.open(session)
                for _ in 0..<5 { session.listen(on: harness.shard) }
                try await eventually("the stream is open") { backend.streams.count == 1 }
                #expect(await harness.call(session).text == "echo")
            }
        }
        let get = try #require(gets(backend).first)
        #expect(gets(backend).count == 1)
        #expect(get.header("Accept") == "text/event-stream")
        #expect(get.header("Mcp-Session-Id") == "session-1")
        #expect(get.header("MCP-Protocol-Version") == "2025-11-25")
        #expect(get.header("Last-Event-ID") == nil)
        #expect(get.body.readableBytes == 0)
        await backend.stop()
    }

    @Test("Nobody listens unless somebody wants to know")
    func unasked() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                for _ in 0..<3 { #expect(await harness.call(session).text == "echo") }
            }
        }
        #expect(gets(backend).isEmpty)
        await backend.stop()
    }

    @Test("Who stops listening lets the stream go, and may begin again")
    func stopAndStart() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                _ = try await harness.open(session)
                for round in 1...3 {
                    session.listen(on: harness.shard)
                    try await eventually("stream \(round) is open") { backend.streams.count == 1 }
                    backend.streams.first?.event(Self.change)
                    try await eventually("change \(round) is heard of") { inbox.all.count == round }
                    session.stopListening()
                    try await eventually("stream \(round) is closed") { backend.streams.isEmpty }
                }
            }
        }
        #expect(gets(backend).count == 3)
        await backend.stop()
    }

    @Test(
        "BC-16: a listening stream that ends is asked for again after the time that the backend wants, from where it stopped"
    )
    func reconnect() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            reply.openStream()
            if request.header("Last-Event-ID") == nil {
                reply.event("", id: "e-1", retry: "400")
                reply.event(Self.change, id: "e-2")
                reply.endStream()
            } else {
                reply.event(Self.change, id: "e-3")
                await reply.closed()
            }
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                session.listen(on: harness.shard)
                _ = try await harness.open(session)
                try await eventually("both changes are heard of") { inbox.all(.toolsListChanged).count == 2 }
            }
        }
        #expect(gets(backend).map { $0.header("Last-Event-ID") } == [nil, "e-2"])
        let pause = try #require(pauses(gets(backend)).first)
        #expect(pause >= 390, "earlier than the backend wants")
        #expect(pause < 1000, "later than the backend wants")
        await backend.stop()
    }

    @Test("BC-16: a stream that keeps ending is asked for again, and again, without a storm")
    func storm() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            reply.openStream()
            reply.event("", id: "e", retry: "0")
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.listen(on: harness.shard)
                _ = try await harness.open(session)
                let started = ContinuousClock.now
                try await eventually("it has been asked again") { gets(backend).count >= 3 }
                try await eventually("2 s have passed") { ContinuousClock.now - started > .seconds(2) }
                #expect(gets(backend).count < 12, "\(gets(backend).count) requests in 2 s")
            }
        }
        await backend.stop()
    }

    @Test(
        "A retry that nobody could wait for does no harm",
        arguments: ["9223372036854775807", "99999999999999999999", "-1", "x", ""])
    func hostileRetry(retry: String) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            switch (request.method, request.verb) {
            case ("GET", _):
                reply.openStream()
                reply.event("", id: "e", retry: retry)
                reply.endStream()
            case (_, "tools/call"):
                reply.openStream()
                reply.event("", id: "e", retry: retry)
                reply.endStream()
            default: return false
            }
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.listen(on: harness.shard)
                _ = try await harness.open(session)
                try await eventually("it was asked") { gets(backend).count >= 1 }
                #expect(await harness.call(session, timeout: .milliseconds(300)).error == .timeout)
                #expect(await harness.request(session, .ping).error == nil)
            }
        }
        await backend.stop()
    }

    @Test(
        "A listening stream that is refused with 404 means that the session is lost; a subscription brings it back (GB-34)"
    )
    func lostSession() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"resources":{"subscribe":true}}"#
        })
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                _ = try await harness.open(session)
                await harness.subscribe(session, "demo://a")
                try await eventually("the stream is open") { backend.streams.count == 1 }
                backend.forgetSessions()
                backend.streams.first?.endStream()
                try await eventually("it subscribed again, by itself") {
                    backend.requests("resources/subscribe").map(\.sessionID) == ["session-1", "session-2"]
                }
                try await eventually("the new stream is open") {
                    gets(backend).contains { $0.sessionID == "session-2" }
                }
            }
        }
        await backend.stop()
    }

    @Test("A session that is lost before its listening stream is open is found out, and its subscriptions come back")
    func lostBeforeTheStream() async throws {
        let subscribed = ScriptedGate()
        let isLost = Mutex(false)
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"resources":{"subscribe":true}}"#
        }) { request, reply in
            guard request.sessionID == "session-1" else { return false }
            if request.method == "GET" {
                await subscribed.wait()
                isLost.withLock { $0 = true }
            }
            guard isLost.withLock({ $0 }) else { return false }
            reply.respond(404)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                await harness.subscribe(session, "demo://a")
                subscribed.open()
                try await eventually("it subscribed again, by itself") {
                    backend.requests("resources/subscribe").map(\.sessionID) == ["session-1", "session-2"]
                }
                try await eventually("the new stream is open") { backend.streams.count == 1 }
            }
        }
        #expect(backend.requests("ping").map(\.sessionID) == ["session-1"])
        await backend.stop()
    }

    @Test("A backend that knows no session afterwards is not asked to open one after the other")
    func neverASession() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.capabilities = #"{"resources":{"subscribe":true}}"#
        }) { request, reply in
            guard request.method == "GET" || request.verb == "ping" else { return false }
            reply.respond(404)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                await harness.subscribe(session, "demo://a")
                try await eventually("it was opened again, and listened to") {
                    gets(backend).contains { $0.sessionID == "session-2" }
                }
                for _ in 1...3 { #expect(await harness.call(session).text == "echo") }
            }
        }
        #expect(backend.openedCount == 2)
        #expect(backend.requests("ping").count == 1)
        await backend.stop()
    }

    // MARK: Answers over several streams

    private func polled(
        retry: String? = "300", resume: @escaping @Sendable (ScriptedRequest, ScriptedReply, _ id: String) async -> Void
    ) async throws -> ScriptedBackend {
        let id = Mutex("")
        return try await ScriptedBackend.start { request, reply in
            switch (request.method, request.verb) {
            case ("GET", _): await resume(request, reply, id.withLock { $0 })
            case (_, "tools/call"):
                id.withLock { $0 = reply.id }
                reply.openStream()
                reply.event("", id: "p-1", retry: retry)
                reply.endStream()
            default: return false
            }
            return true
        }
    }

    private static func answer(_ id: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[{"type":"text","text":"polled"}]}}"#
    }

    @Test("BC-16: an answer may come on a later stream: the call waits the wanted time and goes on where it stopped")
    func polling() async throws {
        let backend = try await polled(retry: "1200") { request, reply, id in
            reply.openStream()
            if request.header("Last-Event-ID") == "p-1" {
                reply.event(#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#, id: "p-2")
            } else {
                reply.event(Self.answer(id), id: "p-3")
            }
            reply.endStream()
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let channel = ScriptedChannel()
                let result = await harness.call(session, channel: channel)
                #expect(result.text == "polled", "\(result)")
                #expect(channel.told(.message).count == 1)
            }
        }
        #expect(gets(backend).map { $0.header("Last-Event-ID") } == ["p-1", "p-2"])
        #expect(gets(backend).allSatisfy { $0.sessionID == "session-1" })
        #expect(backend.requests("tools/call").count == 1)
        let all = pauses(backend.requests("tools/call") + gets(backend))
        #expect(all.allSatisfy { $0 >= 1190 }, "earlier than the backend wants: \(all)")
        await backend.stop()
    }

    @Test("BC-16: a stream with ids that is cut goes on in the same way")
    func cutStream() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            switch (request.method, request.verb) {
            case ("GET", _):
                reply.openStream()
                reply.event(Self.answer(request.header("Last-Event-ID") ?? ""))
                reply.endStream()
            case (_, "tools/call"):
                reply.openStream()
                reply.event("", id: reply.id, retry: "10")
                reply.chunk("id: 77\ndata: {\"jsonrpc\"")
                reply.close()
            default: return false
            }
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.text == "polled", "\(result)")
            }
        }
        #expect(gets(backend).count == 1, "an event that did not arrive whole does not count")
        await backend.stop()
    }

    @Test("A stream that cannot go on leaves the outcome unknown", arguments: [405, 404, 400, 500])
    func cannotResume(status: Int) async throws {
        let backend = try await polled(retry: "10") { _, reply, _ in reply.respond(status) }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.isOutcomeUnknown, "\(result)")
            }
        }
        #expect(backend.requests("tools/call").count == 1)
        await backend.stop()
    }

    @Test("A backend that only ever says later is bounded by the call's time")
    func endlessPolling() async throws {
        let backend = try await polled(retry: "1") { _, reply, _ in
            reply.openStream()
            reply.event("", id: "again", retry: "1")
            reply.endStream()
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                let started = ContinuousClock.now
                #expect(await harness.call(session, timeout: .milliseconds(500)).error == .timeout)
                #expect(ContinuousClock.now - started < .seconds(5))
                let count = gets(backend).count
                #expect(await harness.request(session, .ping).error == nil)
                try await harness.settle()
                #expect(gets(backend).count <= count + 1, "polling goes on after the call has ended")
            }
        }
        await backend.stop()
    }
}
