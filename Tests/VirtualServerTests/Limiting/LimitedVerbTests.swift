// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import JSONTypes
import Logging
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Backends
@testable import VirtualServer

/// Which requests the core counts (SE-11).
struct LimitedVerbTests {
    private static let capabilities =
        #"{"tools":{},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{}}"#

    /// Runs `body` with a client that has one token, and with the clock that gives it the next after a minute.
    private func run(
        _ configure: (inout CallLimits) -> Void = { $0.perUser = CallRate(calls: 1, period: .seconds(60)) },
        _ body: (ScriptedBackend, ServerHarness, ParkTestClock) async throws -> Void
    ) async throws {
        let backend = try await ScriptedBackend.start { content in
            content.capabilities = Self.capabilities
            content.prompts = #"[{"name":"p"}]"#
            content.resources = #"[{"uri":"test://a","name":"a"}]"#
        }
        let clock = ParkTestClock()
        var limits = CallLimits()
        configure(&limits)
        let limiter = CallLimiter(
            limits, now: { clock.now }, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await ServerHarness.run(["one": backend.url]) { harness in
            try await body(backend, harness.with(limiter: limiter), clock)
        }
        await backend.stop()
    }

    /// A request of which only the first of each minute may come through.
    private struct Verb: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let send: @Sendable (ServerHarness.Client) async -> ServerHarness.Client.Answer
    }

    private static let counted: Set<String> = [
        "tools/call", "prompts/get", "resources/read", "resources/subscribe", "completion/complete",
    ]

