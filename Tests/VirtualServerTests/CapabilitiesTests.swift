// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

@Suite("What the backends' reports become", .serialized, .timeLimit(.minutes(5)))
struct CapabilitiesTests {
    /// Capabilities fed by hand.
    private struct Fed: Sendable {
        let capabilities: Capabilities
        let backends: [Backend]
        let tasks: TaskSupervisor

        func report(_ name: String, tools: [String]?, reachable: Bool = true, announced: Set<CapabilityKind> = []) {
            var report = BackendReport(backend: name, isReachable: reachable)
            report.catalog = tools.map { tools in
                BackendCatalog(
                    backend: name, tools: tools.map { json(#"{"name":"\#($0)","inputSchema":{"type":"object"}}"#) })
            }
            report.announced = announced
            capabilities.update(report)
        }

        func names(_ kind: ListKind = .tools) -> [String] { capabilities.listed.names(kind) }

        /// Makes a backend count as failed.
        func fail(_ name: String) throws {
            let backend = try backends.first { $0.name == name }.required(name)
            for _ in 0..<3 {
                let permit = try backend.health.admit().required("a permit")
                _ = backend.health.probeFailed(permit, .connectionFailed)
            }
        }

        func recover(_ name: String) throws {
            let backend = try backends.first { $0.name == name }.required(name)
            let permit = try backend.health.admit().required("a permit")
            _ = backend.health.probeSucceeded(permit, latency: .zero)
        }
    }

    private func run(
        _ names: [String] = ["one", "two"], mode: PartialFailureMode = .withhold, _ body: (Fed) async throws -> Void
    ) async throws {
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let backends = try names.map { name in
            let endpoint = HTTPEndpoint(isTLS: false, host: "127.0.0.1", port: 1, target: "/")
            return try Backend(
                settings: BackendSettings(
                    name: name, endpoint: .streamableHTTP(endpoint), health: try HealthSettings()),
                shards: shards, logger: logger)
        }
        let tasks = TaskSupervisor()
        let capabilities = Capabilities(
            settings: AggregationSettings(), mode: mode, backends: backends, logger: logger, tasks: tasks)
        do {
            try await body(Fed(capabilities: capabilities, backends: backends, tasks: tasks))
        } catch {
            tasks.cancelAll()
            throw error
        }
        tasks.cancelAll()
        for backend in backends { backend.close() }
    }

    /// The changes that a listener was told.
    private final class Heard: Sendable {
        private let state = Mutex<[Set<CapabilityKind>]>([])
        var all: [Set<CapabilityKind>] { state.withLock { $0 } }
        func add(_ kinds: Set<CapabilityKind>) { state.withLock { $0.append(kinds) } }
    }

    @Test("Reports become one list, in an order of its own")
    func merged() async throws {
        try await run { fed in
            #expect(fed.names().isEmpty)
            fed.report("two", tools: ["b", "a"])
            fed.report("one", tools: ["c"])
            await fed.capabilities.settle(within: .seconds(10))
            try await eventually("both are listed") { fed.names() == ["one_c", "two_a", "two_b"] }
            #expect(fed.capabilities.routed.tool(named: "two_b")?.backend == "two")
            #expect(fed.capabilities.report(of: "one")?.catalog?.tools.count == 1)
            #expect(fed.capabilities.report(of: "none") == nil)
        }
    }

    @Test("A burst of reports is merged a few times, and the last one counts")
    func coalesced() async throws {
        try await run(["one"]) { fed in
            fed.report("one", tools: [])
            await fed.capabilities.settle(within: .seconds(10))
            let heard = Heard()
            _ = fed.capabilities.addListener { heard.add($0) }
            for number in 0..<500 { fed.report("one", tools: ["tool-\(number)"]) }
            try await eventually("the last one is listed") { fed.names() == ["one_tool-499"] }
            try await eventually("it is heard of") { !heard.all.isEmpty }
            #expect(heard.all.count < 50)
            #expect(heard.all.allSatisfy { $0 == [.tools] })
        }
    }

    @Test("Listeners hear of changes only, of announcements even without one, and of nothing once they are gone")
    func listeners() async throws {
        try await run(["one"]) { fed in
            let heard = Heard()
            let gone = Heard()
            let key = fed.capabilities.addListener { gone.add($0) }
            _ = fed.capabilities.addListener { heard.add($0) }
            fed.report("one", tools: ["a"])
            try await eventually("the first list is there") { fed.names() == ["one_a"] }
            fed.report("one", tools: ["b"])
            try await eventually("the change is heard of") { heard.all.count == 1 && gone.all.count == 1 }
            fed.capabilities.removeListener(key)
            fed.report("one", tools: ["b"])
            fed.report("one", tools: ["b"], announced: [.prompts])
            try await eventually("the announcement is heard of") { heard.all.count == 2 }
            #expect(heard.all == [[.tools], [.prompts]], "the first list is no change for those who waited for it")
            #expect(gone.all == [[.tools]])
        }
    }

    @Test("Who was served before every backend had been heard of is told of what came later")
    func servedEarly() async throws {
        try await run { fed in
            let heard = Heard()
            _ = fed.capabilities.addListener { heard.add($0) }
            fed.report("one", tools: ["a"])
            await fed.capabilities.settle(within: .milliseconds(50))
            fed.report("two", tools: ["b"])
            try await eventually("the rest is heard of") { heard.all.last == [.tools] }
            #expect(fed.names() == ["one_a", "two_b"])
        }
    }

    @Test(
        "GB-56, withhold: the lists of a failed backend disappear, calls to it still find their way, and it comes back")
    func withhold() async throws {
        try await run(mode: .withhold) { fed in
            fed.report("one", tools: ["a"])
            fed.report("two", tools: ["b"])
            try await eventually("both are listed") { fed.names() == ["one_a", "two_b"] }
            // One failure is no reason yet.
            fed.report("one", tools: ["a"], reachable: false)
            fed.report("two", tools: ["b", "c"])
            try await eventually("it is merged") { fed.names() == ["one_a", "two_b", "two_c"] }
            try fed.fail("one")
            fed.report("one", tools: ["a"], reachable: false)
            try await eventually("it is withheld") { fed.names() == ["two_b", "two_c"] }
            #expect(fed.capabilities.routed.tool(named: "one_a") != nil)
            try fed.recover("one")
            fed.report("one", tools: ["a"])
            try await eventually("it is back") { fed.names() == ["one_a", "two_b", "two_c"] }
        }
    }

    @Test("GB-56, keep: the lists of a failed backend stay as last known")
    func keep() async throws {
        try await run(mode: .keep) { fed in
            fed.report("one", tools: ["a"])
            fed.report("two", tools: ["b"])
            try await eventually("both are listed") { fed.names() == ["one_a", "two_b"] }
            try fed.fail("one")
            fed.report("one", tools: ["a"], reachable: false)
            fed.report("two", tools: ["c"])
            try await eventually("it is merged") { fed.names() == ["one_a", "two_c"] }
        }
    }

    @Test("Settling waits for every backend, reachable or not")
    func settle() async throws {
        try await run { fed in
            let settled = Mutex(false)
            let waiting = Task {
                await fed.capabilities.settle(within: .seconds(30))
                settled.withLock { $0 = true }
            }
            fed.report("one", tools: ["a"])
            try await eventually("the first is listed") { fed.names() == ["one_a"] }
            #expect(!settled.withLock { $0 })
            fed.report("two", tools: nil, reachable: false)
            await waiting.value
            #expect(settled.withLock { $0 })
            let started = ContinuousClock.now
            await fed.capabilities.settle(within: .seconds(30))
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }

    @Test("Settling does not wait longer than it may")
    func settleLimit() async throws {
        try await run { fed in
            fed.report("one", tools: ["a"])
            let started = ContinuousClock.now
            await fed.capabilities.settle(within: .milliseconds(100))
            #expect(ContinuousClock.now - started < .seconds(5))
            #expect(ContinuousClock.now - started >= .milliseconds(95))
        }
    }

    @Test("Who stops waiting lets everyone go on, and without backends nobody waits")
    func stopWaiting() async throws {
        try await run { fed in
            let waiting = (0..<5).map { _ in Task { await fed.capabilities.settle(within: .seconds(50)) } }
            fed.capabilities.stopWaiting()
            for task in waiting { await task.value }
        }
        try await run([]) { fed in
            let started = ContinuousClock.now
            await fed.capabilities.settle(within: .seconds(30))
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }

    @Test("A client that goes away while it waits does not keep anything waiting")
    func cancelledWaiter() async throws {
        try await run { fed in
            let waiting = Task { await fed.capabilities.settle(within: .seconds(8)) }
            let started = ContinuousClock.now
            waiting.cancel()
            await waiting.value
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }
}
