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

@Suite("Watching over a backend", .serialized, .timeLimit(.minutes(5)))
struct BackendMonitorTests {
    @Test("A backend is reached, its lists are read and its health is good")
    func reached() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.instructions = "hi" })
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it is reported") { reports.last?.isReachable == true }
            #expect(reports.tools == ["echo"])
            #expect(reports.last?.backend == "scripted")
            #expect(reports.last?.handshake?.instructions == "hi")
            #expect(reports.last?.problem == nil)
            #expect(harness.backend.health.status == .healthy)
        }
        #expect(backend.requests.last?.method == "DELETE", "the monitor ends its session")
        await backend.stop()
    }

    @Test("A backend that is down is reported, and reported again when it comes", arguments: [true, false])
    func comesLater(hasSessions: Bool) async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = hasSessions })
        await backend.stop()
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it is reported") { reports.last != nil }
            #expect(reports.last?.isReachable == false)
            #expect(reports.last?.problem != nil)
            #expect(reports.last?.catalog == nil)
            try await backend.http.listen()
            try await eventually("it is reached") { reports.last?.isReachable == true }
            #expect(reports.tools == ["echo"])
        }
        await backend.stop()
    }

    @Test("A backend that goes away keeps its lists, and comes back with new ones")
    func goesAway() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.watch(backend.url, interval: .milliseconds(300)) { harness, reports in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            await backend.stop()
            try await eventually("it is away") { reports.last?.isReachable == false }
            #expect(reports.tools == ["echo"], "what it had is remembered")
            backend.change { $0.tools = #"[{"name":"new"}]"# }
            backend.forgetSessions()
            try await backend.http.listen()
            try await eventually("it is back") { reports.last?.isReachable == true }
            #expect(reports.tools == ["new"])
        }
        await backend.stop()
    }

    @Test("GB-28: a storm of changes causes few readings, and the announcement is passed on once each")
    func coalesced() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it listens") { backend.streams.count == 1 && reports.last?.isReachable == true }
            let before = backend.requests("tools/list").count
            backend.change { $0.tools = #"[{"name":"a"},{"name":"b"}]"# }
            for _ in 0..<1000 {
                backend.streams.first?.event(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
            }
            try await eventually("the new list is read") { reports.tools == ["a", "b"] }
            try await eventually("it is announced") { reports.all.contains { $0.announced == [.tools] } }
            let readings = backend.requests("tools/list").count - before
            #expect(readings >= 1 && readings < 50, "\(readings) readings")
            #expect(backend.requests("prompts/list").isEmpty)
        }
        await backend.stop()
    }

    @Test("A change is announced even when the lists are the same afterwards; other reports announce nothing")
    func announced() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"tools":{},"prompts":{},"resources":{}}"#
        })
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it listens") { backend.streams.count == 1 && reports.last?.isReachable == true }
            #expect(reports.all.allSatisfy { $0.announced.isEmpty })
            for (list, kind) in [("prompts", CapabilityKind.prompts), ("resources", .resources), ("tools", .tools)] {
                backend.streams.first?.event(#"{"jsonrpc":"2.0","method":"notifications/\#(list)/list_changed"}"#)
                try await eventually("\(list) are announced") { reports.last?.announced == [kind] }
            }
        }
        await backend.stop()
    }

    @Test("A silent restart is noticed by the probe, and what the backend can now is listed")
    func restarted() async throws {
        let backend = try await ScriptedBackend.start(configure: { $0.listens = true })
        try await BackendHarness.watch(backend.url, interval: .milliseconds(300)) { harness, reports in
            try await eventually("it listens") { backend.streams.count == 1 && reports.last?.isReachable == true }
            backend.change { content in
                content.capabilities = #"{"tools":{},"prompts":{}}"#
                content.tools = #"[{"name":"new"}]"#
                content.prompts = #"[{"name":"p"}]"#
                content.instructions = "new"
            }
            backend.forgetSessions()
            try await eventually("the new tools are listed") { reports.tools == ["new"] }
            try await eventually("the lists that it declares now are read", within: .seconds(5)) {
                reports.last?.catalog?.prompts.count == 1
            }
            #expect(reports.last?.handshake?.instructions == "new")
            #expect(reports.problems.isEmpty)
        }
        await backend.stop()
    }

    @Test("Probes are pings, and come with the interval")
    func probes() async throws {
        let backend = try await ScriptedBackend.start()
        try await BackendHarness.watch(backend.url, interval: .milliseconds(200)) { harness, reports in
            try await eventually("it is probed") { backend.requests("ping").count >= 4 }
            #expect(backend.openedCount == 1)
            #expect(backend.requests("tools/list").count == 1)
            #expect(harness.backend.health.status == .healthy)
        }
        await backend.stop()
    }

    @Test("Whoever answers a ping with an error is alive")
    func unknownPing() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "ping" else { return false }
            reply.error(-32601, "Method not found")
            return true
        }
        try await BackendHarness.watch(backend.url, interval: .milliseconds(200)) { harness, reports in
            try await eventually("it is probed") { backend.requests("ping").count >= 4 }
            #expect(harness.backend.health.status == .healthy)
            #expect(reports.problems.isEmpty)
            #expect(backend.openedCount == 1)
        }
        await backend.stop()
    }

    @Test("BC-29: a backend that fails again and again counts as unhealthy, and recovers by way of degraded")
    func unhealthy() async throws {
        let backend = try await ScriptedBackend.start()
        try await BackendHarness.watch(backend.url, interval: .milliseconds(200), threshold: 2) { harness, reports in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            await backend.stop()
            try await eventually("it is unhealthy") { harness.backend.health.isFailed }
            backend.forgetSessions()
            try await backend.http.listen()
            try await eventually("it is back") { !harness.backend.health.isFailed && reports.last?.isReachable == true }
            try await eventually("it is healthy") { harness.backend.health.status == .healthy }
        }
        await backend.stop()
    }

    @Test("H6: an open breaker stops probes and calls until its time is over")
    func breaker() async throws {
        let isBroken = Mutex(false)
        let backend = try await ScriptedBackend.start { request, reply in
            guard isBroken.withLock({ $0 }) else { return false }
            reply.respond(503)
            return true
        }
        let breaker = try CircuitBreakerSettings(failureThreshold: 2, timeout: .seconds(2))
        try await BackendHarness.watch(backend.url, interval: .milliseconds(100), threshold: 1, breaker: breaker) {
            harness, reports in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            isBroken.withLock { $0 = true }
            try await harness.withSession { session in
                try await eventually("the breaker opens") {
                    harness.backend.health.current.breaker.state == .open
                }
                let opened = ContinuousClock.now
                #expect(await harness.call(session).error == .circuitOpen)
                let count = backend.requests.filter { $0.method == "POST" }.count
                try await eventually("it has been open for a while") {
                    ContinuousClock.now - opened > .milliseconds(1200)
                }
                let later = backend.requests.filter { $0.method == "POST" }.count
                #expect(later - count <= 1, "\(later - count) requests while the breaker was open")
                isBroken.withLock { $0 = false }
                try await eventually("it is back") { reports.last?.isReachable == true }
                #expect(await harness.call(session).text == "echo")
            }
        }
        await backend.stop()
    }

    @Test("A backend without a listening stream is not taken for one that is away", arguments: [405, 404, 400, 501])
    func noStream(status: Int) async throws {
        for hasSessions in [true, false] {
            let backend = try await ScriptedBackend.start(configure: { $0.hasSessions = hasSessions }) {
                request, reply in
                guard request.method == "GET" else { return false }
                reply.respond(status)
                return true
            }
            try await BackendHarness.watch(backend.url, interval: .milliseconds(200)) { harness, reports in
                try await eventually("it is probed") { backend.requests("ping").count >= 3 }
                #expect(reports.problems.isEmpty)
                #expect(backend.openedCount <= 2)
                #expect(harness.backend.health.status == .healthy)
            }
            await backend.stop()
        }
    }

    @Test("A list that cannot be read makes the backend unusable, and says why")
    func brokenList() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.verb == "tools/list" else { return false }
            reply.result(#"{"tools":[],"nextCursor":"x"}"#)
            return true
        }
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it is reported") { reports.last != nil }
            #expect(reports.last?.isReachable == false)
            guard case .invalidResponse(let reason) = reports.last?.problem else {
                Issue.record("no reason: \(String(describing: reports.last?.problem))")
                return
            }
            #expect(reason.contains("cursor"))
        }
        await backend.stop()
    }

    @Test("A failed call makes the monitor look at once")
    func trafficFailure() async throws {
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.subject == "cut" else { return false }
            reply.close()
            return true
        }
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            #expect(backend.requests("ping").isEmpty)
            try await harness.withSession { session in
                #expect(await harness.call(session, "cut").isOutcomeUnknown)
                try await eventually("it is probed") { !backend.requests("ping").isEmpty }
            }
        }
        await backend.stop()
    }
}
