// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends

@Suite("Requests to a Modern backend over HTTP", .serialized, .timeLimit(.minutes(5)))
struct ModernRequestTests {
    private func run(
        _ capabilities: String = "{}", configure: (inout ScriptedModernBackend.Content) -> Void = { _ in },
        settings: BackendHarness.Configure = { _ in },
        script: @escaping ScriptedBackend.Script = { _, _ in false },
        _ body: (BackendHarness, BackendSession, ScriptedModernBackend) async throws -> Void
    ) async throws {
        let backend = try await ScriptedModernBackend.start(configure: configure, script)
        try await BackendHarness.run(backend.url, configure: settings) { harness in
            let session = harness.session(capabilities, preference: .modernFirst)
            try await body(harness, session, backend)
            await session.close()
        }
        await backend.stop()
    }

    private func call(
        _ session: BackendSession, _ harness: BackendHarness, _ method: MCPMethod, _ params: String,
        _ change: @Sendable @escaping (inout BackendSession.CallOptions) -> Void = { _ in }
    ) async -> Result<JSONSlice, BackendError> {
        let shard = harness.shard
        return await onLoop(of: shard) {
            var options = BackendSession.CallOptions(shard: shard, isRepeatable: false)
            change(&options)
            do throws(BackendError) {
                return .success(try await session.call(method, params: json(params), options: options))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test("BC-19: each request says in headers and in _meta who asks, for what, and what can be asked of it")
    func standardHeaders() async throws {
        try await run(#"{"elicitation":{"form":{}},"roots":{}}"#) { harness, session, backend in
            let result = await call(session, harness, .toolsCall, #"{"name":"echo","_meta":{"com.example/a":1}}"#)
            #expect(result.text == "echo")
            let request = try #require(backend.requests("tools/call").first)
            #expect(request.headers("MCP-Protocol-Version") == ["2026-07-28"])
            #expect(request.headers("Mcp-Method") == ["tools/call"])
            #expect(request.headers("Mcp-Name") == ["echo"])
            #expect(request.header("Accept") == "application/json, text/event-stream")
            #expect(request.header("Mcp-Session-Id") == nil)
            let meta = try #require(request.params?["_meta"])
            #expect(meta["io.modelcontextprotocol/protocolVersion"]?.string == "2026-07-28")
            #expect(meta["io.modelcontextprotocol/clientInfo"]?["name"]?.string == GatewayIdentity.name)
            #expect(
                meta["io.modelcontextprotocol/clientCapabilities"]
                    == json(#"{"roots":{},"elicitation":{"form":{}}}"#))
            #expect(meta["io.modelcontextprotocol/logLevel"] == nil)
            #expect(meta["com.example/a"]?.int == 1)
            #expect(backend.requests.map(\.method) == ["POST", "POST"], "no handshake, no stream, no end")
        }
    }

    @Test(
        "BC-19: the name is what the method is about",
        arguments: [
            (MCPMethod.toolsCall, #"{"name":"a b"}"#, "a b"),
            (.toolsCall, #"{"name":"käse"}"#, "=?base64?a8Okc2U=?="),
            (.promptsGet, #"{"name":"p"}"#, "p"), (.resourcesRead, #"{"uri":"demo://x"}"#, "demo://x"),
            (.tasksGet, #"{"taskId":"7"}"#, "7"), (.toolsList, "{}", nil), (.complete, "{}", nil),
        ] as [(MCPMethod, String, String?)]
    )
    func names(method: MCPMethod, params: String, name: String?) async throws {
        try await run { harness, session, backend in
            _ = await call(session, harness, method, params)
            let request = try #require(backend.requests(method.name).first)
            #expect(request.header("Mcp-Name") == name)
            #expect(request.header("Mcp-Method") == method.name)
        }
    }

    private static let schema = json(
        #"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"#
            + #""count":{"type":"integer","x-mcp-header":"Count"},"flag":{"type":"boolean","x-mcp-header":"Flag"},"#
            + #""empty":{"type":"string","x-mcp-header":"Empty"},"no":{"type":"string","x-mcp-header":"No"}}}"#)

    @Test("BC-20: annotated arguments travel in headers as well")
    func parameterHeaders() async throws {
        let headers = try ParameterHeaders(schema: Self.schema)
        try await run { harness, session, backend in
            let arguments = #"{"region":" eu","count":42,"flag":false,"empty":"","no":null}"#
            _ = await call(session, harness, .toolsCall, #"{"name":"echo","arguments":\#(arguments)}"#) {
                $0.parameterHeaders = headers
            }
            let request = try #require(backend.requests("tools/call").first)
            #expect(request.header("Mcp-Param-Region") == "=?base64?IGV1?=")
            #expect(request.header("Mcp-Param-Count") == "42")
            #expect(request.header("Mcp-Param-Flag") == "false")
            #expect(request.headers("Mcp-Param-Empty") == [""])
            #expect(request.header("Mcp-Param-No") == nil)
        }
    }

    @Test("Headers of the client that only the protocol writes do not pass")
    func foreignHeaders() async throws {
        try await run { harness, session, backend in
            _ = await call(session, harness, .toolsCall, #"{"name":"echo"}"#) {
                $0.headers = ForwardedHeaders(fields: [
                    .init(name: "Mcp-Param-Region", value: "x"), .init(name: "X-Tenant", value: "t"),
                ])
            }
            let request = try #require(backend.requests("tools/call").first)
            #expect(request.header("Mcp-Param-Region") == nil)
            #expect(request.header("X-Tenant") == "t")
        }
    }

    @Test("BC-22: refused headers are made anew from the list of now, once")
    func refreshed() async throws {
        try await run(
            configure: { $0.tools = #"[{"name":"echo","inputSchema":\#(Self.schema)}]"# },
            script: { request, reply in
                guard request.verb == "tools/call", request.header("Mcp-Param-Region") == nil else { return false }
                reply.error(-32020, "Header mismatch", status: 400)
                return true
            }
        ) { harness, session, backend in
            let params = #"{"name":"echo","arguments":{"region":"eu"}}"#
            #expect(await call(session, harness, .toolsCall, params).text == "echo")
            #expect(backend.requests("tools/call").map { $0.header("Mcp-Param-Region") } == [nil, "eu"])
            backend.change { $0.tools = "[]" }
            let refused = await call(session, harness, .toolsCall, params)
            #expect(refused.error?.provesNotExecuted == true)
            #expect(refused.error?.requestError(backend: "b").code == .internalError)
            #expect(backend.requests("tools/call").count == 3)
        }
    }

    @Test("The log level is the request's, or else the session's")
    func logLevel() async throws {
        try await run { harness, session, backend in
            _ = await call(session, harness, .toolsCall, #"{"name":"a"}"#)
            session.presetLogLevel(.info)
            _ = await call(session, harness, .toolsCall, #"{"name":"b"}"#)
            _ = await call(session, harness, .toolsCall, #"{"name":"c"}"#) { $0.logLevel = .debug }
            let levels = backend.requests("tools/call").map {
                $0.params?["_meta"]?["io.modelcontextprotocol/logLevel"]?.string
            }
            #expect(levels == [nil, "info", "debug"])
            #expect(backend.requests("logging/setLevel").isEmpty)
        }
    }

    @Test("Progress and log messages of a call come on its stream, under the client's own token")
    func streamed() async throws {
        let channel = ScriptedChannel()
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            let token = request.params?["_meta"]?["progressToken"]?.description ?? "null"
            reply.openStream()
            reply.event(
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(token),"progress":1}}"#
            )
            reply.event(
                #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hi"}}"#)
            reply.event(#"{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{}}"#)
            reply.event(reply.response(#"{"resultType":"complete","content":[{"type":"text","text":"done"}]}"#))
            reply.endStream()
            return true
        }) { harness, session, backend in
            let result = await harness.call(session, channel: channel, token: #""mine""#)
            #expect(result.text == "done")
            #expect(channel.told(.progress).map { $0["progressToken"]?.string } == ["mine"])
            #expect(channel.told(.message).count == 1)
            #expect(channel.asked.isEmpty, "a Modern server asks nothing on a stream")
            #expect(harness.log.all.contains { $0.contains("must not make") })
        }
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        let what: String
        let result: String
        let isTaken: Bool
        var testDescription: String { what }
    }

    @Test(
        "Results are taken by their type",
        arguments: [
            Answer(what: "complete", result: #"{"resultType":"complete"}"#, isTaken: true),
            Answer(
                what: "input required", result: #"{"resultType":"input_required","requestState":"s"}"#, isTaken: true),
            Answer(what: "a task that was not allowed", result: #"{"resultType":"task","taskId":"1"}"#, isTaken: false),
            Answer(what: "unknown", result: #"{"resultType":"later"}"#, isTaken: false),
            Answer(what: "no text", result: #"{"resultType":7}"#, isTaken: false),
        ]
    )
    func types(answer: Answer) async throws {
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(answer.result)
            return true
        }) { harness, session, backend in
            let result = await harness.call(session)
            #expect((try? result.get()) == (answer.isTaken ? json(answer.result) : nil))
            #expect(result.isInvalidResponse == !answer.isTaken)
        }
    }

    @Test("A task is taken where the request allowed it, and input is only asked for where it may be")
    func tasks() async throws {
        try await run(
            #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#,
            script: { request, reply in
                switch request.verb {
                case "tools/call": reply.result(#"{"resultType":"task","taskId":"1"}"#)
                case "tools/list": reply.result(#"{"resultType":"input_required","requestState":"s"}"#)
                default: return false
                }
                return true
            }
        ) { harness, session, backend in
            #expect((try? await harness.call(session).get())?["taskId"]?.string == "1")
            #expect(await harness.request(session, .toolsList).isInvalidResponse)
        }
    }

    @Test(
        "JSON-RPC errors are read at any status, and as a stream too",
        arguments: [(200, false), (400, false), (404, false), (500, false), (400, true)])
    func errors(status: Int, isStream: Bool) async throws {
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            let error = #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32602,"message":"bad"}}"#
            if isStream {
                reply.respond(status, type: "text/event-stream", body: "data: \(error)\n\n")
            } else {
                reply.json(error, status: status)
            }
            return true
        }) { harness, session, backend in
            let error = await harness.call(session).error?.requestError(backend: "b")
            #expect(error == RequestError(.invalidParams, "bad"))
        }
    }

    @Test("Of the errors of our own hop only a missing capability is told, with its status")
    func ownErrors() async throws {
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(
                #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32021,"message":"m","#
                    + #""data":{"requiredCapabilities":{"elicitation":{}}}}}"#, status: 400)
            return true
        }) { harness, session, backend in
            let error = try #require(await harness.call(session).error)
            #expect(!error.provesNotExecuted)
            let told = error.requestError(backend: "b")
            #expect(told.code == .missingRequiredClientCapability)
            #expect(told.httpStatus == 400)
            #expect(told.data?["requiredCapabilities"]?["elicitation"] != nil)
        }
    }

    @Test("BC-04: -32022 that names our revision leads to one repetition")
    func version() async throws {
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.json(
                #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32022,"message":"m","#
                    + #""data":{"supported":["2026-07-28"],"requested":"2026-07-28"}}}"#, status: 400)
            return true
        }) { harness, session, backend in
            let error = try #require(await harness.call(session).error)
            #expect(error.requestError(backend: "b").code == .internalError)
            #expect(backend.requests("tools/call").count == 2)
            #expect(session.handshake?.revision.era == .modern)
        }
    }

    @Test("BC-25: a stream that breaks leaves the outcome unknown; only what may be repeated is, under a new id")
    func broken() async throws {
        try await run(script: { request, reply in
            guard request.verb == "tools/call" || request.verb == "tools/list" else { return false }
            reply.openStream()
            reply.event(
                #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#, id: "7")
            reply.close()
            return true
        }) { harness, session, backend in
            #expect(await harness.call(session).isOutcomeUnknown)
            #expect(backend.requests("tools/call").count == 1)
            _ = await harness.request(session, .toolsList, isRepeatable: true)
            let repeated = backend.requests("tools/list")
            #expect(repeated.count == 3)
            #expect(Set(repeated.compactMap(\.id)).count == 3)
            #expect(backend.requests.allSatisfy { $0.header("Last-Event-ID") == nil && $0.method == "POST" })
        }
    }

    @Test(
        "BC-24: a call that takes too long, or that nobody waits for any more, ends with its stream",
        arguments: [true, false])
    func ended(byTimeout: Bool) async throws {
        let isClosed = ScriptedGate()
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            await reply.closed()
            isClosed.open()
            return true
        }) { harness, session, backend in
            if byTimeout {
                #expect(await harness.call(session, timeout: .milliseconds(200)).error == .timeout)
            } else {
                let task = Task { await harness.call(session) }
                try await eventually("it is asked") { !backend.requests("tools/call").isEmpty }
                task.cancel()
                #expect(await task.value.error == .cancelled)
            }
            await isClosed.wait()
            #expect(backend.requests("notifications/cancelled").isEmpty)
        }
    }

    @Test("A probe of a Modern backend asks what it serves")
    func ping() async throws {
        try await run { harness, session, backend in
            #expect(await harness.request(session, .ping).error == nil)
            #expect(backend.verbs == ["server/discover", "server/discover"])
        }
    }
}
