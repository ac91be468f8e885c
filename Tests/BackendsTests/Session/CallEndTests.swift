// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Cancelling, timing out and closing", .serialized, .timeLimit(.minutes(5)))
struct CallEndTests {
    /// Answers everything but `tools/call` of "hang", which it never does.
    private func hanging(streaming: Bool = false) async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.subject == "hang" else { return false }
            if streaming { reply.openStream() }
            await reply.closed()
            return true
        }
    }

    private func cancellations(_ backend: ScriptedBackend) -> [JSONSlice?] {
        backend.requests("notifications/cancelled").map { $0.params?["requestId"] }
    }

    @Test(
        "A cancelled call tells the backend, with the backend's id of the call, and closes its connection",
        arguments: [true, false])
    func cancelled(streaming: Bool) async throws {
        let backend = try await hanging(streaming: streaming)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let call = Task { await harness.call(session, "hang") }
                try await eventually("the call is there") { backend.requests("tools/call").count == 1 }
                call.cancel()
                #expect(await call.value.error == .cancelled)
                try await eventually("the backend knows") { !cancellations(backend).isEmpty }
                let asked = try #require(backend.requests("tools/call").first)
                #expect(cancellations(backend) == [asked.json?["id"]])
                #expect(backend.requests("notifications/cancelled").first?.sessionID == "session-1")
                try await eventually("its connection is closed") { backend.http.openConnectionCount <= 1 }
                #expect(await harness.call(session).text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("BC-24: a call that is not answered in time ends, and the backend is told", arguments: [true, false])
    func timedOut(streaming: Bool) async throws {
        let backend = try await hanging(streaming: streaming)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                let started = ContinuousClock.now
                #expect(await harness.call(session, "hang", timeout: .milliseconds(300)).error == .timeout)
                #expect(ContinuousClock.now - started < .seconds(5))
                try await eventually("the backend knows") { !cancellations(backend).isEmpty }
                let asked = try #require(backend.requests("tools/call").first)
                #expect(cancellations(backend) == [asked.json?["id"]])
                #expect(backend.requests("tools/call").count == 1, "a timeout is no reason to try again")
                #expect(await harness.call(session).text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("A timeout is not repeated even where repeating is harmless")
    func timeoutNotRepeated() async throws {
        let backend = try await hanging()
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                _ = try await harness.open(session)
                let result = await harness.call(session, "hang", isRepeatable: true, timeout: .milliseconds(300))
                #expect(result.error == .timeout)
            }
        }
        #expect(backend.requests("tools/call").count == 1)
        await backend.stop()
    }

    @Test("initialize is never cancelled, whether it times out or its caller goes away", arguments: [true, false])
    func initializeNotCancelled(timesOut: Bool) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "initialize" else { return false }
            await reply.closed()
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.requestTimeout = .milliseconds(300) }) { harness in
            try await harness.withSession { session in
                let call = Task { await harness.call(session) }
                try await eventually("the handshake has begun") { backend.requests("initialize").count >= 1 }
                if !timesOut { call.cancel() }
                #expect(await call.value.error != nil)
            }
            try await harness.settle()
        }
        #expect(cancellations(backend).isEmpty)
        #expect(backend.requests("tools/call").isEmpty)
        await backend.stop()
    }

    @Test("A call that has ended is not cancelled any more")
    func tooLate() async throws {
        let backend = try await ScriptedBackend.start()
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let call = Task { await harness.call(session) }
                #expect(await call.value.text == "echo")
                call.cancel()
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(cancellations(backend).isEmpty)
        await backend.stop()
    }

    @Test("Cancelling one of many calls leaves the others alone")
    func oneOfMany() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "tools/call" { await gate.wait() }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let calls = (0..<5).map { number in Task { await harness.call(session, "tool-\(number)") } }
                try await eventually("all are there") { backend.requests("tools/call").count == 5 }
                calls[2].cancel()
                #expect(await calls[2].value.error == .cancelled)
                try await eventually("the backend knows") { cancellations(backend).count == 1 }
                gate.open()
                for number in [0, 1, 3, 4] { #expect(await calls[number].value.text == "tool-\(number)") }
                let asked = backend.requests("tools/call").first { $0.subject == "tool-2" }
                #expect(cancellations(backend) == [asked?.json?["id"]])
            }
        }
        await backend.stop()
    }

    @Test("Closing the session fails what waits, deletes the session, and takes no more calls")
    func close() async throws {
        let backend = try await hanging()
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session()
            let calls = (0..<3).map { _ in Task { await harness.call(session, "hang") } }
            try await eventually("the calls are there") { backend.requests("tools/call").count == 3 }
            await session.close()
            for call in calls { #expect(await call.value.error == .closed) }
            #expect(backend.http.requests(method: "DELETE").map(\.sessionID) == ["session-1"])
            #expect(await harness.call(session).error == .closed)
            #expect(session.handshake == nil)
            await session.close()
            #expect(backend.http.requests(method: "DELETE").count == 1)
            #expect(backend.openedCount == 1)
        }
        await backend.stop()
    }

    @Test("Closing the session lets go of the connections on which calls were waiting", arguments: [true, false])
    func closeFreesConnections(streaming: Bool) async throws {
        let backend = try await hanging(streaming: streaming)
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session()
            let calls = (0..<3).map { _ in Task { await harness.call(session, "hang") } }
            try await eventually("the calls are there") { backend.requests("tools/call").count == 3 }
            await session.close()
            for call in calls { _ = await call.value }
            // Idle ones may be kept for the next session.
            try await eventually("the calls' connections are closed", within: .seconds(5)) {
                backend.http.openConnectionCount <= 2
            }
        }
        await backend.stop()
    }

    @Test("Closing while the session is being opened fails who waits and ends what was opened")
    func closeWhileOpening() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, _ in
            if request.verb == "notifications/initialized" { await gate.wait() }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session()
            let call = Task { await harness.call(session) }
            try await eventually("the session is nearly open") {
                backend.requests("notifications/initialized").count == 1
            }
            await session.close()
            #expect(await call.value.error == .closed)
            gate.open()
            try await eventually("the session is deleted") {
                backend.http.requests(method: "DELETE").map(\.sessionID) == ["session-1"]
            }
        }
        #expect(backend.requests("tools/call").isEmpty)
        await backend.stop()
    }

    @Test("A backend that does not answer DELETE does not hold up the end", arguments: [405, nil] as [Int?])
    func deleteUnanswered(status: Int?) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "DELETE" else { return false }
            if let status { reply.respond(status) } else { await reply.closed() }
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session()
            #expect(await harness.call(session).text == "echo")
            let started = ContinuousClock.now
            await session.close()
            #expect(ContinuousClock.now - started < .seconds(6))
        }
        await backend.stop()
    }

    @Test("BC-27: a stream that stays open after the answer does not keep a connection for ever")
    func streamAfterAnswer() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(reply.response(#"{"content":[{"type":"text","text":"ok"}]}"#))
            // No end.
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                for _ in 0..<20 { #expect(await harness.call(session).text == "ok") }
                try await eventually("streams whose call has ended are closed", within: .seconds(8)) {
                    backend.http.openConnectionCount < 10
                }
            }
        }
        await backend.stop()
    }
}
