// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import TestSupport
import Testing

@testable import VirtualServer

@Suite("Calling tools", .serialized, .timeLimit(.minutes(5)))
struct ToolCallTests {
    /// One backend "one" that answers every call with the parameters that it got.
    private func echoing(_ body: (ScriptedBackend, ServerHarness) async throws -> Void) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            let text = JSONSlice(string: request.params?.description ?? "")
            reply.result(#"{"content":[{"type":"text","text":\#(text)}]}"#)
            return true
        }
        try await ServerHarness.run(["one": backend.url]) { try await body(backend, $0) }
        await backend.stop()
    }

    @Test("R1: an unknown tool is an error of the parameters, and no backend hears of it")
    func unknown() async throws {
        try await echoing { backend, harness in
            for name in ["echo", "one.echo", "two_echo", "", "ONE_ECHO", "one_echo "] {
                let error = await harness.client().callTool(JSONSlice(["name": .string(name)]).description).error
                #expect(error?.code == .invalidParams, "\(name)")
            }
            #expect(backend.requests("tools/call").isEmpty)
        }
    }

    @Test("R3: only the name changes on the way; everything else is the client's bytes")
    func bytes() async throws {
        try await echoing { backend, harness in
            let client = harness.client()
            let params =
                #"{ "x" : 1.50, "arguments": {"b":1e2,"a":[ ],"\u0061":"\ud83d\ude00","n":12345678901234567890}, "name":"one_echo"}"#
            let slice = json(params)
            let text = await client.callTool(params).text
            #expect(text == params.replacing(#""name":"one_echo""#, with: #""name":"echo""#))
            #expect(slice.description == params)
        }
    }

    @Test("A tool that keeps its name is called with the very bytes of the client")
    func notRenamed() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(
                #"{"content":[{"type":"text","text":\#(JSONSlice(string: request.params?.description ?? ""))}]}"#)
            return true
        }
        try await ServerHarness.run(["one": backend.url], aggregation: AggregationSettings(prefixFormat: "")) {
            harness in
            let params = #"{ "name" : "\u0065cho" , "arguments":{}}"#
            #expect(await harness.client().callTool(params).text == params)
        }
        await backend.stop()
    }

    @Test(
        "R36: arguments that are no object are refused before any backend is asked",
        arguments: ["[]", "\"x\"", "1", "true", "[{}]"])
    func arguments(_ arguments: String) async throws {
        try await echoing { backend, harness in
            let error = await harness.client().callTool(#"{"name":"one_echo","arguments":\#(arguments)}"#).error
            #expect(error?.code == .invalidParams)
            #expect(error?.message.contains("arguments") == true)
            #expect(backend.requests("tools/call").isEmpty)
        }
    }

    @Test(
        "Parameters that are missing, no object, or without a name are refused",
        arguments: [nil, "{}", "[]", "null", "1", #"{"name":1}"#, #"{"name":null}"#, #"{"name":["one_echo"]}"#]
            as [String?])
    func badParameters(params: String?) async throws {
        try await echoing { backend, harness in
            #expect(await harness.client().callTool(params).error?.code == .invalidParams)
            #expect(backend.requests("tools/call").isEmpty)
        }
    }

    @Test(
        "Parameters in which a key occurs twice are refused, however it is spelt",
        arguments: [
            #"{"name":"one_echo","name":"other"}"#, #"{"name":"one_echo","n\u0061me":"other"}"#,
            #"{"name":"one_echo","arguments":{},"arguments":{"x":1}}"#, #"{"name":"one_echo","_meta":{},"_meta":{}}"#,
            #"{"name":"one_echo","x":1,"x":1}"#,
        ])
    func duplicates(params: String) async throws {
        try await echoing { backend, harness in
            let error = await harness.client().callTool(params).error
            #expect(error?.code == .invalidParams)
            #expect(error?.message.contains("twice") == true)
            #expect(backend.requests("tools/call").isEmpty)
        }
    }

    @Test("R16: metadata goes on to the backend, but for what belongs to this hop")
    func metadata() async throws {
        try await echoing { backend, harness in
            let meta =
                #"{"traceparent":"00-1","io.modelcontextprotocol/clientInfo":{},"vendor.example/x":[1.0],"progressToken":"t"}"#
            let client = harness.client()
            _ = await client.callTool(#"{"name":"one_echo","_meta":\#(meta)}"#)
            let sent = try #require(backend.requests("tools/call").first?.params?["_meta"])
            #expect(sent["traceparent"]?.string == "00-1")
            #expect(sent.member("vendor.example/x")?.description == "[1.0]")
            #expect(sent.member("io.modelcontextprotocol/clientInfo") == nil)
            #expect(sent["progressToken"] != nil && sent["progressToken"]?.string != "t")
        }
    }

    @Test("R8, R17: a result passes as it is, errors of the tool included, without the hop's own metadata")
    func results() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(
                #"{"isError":true,"content":[{"type":"text","text":"401"}],"structuredContent":[1.0],"#
                    + #""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"evil"},"vendor/x":1},"more":1e3}"#)
            return true
        }
        try await ServerHarness.run(["one": backend.url]) { harness in
            let result = try await harness.client().callTool(#"{"name":"one_echo"}"#).get()
            #expect(
                result.description
                    == #"{"isError":true,"content":[{"type":"text","text":"401"}],"structuredContent":[1.0],"#
                    + #""_meta":{"vendor/x":1},"more":1e3}"#)
        }
        await backend.stop()
    }

    @Test("A result that is no object is the backend's fault", arguments: ["[]", "null", "1", "\"x\""])
    func noObject(result: String) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.result(result)
            return true
        }
        try await ServerHarness.run(["one": backend.url]) { harness in
            #expect(await harness.client().callTool(#"{"name":"one_echo"}"#).error?.code == .invalidBackendResponse)
        }
        await backend.stop()
    }

    @Test(
        "GB-57: errors name the backend, never its address or what it said of itself",
        arguments: [401, 403, 500, 503, 0])
    func secrets(status: Int) async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/call" else { return false }
            if status == 0 { reply.close() } else { reply.respond(status, body: "secret at 10.0.0.1") }
            return true
        }
        try await ServerHarness.run(["one": backend.url]) { harness in
            let error = try #require(await harness.client().callTool(#"{"name":"one_echo"}"#).error)
            #expect(error.message.contains("one"))
            for secret in ["127.0.0.1", "\(backend.http.port)", "secret", "10.0.0.1", "/mcp"] {
                #expect(!error.message.contains(secret), "\(error.message)")
            }
            #expect(error.httpStatus == 200, "a Legacy client takes 404 for the end of its session")
            #expect(error.data == nil)
        }
        await backend.stop()
    }

    @Test("Only tools that say that they may run twice are repeated when their answer is lost")
    func repetition() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            let tools = [
                "plain": "{}", "reads": #"{"readOnlyHint":true}"#, "same": #"{"idempotentHint":true}"#,
                "no": #"{"readOnlyHint":false,"idempotentHint":false}"#,
            ]
            let items = tools.map { #"{"name":"\#($0)","inputSchema":{"type":"object"},"annotations":\#($1)}"# }
            $0.tools = "[\(items.joined(separator: ","))]"
        }) { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.close()
            return true
        }
        try await ServerHarness.run(["one": backend.url]) { harness in
            for (name, attempts) in [("plain", 1), ("reads", 3), ("same", 3), ("no", 1)] {
                let error = await harness.client().callTool(#"{"name":"one_\#(name)"}"#).error
                #expect(error?.code == .outcomeUnknown)
                #expect(backend.requests("tools/call").filter { $0.subject == name }.count == attempts, "\(name)")
            }
        }
        await backend.stop()
    }

    @Test("R23: clients have backend sessions of their own, with their own headers and capabilities")
    func separateClients() async throws {
        try await echoing { backend, harness in
            let clients = (0..<5).map { number in
                harness.client(
                    number.isMultiple(of: 2) ? #"{"roots":{}}"# : "{}", headers: [("X-User", "user-\(number)")])
            }
            await withTaskGroup(of: Void.self) { group in
                for (number, client) in clients.enumerated() {
                    for round in 0..<4 {
                        group.addTask {
                            let text = await client.callTool(
                                #"{"name":"one_echo","arguments":{"who":"\#(number)-\#(round)"}}"#
                            ).text
                            #expect(text?.contains("\"\(number)-\(round)\"") == true)
                        }
                    }
                }
            }
            var users: [String: Set<String>] = [:]
            for request in backend.requests("tools/call") {
                users[request.sessionID ?? "", default: []].insert(request.header("X-User") ?? "")
            }
            #expect(users.count == 5)
            #expect(users.values.allSatisfy { $0.count == 1 })
            for client in clients { await client.caller.sessions.close() }
            #expect(await clients[0].callTool(#"{"name":"one_echo"}"#).error?.code == .backendUnavailable)
        }
    }
}