    private static let verbs = [
        Verb(testDescription: "tools/call") { await $0.callTool(#"{"name":"one_echo"}"#) },
        Verb(testDescription: "tools/call of an unknown tool") { await $0.callTool(#"{"name":"nothing"}"#) },
        Verb(testDescription: "prompts/get") { await $0.prompt(#"{"name":"one_p"}"#) },
        Verb(testDescription: "resources/read") { await $0.read("test://a") },
        Verb(testDescription: "resources/subscribe") { await $0.subscribe(#"{"uri":"test://a"}"#) },
        Verb(testDescription: "completion/complete") {
            await $0.complete(#"{"ref":{"type":"ref/prompt","name":"one_p"},"argument":{"name":"a","value":""}}"#)
        },
        Verb(testDescription: "tasks/get") { await $0.task(.tasksGet) },
        Verb(testDescription: "tasks/result") { await $0.task(.tasksResult) },
        Verb(testDescription: "tasks/list") { await $0.task(.tasksList) },
    ]

    @Test("SE-11: everything that makes somebody work is counted before any of it is done", arguments: verbs)
    private func limited(_ verb: Verb) async throws {
        try await run { backend, harness, clock in
            let client = harness.client()
            #expect(await verb.send(client).error?.code != .rateLimited)
            // What the gateway asks of its own accord comes whenever it likes.
            func asked() -> Int { backend.requests.count { Self.counted.contains($0.verb ?? "") } }
            let before = asked()
            for _ in 0..<5 {
                let error = await verb.send(client).error
                #expect(error?.code == .rateLimited)
                #expect(error?.retryAfter == 60)
            }
            #expect(asked() == before)
            clock.advance(.seconds(60))
            #expect(await verb.send(client).error?.code != .rateLimited)
            #expect(await verb.send(client).error?.code == .rateLimited)
        }
    }

    @Test("SE-11: Modern requests about tasks are counted", arguments: [MCPMethod.tasksGet, .tasksUpdate])
    func modernTasks(_ method: MCPMethod) async throws {
        try await run { _, harness, _ in
            let client = harness.client(
                .v2026_07_28, #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, principal: .anonymous)
            #expect(await client.modernTask(method).error?.code == .invalidParams)
            #expect(await client.modernTask(method).error?.code == .rateLimited)
        }
    }

    @Test("SE-11: a call that has to wait for a place is counted once")
    func waiting() async throws {
        var limits = CallLimits()
        limits.perUser = CallRate(calls: 2, period: .seconds(60))
        let clock = ParkTestClock()
        let limiter = CallLimiter(
            limits, now: { clock.now }, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await ServerHarness.withModern({ _, _ in false }) { _, harness in
            let client = harness.with(limiter: limiter).client(.v2026_07_28, "{}", principal: .anonymous)
            let places = try harness.backend("one").limiter
            // Opens the session, so that only the place is missing.
            #expect(await client.callTool(#"{"name":"one_other"}"#).error == nil)
            var taken = 0
            while places.tryAcquire() { taken += 1 }
            async let second = client.callTool(#"{"name":"one_other"}"#)
            try await eventually("it waits") { places.waitingCount == 1 }
            for _ in 0..<taken { places.release() }
            #expect(await second.error == nil)
            #expect(await client.callTool(#"{"name":"one_other"}"#).error?.code == .rateLimited)
        }
    }

    @Test("What is answered from memory, or ends something, is not counted")
    func uncounted() async throws {
        try await run { backend, harness, _ in
            let client = harness.client()
            #expect(await client.subscribe(#"{"uri":"test://a"}"#).error == nil)
            #expect(await client.read("test://a").error?.code == .rateLimited)
            for kind in [ListKind.tools, .prompts, .resources, .resourceTemplates] {
                #expect(await client.list(kind).error == nil)
            }
            await client.setLogLevel(.error)
            #expect(await client.unsubscribe(#"{"uri":"test://a"}"#).error == nil)
            #expect(backend.requests("resources/unsubscribe").count == 1)
            #expect(await client.task(.tasksCancel).error?.code == .invalidParams)
        }
    }

    @Test("SE-11: a tool is limited by the name that clients call it by, and its neighbours are not")
    func advertisedName() async throws {
        try await run({ limits in
            for name in ["one_echo", "echo"] {
                limits.tools[name] = CallLimits.Tool(shared: CallRate(calls: 1, period: .seconds(60)))
            }
        }) { backend, harness, _ in
            let client = harness.client()
            #expect(await client.callTool(#"{"name":"one_echo"}"#).text == "echo")
            #expect(await client.callTool(#"{"name":"one_echo"}"#).error?.data?["limit"]?.string == "tools.shared")
            #expect(await client.prompt(#"{"name":"one_p"}"#).error == nil)
            #expect(backend.requests("tools/call").count == 1)
            // A name that nothing has may get a tool later; until then its limit is for nothing.
            #expect(harness.server.limitedToolsWithoutBackend == ["echo"])
        }
    }

    @Test("SE-11: a refused retry of a parked call leaves the call parked, and the next one ends it")
    func parked() async throws {
        var limits = CallLimits()
        limits.perUser = CallRate(calls: 1, period: .seconds(60))
        try await ParkBench.run(
            limits: limits,
            tool: { talk in
                talk.ask("a")
                talk.finish(await talk.answer("a"))
            }
        ) { bench in
            let state = try await bench.send().answer.state.required("a state")
            let answers = #"{"q1":{"action":"accept","content":{"n":"Ann"}}}"#
            for _ in 0..<3 {
                let refused = try await bench.send(state: state, responses: answers).answer.error
                #expect(refused?.code == .rateLimited)
            }
            #expect(bench.lot.count == 1)
            bench.pass(.seconds(60))
            #expect(try await bench.send(state: state, responses: answers).answer.text == "Ann")
            #expect(bench.backend.calls == 1)
            #expect(bench.lot.count == 0)
        }
    }
}

extension ServerHarness.Client {
    fileprivate func task(_ method: MCPMethod) async -> Answer {
        do throws(RequestError) {
            return .success(
                try await harness.server.legacyTask(method, params: JSONSlice(["taskId": "none"]), caller: caller))
        } catch {
            return .failure(error)
        }
    }

    fileprivate func modernTask(_ method: MCPMethod) async -> Answer {
        do throws(RequestError) {
            return .success(
                try await harness.server.modernTask(method, params: JSONSlice(["taskId": "none"]), caller: caller))
        } catch {
            return .failure(error)
        }
    }
}
