// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import OutgoingAuth
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// A call that is made before anybody waits for it ends as one that a task waits for.
@Suite("Calls that are started", .serialized, .timeLimit(.minutes(5)))
struct StartedCallTests {
    typealias Answer = AtMostOnceTests.Cut

    /// How a call was made and what came of it.
    private struct Ending {
        let result: Result<JSONSlice, BackendError>
        /// Whether it ended without a task.
        let isPlain: Bool
    }

    private func run(
        settings: BackendHarness.Configure = { _ in },
        configure: (inout ScriptedModernBackend.Content) -> Void = { _ in },
        script: @escaping ScriptedBackend.Script = { _, _ in false },
        _ body: (BackendHarness, BackendSession, ScriptedModernBackend) async throws -> Void
    ) async throws {
        let backend = try await ScriptedModernBackend.start(configure: configure, script)
        try await BackendHarness.run(backend.url, configure: settings) { harness in
            let session = harness.session(preference: .modernFirst)
            try await body(harness, session, backend)
            await session.close()
        }
        await backend.stop()
    }

    /// Answers the first so many tool calls in one way, and the others well.
    private static func answering(_ answer: Answer, times: Int = .max) -> ScriptedBackend.Script {
        let count = Counter()
        return { request, reply in
            guard request.verb == "tools/call", count.next() <= times else { return false }
            answer.answer(reply)
            return true
        }
    }

