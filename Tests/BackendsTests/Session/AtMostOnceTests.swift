// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends

@Suite("A call runs at most once", .serialized, .timeLimit(.minutes(5)))
struct AtMostOnceTests {
    /// Ways to lose an answer after the request was received.
    struct Cut: Sendable, CustomTestStringConvertible {
        let what: String
        let answer: @Sendable (ScriptedReply) -> Void
        var testDescription: String { what }
    }

    static let cuts = [
        Cut(what: "before the head") { $0.close() },
        Cut(what: "in the head") {
            $0.raw("HTTP/1.1 200 OK\r\nContent-")
            $0.close()
        },
        Cut(what: "after the head") {
            $0.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
            $0.close()
        },
        Cut(what: "in a JSON body") {
            $0.raw(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"jsonrpc\":\"2.0\"")
            $0.close()
        },
        Cut(what: "in an event stream") {
            $0.openStream()
            $0.event(nil, id: nil, event: "x")
            $0.close()
        },
        Cut(what: "in the middle of the answering event") {
            $0.openStream()
            $0.chunk("data: {\"jsonrpc\"")
            $0.close()
        },
        Cut(what: "at the orderly end of a stream without the answer") {
            $0.openStream()
            $0.endStream()
        },
    ]

    private func backend(_ cut: Cut, times: Int) async throws -> ScriptedBackend {
        let count = Counter()
        return try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call", count.next() <= times else { return false }
            cut.answer(reply)
            return true
        }
    }

    @Test("A call whose answer is lost is not repeated, and its outcome is unknown", arguments: cuts)
    func notRepeated(cut: Cut) async throws {
        let backend = try await backend(cut, times: .max)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.isOutcomeUnknown, "\(result)")
                #expect(result.error?.provesNotExecuted == false)
                #expect(result.error?.requestError(backend: "b").code == .outcomeUnknown)
            }
        }
        #expect(backend.requests("tools/call").count == 1)
        await backend.stop()
    }

    @Test("A call that may run twice is repeated when its answer is lost", arguments: cuts)
    func repeated(cut: Cut) async throws {
        let backend = try await backend(cut, times: 1)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, isRepeatable: true)
                #expect(result.text == "echo", "\(result)")
            }
        }
        let ids = backend.requests("tools/call").map(\.id)
        #expect(ids.count == 2)
        #expect(Set(ids).count == 2, "a repetition is a new request")
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    @Test("Nothing is tried more than three times", arguments: cuts)
    func threeAttempts(cut: Cut) async throws {
        let backend = try await backend(cut, times: .max)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, isRepeatable: true).isOutcomeUnknown)
            }
        }
        #expect(backend.requests("tools/call").count == 3)
        await backend.stop()
    }

    /// Answers that are not what was asked for.
    static let refusals = [
        Cut(what: "a JSON-RPC error") { $0.error(-32603, "Internal error") },
        Cut(what: "a JSON-RPC error with status 500") { $0.error(-32603, "Internal error", status: 500) },
        Cut(what: "500") { $0.respond(500) }, Cut(what: "501") { $0.respond(501) },
        Cut(what: "403") { $0.respond(403) },
        Cut(what: "401") { $0.respond(401) }, Cut(what: "429") { $0.respond(429) },
        Cut(what: "405") { $0.respond(405) },
        Cut(what: "307") { $0.respond(307, [("Location", "/other")]) },
        Cut(what: "202") { $0.accepted() }, Cut(what: "200 without a body") { $0.respond(200) },
        Cut(what: "HTML") { $0.respond(200, type: "text/html", body: "<html>") },
        Cut(what: "broken JSON") { $0.json("{") }, Cut(what: "no JSON-RPC") { $0.json("{}") },
        Cut(what: "another id") { $0.json(#"{"jsonrpc":"2.0","id":999,"result":{}}"#) },
        Cut(what: "a string for an id") { $0.json(#"{"jsonrpc":"2.0","id":"\#($0.id)","result":{}}"#) },
        Cut(what: "a batch") { $0.json("[" + $0.response("{}") + "]") },
    ]

    @Test(
        "BC-09: an answer that came is never followed by a second try, whatever it says",
        arguments: refusals, [true, false])
    func answered(cut: Cut, isRepeatable: Bool) async throws {
        let backend = try await backend(cut, times: .max)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, isRepeatable: isRepeatable)
                #expect(result.error != nil, "\(result)")
                #expect(!result.isOutcomeUnknown)
            }
        }
        #expect(backend.requests("tools/call").count == 1)
        #expect(backend.requests.allSatisfy { $0.target == "/mcp" })
        await backend.stop()
    }

    @Test(
        "BC-09: a call that was answered is not repeated because its backend has lost the session since",
        arguments: [
            Cut(what: "400 -32603") { $0.error(-32603, "The disk is full", status: 400) },
            Cut(what: "400 -32602") { $0.error(-32602, "Half of it is done", status: 400) },
            Cut(what: "404 -32602") { $0.error(-32602, "Half of it is done", status: 404) },
            Cut(what: "405 with a code of its own") { $0.error(7, "Half of it is done", status: 405) },
        ],
        [
            Cut(what: "404") { $0.respond(404) },
            Cut(what: "400 with the same") { $0.error(-32602, "Half of it is done", status: 400) },
        ])
    func answeredThenLost(cut: Cut, ping: Cut) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.sessionID == "session-1" else { return false }
            switch request.verb {
            case "tools/call": cut.answer(reply)
            case "ping": ping.answer(reply)
            default: return false
            }
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                guard case .answered = result.error else {
                    Issue.record("\(result)")
                    return
                }
                #expect(backend.requests("tools/call").count == 1)
                #expect(await harness.call(session).text == "echo", "the session is a new one now")
            }
        }
        #expect(backend.requests("ping").count == 1)
        #expect(backend.openedCount == 2)
        await backend.stop()
    }

    @Test(
        "Busy gateways in between are tried again for what may run twice, and only for that",
        arguments: [502, 503, 504])
    func busyStatus(status: Int) async throws {
        let cut = Cut(what: "") { $0.respond(status) }
        let backend = try await backend(cut, times: 2)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session).error == .rejected(status: status))
                #expect(backend.requests("tools/call").count == 1)
                #expect(await harness.call(session, isRepeatable: true).text == "echo")
                #expect(backend.requests("tools/call").count == 3)
            }
        }
        await backend.stop()
    }

    @Test("A backend that cannot be reached is tried again, because nothing was sent; then it is unavailable")
    func unreachable() async throws {
        let backend = try await ScriptedBackend.start()
        await backend.stop()
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let started = ContinuousClock.now
                let result = await harness.call(session)
                #expect(result.isUnavailable, "\(result)")
                #expect(result.error?.provesNotExecuted == true)
                #expect(ContinuousClock.now - started < .seconds(5))
                // It comes back while the next call is still trying.
                async let late = harness.call(session)
                try await backend.http.listen()
                let answer = await late
                #expect(answer.text == "echo", "\(answer)")
            }
        }
        await backend.stop()
    }

    @Test("What the handshake did not survive, the call never risked: it did not run", arguments: cuts)
    func handshakeLost(cut: Cut) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "initialize" else { return false }
            cut.answer(reply)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session)
                #expect(result.error != nil)
                #expect(!result.isOutcomeUnknown, "the call was never sent: \(result)")
                let told = result.error?.requestError(backend: "b").message ?? ""
                #expect(!told.contains("may have run"), "\(told)")
            }
        }
        #expect(backend.requests("tools/call").isEmpty)
        await backend.stop()
    }

    @Test("The error of a handshake is not told as the error of the call")
    func handshakeRefused() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "initialize" else { return false }
            reply.error(-32602, "Unsupported protocol version")
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let error = await harness.call(session).error?.requestError(backend: "b")
                #expect(error?.code != .invalidParams, "the client's parameters are fine: \(String(describing: error))")
            }
        }
        await backend.stop()
    }

    @Test("A handshake that is not answered in time is no outcome of the call either")
    func handshakeTimeout() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "initialize" else { return false }
            await reply.closed()
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.requestTimeout = .milliseconds(200) }) { harness in
            try await harness.withSession { session in
                let error = await harness.call(session).error
                let told = error?.requestError(backend: "b").message ?? ""
                #expect(error != nil)
                #expect(!told.contains("may still run"), "\(told)")
            }
        }
        await backend.stop()
    }

    @Test("BC-24: one request, connecting included, takes no longer than its time")
    func wholeTime() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            if request.verb == "initialize" {
                // Just in time for the handshake.
                try? await Task.sleep(for: .milliseconds(1600))
                return false
            }
            guard request.verb == "tools/call" else { return false }
            await reply.closed()
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.requestTimeout = .seconds(2) }) { harness in
            try await harness.withSession { session in
                let started = ContinuousClock.now
                #expect(await harness.call(session).error != nil)
                #expect(ContinuousClock.now - started < .milliseconds(3200))
            }
        }
        await backend.stop()
    }

    @Test("R8, R10: a tool that reports its failure has worked")
    func toolError() async throws {
        let result = #"{"isError":true,"content":[{"type":"text","text":"401 Unauthorized"}],"x":1.50}"#
        let backend = try await backend(Cut(what: "") { $0.result(result) }, times: .max)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let answer = try await harness.call(session).get()
                #expect(answer.description == result)
            }
        }
        await backend.stop()
    }

    @Test("An error of the backend keeps its code, message and data")
    func errorData() async throws {
        let backend = try await backend(
            Cut(what: "") {
                $0.json(#"{"jsonrpc":"2.0","id":\#($0.id),"error":{"code":-32042,"message":"m","data":{"a":[1.0]}}}"#)
            }, times: .max)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                guard case .answered(let error) = await harness.call(session).error else {
                    Issue.record("no error of the backend")
                    return
                }
                #expect(error.code == .urlElicitationRequired)
                #expect(error.message == "m")
                #expect(error.data?.description == #"{"a":[1.0]}"#)
            }
        }
        await backend.stop()
    }

    @Test(
        "R9: a refused credential is the gateway's own trouble, and is not told with the backend's words",
        arguments: [401, 403])
    func unauthorized(status: Int) async throws {
        let backend = try await backend(
            Cut(what: "") {
                $0.respond(status, [("WWW-Authenticate", "Bearer realm=\"secret\"")], body: "secret")
            }, times: .max)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let error = await harness.call(session).error
                #expect(error == .unauthorized(status: status))
                let told = try #require(error?.requestError(backend: "b"))
                #expect(told.code == .internalError)
                #expect(!told.message.contains("secret") && !told.message.contains("127.0.0.1"))
            }
        }
        await backend.stop()
    }

    @Test("BC-15: an answer in a stream is as good as one in JSON, with or without other events before it")
    func streamed() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.chunk(": comment\r\nevent: ping\r\ndata: {}\r\n\r\nid: 1\rdata:\r\rretry: 1\n\n")
            reply.chunk(
                "event: message\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"id\":\(reply.id),\ndata:\"result\":{\"content\"")
            reply.chunk(":[{\"type\":\"text\",\"text\":\"ok\"}]}}\n")
            reply.chunk("\n")
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                for _ in 0..<20 {
                    let result = await harness.call(session)
                    #expect(result.text == "ok", "\(result)")
                }
            }
        }
        // Not always at once: the answer is there a moment before its stream has ended.
        #expect(backend.http.connectionCount <= 10, "connections are used again after streams")
        await backend.stop()
    }
}
