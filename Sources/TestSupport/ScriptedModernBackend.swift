// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

/// An MCP server over Streamable HTTP that speaks the Modern era, the Legacy one, or both, and behaves well unless its
/// script says otherwise.
///
/// The script sees each request first and returns whether it has dealt with it.
package final class ScriptedModernBackend: Sendable {
    /// What it says of itself and what it lists. May change at any time.
    package struct Content: Sendable {
        package var speaksModern = true
        package var speaksLegacy = false
        /// As a Legacy server, also when it does not understand a Modern request.
        package var legacy = ScriptedBackend.Content()
        package var versions = #"["2026-07-28"]"#
        package var capabilities = #"{"tools":{"listChanged":true}}"#
        package var hints = #""ttlMs":0,"cacheScope":"private""#
        /// The items of each list, as JSON.
        package var tools = #"[{"name":"echo","inputSchema":{"type":"object"}}]"#
        package var resources = "[]"
        package var prompts = "[]"
        /// Whether it knows `subscriptions/listen`.
        package var listens = true
        /// The resources whose changes it tells of; `nil` for all.
        package var subscribable: Set<String>?
    }

    fileprivate struct State {
        var content: Content
        var subscriptions: [Subscription] = []
    }

    /// One open `subscriptions/listen`.
    package struct Subscription: Sendable {
        package let request: ScriptedRequest
        package let reply: ScriptedReply

        /// Sends a notification with the tag that belongs to it.
        package func notify(_ method: String, _ members: String = "") {
            let meta = #""_meta":{"io.modelcontextprotocol/subscriptionId":\#(reply.id)}"#
            reply.event(
                #"{"jsonrpc":"2.0","method":"\#(method)","params":{\#(meta)\#(members.isEmpty ? "" : ",")\#(members)}}"#
            )
        }

        /// Says that it is over.
        package func end() {
            let meta = #""_meta":{"io.modelcontextprotocol/subscriptionId":\#(reply.id)}"#
            reply.event(reply.response(#"{"resultType":"complete",\#(meta)}"#))
            reply.endStream()
        }
    }

    package let http: ScriptedHTTPBackend
    private let shared: Shared

    fileprivate final class Shared: Sendable {
        let state: Mutex<State>
        let legacy: Mind

        init(_ content: Content) {
            state = Mutex(State(content: content))
            legacy = Mind(content.legacy)
        }
    }

    package static func start(
        _ script: @escaping ScriptedBackend.Script = { _, _ in false }
    ) async throws -> ScriptedModernBackend {
        try await start(configure: { _ in }, script)
    }

    package static func start(
        configure: (inout Content) -> Void, _ script: @escaping ScriptedBackend.Script = { _, _ in false }
    ) async throws -> ScriptedModernBackend {
        var content = Content()
        configure(&content)
        let shared = Shared(content)
        let http = try await ScriptedHTTPBackend.start { request, reply in
            if await !script(request, reply) { shared.answer(request, reply) }
        }
        return ScriptedModernBackend(http, shared)
    }

    private init(_ http: ScriptedHTTPBackend, _ shared: Shared) {
        self.http = http
        self.shared = shared
    }

    package var url: String { http.url }
    package var requests: [ScriptedRequest] { http.requests }
    package var verbs: [String?] { http.requests.map(\.verb) }
    package func requests(_ verb: String) -> [ScriptedRequest] { http.requests(verb) }
    package func change(_ body: (inout Content) -> Void) { shared.state.withLock { body(&$0.content) } }

    /// The subscriptions that are open, oldest first.
    package var subscriptions: [Subscription] {
        shared.state.withLock { $0.subscriptions.filter { $0.reply.isOpen } }
    }

    package func stop() async { await http.stop() }
}

extension ScriptedModernBackend.Shared {
    fileprivate func answer(_ request: ScriptedRequest, _ reply: ScriptedReply) {
        let content = state.withLock { $0.content }
        let claimed = request.params?["_meta"]?["io.modelcontextprotocol/protocolVersion"]?.string
        guard content.speaksModern, request.header("MCP-Protocol-Version") == "2026-07-28" || !content.speaksLegacy
        else { return legacy.answer(request, reply) }
        guard request.method == "POST" else { return reply.respond(405) }
        guard claimed != nil else { return reply.error(-32602, "Missing _meta", status: 400) }
        guard request.header("Mcp-Method") == request.verb else {
            return reply.error(-32020, "Header mismatch", status: 400)
        }
        let type = #""resultType":"complete""#
        switch request.verb {
        case "server/discover":
            let info = #""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern","version":"1"}}"#
            reply.result(
                #"{\#(type),"supportedVersions":\#(content.versions),"capabilities":\#(content.capabilities),"#
                    + #"\#(content.hints),\#(info)}"#)
        case "tools/list": reply.result(#"{\#(type),"tools":\#(content.tools),\#(content.hints)}"#)
        case "resources/list": reply.result(#"{\#(type),"resources":\#(content.resources),\#(content.hints)}"#)
        case "resources/templates/list": reply.result(#"{\#(type),"resourceTemplates":[],\#(content.hints)}"#)
        case "prompts/list": reply.result(#"{\#(type),"prompts":\#(content.prompts),\#(content.hints)}"#)
        case "tools/call":
            let name = JSONSlice(string: request.subject ?? "")
            reply.result(#"{\#(type),"content":[{"type":"text","text":\#(name)}]}"#)
        case "subscriptions/listen" where content.listens: listen(request, reply, content)
        default: reply.error(-32601, "Method not found", status: 404)
        }
    }

    private func listen(
        _ request: ScriptedRequest, _ reply: ScriptedReply, _ content: ScriptedModernBackend.Content
    ) {
        var granted = request.params?["notifications"] ?? .emptyObject
        if let allowed = content.subscribable, let asked = granted["resourceSubscriptions"] {
            let uris = asked.elements.filter { allowed.contains($0.string ?? "") }
            granted = granted.editing([
                JSONEdit(key: "resourceSubscriptions", value: JSONSlice(.array(uris.map { .slice($0) })))
            ])
        }
        reply.openStream()
        let subscription = ScriptedModernBackend.Subscription(request: request, reply: reply)
        subscription.notify("notifications/subscriptions/acknowledged", #""notifications":\#(granted)"#)
        state.withLock { $0.subscriptions.append(subscription) }
    }
}
