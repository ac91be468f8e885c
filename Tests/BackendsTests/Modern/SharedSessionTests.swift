// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("A session that several clients share", .serialized, .timeLimit(.minutes(5)))
struct SharedSessionTests {
    private static let elicitation = #"{"elicitation":{}}"#

    private static func ask(_ reply: ScriptedReply, _ method: String = "elicitation/create") {
        reply.event(#"{"jsonrpc":"2.0","id":"q","method":"\#(method)","params":{"message":"?"}}"#)
    }

    /// A Legacy backend whose calls wait at the gate, and one session of it.
    private func run(
        capabilities: String = elicitation,
        _ body: (BackendHarness, BackendSession, ScriptedBackend, ScriptedGate) async throws -> Void
    ) async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true }) { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            if request.subject == "asks" { Self.ask(reply) }
            await gate.wait()
            reply.event(reply.response(#"{"content":[{"type":"text","text":"done"}]}"#))
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(capabilities, isShared: true)
            _ = try await harness.open(session)
            session.listen(on: harness.shard)
            try await eventually("it listens") { backend.streams.count == 1 }
            try await body(harness, session, backend, gate)
            gate.open()
            await session.close()
        }
        await backend.stop()
    }

    private func channel() -> ScriptedChannel {
        ScriptedChannel(Self.elicitation) { _, _ in json(#"{"action":"accept","content":{}}"#) }
    }

    private func answer(_ backend: ScriptedBackend) async throws -> ScriptedRequest {
        try await eventually("it is answered") { backend.requests.contains { $0.verb == nil && $0.id == #""q""# } }
        return try backend.requests.last { $0.verb == nil && $0.id == #""q""# }.required("an answer")
    }

    @Test("A question on a call's own stream belongs to that call, however many there are")
    func ownStream() async throws {
        try await run { harness, session, backend, gate in
            let (first, second) = (channel(), channel())
            let calls = [
                Task { await harness.call(session, "waits", channel: first) },
                Task { await harness.call(session, "asks", channel: second) },
            ]
            try await eventually("it is asked") { second.asked.count == 1 }
            #expect(try await answer(backend).json?["result"]?["action"]?.string == "accept")
            #expect(first.asked.isEmpty)
            gate.open()
            for call in calls { #expect(await call.value.text == "done") }
        }
    }

    @Test("A question outside of any stream belongs to the only call in flight")
    func soleCall() async throws {
        try await run { harness, session, backend, gate in
            let only = channel()
            let call = Task { await harness.call(session, "waits", channel: only) }
            try await eventually("it is called") { backend.requests("tools/call").count == 1 }
            backend.streams.first.map { Self.ask($0) }
            #expect(try await answer(backend).json?["result"]?["action"]?.string == "accept")
            #expect(only.asked.count == 1)
            gate.open()
            _ = await call.value
        }
    }

    @Test("A question that may be anybody's is answered as if nobody wanted to", arguments: [0, 2])
    func ambiguous(count: Int) async throws {
        try await run { harness, session, backend, gate in
            let channels = (0..<count).map { _ in channel() }
            let calls = channels.map { channel in Task { await harness.call(session, "waits", channel: channel) } }
            try await eventually("they are called") { backend.requests("tools/call").count == count }
            backend.streams.first.map { Self.ask($0) }
            #expect(try await answer(backend).json?["result"]?["action"]?.string == "cancel")
            #expect(channels.allSatisfy { $0.asked.isEmpty })
            gate.open()
            for call in calls { _ = await call.value }
        }
    }

    @Test("What nobody declared is refused as such")
    func undeclared() async throws {
        try await run(capabilities: "{}") { harness, session, backend, gate in
            backend.streams.first.map { Self.ask($0) }
            let answer = try await answer(backend)
            #expect(answer.json?["error"]?["code"]?.int == -32601)
        }
    }

    @Test("A log level that the backend refused is asked for again by the next one who needs it")
    func refusedLevel() async throws {
        let refusals = Mutex(1)
        let backend = try await ScriptedBackend.start(configure: { $0.capabilities = #"{"tools":{},"logging":{}}"# }) {
            request, reply in
            guard request.verb == "logging/setLevel", request.params?["level"]?.string == "info" else { return false }
            let isRefused = refusals.withLock { left in
                defer { left -= 1 }
                return left > 0
            }
            if isRefused { reply.error(-32603, "Not now") }
            return isRefused
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(isShared: true)
            _ = try await harness.open(session)
            let shard = harness.shard
            let raise: @Sendable (LogLevel) async -> BackendError? = { level in
                await onLoop(of: shard) {
                    do throws(BackendError) {
                        try await session.raiseLogLevel(to: level, on: shard)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            #expect(await raise(.error) == nil)
            #expect(await raise(.info) != nil)
            #expect(await raise(.error) == nil, "that is what it is")
            #expect(await raise(.info) == nil)
            #expect(await raise(.warning) == nil, "it is lower already")
            #expect(
                backend.requests("logging/setLevel").map { $0.params?["level"]?.string } == ["error", "info", "info"])
            await session.close()
        }
        await backend.stop()
    }

    @Test("GB-25: log messages outside of a call's stream are nobody's")
    func messages() async throws {
        let inbox = Inbox()
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(inbox: inbox, isShared: true)
            _ = try await harness.open(session)
            session.listen(on: harness.shard)
            try await eventually("it listens") { backend.streams.count == 1 }
            let stream = try #require(backend.streams.first)
            stream.event(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#)
            stream.event(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
            try await eventually("what follows is heard") { inbox.all(.toolsListChanged).count == 1 }
            #expect(inbox.all(.message).isEmpty)
            await session.close()
        }
        await backend.stop()
    }
}
