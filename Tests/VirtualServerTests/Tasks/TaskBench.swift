// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import TestSupport

@testable import Backends
@testable import VirtualServer

/// A core in front of a backend of either era with one tool, `job`, that runs as a task only.
///
/// Calls become the tasks `t1`, `t2` and so on; what is said of them, the script says.
struct TaskBench: Sendable {
    let harness: ServerHarness
    let http: ScriptedHTTPBackend

    static let call = #"{"name":"one_job","arguments":{}}"#
    static let taskCall = #"{"name":"one_job","arguments":{},"task":{}}"#
    static let extensions = #"{"extensions":{"io.modelcontextprotocol/tasks":{}},"elicitation":{},"sampling":{}}"#

    static func run(
        isModern: Bool, limits: TaskRegistry.Limits = TaskRegistry.Limits(), clock: TestClock = TestClock(),
        _ script: @escaping ScriptedBackend.Script, _ body: (TaskBench) async throws -> Void
    ) async throws {
        let started = Counter()
        let tools = #"[{"name":"job","inputSchema":{"type":"object"},"execution":{"taskSupport":"required"}}]"#
        let whole: ScriptedBackend.Script = { request, reply in
            if await script(request, reply) { return true }
            guard request.verb == "tools/call" else { return false }
            let declared = request.params?["_meta"]?.member("io.modelcontextprotocol/clientCapabilities")
            if isModern, declared?["extensions"] == nil {
                reply.json(
                    #"{"jsonrpc":"2.0","id":\#(reply.id),"error":{"code":-32021,"message":"Tasks","data":"#
                        + #"{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}}"#,
                    status: 400)
                return true
            }
            let task = members("working", id: "t\(started.next())")
            reply.result(isModern ? #"{"resultType":"task",\#(task)}"# : #"{"task":{\#(task)}}"#)
            return true
        }
        let http: ScriptedHTTPBackend
        if isModern {
            let capabilities = #"{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#
            http = try await ScriptedModernBackend.start(
                configure: {
                    $0.tools = tools
                    $0.capabilities = capabilities
                }, whole
            ).http
        } else {
            http = try await ScriptedBackend.start(
                configure: {
                    $0.tools = tools
                    $0.capabilities = #"{"tools":{},"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}}}"#
                }, whole
            ).http
        }
        try await ServerHarness.run(["one": http.url]) { harness in
            let registry = TaskRegistry(limits: limits)
            try await body(
                TaskBench(harness: harness.with(clock: clock, tasks: registry), http: http))
            registry.close()
        }
        await http.stop()
    }

    var tasks: TaskRegistry { harness.server.tasks }

    /// A client of a 2025 revision that answers every question with Ann's name.
    func answering(_ revision: ProtocolRevision) -> ServerHarness.Client {
        harness.client(revision, Ask.everything) { _, _ throws(RequestError) in
            json(#"{"action":"accept","content":{"name":"Ann"}}"#)
        }
    }

    func count(_ verb: String) -> Int { http.requests(verb).count }

    /// The members of a task in both spellings.
    static func members(_ status: String, id: String = "t1", _ more: String = "") -> String {
        #""taskId":"\#(id)","status":"\#(status)","createdAt":"2026-01-01T00:00:00Z","#
            + #""lastUpdatedAt":"2026-01-01T00:00:00Z","ttl":null,"ttlMs":null,"pollInterval":50,"pollIntervalMs":50"#
            + (more.isEmpty ? "" : "," + more)
    }
}

extension ScriptedReply {
    /// The answer to `tasks/get`.
    func task(_ status: String, id: String = "t1", _ more: String = "") {
        result(#"{"resultType":"complete",\#(TaskBench.members(status, id: id, more))}"#)
    }

    func text(_ text: String) { result(#"{"resultType":"complete","content":[{"type":"text","text":"\#(text)"}]}"#) }
}
