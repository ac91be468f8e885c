// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes
import MCPTypes
import Synchronization
import TestSupport
import Testing

@testable import Aggregation
@testable import VirtualServer

/// A Modern client's calls to a Modern backend.
struct RelayTests {
    private static let alice = Principal(issuer: "https://issuer.example", subject: "alice")
    private static let bob = Principal(issuer: "https://issuer.example", subject: "bob")

    /// Asks `rounds` times, each time with a state of its own, and then returns the parameters of the last attempt.
    private static func asking(
        _ question: String = Ask.form, rounds: Int = 1, state: String? = #""backend-state""#
    ) -> ScriptedBackend.Script {
        { request, reply in
            guard request.verb == "tools/call" else { return false }
            let answered = request.params?["inputResponses"]?.members.compactMap(\.key.string).first
            let number = answered.flatMap { Int($0.dropFirst()) } ?? 0
            if number < rounds {
                reply.round(#"{"q\#(number + 1)":\#(question)}"#, state: state)
            } else {
                reply.done(request.params?.description ?? "")
            }
            return true
        }
    }

    private static func call(
        _ name: String = "one_ask", arguments: String = #"{"x":1}"#, state: JSONSlice? = nil, responses: String? = nil
    ) -> String {
        var members = [#""name":"\#(name)""#, #""arguments":\#(arguments)"#]
        if let state { members.append(#""requestState":\#(state)"#) }
        if let responses { members.append(#""inputResponses":\#(responses)"#) }
        return "{\(members.joined(separator: ","))}"
    }

    private static func modern(
        _ harness: ServerHarness, _ principal: Principal = alice, _ declared: String = Ask.everything
    ) -> ServerHarness.Client {
        harness.client(.v2026_07_28, declared, principal: principal)
    }

    @Test("GB-43: a resource that only a result pointed to can be read by the client that got the result")
    func rememberedLink() async throws {
        let script: ScriptedBackend.Script = { request, reply in
            guard request.verb == "tools/call", let name = request.params?["arguments"]?["link"]?.string else {
                return false
            }
            reply.result(
                #"{"resultType":"complete","content":[{"type":"resource_link","uri":"hidden://\#(name)","name":"x"}]}"#)
            return true
        }
        try await ServerHarness.withModern(script) { backend, harness in
            let client = Self.modern(harness)
            // The first call opens the session, the second one is made at once.
            for name in ["a", "b"] {
                let uri = "hidden://\(name)"
                #expect(await client.read(uri).error?.code == .resourceNotFound)
                #expect(await client.callTool(Self.call(arguments: #"{"link":"\#(name)"}"#)).error == nil)
                #expect(await client.read(uri).error == nil)
                #expect(backend.requests("resources/read").last?.subject == uri)
            }
        }
    }

    @Test("[GB-10] Rounds pass to the client and its answers to the backend, as often as the backend asks")
    func severalRounds() async throws {
        try await ServerHarness.withModern(Self.asking(rounds: 3)) { backend, harness in
            let client = Self.modern(harness)
            var result = try await client.callTool(Self.call()).get()
            for number in 1...3 {
                #expect(result["resultType"]?.isString("input_required") == true)
                let requests = try #require(result["inputRequests"])
                #expect(requests.members.compactMap(\.key.string) == ["q\(number)"])
                let question = try #require(requests.member("q\(number)"))
                #expect(question["params"]?["message"]?.string == "[one] Name?")
                #expect(question["params"]?["requestedSchema"]?["properties"]?["name"] != nil)
                let state = try #require(result["requestState"])
                #expect(state.string?.hasPrefix("v1.") == true)
                #expect(state.string?.contains("backend-state") == false)
                result = try await client.callTool(
                    Self.call(state: state, responses: #"{"q\#(number)":{"action":"accept","content":{"name":"n"}}}"#)
                ).get()
            }
            let last = try #require(result["content"]?.elements.first { _ in true }?["text"]?.string)
            #expect(json(last)["requestState"]?.string == "backend-state")
            #expect(json(last)["name"]?.string == "ask")
            #expect(backend.requests("tools/call").count == 4)
            #expect(client.channel.asked.isEmpty)
        }
    }

    @Test(
        "[GB-12] The backend gets back exactly its own state, be it absent, empty or odd, and never ours",
        arguments: [nil, #""""#, #""\u0000\ud83d\ude00 \" \\ é ""#] as [String?])
    func states(state: String?) async throws {
        try await ServerHarness.withModern(Self.asking(state: state)) { backend, harness in
            let client = Self.modern(harness)
            let round = try await client.callTool(Self.call()).get()
            let ours = try #require(round["requestState"])
            let text = await client.callTool(Self.call(state: ours, responses: #"{"q1":{"action":"decline"}}"#)).text
            #expect(json(text ?? "")["requestState"]?.description == state)
            for request in backend.requests("tools/call") {
                #expect(request.params?["requestState"]?.string?.hasPrefix("v1.") != true)
            }
        }
    }

    @Test("[GB-11] A state is good for its own user, tool and arguments only, and as long as it lasts")
    func foreign() async throws {
        let clock = TestClock()
        try await ServerHarness.withModern(clock: clock, Self.asking()) { backend, harness in
            let alice = Self.modern(harness)
            let bob = Self.modern(harness, Self.bob)
            let state = try #require(try await alice.callTool(Self.call()).get()["requestState"])
            let answers = #"{"q1":{"action":"decline"}}"#
            let text = try #require(state.string)
            var attempts: [(String, ServerHarness.Client, String)] = [
                ("other user", bob, Self.call(state: state, responses: answers)),
                ("other tool", alice, Self.call("one_other", state: state, responses: answers)),
                ("other arguments", alice, Self.call(arguments: #"{"x":2}"#, state: state, responses: answers)),
                ("no string", alice, Self.call(state: json("7"), responses: answers)),
                ("object", alice, Self.call(state: json("{}"), responses: answers)),
                ("tampered", alice, Self.call(state: JSONSlice(string: text + "-TAMPERED"), responses: answers)),
                ("empty", alice, Self.call(state: json(#""""#), responses: answers)),
                ("giant", alice, Self.call(state: JSONSlice(string: String(repeating: "v", count: 1 << 20)))),
            ]
            for index in stride(from: 3, to: text.utf8.count, by: 7) {
                var bytes = Array(text.utf8)
                bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                let changed = JSONSlice(string: String(decoding: bytes, as: UTF8.self))
                attempts.append(("byte \(index)", alice, Self.call(state: changed, responses: answers)))
            }
            for (what, client, params) in attempts {
                let error = await client.callTool(params).error
                #expect(error?.code == .invalidParams, "\(what)")
                #expect(error?.data?["reason"]?.string == "invalid_request_state", "\(what)")
                #expect(error?.httpStatus == 400, "\(what)")
            }
            #expect(backend.requests("tools/call").count == 1, "none of them reached the backend")
            // The number is the same one, however it is spelled.
            let good = Self.call(arguments: #"{"x":1.0}"#, state: state, responses: answers)
            #expect(await alice.callTool(good).error == nil)
            clock.advance(1801)
            #expect(await alice.callTool(good).error?.data?["reason"]?.string == "invalid_request_state")
        }
    }

    @Test("[GB-11] Two users who swap their states are both refused, and both can go on with their own")
    func swapped() async throws {
        try await ServerHarness.withModern(Self.asking()) { _, harness in
            let (alice, bob) = (Self.modern(harness), Self.modern(harness, Self.bob))
            let first = try #require(try await alice.callTool(Self.call()).get()["requestState"])
            let second = try #require(try await bob.callTool(Self.call()).get()["requestState"])
            let answers = #"{"q1":{"action":"decline"}}"#
            #expect(await alice.callTool(Self.call(state: second, responses: answers)).error?.code == .invalidParams)
            #expect(await bob.callTool(Self.call(state: first, responses: answers)).error?.code == .invalidParams)
            #expect(await alice.callTool(Self.call(state: first, responses: answers)).error == nil)
            #expect(await bob.callTool(Self.call(state: second, responses: answers)).error == nil)
        }
    }

    @Test("Answers without a state make a call without one")
    func noState() async throws {
        try await ServerHarness.withModern(Self.asking()) { backend, harness in
            let text = await Self.modern(harness).callTool(
                Self.call(state: .null, responses: #"{"q1":{"action":"decline"}}"#)
            ).text
            #expect(json(text ?? "")["requestState"] == nil)
            #expect(backend.requests("tools/call").count == 1)
        }
    }

    @Test("A round without questions passes with a state of ours")
    func silent() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            if request.params?["requestState"]?.isString("wait") == true {
                reply.done()
            } else {
                reply.round(nil, state: #""wait""#)
            }
            return true
        }) { _, harness in
            let client = Self.modern(harness)
            let round = try await client.callTool(Self.call()).get()
            #expect(round["inputRequests"] == nil)
            let state = try #require(round["requestState"])
            #expect(await client.callTool(Self.call(state: state)).text == "done")
        }
    }

    @Test("[GB-13] The backend is told what the client declared, and nothing more")
    func mirrored() async throws {
        try await ServerHarness.withModern(Self.asking(rounds: 0)) { backend, harness in
            for declared in ["{}", #"{"elicitation":{}}"#, #"{"sampling":{"tools":{}},"roots":{"listChanged":true}}"#] {
                _ = await Self.modern(harness, Self.alice, declared).callTool(Self.call())
            }
            let told = backend.requests("tools/call").map { request in
                request.params?["_meta"]?.member("io.modelcontextprotocol/clientCapabilities")
            }
            try #require(told.count == 3)
            #expect(told[0]?.description == "{}")
            #expect(told[1]?["elicitation"] != nil && told[1]?["sampling"] == nil && told[1]?["roots"] == nil)
            #expect(told[2]?["sampling"]?["tools"] != nil && told[2]?["elicitation"] == nil)
            #expect(told[2]?["roots"] != nil && told[2]?["roots"]?["listChanged"] == nil)
        }
    }

    @Test(
        "A question that the client did not declare is -32021 with what it would have to",
        arguments: [
            (Ask.form, #"{"sampling":{}}"#, #"{"elicitation":{"form":{}}}"#),
            (Ask.url, #"{"elicitation":{}}"#, #"{"elicitation":{"url":{}}}"#),
            (Ask.sampling, "{}", #"{"sampling":{}}"#), (Ask.roots, "{}", #"{"roots":{}}"#),
        ])
    func undeclared(question: String, declared: String, required: String) async throws {
        try await ServerHarness.withModern(Self.asking(question)) { _, harness in
            let error = await Self.modern(harness, Self.alice, declared).callTool(Self.call()).error
            #expect(error?.code == .missingRequiredClientCapability)
            #expect(error?.data?["requiredCapabilities"]?.description == required)
            #expect(error?.httpStatus == 400)
        }
    }

    @Test(
        "[GB-14, GB-15] A backend that lies about its rounds has broken the protocol",
        arguments: [
            #"{"resultType":"input_required"}"#, #"{"resultType":"input_required","inputRequests":{}}"#,
            #"{"resultType":"input_required","inputRequests":[]}"#,
            #"{"resultType":"input_required","inputRequests":{"k":1}}"#,
            #"{"resultType":"input_required","inputRequests":{"k":{}}}"#,
            #"{"resultType":"input_required","inputRequests":{"k":{"method":"tools/call","params":{}}}}"#,
            #"{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create","params":{"mode":"x"}}}}"#,
            #"{"resultType":"input_required","inputRequests":{"k":{"method":"roots/list","params":[]}}}"#,
            #"{"resultType":"input_required","inputRequests":{"k":\#(Ask.roots),"k":\#(Ask.roots)}}"#,
            #"{"resultType":"input_required","requestState":7}"#,
            #"{"resultType":"surprise","content":[]}"#, #"{"resultType":"task","taskId":"t"}"#,
            #"{"resultType":7,"content":[]}"#,
        ])
    func lies(result: String) async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(result)
            return true
        }) { _, harness in
            #expect(await Self.modern(harness).callTool(Self.call()).error?.code == .invalidBackendResponse)
            let legacy = harness.client(.v2025_11_25, Ask.everything)
            #expect(await legacy.callTool(Self.call()).error?.code == .invalidBackendResponse)
        }
    }

    @Test("A thousand questions, or a giant state, are refused")
    func floods() async throws {
        let giant = Mutex(false)
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            if giant.withLock({ $0 }) {
                reply.round(nil, state: "\"\(String(repeating: "s", count: 100_000))\"")
            } else {
                reply.round("{\((0..<1000).map { "\"k\($0)\":\(Ask.roots)" }.joined(separator: ","))}")
            }
            return true
        }) { _, harness in
            for isGiant in [false, true] {
                giant.withLock { $0 = isGiant }
                #expect(await Self.modern(harness).callTool(Self.call()).error?.code == .invalidBackendResponse)
                let legacy = harness.client(.v2025_11_25, Ask.everything)
                #expect(await legacy.callTool(Self.call()).error?.code == .invalidBackendResponse)
            }
        }
    }

    @Test("The largest state that is taken survives the way to the client and back")
    func largeState() async throws {
        let state = "\"\(String(repeating: "s", count: (64 << 10) - 2))\""
        try await ServerHarness.withModern(Self.asking(state: state)) { _, harness in
            let client = Self.modern(harness)
            let ours = try #require(try await client.callTool(Self.call()).get()["requestState"])
            let text = await client.callTool(Self.call(state: ours, responses: #"{"q1":{"action":"decline"}}"#)).text
            #expect(json(text ?? "")["requestState"]?.description == state)
        }
    }

    @Test("[GB-14] input_required in answer to completion is the backend's fault")
    func completion() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "completion/complete" else { return false }
            reply.round(nil, state: #""x""#)
            return true
        }) { _, harness in
            let params = #"{"ref":{"type":"ref/prompt","name":"one_ask"},"argument":{"name":"a","value":""}}"#
            for revision in [ProtocolRevision.v2026_07_28, .v2025_11_25] {
                let error = await harness.client(revision).complete(params).error
                #expect(error?.code == .invalidBackendResponse, "\(revision)")
            }
        }
    }

    @Test("-32021 passes when the client did not declare it, and is our own fault when it did")
    func missingCapability() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(
                #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32021,"message":"m","data":{"requiredCapabilities":{"elicitation":{"form":{}}}}}}"#,
                status: 400)
            return true
        }) { _, harness in
            let without = await Self.modern(harness, Self.alice, "{}").callTool(Self.call()).error
            #expect(without?.code == .missingRequiredClientCapability)
            #expect(without?.data?["requiredCapabilities"]?.description == #"{"elicitation":{"form":{}}}"#)
            #expect(without?.httpStatus == 400)
            let with = await Self.modern(harness, Self.alice, #"{"elicitation":{}}"#).callTool(Self.call()).error
            #expect(with?.code == .internalError)
        }
    }

    @Test("A retry goes to the backend that asked, whatever the name leads to by now")
    func rerouted() async throws {
        let first = try await ScriptedBackend.modern(Self.asking())
        let second = try await ScriptedBackend.modern(Self.asking(rounds: 0))
        try await ServerHarness.run(
            ["a": first.url, "b": second.url],
            aggregation: AggregationSettings(strategy: .priority(order: ["a", "b"]))
        ) { plain in
            let harness = plain.with()
            let client = Self.modern(harness)
            let state = try #require(try await client.callTool(Self.call("ask")).get()["requestState"])
            let turned = Capabilities(
                settings: AggregationSettings(strategy: .priority(order: ["b", "a"])), mode: .withhold,
                backends: plain.backends, logger: plain.server.logger, tasks: TaskSupervisor())
            for name in ["a", "b"] { turned.update(try #require(plain.capabilities.report(of: name))) }
            await turned.settle(within: .seconds(10))
            let moved = ServerHarness(
                server: VirtualServer(
                    name: "gateway", backends: plain.backends, capabilities: turned, seal: harness.server.seal,
                    logger: plain.server.logger),
                capabilities: turned, backends: plain.backends, shards: plain.shards)
            let again = ServerHarness.Client(harness: moved, channel: client.channel, caller: client.caller)
            #expect(await again.callTool(Self.call("ask")).text != nil)
            #expect(second.requests("tools/call").count == 1, "a new call goes to the new owner")
            let text = await again.callTool(
                Self.call("ask", state: state, responses: #"{"q1":{"action":"decline"}}"#)
            ).text
            #expect(json(text ?? "")["requestState"]?.string == "backend-state")
            #expect(second.requests("tools/call").count == 1)
            #expect(first.requests("tools/call").count == 2)
        }
        await first.stop()
        await second.stop()
    }

    @Test("What answers have led to may not be kept")
    func uncacheable() async throws {
        try await ServerHarness.withModern({ request, reply in
            guard request.verb == "resources/read" else { return false }
            if request.params?["inputResponses"] != nil || request.params?["requestState"] == nil {
                let isRetry = request.params?["inputResponses"] != nil
                if !isRetry {
                    reply.round(#"{"k":\#(Ask.form)}"#)
                } else {
                    reply.result(#"{"resultType":"complete","ttlMs":9,"cacheScope":"public","contents":[]}"#)
                }
            }
            return true
        }) { _, harness in
            let client = Self.modern(harness)
            let round = try await client.read("test://one").get()
            let state = try #require(round["requestState"])
            let params = json(
                #"{"uri":"test://one","requestState":\#(state),"inputResponses":{"k":{"action":"decline"}}}"#)
            let result = try await Task(executorPreference: client.caller.shard.executor) {
                [server = harness.server, caller = client.caller] in
                try await server.readResource(params, caller: caller)
            }.value
            #expect(result["contents"] != nil)
            #expect(result["ttlMs"] == nil && result["cacheScope"] == nil)
        }
    }

    @Test("[GB-24] The level of the request goes to the backend, and without one nothing does")
    func logLevel() async throws {
        try await ServerHarness.withModern(Self.asking(rounds: 0)) { backend, harness in
            for level in [nil, LogLevel.warning] {
                let client = harness.client(.v2026_07_28, "{}", logLevel: level)
                _ = await client.callTool(Self.call())
            }
            let told = backend.requests("tools/call").map {
                $0.params?["_meta"]?.member("io.modelcontextprotocol/logLevel")?.string
            }
            #expect(told == [nil, "warning"])
        }
    }
}
