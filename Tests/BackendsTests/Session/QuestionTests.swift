// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Questions of a backend", .serialized, .timeLimit(.minutes(5)))
struct QuestionTests {
    /// Asks during `tools/call` and answers it with what it was told.
    private func asking(
        _ method: String, params: String = "{}", id: String = "0",
        then after: @escaping @Sendable (ScriptedReply) async -> Void = { _ in }
    ) async throws -> (backend: ScriptedBackend, answers: Answers) {
        let answers = Answers()
        let backend = try await ScriptedBackend.start { request, reply in
            if request.verb == nil, let answer = request.json, request.method == "POST" {
                answers.add(answer)
                reply.accepted()
                return true
            }
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#)
            await after(reply)
            let answer = await answers.first()
            let text = JSONSlice(string: answer?.description ?? "none")
            reply.event(reply.response(#"{"content":[{"type":"text","text":\#(text)}]}"#))
            reply.endStream()
            return true
        }
        return (backend, answers)
    }

    final class Answers: Sendable {
        private let state = Mutex<[JSONSlice]>([])
        private let gate = ScriptedGate()

        var all: [JSONSlice] { state.withLock { $0 } }

        func add(_ answer: JSONSlice) {
            state.withLock { $0.append(answer) }
            gate.open()
        }

        /// `nil` when none was given and the wait was ended.
        func first() async -> JSONSlice? {
            await gate.wait()
            return all.first
        }

        func giveUp() { gate.open() }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let method: String
        let params: String
        let capabilities: String
        let code: Int
        var testDescription: String { "\(method) \(params) to \(capabilities)" }

        init(_ method: String, _ params: String, to capabilities: String, _ code: Int) {
            self.method = method
            self.params = params
            self.capabilities = capabilities
            self.code = code
        }
    }

    @Test(
        "GB-05, LC-09: what the client did not declare is refused at once, and the client is not asked",
        arguments: [
            Case("elicitation/create", #"{"message":"?"}"#, to: "{}", -32601),
            Case("elicitation/create", #"{"message":"?","mode":"form"}"#, to: #"{"sampling":{},"roots":{}}"#, -32601),
            Case("elicitation/create", #"{"mode":"url","url":"https://x"}"#, to: "{}", -32601),
            Case("elicitation/create", #"{"mode":"url","url":"https://x"}"#, to: #"{"elicitation":{}}"#, -32602),
            Case(
                "elicitation/create", #"{"mode":"url","url":"https://x"}"#, to: #"{"elicitation":{"form":{}}}"#, -32602),
            Case("elicitation/create", #"{"message":"?"}"#, to: #"{"elicitation":{"url":{}}}"#, -32602),
            Case("elicitation/create", #"{"mode":"form"}"#, to: #"{"elicitation":{"url":{}}}"#, -32602),
            Case("elicitation/create", #"{"mode":"telepathy"}"#, to: #"{"elicitation":{"form":{},"url":{}}}"#, -32602),
            Case("sampling/createMessage", "{}", to: #"{"elicitation":{}}"#, -32601),
            Case("sampling/createMessage", #"{"tools":[]}"#, to: #"{"sampling":{}}"#, -32602),
            Case(
                "sampling/createMessage", #"{"toolChoice":{"mode":"auto"}}"#, to: #"{"sampling":{"context":{}}}"#,
                -32602),
            Case("roots/list", "{}", to: #"{"elicitation":{},"sampling":{}}"#, -32601),
            Case("tools/call", "{}", to: #"{"elicitation":{},"sampling":{},"roots":{}}"#, -32601),
            Case("no/such", "{}", to: #"{"elicitation":{},"sampling":{},"roots":{}}"#, -32601),
        ]
    )
    func refused(row: Case) async throws {
        let (backend, answers) = try await asking(row.method, params: row.params, id: "\"q\"")
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(row.capabilities) { session in
                let channel = ScriptedChannel(row.capabilities)
                #expect(await harness.call(session, channel: channel).error == nil)
                #expect(channel.asked.isEmpty)
            }
        }
        #expect(answers.all.count == 1)
        #expect(answers.all.first?["id"]?.description == "\"q\"")
        #expect(answers.all.first?["error"]?["code"]?.int == row.code)
        #expect(answers.all.first?["error"]?["message"]?.string?.isEmpty == false)
        await backend.stop()
    }

    @Test("GB-05: without any client a question is refused at once too")
    func nobody() async throws {
        let (backend, answers) = try await asking("elicitation/create")
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in #expect(await harness.call(session).error == nil) }
        }
        #expect(answers.all.first?["error"]?["code"]?.int == -32601)
        await backend.stop()
    }

    @Test(
        "LC-07: the gateway answers a ping itself, with the id as it is spelt",
        arguments: ["0", "\"a\\\"b\"", "-5", "\"\\u0061\""],
        [true, false])
    func ping(id: String, hasClient: Bool) async throws {
        let (backend, answers) = try await asking("ping", id: id)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let channel = ScriptedChannel()
                #expect(await harness.call(session, channel: hasClient ? channel : nil).error == nil)
                #expect(channel.asked.isEmpty)
            }
        }
        #expect(answers.all.map(\.description) == [#"{"jsonrpc":"2.0","id":\#(id),"result":{}}"#])
        await backend.stop()
    }

    @Test(
        "A declared question goes to the client of the call, and the answer back with the backend's id",
        arguments: [
            Case(
                "elicitation/create", #"{"message":"?","requestedSchema":{"type":"object"}}"#,
                to: #"{"elicitation":{}}"#, 0),
            Case("elicitation/create", #"{"mode":"url","url":"https://x"}"#, to: #"{"elicitation":{"url":{}}}"#, 0),
            Case("sampling/createMessage", #"{"messages":[],"maxTokens":1}"#, to: #"{"sampling":{}}"#, 0),
            Case("sampling/createMessage", #"{"tools":[]}"#, to: #"{"sampling":{"tools":{}}}"#, 0),
            Case("roots/list", "{}", to: #"{"roots":{}}"#, 0),
        ]
    )
    func relayed(row: Case) async throws {
        let (backend, answers) = try await asking(row.method, params: row.params, id: "\"q-1\"")
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(row.capabilities) { session in
                let channel = ScriptedChannel(row.capabilities) { _, _ in json(#"{"action":"accept","n":1.0}"#) }
                #expect(await harness.call(session, channel: channel).error == nil)
                #expect(channel.asked.map(\.method.name) == [row.method])
                #expect(channel.asked.first?.params?.description == row.params)
            }
        }
        #expect(
            answers.all.map(\.description) == [#"{"jsonrpc":"2.0","id":"q-1","result":{"action":"accept","n":1.0}}"#])
        #expect(
            backend.requests.filter { $0.verb == nil && $0.method == "POST" }.allSatisfy { $0.sessionID == "session-1" }
        )
        await backend.stop()
    }

    @Test("The client's own error goes back to the backend")
    func clientError() async throws {
        let (backend, answers) = try await asking("elicitation/create")
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"elicitation":{}}"#) { session in
                let channel = ScriptedChannel(#"{"elicitation":{}}"#) { _, _ throws(RequestError) in
                    throw RequestError(ErrorCode(rawValue: -1), "No, thank you", data: json("[1]"))
                }
                #expect(await harness.call(session, channel: channel).error == nil)
            }
        }
        #expect(
            answers.all.first?["error"]?.description == #"{"code":-1,"message":"No, thank you","data":[1]}"#)
        await backend.stop()
    }

    @Test(
        "includeContext would mean every backend to the client, so it is left out",
        arguments: ["thisServer", "allServers", "none"])
    func includeContext(value: String) async throws {
        let (backend, _) = try await asking("sampling/createMessage", params: #"{"includeContext":"\#(value)","a":1}"#)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"sampling":{}}"#) { session in
                let channel = ScriptedChannel(#"{"sampling":{}}"#) { _, _ in json("{}") }
                #expect(await harness.call(session, channel: channel).error == nil)
                let relayed = channel.asked.first?.params?["includeContext"]?.string
                #expect(relayed == (value == "none" ? "none" : nil))
                #expect(channel.asked.first?.params?["a"]?.int == 1)
            }
        }
        await backend.stop()
    }

    @Test("A withdrawn question is withdrawn from the client, and gets no answer")
    func withdrawn() async throws {
        let asked = ScriptedGate()
        let cancelled = ScriptedGate()
        let (backend, answers) = try await asking("elicitation/create", id: "\"q\"") { reply in
            await asked.wait()
            reply.event(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}"#)
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"elicitation":{}}"#) { session in
                let channel = ScriptedChannel(#"{"elicitation":{}}"#) { _, _ throws(RequestError) in
                    asked.open()
                    await ScriptedGate().wait()
                    if Task.isCancelled { cancelled.open() }
                    throw RequestError(.cancelled, "withdrawn")
                }
                async let call = harness.call(session, channel: channel)
                await cancelled.wait()
                // A later request, so that an answer would have come before it.
                #expect(await harness.request(session, .ping).error == nil)
                answers.giveUp()
                #expect(await call.text == "none")
                #expect(answers.all.isEmpty)
            }
        }
        await backend.stop()
    }

    @Test("A withdrawal of something else changes nothing", arguments: ["\"other\"", "1", "null", "{}", "\"0\""])
    func foreignWithdrawal(id: String) async throws {
        let (backend, answers) = try await asking("elicitation/create", id: "0") { reply in
            reply.event(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#)
            reply.event(#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#)
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"elicitation":{}}"#) { session in
                let channel = ScriptedChannel(#"{"elicitation":{}}"#) { _, _ in json(#"{"action":"accept"}"#) }
                #expect(await harness.call(session, channel: channel).error == nil)
            }
        }
        #expect(answers.all.first?["result"]?.description == #"{"action":"accept"}"#)
        await backend.stop()
    }

    @Test("GB-04: two backends that use the same id for their questions get each its own answer")
    func sameID() async throws {
        let gate = ScriptedGate()
        let (first, firstAnswers) = try await asking("elicitation/create", params: #"{"message":"one"}"#, id: "0")
        let (second, secondAnswers) = try await asking("elicitation/create", params: #"{"message":"two"}"#, id: "0")
        let channel = ScriptedChannel(#"{"elicitation":{}}"#) { _, params in
            await gate.wait()
            return JSONSlice(["answer": .slice(params?["message"] ?? .null)])
        }
        try await BackendHarness.run(first.url) { one in
            try await BackendHarness.run(second.url) { two in
                try await one.withSession(#"{"elicitation":{}}"#) { firstSession in
                    try await two.withSession(#"{"elicitation":{}}"#) { secondSession in
                        async let firstCall = one.call(firstSession, channel: channel)
                        async let secondCall = two.call(secondSession, channel: channel)
                        try await eventually("both have asked") { channel.asked.count == 2 }
                        gate.open()
                        _ = await (firstCall, secondCall)
                    }
                }
            }
        }
        #expect(firstAnswers.all.map { $0["result"]?.description } == [#"{"answer":"one"}"#])
        #expect(secondAnswers.all.map { $0["result"]?.description } == [#"{"answer":"two"}"#])
        await first.stop()
        await second.stop()
    }

    @Test("While a question is with the client the call does not time out")
    func noTimeout() async throws {
        let (backend, _) = try await asking("elicitation/create")
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"elicitation":{}}"#) { session in
                _ = try await harness.open(session)
                let asked = Mutex<NIODeadline?>(nil)
                let channel = ScriptedChannel(#"{"elicitation":{}}"#) { _, _ in
                    asked.withLock { $0 = .now() }
                    try? await Task.sleep(for: .milliseconds(1500))
                    return json(#"{"action":"accept"}"#)
                }
                let result = await harness.call(session, channel: channel, timeout: .milliseconds(500))
                #expect(result.error == nil, "\(result)")
            }
        }
        await backend.stop()
    }

    @Test(
        "A question outside of any answer goes to the client whose call is open, or else to the session's owner",
        arguments: [true, false])
    func outside(hasCall: Bool) async throws {
        let gate = ScriptedGate()
        let answers = Answers()
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true }) { request, reply in
            if request.verb == nil, let answer = request.json, request.method == "POST" {
                answers.add(answer)
                reply.accepted()
                return true
            }
            if request.verb == "tools/call" { await gate.wait() }
            return false
        }
        let owner = ScriptedChannel(#"{"roots":{}}"#) { _, _ in json(#"{"roots":["owner"]}"#) }
        let caller = ScriptedChannel(#"{"roots":{}}"#) { _, _ in json(#"{"roots":["caller"]}"#) }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"roots":{}}"#, channel: owner) { session in
                _ = try await harness.open(session)
                session.listen(on: harness.shard)
                try await eventually("the stream is open") { backend.streams.count == 1 }
                let call = hasCall ? Task { await harness.call(session, channel: caller) } : nil
                if hasCall { try await eventually("the call is there") { backend.requests("tools/call").count == 1 } }
                backend.streams.first?.event(#"{"jsonrpc":"2.0","id":3,"method":"roots/list"}"#)
                let answer = await answers.first()
                #expect(answer?["result"]?["roots"]?.description == (hasCall ? #"["caller"]"# : #"["owner"]"#))
                gate.open()
                _ = await call?.value
            }
        }
        await backend.stop()
    }

    @Test("A flood of questions is bounded: those beyond the bound are refused")
    func flood() async throws {
        let gate = ScriptedGate()
        let answers = Answers()
        let backend = try await ScriptedBackend.start { request, reply in
            if request.verb == nil, let answer = request.json, request.method == "POST" {
                answers.add(answer)
                reply.accepted()
                return true
            }
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            for id in 0..<100 { reply.event(#"{"jsonrpc":"2.0","id":\#(id),"method":"roots/list"}"#) }
            await gate.wait()
            reply.event(reply.response(#"{"content":[]}"#))
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession(#"{"roots":{}}"#) { session in
                let channel = ScriptedChannel(#"{"roots":{}}"#) { _, _ in
                    await gate.wait()
                    return json(#"{"roots":[]}"#)
                }
                async let call = harness.call(session, channel: channel)
                try await eventually("the others are refused") { answers.all.count >= 68 }
                #expect(answers.all.allSatisfy { $0["error"] != nil })
                gate.open()
                try await eventually("the bounded ones are answered") { answers.all.count == 100 }
                #expect(channel.asked.count == 32)
                #expect(answers.all.filter { $0["result"] != nil }.count == 32)
                #expect(Set(answers.all.compactMap { $0["id"]?.int }).count == 100)
                _ = await call
            }
        }
        await backend.stop()
    }
}
