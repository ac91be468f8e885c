// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("SE-14: a backend that lies", .serialized, .timeLimit(.minutes(5)))
struct LyingBackendTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let what: String
        let events: @Sendable (ScriptedReply) -> [String]
        var testDescription: String { what }
    }

    private static let truth = #"{"content":[{"type":"text","text":"truth"}]}"#

    private static func lie(_ id: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[{"type":"text","text":"lie"}]}}"#
    }

    private func backend(_ events: @escaping @Sendable (ScriptedReply) -> [String]) async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.subject == "lie" else { return false }
            reply.openStream()
            for event in events(reply) { reply.event(event) }
            reply.endStream()
            return true
        }
    }

    @Test(
        "What is no answer to this call does not disturb its answer",
        arguments: [
            Lie(what: "an answer to an unknown id") { [lie("4711"), $0.response(truth)] },
            Lie(what: "an answer with the id as a string") { [lie("\"\($0.id)\""), $0.response(truth)] },
            Lie(what: "an answer with a fraction") { [lie("\($0.id).5"), $0.response(truth)] },
            Lie(what: "an answer without an id") { [#"{"jsonrpc":"2.0","result":{}}"#, $0.response(truth)] },
            Lie(what: "an answer with null for an id") { [lie("null"), $0.response(truth)] },
            Lie(what: "an error without an id") {
                [#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}"#, $0.response(truth)]
            },
            Lie(what: "a second answer") { [$0.response(truth), lie($0.id)] },
            Lie(what: "a hundred answers") { reply in [reply.response(truth)] + (0..<100).map { _ in lie(reply.id) } },
            Lie(what: "an answer, then an error") {
                [$0.response(truth), #"{"jsonrpc":"2.0","id":\#($0.id),"error":{"code":1,"message":"x"}}"#]
            },
            Lie(what: "an answer to a negative id") { [lie("-\($0.id)"), $0.response(truth)] },
            Lie(what: "an answer to an id beyond all integers") {
                [lie("99999999999999999999999"), $0.response(truth)]
            },
            Lie(what: "an unknown notification") {
                [#"{"jsonrpc":"2.0","method":"no/such","params":{}}"#, $0.response(truth)]
            },
            Lie(what: "an answer to a session's earlier request") { [lie("1"), $0.response(truth)] },
        ]
    )
    func undisturbed(lie: Lie) async throws {
        let backend = try await backend(lie.events)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, "lie")
                #expect(result.text == "truth", "\(result)")
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    static let notJSONRPC = [
        "{", "null", "[]", "\"text\"", "{}", #"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}"#,
        #"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"error":"x"}"#,
        #"{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}"#, #"{"jsonrpc":"2.0","id":{},"result":{}}"#,
        #"{"jsonrpc":"2.0","method":1}"#, #"{"jsonrpc":"2.0","method":"x","params":[]}"#,
        #"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\u{1}\"}",
    ]

    @Test("A JSON answer that is not JSON-RPC fails the call, and the session goes on", arguments: notJSONRPC)
    func invalidBody(text: String) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.subject == "lie" else { return false }
            reply.json(text)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, "lie", isRepeatable: true)
                #expect(result.isInvalidResponse, "\(result)")
                #expect(result.error?.requestError(backend: "b").code == .invalidBackendResponse)
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(backend.requests.filter { $0.subject == "lie" }.count == 1)
        await backend.stop()
    }

    @Test(
        "An event that is not JSON-RPC is skipped with a warning, and the answer after it counts", arguments: notJSONRPC
    )
    func invalidEvent(text: String) async throws {
        let backend = try await backend { [text, $0.response(Self.truth)] }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, "lie")
                #expect(result.text == "truth", "\(result)")
            }
            #expect(harness.log.all.contains { $0.hasPrefix("warning") && $0.contains("not JSON-RPC") })
        }
        await backend.stop()
    }

    @Test("Two whole answers in one body go to nobody else, on whichever connection")
    func twoBodies() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.subject == "lie" else { return false }
            let next = Self.lie("\(Int(reply.id).map { $0 + 1 } ?? 0)")
            // One write, so that both are there when the first one is read.
            reply.raw(
                [reply.response(Self.truth), next].map { body in
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                }.joined())
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                for _ in 0..<10 {
                    #expect(await harness.call(session, "lie").text == "truth")
                    let next = await harness.call(session, "echo", isRepeatable: true)
                    #expect(next.text == "echo", "\(next)")
                }
            }
        }
        await backend.stop()
    }

    @Test(
        "An answer to another call of this session, in flight, cannot be told from the real one; no third call suffers")
    func crossedAnswers() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            await gate.wait()
            reply.result(#"{"content":[{"type":"text","text":"\#(request.subject ?? "")"}]}"#)
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let calls = (0..<20).map { number in Task { await harness.call(session, "tool-\(number)") } }
                try await eventually("all are there") { backend.requests("tools/call").count == 20 }
                gate.open()
                for (number, call) in calls.enumerated() { #expect(await call.value.text == "tool-\(number)") }
            }
        }
        await backend.stop()
    }

    @Test("BC-27: a stream may be longer than one answer, but no event may")
    func longStream() async throws {
        let padding = String(repeating: "x", count: 1000)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            for _ in 0..<100 {
                reply.event(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"\#(padding)"}}"#)
            }
            if request.subject == "lie" {
                reply.event(reply.response(#"{"content":[{"type":"text","text":"\#(padding)\#(padding)"}]}"#))
            }
            reply.event(reply.response(#"{"content":[{"type":"text","text":"ok"}]}"#))
            reply.endStream()
            return true
        }
        let limits = HTTPLimits(responseBytes: 4000, eventBytes: 2000)
        try await BackendHarness.run(backend.url, configure: { $0.limits = limits }) { harness in
            try await harness.withSession { session in
                let channel = ScriptedChannel()
                #expect(await harness.call(session, channel: channel).text == "ok")
                #expect(channel.told(.message).count == 100)
                let lie = await harness.call(session, "lie", channel: channel)
                #expect(lie.isInvalidResponse, "\(lie)")
                #expect(await harness.call(session).text == "ok")
            }
        }
        await backend.stop()
    }

    @Test("BC-27: an answer larger than allowed fails its call and nothing else", arguments: [true, false])
    func oversized(isChunked: Bool) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.subject == "lie" else { return false }
            let body = reply.response(
                #"{"content":[{"type":"text","text":"\#(String(repeating: "x", count: 10_000))"}]}"#)
            if isChunked {
                reply.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                reply.chunk(body)
                reply.endStream()
            } else {
                reply.json(body)
            }
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.limits = HTTPLimits(responseBytes: 9000) }) {
            harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, "lie", isRepeatable: true).isInvalidResponse)
                #expect(await harness.call(session).text == "echo")
            }
        }
        #expect(backend.requests.filter { $0.subject == "lie" }.count == 1)
        await backend.stop()
    }

    @Test("JSON nested deeper than allowed fails its call")
    func deep() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.subject == "lie" else { return false }
            reply.result(String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000))
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, "lie").isInvalidResponse)
                #expect(await harness.call(session).text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("BC-28: credentials do not follow a redirect, wherever it leads", arguments: [301, 302, 303, 307, 308])
    func redirect(status: Int) async throws {
        let elsewhere = try await ScriptedHTTPBackend.start { _, reply in reply.json("{}") }
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.respond(status, [("Location", elsewhere.url)])
            return true
        }
        try await BackendHarness.run(backend.url, configure: { $0.headers = [("Authorization", "Bearer s")] }) {
            harness in
            try await harness.withSession { session in
                #expect(await harness.call(session, isRepeatable: true).error == .rejected(status: status))
            }
        }
        #expect(elsewhere.connectionCount == 0)
        await elsewhere.stop()
        await backend.stop()
    }
}
