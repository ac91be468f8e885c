// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Progress and other notifications during calls", .serialized, .timeLimit(.minutes(5)))
struct ProgressTests {
    private static func progress(_ token: String, _ value: Int) -> String {
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(token),"progress":\#(value)}}"#
    }

    private static func message(_ text: String) -> String {
        #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"\#(text)"}}"#
    }

    /// Reports progress with the token that it was given, then waits for the gate and answers.
    private func reporting(_ gate: ScriptedGate = ScriptedGate()) async throws -> ScriptedBackend {
        try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            let token = request.params?["_meta"]?["progressToken"]?.description ?? "null"
            reply.openStream()
            for value in 1...3 { reply.event(Self.progress(token, value)) }
            reply.event(Self.message(request.subject ?? ""))
            await gate.wait()
            reply.event(reply.response(#"{"content":[]}"#))
            reply.endStream()
            return true
        }
    }

    @Test(
        "GB-21: the backend gets a token of ours, and the client its own one back",
        arguments: ["7", "\"t\"", "\"a\\u0062\"", "0", "-1", "\"7\""])
    func restored(token: String) async throws {
        let gate = ScriptedGate()
        let backend = try await reporting(gate)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let channel = ScriptedChannel()
                async let call = harness.call(session, channel: channel, token: token)
                try await eventually("progress has come") { channel.told(.progress).count == 3 }
                gate.open()
                #expect(await call.error == nil)
                #expect(channel.told(.progress).map { $0["progressToken"]?.description } == [token, token, token])
                #expect(channel.told(.progress).map { $0["progress"]?.int } == [1, 2, 3])
            }
        }
        let sent = backend.requests("tools/call").first?.params?["_meta"]?["progressToken"]
        #expect(sent?.int != nil)
        await backend.stop()
    }

    @Test("GB-21: two calls with the same token have two tokens at the backend, and their progress does not mix")
    func unique() async throws {
        let gate = ScriptedGate()
        let backend = try await reporting(gate)
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let channels = [ScriptedChannel(), ScriptedChannel()]
                async let first = harness.call(session, "one", channel: channels[0], token: "1")
                async let second = harness.call(session, "two", channel: channels[1], token: "1")
                try await eventually("all progress has come") { channels.allSatisfy { $0.told.count == 4 } }
                gate.open()
                #expect(await first.error == nil)
                #expect(await second.error == nil)
                for (channel, name) in zip(channels, ["one", "two"]) {
                    #expect(channel.told(.progress).count == 3)
                    #expect(channel.told(.message).map { $0["data"]?.string } == [name])
                }
            }
        }
        let tokens = backend.requests("tools/call").map { $0.params?["_meta"]?["progressToken"]?.description }
        #expect(Set(tokens).count == 2)
        await backend.stop()
    }

    @Test("A call without a token gets none at the backend, and what comes all the same goes nowhere")
    func unasked() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            for token in [reply.id, "1", "\"\(reply.id)\"", "null", "{}", "99999999999999999999"] {
                reply.event(Self.progress(token, 1))
            }
            reply.event(#"{"jsonrpc":"2.0","method":"notifications/progress"}"#)
            reply.event(reply.response(#"{"content":[]}"#))
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                let channel = ScriptedChannel()
                #expect(await harness.call(session, channel: channel).error == nil)
                #expect(channel.told.isEmpty)
            }
            #expect(inbox.all.isEmpty)
        }
        #expect(backend.requests("tools/call").first?.params?["_meta"] == nil)
        await backend.stop()
    }

    @Test("GB-22: progress of a call that has ended goes nowhere, on whichever stream it comes")
    func afterTheEnd() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                session.listen(on: harness.shard)
                let channel = ScriptedChannel()
                #expect(await harness.call(session, channel: channel, token: "5").text == "echo")
                let token = backend.requests("tools/call").first?.params?["_meta"]?["progressToken"]?.description ?? ""
                try await eventually("the stream is open") { backend.streams.count == 1 }
                backend.streams.first?.event(Self.progress(token, 9))
                backend.streams.first?.event(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
                try await eventually("the stream is read") { inbox.all(.toolsListChanged).count == 1 }
                #expect(channel.told.isEmpty)
                #expect(inbox.all.count == 1)
            }
        }
        await backend.stop()
    }

    @Test("Progress may come on the listening stream while the call is open")
    func otherStream() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true }) { request, _ in
            if request.verb == "tools/call" { await gate.wait() }
            return false
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                session.listen(on: harness.shard)
                let channel = ScriptedChannel()
                async let call = harness.call(session, channel: channel, token: "\"x\"")
                try await eventually("all is there") {
                    backend.requests("tools/call").count == 1 && backend.streams.count == 1
                }
                let token = backend.requests("tools/call").first?.params?["_meta"]?["progressToken"]?.description ?? ""
                backend.streams.first?.event(Self.progress(token, 1))
                try await eventually("progress has come") { channel.told(.progress).count == 1 }
                gate.open()
                #expect(await call.text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("BC-24: a backend that reports progress is given more time")
    func progressExtends() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            let token = request.params?["_meta"]?["progressToken"]?.description ?? "null"
            reply.openStream()
            for value in 1...10 {
                reply.event(Self.progress(token, value))
                try? await Task.sleep(for: .milliseconds(300))
            }
            reply.event(reply.response(#"{"content":[{"type":"text","text":"done"}]}"#))
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let result = await harness.call(session, channel: ScriptedChannel(), token: "1", timeout: .seconds(2))
                #expect(result.text == "done", "\(result)")
            }
        }
        await backend.stop()
    }

    @Test("GB-25: a log message during a call goes to that call's client, one without a call to the session's owner")
    func logs() async throws {
        let gate = ScriptedGate()
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true }) { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(Self.message("during \(request.subject ?? "")"))
            await gate.wait()
            reply.event(reply.response(#"{"content":[]}"#))
            reply.endStream()
            return true
        }
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                session.listen(on: harness.shard)
                let channels = [ScriptedChannel(), ScriptedChannel()]
                async let one = harness.call(session, "one", channel: channels[0])
                async let two = harness.call(session, "two", channel: channels[1])
                try await eventually("both are told") {
                    channels.allSatisfy { $0.told.count == 1 } && backend.streams.count == 1
                }
                // With two calls in flight, nobody can say which one this belongs to.
                backend.streams.first?.event(Self.message("outside"))
                try await eventually("the owner is told") { inbox.all(.message).count == 1 }
                gate.open()
                _ = await (one, two)
                #expect(channels[0].told(.message).map { $0["data"]?.string } == ["during one"])
                #expect(channels[1].told(.message).map { $0["data"]?.string } == ["during two"])
                #expect(inbox.all(.message).map { $0?["data"]?.string } == ["outside"])
            }
        }
        await backend.stop()
    }

    @Test("GB-20: what belongs to no call goes to the session's owner, without the hop's metadata")
    func toTheOwner() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.run(backend.url) { harness in
            let inboxes = [Inbox(), Inbox()]
            try await harness.withSession(inbox: inboxes[0]) { first in
                try await harness.withSession(inbox: inboxes[1]) { second in
                    first.listen(on: harness.shard)
                    _ = try await harness.open(first)
                    try await eventually("the first stream is open") { backend.streams.count == 1 }
                    second.listen(on: harness.shard)
                    _ = try await harness.open(second)
                    try await eventually("the second stream is open") { backend.streams.count == 2 }
                    backend.streams[0].event(
                        #"{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e1","#
                            + #""_meta":{"io.modelcontextprotocol/serverInfo":{},"vendor/x":1}}}"#)
                    backend.streams[1].event(
                        #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"demo://a"}}"#)
                    try await eventually("both are told") { inboxes.allSatisfy { $0.all.count == 1 } }
                    #expect(
                        inboxes[0].all(.elicitationComplete).map { $0?.description }
                            == [#"{"elicitationId":"e1","_meta":{"vendor/x":1}}"#])
                    #expect(inboxes[1].all(.resourceUpdated).map { $0?["uri"]?.string } == ["demo://a"])
                }
            }
        }
        await backend.stop()
    }
}
