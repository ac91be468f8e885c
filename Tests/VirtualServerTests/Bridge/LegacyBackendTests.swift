// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import Synchronization
import TestSupport
import Testing

@testable import VirtualServer

/// What a Legacy backend's own words become for clients of either era.
struct LegacyBackendTests {
    private static let call = #"{"name":"one_echo","arguments":{}}"#

    private func with(
        _ script: @escaping ScriptedBackend.Script, bridge: BridgeSettings = BridgeSettings(),
        _ body: (ScriptedBackend, ServerHarness) async throws -> Void
    ) async throws {
        let backend = try await ScriptedBackend.start(
            configure: { $0.capabilities = #"{"tools":{},"logging":{}}"# }
        ) { request, reply in
            if request.verb == "server/discover" {
                reply.error(-32601, "Method not found")
                return true
            }
            return await script(request, reply)
        }
        try await ServerHarness.run(["one": backend.url]) { try await body(backend, $0.with(bridge: bridge)) }
        await backend.stop()
    }

    private static func visit(_ elicitations: String) -> ScriptedBackend.Script {
        { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(
                #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32042,"message":"Visit","data":{"elicitations":\#(elicitations)}}}"#
            )
            return true
        }
    }

    private static let page =
        #"{"mode":"url","elicitationId":"secret-id","url":"https://page.example/s3cret","message":"Connect"}"#

    @Test("[GB-19] -32042 becomes a round, and the retry is a new call of the backend")
    func recall() async throws {
        let hasVisited = Mutex(false)
        try await with({ request, reply in
            guard request.verb == "tools/call" else { return false }
            if hasVisited.withLock({ $0 }) {
                reply.result(
                    #"{"content":[{"type":"text","text":\#(JSONSlice(string: request.params?.description ?? ""))}]}"#)
                return true
            }
            return await Self.visit("[\(Self.page)]")(request, reply)
        }) { backend, harness in
            let client = harness.client(.v2026_07_28, #"{"elicitation":{"url":{}}}"#)
            let round = try await client.callTool(Self.call).get()
            #expect(round["resultType"]?.isString("input_required") == true)
            let question = try #require(round["inputRequests"]?.members.first { _ in true }?.value)
            #expect(question["method"]?.isString("elicitation/create") == true)
            #expect(question["params"]?["mode"]?.isString("url") == true)
            #expect(question["params"]?["url"]?.string == "https://page.example/s3cret")
            #expect(question["params"]?["message"]?.string == "[one] Connect")
            #expect(question["params"]?["elicitationId"] == nil)
            let state = try #require(round["requestState"])
            hasVisited.withLock { $0 = true }
            let retry =
                #"{"name":"one_echo","arguments":{},"requestState":\#(state),"inputResponses":{"visit1":{"action":"accept"}}}"#
            let text = try #require(await client.callTool(retry).text)
            #expect(json(text)["requestState"] == nil && json(text)["inputResponses"] == nil)
            #expect(backend.requests("tools/call").count == 2)
            let stranger = harness.client(
                .v2026_07_28, #"{"elicitation":{"url":{}}}"#, principal: .init(issuer: "i", subject: "s"))
            #expect(await stranger.callTool(retry).error?.code == .invalidParams)
        }
    }

    @Test("A page that was not visited is not asked for again", arguments: ["decline", "cancel"])
    func notVisited(action: String) async throws {
        try await with(Self.visit("[\(Self.page)]")) { backend, harness in
            let client = harness.client(.v2026_07_28, #"{"elicitation":{"url":{}}}"#)
            let state = try #require(try await client.callTool(Self.call).get()["requestState"])
            let error = await client.callTool(
                #"{"name":"one_echo","arguments":{},"requestState":\#(state),"inputResponses":{"visit1":{"action":"\#(action)"}}}"#
            ).error
            #expect(error?.code == .clientDeclined)
            #expect(backend.requests("tools/call").count == 1)
        }
    }

    @Test("[GB-19] -32042 passes to 2025-11-25 and is -32603 to whoever cannot visit pages, without the address")
    func otherClients() async throws {
        try await with(Self.visit("[\(Self.page)]")) { _, harness in
            let same = await harness.client(.v2025_11_25, #"{"elicitation":{"url":{}}}"#).callTool(Self.call).error
            #expect(same?.code == .urlElicitationRequired)
            #expect(same?.data?["elicitations"]?.elements.first { _ in true }?["elicitationId"]?.string == "secret-id")
            for (revision, declared) in [
                (ProtocolRevision.v2025_06_18, #"{"elicitation":{}}"#), (.v2024_11_05, "{}"),
                (.v2026_07_28, "{}"), (.v2026_07_28, #"{"elicitation":{"form":{}}}"#),
            ] {
                let error = await harness.client(revision, declared).callTool(Self.call).error
                #expect(error?.code == .internalError)
                #expect(error?.message.contains("elicitation (URL mode)") == true)
                #expect(error?.data == nil)
                #expect(error?.message.contains("page.example") == false)
            }
        }
    }

    @Test(
        "Only addresses that nobody can change on the way are shown",
        arguments: [
            "http://page.example/", "http://localhost/", "javascript:alert(1)", "file:///etc/passwd", "https://",
            "https:///x", "//page.example", "page", "", "https://page.example/ x", "https://page.example/\\u0001",
            "data:text/html,x", "HTTP://page.example/",
        ])
    func badAddresses(url: String) async throws {
        let list = #"[{"mode":"url","elicitationId":"i","url":"\#(url)","message":"m"}]"#
        try await with(Self.visit(list)) { _, harness in
            let error = await harness.client(.v2026_07_28, Ask.everything).callTool(Self.call).error
            #expect(error?.code == .internalError)
        }
    }

    @Test(
        "An error -32042 that lists nothing usable is no round",
        arguments: [
            "[]", "{}", "null", "[{}]", #"[{"url":"https://page.example"}]"#, #"[{"mode":"form","message":"m"}]"#,
            #"[{"url":"https://accounts.example@evil.example/","message":"m"}]"#,
        ])
    func badLists(list: String) async throws {
        try await with(Self.visit(list)) { _, harness in
            let error = await harness.client(.v2026_07_28, Ask.everything).callTool(Self.call).error
            #expect(error?.code == .internalError)
        }
    }

    @Test("Pages on this machine may be visited without TLS where that is allowed")
    func loopback() async throws {
        var bridge = BridgeSettings()
        bridge.allowsInsecureLoopbackURLs = true
        let list = #"[{"mode":"url","elicitationId":"i","url":"http://127.0.0.1:9/","message":"m"}]"#
        try await with(Self.visit(list), bridge: bridge) { _, harness in
            let result = try await harness.client(.v2026_07_28, Ask.everything).callTool(Self.call).get()
            #expect(result["resultType"]?.isString("input_required") == true)
        }
    }

    /// Asks `method` in the middle of the call and ends as `end` says.
    private static func asking(_ question: String, isError: Bool) -> ScriptedBackend.Script {
        let answers = Mutex<[String]>([])
        return { request, reply in
            if request.verb == nil, let message = request.json {
                answers.withLock { $0.append(message["error"]?.description ?? message["result"]?.description ?? "") }
                reply.accepted()
                return true
            }
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            let message = json(question).editing([
                JSONEdit(key: "jsonrpc", value: json(#""2.0""#)), JSONEdit(key: "id", value: json("77")),
            ])
            reply.event(message.description)
            try? await eventually("the question is answered") { !answers.withLock { $0.isEmpty } }
            let answer = answers.withLock { $0.removeFirst() }
            let end =
                isError
                ? #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32000,"message":"no answer"}}"#
                : reply.response(#"{"isError":true,"content":[{"type":"text","text":\#(JSONSlice(string: answer))}]}"#)
            reply.event(end)
            reply.endStream()
            return true
        }
    }

    @Test("[GB-16] An undeclared question is refused, and an error that follows is -32021 with what was missing")
    func undeclared() async throws {
        for (question, required, code) in [
            (Ask.form, #"{"elicitation":{"form":{}}}"#, -32601), (Ask.sampling, #"{"sampling":{}}"#, -32601),
        ] {
            try await with(Self.asking(question, isError: true)) { _, harness in
                let error = await harness.client(.v2026_07_28, "{}").callTool(Self.call).error
                #expect(error?.code == .missingRequiredClientCapability)
                #expect(error?.data?["requiredCapabilities"]?.description == required)
                #expect(error?.httpStatus == 400)
            }
            try await with(Self.asking(question, isError: false)) { _, harness in
                let text = await harness.client(.v2026_07_28, "{}").callTool(Self.call).text
                #expect(json(text ?? "{}")["code"]?.int == code, "a result passes as it is")
            }
        }
    }

    @Test("[GB-16] Without parking a declared question is cancelled, and an error that follows says why")
    func notPossible() async throws {
        try await with(Self.asking(Ask.form, isError: true)) { _, harness in
            let error = await harness.client(.v2026_07_28, Ask.everything).callTool(Self.call).error
            #expect(error?.code == .internalError)
            #expect(error?.data?["reason"]?.string == "interaction_not_supported")
        }
        try await with(Self.asking(Ask.form, isError: false)) { _, harness in
            let text = await harness.client(.v2026_07_28, Ask.everything).callTool(Self.call).text
            #expect(text == #"{"action":"cancel"}"#)
        }
    }

    @Test("A Legacy backend gets no member of a round, and a state that is not ours is refused")
    func strayMembers() async throws {
        try await with({ request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(
                #"{"resultType":"input_required","requestState":"x","content":[{"type":"text","text":\#(JSONSlice(string: request.params?.description ?? ""))}]}"#
            )
            return true
        }) { _, harness in
            let client = harness.client(.v2026_07_28, "{}")
            let result = await client.callTool(#"{"name":"one_echo","inputResponses":{"k":{}}}"#)
            #expect(result.text == #"{"name":"echo"}"#)
            let complete = try result.get()
            #expect(complete["resultType"] == nil, "a Legacy backend has no rounds")
            let error = await client.callTool(#"{"name":"one_echo","requestState":"x"}"#).error
            #expect(error?.data?["reason"]?.string == "invalid_request_state")
        }
    }

    @Test("[GB-24] A request that wants more log messages raises the level of the session that it shares")
    func logLevel() async throws {
        try await with({ _, _ in false }) { backend, harness in
            let quiet = harness.client(.v2026_07_28, "{}")
            _ = await quiet.callTool(Self.call)
            #expect(backend.requests("logging/setLevel").isEmpty)
            var caller = quiet.caller
            for level in [LogLevel.warning, .error, .debug] {
                caller.meta = .asking(level)
                _ = await ServerHarness.Client(harness: harness, channel: quiet.channel, caller: caller)
                    .callTool(Self.call)
            }
            let levels = backend.requests("logging/setLevel").compactMap { $0.params?["level"]?.string }
            #expect(levels == ["warning", "debug"])
        }
    }

    @Test("[GB-60] One client uses backends of both eras at a time")
    func bothEras() async throws {
        let old = try await ScriptedBackend.start()
        let new = try await ScriptedBackend.modern { _, _ in false }
        try await ServerHarness.run(["old": old.url, "new": new.url]) { plain in
            let harness = plain.with()
            for revision in [ProtocolRevision.v2025_11_25, .v2026_07_28, .v2025_03_26] {
                let client = harness.client(revision, Ask.everything)
                #expect(await client.callTool(#"{"name":"old_echo"}"#).text == "echo")
                #expect(await client.callTool(#"{"name":"new_ask"}"#).text == "ask")
            }
        }
        await old.stop()
        await new.stop()
    }
}
