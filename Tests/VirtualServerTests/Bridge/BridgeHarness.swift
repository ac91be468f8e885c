// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import TestSupport

@testable import Backends
@testable import VirtualServer

/// Peers and clients of either era around one core.
extension ServerHarness {
    /// Runs `body` with a backend called `one` that knows only the Modern era.
    static func withModern(
        bridge: BridgeSettings = BridgeSettings(), clock: TestClock = TestClock(),
        _ script: @escaping ScriptedBackend.Script,
        _ body: (ScriptedBackend, ServerHarness) async throws -> Void
    ) async throws {
        let backend = try await ScriptedBackend.modern(script)
        try await run(["one": backend.url]) { harness in
            try await body(backend, harness.with(bridge: bridge, clock: clock))
        }
        await backend.stop()
    }

    /// The same backends behind a core with other settings.
    func with(
        bridge: BridgeSettings = BridgeSettings(), clock: TestClock = TestClock(), parking: ParkingLot? = nil,
        limiter: CallLimiter? = nil, tasks: TaskRegistry = TaskRegistry()
    ) -> ServerHarness {
        var bridge = bridge
        bridge.silentWaits = bridge.silentWaits.map { _ in .milliseconds(1) }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let seal = StateSeal(audience: "https://gateway.example", now: { clock.now })
        return ServerHarness(
            server: VirtualServer(
                name: "gateway", backends: backends, capabilities: capabilities, seal: seal, parking: parking,
                tasks: tasks, bridge: bridge, limiter: limiter, logger: logger),
            capabilities: capabilities, backends: backends, shards: shards)
    }

    /// A client of some revision.
    func client(
        _ revision: ProtocolRevision, _ declared: String = "{}", principal: Principal = .anonymous,
        logLevel: LogLevel? = nil,
        answer: @escaping ScriptedChannel.Answer = { method, _ throws(RequestError) in
            throw .methodNotFound(method.name)
        }
    ) -> Client {
        let channel = ScriptedChannel(declared, answer: answer)
        let isModern = revision.era == .modern
        let sessions = BackendSessions(
            capabilities: isModern
                ? CapabilityFingerprint(channel.capabilities).capabilities(roots: true) : channel.capabilities,
            inbound: { [channel] _, method, params in channel.notify(method, params: params) },
            channel: { isModern ? nil : channel }, preference: isModern ? .modernFirst : .legacyFirst,
            isShared: isModern)
        return Client(
            harness: self, channel: channel,
            caller: Caller(
                principal: principal, revision: revision, shard: shard, channel: channel, sessions: sessions,
                meta: logLevel.flatMap { .asking($0) }))
    }
}

extension ModernMeta {
    /// What a request says that wants log messages.
    static func asking(_ level: LogLevel) -> ModernMeta? {
        let meta = JSONSlice([
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": [:],
            "io.modelcontextprotocol/logLevel": .string(level.rawValue),
        ])
        return try? ModernMeta(meta)
    }
}

extension ScriptedBackend {
    /// A backend that knows only the Modern era, with the tools `ask` and `other`, a prompt and a resource.
    static func modern(_ script: @escaping Script) async throws -> ScriptedBackend {
        try await start(configure: { $0.hasSessions = false }) { request, reply in
            if await script(request, reply) { return true }
            let hints = #""resultType":"complete","ttlMs":0,"cacheScope":"private""#
            switch request.verb {
            case "server/discover":
                reply.result(
                    #"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"prompts":{},"resources":{},"#
                        + #""completions":{},"logging":{}},\#(hints)}"#)
            case "tools/list":
                let tools = ["ask", "other"].map { #"{"name":"\#($0)","inputSchema":{"type":"object"}}"# }
                reply.result(#"{"tools":[\#(tools.joined(separator: ","))],\#(hints)}"#)
            case "resources/list":
                reply.result(#"{"resources":[{"uri":"test://one","name":"one"}],\#(hints)}"#)
            case "resources/templates/list": reply.result(#"{"resourceTemplates":[],\#(hints)}"#)
            case "prompts/list": reply.result(#"{"prompts":[{"name":"ask"}],\#(hints)}"#)
            case "tools/call": reply.done(request.subject ?? "")
            case "prompts/get": reply.result(#"{"messages":[],"resultType":"complete"}"#)
            case "resources/read": reply.result(#"{"contents":[],\#(hints)}"#)
            default: reply.error(-32601, "Method not found", status: 404)
            }
            return true
        }
    }
}

extension ScriptedReply {
    /// A round of questions; `state` as JSON.
    func round(_ requests: String?, state: String? = nil, more: String = "") {
        var members = [#""resultType":"input_required""#]
        if let requests { members.append(#""inputRequests":\#(requests)"#) }
        if let state { members.append(#""requestState":\#(state)"#) }
        result("{\(members.joined(separator: ","))\(more)}")
    }

    /// A result whose text is `text`.
    func done(_ text: String = "done", more: String = "") {
        result(
            #"{"resultType":"complete","content":[{"type":"text","text":\#(JSONSlice(string: text))}]\#(more)}"#)
    }
}

enum Ask {
    static let form =
        #"{"method":"elicitation/create","params":{"mode":"form","message":"Name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}}"#
    static let url =
        #"{"method":"elicitation/create","params":{"mode":"url","message":"Visit","url":"https://page.example/x"}}"#
    static let sampling =
        #"{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"Hi"}}],"maxTokens":5}}"#
    static let roots = #"{"method":"roots/list","params":{}}"#
    static let everything = #"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}"#
}
