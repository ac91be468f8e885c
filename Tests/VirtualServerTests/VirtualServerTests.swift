// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import Synchronization
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

@Suite("The core with backends that come and go", .serialized, .timeLimit(.minutes(5)))
struct VirtualServerTests {
    @Test("LC-18: initialize declares the same whoever is up, and passes on what the backends want a model to know")
    func initialize() async throws {
        let one = try await ScriptedBackend.start(configure: { $0.instructions = "Be kind" })
        let two = try await ScriptedBackend.start(configure: {
            $0.instructions = String(repeating: "x", count: 100_000)
        })
        let three = try await ScriptedBackend.start()
        try await ServerHarness.run(["one": one.url, "two": two.url, "three": three.url]) { harness in
            for revision in ProtocolRevision.legacy {
                let result = JSONSlice(trusted: await harness.server.initializeResult(revision: revision))
                #expect(result["protocolVersion"]?.string == revision.rawValue)
                #expect(result["serverInfo"]?["name"]?.string == "gateway")
                let capabilities = try #require(result["capabilities"])
                #expect(capabilities["tools"]?["listChanged"]?.bool == true)
                #expect(capabilities["resources"]?.description == #"{"subscribe":true,"listChanged":true}"#)
                #expect(capabilities["prompts"]?["listChanged"]?.bool == true)
                #expect(capabilities["logging"] != nil && capabilities["completions"] != nil)
                let instructions = try #require(result["instructions"]?.string)
                #expect(instructions.hasPrefix("[one]\nBe kind\n\n[two]\nxxx"))
                #expect(!instructions.contains("[three]"))
                #expect(instructions.utf8.count < 20_000)
            }
        }
        for backend in [one, two, three] { await backend.stop() }
    }

