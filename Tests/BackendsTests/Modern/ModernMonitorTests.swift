// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Watching a Modern backend", .serialized, .timeLimit(.minutes(5)))
struct ModernMonitorTests {
    private func watch(
        interval: Duration = .seconds(60), tellingPatience: TimeAmount? = nil,
        configure: (inout ScriptedModernBackend.Content) -> Void = { _ in },
        script: @escaping ScriptedBackend.Script = { _, _ in false },
        _ body: (BackendHarness, MonitorReports, ScriptedModernBackend) async throws -> Void
    ) async throws {
        let backend = try await ScriptedModernBackend.start(configure: configure, script)
        try await BackendHarness.watch(backend.url, interval: interval, tellingPatience: tellingPatience) {
            harness, reports in
            try await body(harness, reports, backend)
        }
        await backend.stop()
    }

    @Test("BC-01, GB-49: its lists are read with what it says of keeping them")
    func reading() async throws {
        try await watch(configure: { $0.hints = #""ttlMs":30000,"cacheScope":"public""# }) {
            harness, reports, backend in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            #expect(reports.tools == ["echo"])
            #expect(reports.last?.handshake?.revision == .v2026_07_28)
            #expect(
                reports.last?.catalog?.freshness[.tools]?.hints == CacheHints(milliseconds: 30_000, scope: .public))
            #expect(harness.backend.health.status == .healthy)
        }
    }

    @Test("A silent restart is noticed by the probe, and what the backend can now is listed")
    func restarted() async throws {
        try await watch(
            interval: .milliseconds(200), configure: { $0.hints = #""ttlMs":3600000,"cacheScope":"public""# }
        ) {
            harness, reports, backend in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            backend.change {
                $0.capabilities = #"{"tools":{},"prompts":{}}"#
                $0.prompts = #"[{"name":"p"}]"#
            }
            try await eventually("it is listed") { reports.last?.catalog?.prompts.count == 1 }
        }
    }

    @Test("GB-27: a change that it tells of is read and announced")
    func pushed() async throws {
        try await watch { harness, reports, backend in
            try await eventually("it is listened to") {
                backend.subscriptions.count == 1 && reports.last?.isReachable == true
            }
            backend.change { $0.tools = #"[{"name":"new","inputSchema":{"type":"object"}}]"# }
            backend.subscriptions.first?.notify("notifications/tools/list_changed")
            try await eventually("it is read") { reports.tools == ["new"] }
        }
    }

    @Test("One that tells of nothing is asked again when its lists are too old, and not before")
    func polled() async throws {
        try await watch(
            interval: .milliseconds(200),
            configure: {
                $0.listens = false
                $0.hints = #""ttlMs":0,"cacheScope":"private""#
            }
        ) { harness, reports, backend in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            backend.change {
                $0.tools = #"[{"name":"new","inputSchema":{"type":"object"}}]"#
                $0.hints = #""ttlMs":3600000,"cacheScope":"private""#
            }
            try await eventually("it is read") { reports.tools == ["new"] }
            let readings = backend.requests("tools/list").count
            let probes = backend.requests("server/discover").count
            try await eventually("it is only probed") { backend.requests("server/discover").count > probes + 1 }
            #expect(backend.requests("tools/list").count == readings)
        }
    }

    @Test("What changed before it began to tell, because it could not at first, is found out")
    func toldLate() async throws {
        let attempts = Mutex(0)
        try await watch(script: { request, reply in
            guard request.verb == "subscriptions/listen" else { return false }
            let isFirst = attempts.withLock { count in
                count += 1
                return count == 1
            }
            if isFirst { reply.respond(503) }
            return isFirst
        }) { harness, reports, backend in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            backend.change { $0.tools = #"[{"name":"new","inputSchema":{"type":"object"}}]"# }
            try await eventually("it tells") { backend.subscriptions.count == 1 }
            try await eventually("the change is found") { reports.tools == ["new"] }
        }
    }

    @Test("The lists are read when it tells of their changes, not before")
    func order() async throws {
        let asked = ScriptedGate()
        let gate = ScriptedGate()
        try await watch(
            tellingPatience: .seconds(600),
            script: { request, _ in
                if request.verb == "subscriptions/listen" {
                    asked.open()
                    await gate.wait()
                }
                return false
            }
        ) { harness, reports, backend in
            await asked.wait()
            try await harness.settle()
            #expect(backend.requests("tools/list").isEmpty)
            gate.open()
            try await eventually("it is reached") { reports.last?.isReachable == true }
            try await harness.settle()
            #expect(backend.requests("tools/list").count == 1, "nothing was missed")
        }
    }
}