    private static let params = RequestParameters(json(#"{"name":"echo","arguments":{}}"#))

    /// Starts a call on a session that is open, and ends it as an edge does; `nil` where it cannot be started.
    private func start(
        _ session: BackendSession, _ harness: BackendHarness, isRepeatable: Bool = false, timeout: TimeAmount? = nil,
        whenStarted: @escaping @Sendable (StartedCall) -> Void = { _ in }
    ) async -> Ending? {
        let shard = harness.shard
        return await onLoop(of: shard) {
            let options = BackendSession.CallOptions(shard: shard, isRepeatable: isRepeatable, timeout: timeout)
            guard let call = session.start(.toolsCall, params: Self.params, options: options) else { return nil }
            whenStarted(call)
            await withCheckedContinuation { continuation in call.follow { continuation.resume() } }
            if let result = session.plainResult(of: call) { return Ending(result: .success(result), isPlain: true) }
            do throws(BackendError) {
                let result = try await session.finish(call, .toolsCall, params: Self.params, options: options)
                return Ending(result: .success(result), isPlain: false)
            } catch {
                return Ending(result: .failure(error), isPlain: false)
            }
        }
    }

    /// Whether nothing of a call is left: no place taken, and no answer waited for.
    private func isSettled(_ session: BackendSession) -> Bool {
        session.backend.limiter.activeCount == 0 && session.state.withLock { $0.calls.isEmpty }
    }

    // MARK: Endings

    private static let good = [
        Answer(what: "complete") { $0.result(#"{"resultType":"complete","content":[]}"#) },
        Answer(what: "complete, said at the end") { $0.result(#"{"content":[],"resultType":"complete"}"#) },
    ]

    private static let strange = [
        Answer(what: "no type") { $0.result(#"{"content":[]}"#) },
        Answer(what: "questions") { $0.result(#"{"resultType":"input_required","inputRequests":{}}"#) },
        Answer(what: "a task") { $0.result(#"{"resultType":"task","taskId":"1"}"#) },
        Answer(what: "an unknown type") { $0.result(#"{"resultType":"guess"}"#) },
        Answer(what: "no object") { $0.result("[1]") },
    ]

    @Test("What is nothing but a result needs no task", arguments: good)
    private func plain(_ answer: Answer) async throws {
        try await run(script: Self.answering(answer)) { harness, session, _ in
            _ = try await harness.open(session)
            for _ in 0..<3 {
                let ending = try #require(await start(session, harness))
                #expect(ending.isPlain)
                #expect(try ending.result.get()["resultType"]?.string == "complete")
                #expect(isSettled(session))
            }
        }
    }

    @Test("A log message and an answer on a stream need none either")
    func streamed() async throws {
        try await run(script: { request, reply in
            guard request.verb == "tools/call" else { return false }
            reply.openStream()
            reply.event(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#)
            reply.event(reply.response(#"{"resultType":"complete","content":[]}"#))
            reply.endStream()
            return true
        }) { harness, session, _ in
            _ = try await harness.open(session)
            #expect(try #require(await start(session, harness)).isPlain)
            #expect(isSettled(session))
        }
    }

    @Test(
        "Whatever is more than a result ends as in a call that a task waits for",
        arguments: strange + AtMostOnceTests.cuts + AtMostOnceTests.refusals, [true, false])
    private func same(_ answer: Answer, isRepeatable: Bool) async throws {
        try await run(script: Self.answering(answer)) { harness, session, backend in
            _ = try await harness.open(session)
            let ending = try #require(await start(session, harness, isRepeatable: isRepeatable))
            let started = backend.requests("tools/call").count
            #expect(!ending.isPlain)
            #expect(isSettled(session))
            _ = try await harness.open(session)
            let waited = await harness.call(session, isRepeatable: isRepeatable)
            #expect("\(ending.result)" == "\(waited)")
            #expect(backend.requests("tools/call").count == 2 * started)
            #expect(isSettled(session))
        }
    }

    @Test("What may run twice is repeated when its answer is lost, and only that", arguments: AtMostOnceTests.cuts)
    func repeated(_ cut: Answer) async throws {
        try await run(script: Self.answering(cut, times: 1)) { harness, session, backend in
            _ = try await harness.open(session)
            let ending = try #require(await start(session, harness, isRepeatable: true))
            #expect(ending.result.text == "echo")
            #expect(Set(backend.requests("tools/call").map(\.id)).count == 2, "a repetition is a new request")
            #expect(isSettled(session))
        }
    }

    // MARK: Ends that nobody answers

    private static let hanging: ScriptedBackend.Script = { request, reply in
        guard request.verb == "tools/call" else { return false }
        await reply.closed()
        return true
    }

    @Test("A call that is cancelled closes its stream and gives its place back")
    func cancelled() async throws {
        try await run(script: Self.hanging) { harness, session, backend in
            _ = try await harness.open(session)
            let calls = Mutex<[StartedCall]>([])
            async let ending = start(session, harness) { call in calls.withLock { $0.append(call) } }
            try await eventually("the call is there") { backend.requests("tools/call").count == 1 }
            #expect(session.backend.limiter.activeCount == 1)
            for call in calls.withLock({ $0 }) { call.cancel() }
            #expect(await ending?.result.error == .cancelled)
            try await eventually("its stream is closed") { backend.http.openConnectionCount == 0 }
            #expect(backend.requests("tools/call").count == 1)
            #expect(isSettled(session))
        }
    }

    @Test("A call that is not answered in time ends")
    func timedOut() async throws {
        try await run(script: Self.hanging) { harness, session, _ in
            _ = try await harness.open(session)
            let ending = try #require(await start(session, harness, isRepeatable: true, timeout: .milliseconds(200)))
            #expect(ending.result.error == .timeout)
            #expect(isSettled(session))
        }
    }

    @Test("A call ends with its session")
    func closed() async throws {
        try await run(script: Self.hanging) { harness, session, backend in
            _ = try await harness.open(session)
            async let ending = start(session, harness)
            try await eventually("the call is there") { backend.requests("tools/call").count == 1 }
            await session.close()
            #expect(await ending?.result.error == .closed)
            #expect(isSettled(session))
        }
    }

    // MARK: Calls that cannot be started

    /// That nothing is done where something has to be waited for.
    private func expectNoStart(
        _ session: BackendSession, _ harness: BackendHarness, _ backend: ScriptedModernBackend, active: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let before = backend.requests("tools/call").count
        #expect(await start(session, harness) == nil, sourceLocation: sourceLocation)
        #expect(session.backend.limiter.activeCount == active, sourceLocation: sourceLocation)
        #expect(backend.requests("tools/call").count == before, sourceLocation: sourceLocation)
    }

    @Test("Nothing is started before the session is open, or once it is closed")
    func unopened() async throws {
        try await run { harness, session, backend in
            await expectNoStart(session, harness, backend)
            _ = try await harness.open(session)
            #expect(await start(session, harness) != nil)
            await session.close()
            await expectNoStart(session, harness, backend)
        }
    }

    @Test("Nothing is started on a Legacy session")
    func legacy() async throws {
        try await run(configure: {
            $0.speaksModern = false
            $0.speaksLegacy = true
        }) { harness, session, backend in
            _ = try await harness.open(session)
            #expect(session.openEra == .legacy)
            await expectNoStart(session, harness, backend)
        }
    }

    @Test("Nothing is started while every place is taken")
    func full() async throws {
        try await run(
            settings: { $0.maximumConcurrentRequests = 1 }, script: Self.hanging
        ) { harness, session, backend in
            _ = try await harness.open(session)
            let first = Task { await harness.call(session) }
            try await eventually("the call is there") { backend.requests("tools/call").count == 1 }
            await expectNoStart(session, harness, backend, active: 1)
            first.cancel()
            _ = await first.value
            #expect(session.backend.limiter.activeCount == 0)
        }
    }

    @Test("Nothing is started while the backend is kept back, which what was started has led to")
    func circuitOpen() async throws {
        let breaker = try CircuitBreakerSettings(failureThreshold: 2, timeout: .seconds(600))
        try await run(
            settings: { $0.breaker = breaker },
            script: Self.answering(Answer(what: "cut") { $0.close() })
        ) { harness, session, backend in
            _ = try await harness.open(session)
            for _ in 0..<2 { #expect(await start(session, harness)?.result.isOutcomeUnknown == true) }
            #expect(await harness.call(session).error == .circuitOpen)
            await expectNoStart(session, harness, backend)
        }
    }

    @Test("A good answer says that the backend works")
    func works() async throws {
        let breaker = try CircuitBreakerSettings(failureThreshold: 2, timeout: .seconds(600))
        let count = Counter()
        try await run(
            settings: { $0.breaker = breaker },
            script: { request, reply in
                guard request.verb == "tools/call", count.next() % 2 == 1 else { return false }
                reply.close()
                return true
            }
        ) { harness, session, _ in
            _ = try await harness.open(session)
            for number in 0..<6 { #expect(try #require(await start(session, harness)).isPlain == (number % 2 == 1)) }
        }
    }

    private struct NoCredential: BackendCredential {
        func fields() async throws(CredentialProblem) -> [CredentialField] { [] }
        func refused(_ refusal: CredentialRefusal) async -> CredentialRemedy { .none }
    }

    @Test("Nothing is started that needs a credential, which may have to be fetched")
    func credential() async throws {
        try await run { harness, _, backend in
            let session = harness.session(credential: NoCredential(), preference: .modernFirst)
            _ = try await harness.open(session)
            await expectNoStart(session, harness, backend)
            #expect(await harness.call(session).text == "echo")
            await session.close()
        }
    }
}
