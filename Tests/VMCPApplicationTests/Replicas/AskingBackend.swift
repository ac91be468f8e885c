// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport

/// A Legacy backend with one tool, `ask`: it asks `rounds` times, one question after the other, and answers with what
/// it was told.
///
/// With `holds` it reports progress after the last answer and waits for `release`; with `bytes` its answer is as long.
final class AskingBackend: Sendable {
    private struct State {
        var calls = 0
        var cancelled = 0
        var answers: [String: String] = [:]
        var gates: [String: ScriptedGate] = [:]
    }

    private let state = Mutex(State())
    let release = ScriptedGate()

    var calls: Int { state.withLock { $0.calls } }
    /// How often a call was given up.
    var cancelled: Int { state.withLock { $0.cancelled } }

    /// Runs `body` with the backend's URL.
    func run(_ body: (String) async throws -> Void) async throws {
        let scripted = try await ScriptedBackend.start(configure: {
            $0.tools = #"[{"name":"ask","inputSchema":{"type":"object"}}]"#
        }) { request, reply in await self.serve(request, reply) }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(scripted.url))
        } catch {
            result = .failure(error)
        }
        release.open()
        await scripted.stop()
        try result.get()
    }

    private func gate(_ id: String) -> ScriptedGate {
        state.withLock { state in
            let gate = state.gates[id] ?? ScriptedGate()
            state.gates[id] = gate
            return gate
        }
    }

    private func serve(_ request: ScriptedRequest, _ reply: ScriptedReply) async -> Bool {
        guard request.method == "POST", let body = request.json else { return false }
        if request.verb == nil, let id = body["id"]?.string {
            state.withLock {
                $0.answers[id] = body["result"]?["content"]?["n"]?.string ?? body["result"]?["action"]?.string
            }
            gate(id).open()
            reply.accepted()
            return true
        }
        if request.verb == "notifications/cancelled" {
            state.withLock { $0.cancelled += 1 }
            reply.accepted()
            return true
        }
        guard request.verb == "tools/call" else { return false }
        let call = state.withLock { state in
            state.calls += 1
            return state.calls
        }
        reply.openStream()
        let arguments = request.params?["arguments"]
        var said: [String] = []
        for round in 1...(arguments?["rounds"]?.int ?? 1) {
            let id = "\(call)-\(round)"
            reply.event(
                #"{"jsonrpc":"2.0","id":"\#(id)","method":"elicitation/create","params":{"message":"Name?","#
                    + #""requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}}"#)
            await gate(id).wait()
            said.append(state.withLock { $0.answers[id] } ?? "nothing")
        }
        if arguments?["holds"]?.bool == true {
            let token = request.params?["_meta"]?["progressToken"]?.description ?? "null"
            reply.event(
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(token),"progress":1}}"#
            )
            await release.wait()
        }
        let text = arguments?["bytes"]?.int.map { String(repeating: "x", count: $0) } ?? said.joined(separator: " ")
        reply.event(reply.response(#"{"content":[{"type":"text","text":\#(JSONSlice(string: text))}]}"#))
        reply.endStream()
        return true
    }
}

/// A client of 2026-07-28 that sees each request and each answer by itself, at any replica.
struct RoundClient: Sendable {
    let http: MCPTestClient

    init(_ gateway: RunningGateway) { http = gateway.client }

    /// One request: the first of a call, or with the state of a round what answers it.
    func text(
        _ arguments: JSONObject = [:], state: String? = nil, answer: String = "ann", key: String = "q1",
        meta more: JSONObject = [:], fields: [(name: String, value: String)] = []
    ) -> String {
        var meta: JSONObject = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": ["elicitation": [:]],
        ]
        for (name, value) in more { meta[name] = value }
        var params: JSONObject = ["name": "one_ask", "arguments": .object(arguments), "_meta": .object(meta)]
        if let state {
            params["requestState"] = .string(state)
            params["inputResponses"] = .object([key: ["action": "accept", "content": ["n": .string(answer)]]])
        }
        return http.requestText(
            "POST", MCPTestClient.request("call", "tools/call", .object(params)),
            fields: [
                ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "one_ask"),
            ] + fields)
    }

    func send(
        _ arguments: JSONObject = [:], state: String? = nil, answer: String = "ann", key: String = "q1",
        fields: [(name: String, value: String)] = []
    ) async throws -> RawReply {
        try await http.withConnection { connection in
            try await connection.send(text(arguments, state: state, answer: answer, key: key, fields: fields))
            return try await connection.reply()
        }
    }

    /// Begins a call, or goes on with one, up to a round; its state.
    func round(_ arguments: JSONObject = [:], state: String? = nil, key: String = "q1") async throws -> String {
        let reply = try await send(arguments, state: state, key: key)
        return try (try reply.messages.last?["result"]?["requestState"]?.string).orThrow(
            "a round in \(reply.status): \(reply.text)")
    }
}

extension RawReply {
    var callText: String? { get throws { try messages.last?["result"]?.firstText } }
    var reason: String? { get throws { try messages.last?["error"]?["data"]?["reason"]?.string } }
}
