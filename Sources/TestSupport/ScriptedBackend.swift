// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// A Legacy MCP server over Streamable HTTP that behaves well unless its script says otherwise.
///
/// The script sees each request first and returns whether it has dealt with it.
package final class ScriptedBackend: Sendable {
    package typealias Script = @Sendable (ScriptedRequest, ScriptedReply) async -> Bool

    /// What it says of itself and what it lists. May change at any time.
    package struct Content: Sendable {
        package var revision = "2025-11-25"
        package var capabilities = #"{"tools":{"listChanged":true}}"#
        /// Whether `initialize` opens a session with an id.
        package var hasSessions = true
        package var instructions: String?
        /// The items of each list, as JSON.
        package var tools = #"[{"name":"echo","inputSchema":{"type":"object"}}]"#
        package var resources = "[]"
        package var templates = "[]"
        package var prompts = "[]"
        /// Whether GET opens a stream; otherwise it is answered with 405.
        package var listens = false
    }

    package let http: ScriptedHTTPBackend
    private let mind: Mind

    package static func start(
        _ content: Content = Content(), _ script: @escaping Script = { _, _ in false }
    ) async throws -> ScriptedBackend {
        let mind = Mind(content)
        let http = try await ScriptedHTTPBackend.start { request, reply in
            if await !script(request, reply) { mind.answer(request, reply) }
        }
        return ScriptedBackend(http, mind)
    }

    package static func start(
        configure: (inout Content) -> Void, _ script: @escaping Script = { _, _ in false }
    ) async throws -> ScriptedBackend {
        var content = Content()
        configure(&content)
        return try await start(content, script)
    }

    private init(_ http: ScriptedHTTPBackend, _ mind: Mind) {
        self.http = http
        self.mind = mind
    }

    package var url: String { http.url }
    package var requests: [ScriptedRequest] { http.requests }
    package func requests(_ verb: String) -> [ScriptedRequest] { http.requests(verb) }

    /// How many sessions `initialize` has opened so far.
    package var openedCount: Int { mind.state.withLock { $0.opened } }

    package func change(_ body: (inout Content) -> Void) { mind.state.withLock { body(&$0.content) } }

    /// Forgets all sessions, as a restart does that nobody notices.
    package func forgetSessions() { mind.state.withLock { $0.sessions = [] } }

    /// The GET streams that are open.
    package var streams: [ScriptedReply] { mind.state.withLock { $0.streams.filter { $0.channel.isActive } } }

    package func stop() async { await http.stop() }
}

/// The well-behaved part.
final class Mind: Sendable {
    struct State {
        var content: ScriptedBackend.Content
        var sessions: Set<String> = []
        var opened = 0
        var streams: [ScriptedReply] = []
    }

    let state: Mutex<State>

    init(_ content: ScriptedBackend.Content) { state = Mutex(State(content: content)) }

    func answer(_ request: ScriptedRequest, _ reply: ScriptedReply) {
        let content = state.withLock { $0.content }
        if request.verb != "initialize", content.hasSessions {
            guard let id = request.sessionID else { return reply.respond(400, body: "no session") }
            guard state.withLock({ $0.sessions.contains(id) }) else {
                return reply.respond(404, body: "no such session")
            }
        }
        switch request.method {
        case "POST": answerPost(request, reply, content)
        case "GET":
            guard content.listens else { return reply.respond(405) }
            reply.openStream()
            state.withLock { $0.streams.append(reply) }
        case "DELETE":
            if let id = request.sessionID { state.withLock { _ = $0.sessions.remove(id) } }
            reply.respond(200)
        default: reply.respond(405)
        }
    }

    private func answerPost(_ request: ScriptedRequest, _ reply: ScriptedReply, _ content: ScriptedBackend.Content) {
        switch request.verb {
        case "initialize": initialize(reply, content)
        case "tools/list": reply.result(#"{"tools":\#(content.tools)}"#)
        case "resources/list": reply.result(#"{"resources":\#(content.resources)}"#)
        case "resources/templates/list": reply.result(#"{"resourceTemplates":\#(content.templates)}"#)
        case "prompts/list": reply.result(#"{"prompts":\#(content.prompts)}"#)
        case "tools/call":
            let name = JSONSlice(string: request.subject ?? "")
            reply.result(#"{"content":[{"type":"text","text":\#(name)}]}"#)
        case "resources/read":
            let uri = JSONSlice(string: request.subject ?? "")
            reply.result(#"{"contents":[{"uri":\#(uri),"text":"content"}]}"#)
        case "prompts/get": reply.result(#"{"messages":[]}"#)
        case "completion/complete": reply.result(#"{"completion":{"values":["one"]}}"#)
        case "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe": reply.result("{}")
        case _ where request.id == nil || request.verb == nil: reply.accepted()
        default: reply.error(-32601, "Method not found")
        }
    }

    private func initialize(_ reply: ScriptedReply, _ content: ScriptedBackend.Content) {
        let number = state.withLock { state in
            state.opened += 1
            if content.hasSessions { state.sessions.insert("session-\(state.opened)") }
            return state.opened
        }
        let instructions = content.instructions.map { #","instructions":\#(JSONSlice(string: $0))"# } ?? ""
        reply.result(
            #"{"protocolVersion":"\#(content.revision)","capabilities":\#(content.capabilities),"#
                + #""serverInfo":{"name":"scripted","version":"1"}\#(instructions)}"#,
            content.hasSessions ? [("Mcp-Session-Id", "session-\(number)")] : [])
    }
}