    @Test("Lists hold what all backends offer, page by page, and refuse a cursor that is not theirs")
    func lists() async throws {
        let tools = (0..<7).map { #"{"name":"t\#($0)","inputSchema":{"type":"object"}}"# }.joined(separator: ",")
        let one = try await ScriptedBackend.start(configure: { $0.tools = "[\(tools)]" })
        let two = try await ScriptedBackend.start(configure: { $0.tools = "[\(tools)]" })
        try await ServerHarness.run(["one": one.url, "two": two.url], aggregation: AggregationSettings(pageSize: 5)) {
            harness in
            let client = harness.client()
            var names: [String] = []
            var cursor: String?
            var pages = 0
            repeat {
                let page = try await client.list(.tools, cursor.map { JSONSlice(["cursor": .string($0)]).description })
                    .get()
                names += page["tools"]?.elements.compactMap { $0["name"]?.string } ?? []
                cursor = page["nextCursor"]?.string
                pages += 1
            } while cursor != nil && pages < 10
            #expect(pages == 3)
            #expect(names == (0..<7).map { "one_t\($0)" } + (0..<7).map { "two_t\($0)" })
            for params in [#"{"cursor":"x"}"#, #"{"cursor":""}"#, #"{"cursor":1}"#, #"{"cursor":{}}"#] {
                #expect(await client.list(.tools, params).error?.code == .invalidParams, "\(params)")
            }
            #expect(await client.list(.tools, #"{"cursor":null}"#).items("tools", "name")?.count == 5)
            #expect(await client.list(.prompts).items("prompts", "name") == [])
        }
        for backend in [one, two] { await backend.stop() }
    }

    @Test("BC-29, S22: a backend that hangs does not keep the others' tools back for long")
    func hangingBackend() async throws {
        let one = try await ScriptedBackend.start()
        let two = try await ScriptedBackend.start { request, reply in
            await reply.closed()
            return true
        }
        try await ServerHarness.run(["one": one.url, "two": two.url], waits: false) { harness in
            let client = harness.client()
            let started = ContinuousClock.now
            #expect(await client.list(.tools).items("tools", "name") == ["one_echo"])
            #expect(ContinuousClock.now - started < .seconds(6))
            #expect(await client.callTool(#"{"name":"one_echo"}"#).text == "echo")
        }
        for backend in [one, two] { await backend.stop() }
    }

    @Test("A call that comes before its backend was heard of waits for it")
    func earlyCall() async throws {
        let gate = ScriptedGate()
        let one = try await ScriptedBackend.start { request, _ in
            if request.verb == "tools/list" { await gate.wait() }
            return false
        }
        try await ServerHarness.run(["one": one.url], waits: false) { harness in
            let client = harness.client()
            let call = Task { await client.callTool(#"{"name":"one_echo"}"#) }
            try await eventually("the backend is being read") { !one.requests("tools/list").isEmpty }
            gate.open()
            #expect(await call.value.text == "echo")
        }
        await one.stop()
    }

    @Test(
        "BC-29, GB-56: one of three backends dies: its calls fail, the others' work, and its tools come and go",
        arguments: [
            PartialFailureMode.withhold, .keep,
        ])
    func oneOfThree(mode: PartialFailureMode) async throws {
        var backends: [String: ScriptedBackend] = [:]
        for name in ["one", "three", "two"] { backends[name] = try await ScriptedBackend.start() }
        let two = try backends["two"].required("two")
        let health = try HealthSettings(interval: .milliseconds(300), timeout: nil, unhealthyThreshold: 2)
        try await ServerHarness.run(backends.mapValues(\.url), mode: mode, health: health) { harness in
            let client = harness.client()
            let all = ["one_echo", "three_echo", "two_echo"]
            #expect(await client.list(.tools).items("tools", "name") == all)
            await two.stop()
            let error = await client.callTool(#"{"name":"two_echo"}"#).error
            #expect(error?.code == .backendUnavailable)
            for name in ["one_echo", "three_echo"] {
                #expect(await client.callTool(#"{"name":"\#(name)"}"#).text == "echo")
            }
            let failed = try harness.backend("two")
            try await eventually("it counts as failed") { failed.health.isFailed }
            let expected = mode == .withhold ? ["one_echo", "three_echo"] : all
            try await eventually("the lists say so") { await client.list(.tools).items("tools", "name") == expected }
            #expect(await client.callTool(#"{"name":"two_echo"}"#).error?.code == .backendUnavailable)
            two.forgetSessions()
            try await two.http.listen()
            try await eventually("it is back") { await client.list(.tools).items("tools", "name") == all }
            try await eventually("it works again") { await client.callTool(#"{"name":"two_echo"}"#).text == "echo" }
        }
        for backend in backends.values { await backend.stop() }
    }

    @Test("GB-20: what a backend tells one client's session reaches that client only")
    func initiator() async throws {
        let one = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await ServerHarness.run(["one": one.url]) { harness in
            let clients = [harness.client(), harness.client()]
            for client in clients {
                client.caller.sessions.setListening(true, on: harness.shard)
                #expect(await client.callTool(#"{"name":"one_echo"}"#).error == nil)
            }
            // The monitor listens as well.
            try await eventually("all listen") { one.streams.count == 3 }
            let sessions = one.requests("tools/call").compactMap(\.sessionID)
            let gets = one.http.requests(method: "GET").compactMap(\.sessionID)
            let index = try gets.firstIndex(of: sessions[1]).required("the second client's stream")
            one.streams[index].event(
                #"{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}"#)
            try await eventually("the second client is told") {
                clients[1].channel.told(.elicitationComplete).count == 1
            }
            #expect(clients[0].channel.told(.elicitationComplete).isEmpty)
            for client in clients { await client.caller.sessions.close() }
            try await eventually("their streams are closed") { one.streams.count == 1 }
        }
        await one.stop()
    }

    @Test("An idle client costs no listening connection, and subscriptions keep one")
    func listening() async throws {
        let one = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"tools":{},"resources":{"subscribe":true}}"#
            $0.resources = #"[{"uri":"one://a","name":"a"}]"#
        })
        try await ServerHarness.run(["one": one.url]) { harness in
            try await eventually("the monitor listens") { one.streams.count == 1 }
            let client = harness.client()
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error == nil)
            client.caller.sessions.setListening(true, on: harness.shard)
            try await eventually("the client's session listens") { one.streams.count == 2 }
            client.caller.sessions.setListening(false, on: harness.shard)
            try await eventually("it stops") { one.streams.count == 1 }
            #expect(await client.subscribe(#"{"uri":"one://a"}"#).error == nil)
            try await eventually("a subscription listens") { one.streams.count == 2 }
            client.caller.sessions.setListening(true, on: harness.shard)
            client.caller.sessions.setListening(false, on: harness.shard)
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error == nil)
            #expect(one.streams.count == 2)
            await client.caller.sessions.close()
        }
        await one.stop()
    }

    @Test("A closed client takes no more calls, and its sessions are deleted at the backends")
    func closedClient() async throws {
        let one = try await ScriptedBackend.start()
        try await ServerHarness.run(["one": one.url]) { harness in
            let client = harness.client()
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error == nil)
            let session = try #require(one.requests("tools/call").first?.sessionID)
            await client.caller.sessions.close()
            #expect(one.http.requests(method: "DELETE").map(\.sessionID) == [session])
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error?.code == .backendUnavailable)
            #expect(one.requests("tools/call").count == 1)
        }
        await one.stop()
    }
}
