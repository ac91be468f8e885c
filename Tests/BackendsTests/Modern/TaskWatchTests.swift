// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// What a session hears of tasks, and of whose.
@Suite("Being told of tasks", .serialized, .timeLimit(.minutes(5)))
struct TaskWatchTests {
    private static let extended =
        #"{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#

    /// What was reported; a look is nil.
    private final class Reports: Sendable {
        private let state = Mutex<[JSONSlice?]>([])
        var all: [JSONSlice?] { state.withLock { $0 } }
        var statuses: [String?] { all.map { $0?["status"]?.string } }
        var report: @Sendable (JSONSlice?) -> Void { { report in self.state.withLock { $0.append(report) } } }
    }

    private func modern(
        _ capabilities: String = extended,
        _ body: (BackendHarness, BackendSession, ScriptedModernBackend) async throws -> Void
    ) async throws {
        let backend = try await ScriptedModernBackend.start(configure: { $0.capabilities = capabilities })
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .modernFirst)
            _ = try await harness.open(session)
            try await body(harness, session, backend)
            await session.close()
        }
        await backend.stop()
    }

    private func follow(_ id: String, _ session: BackendSession, _ harness: BackendHarness) async -> Bool {
        let shard = harness.shard
        return await onLoop(of: shard) {
            (try? await session.followTask(
                id, options: BackendSession.CallOptions(shard: shard, isRepeatable: true))) ?? false
        }
    }

    private func filters(_ backend: ScriptedModernBackend) -> [String?] {
        backend.requests("subscriptions/listen").map { $0.params?["notifications"]?.description }
    }

    @Test(
        "GB-53: a Modern backend is asked for what is followed, and each report reaches the watcher of that task alone")
    func followed() async throws {
        try await modern { harness, session, backend in
            let first = Reports()
            let second = Reports()
            session.watchTask("a", on: harness.shard, report: first.report)
            #expect(backend.requests("subscriptions/listen").isEmpty, "nobody waits for anything yet")
            #expect(!session.isInUse)
            #expect(await follow("a", session, harness))
            #expect(session.isInUse)
            session.watchTask("b", on: harness.shard, report: second.report)
            #expect(await follow("b", session, harness))
            try await eventually("one is open") { backend.subscriptions.count == 1 }
            #expect(filters(backend) == [#"{"taskIds":["a"]}"#, #"{"taskIds":["a","b"]}"#])
            let declared = backend.requests("subscriptions/listen").last?.params?["_meta"]?
                .member("io.modelcontextprotocol/clientCapabilities")
            #expect(declared?["extensions"]?.member("io.modelcontextprotocol/tasks") != nil)
            // What happened before the backend began to tell is unknown.
            try await eventually("they look") { first.all.count == 1 && second.all.count == 1 }
            let stream = try #require(backend.subscriptions.first)
            stream.notify("notifications/tasks", #""taskId":"a","status":"working""#)
            stream.notify("notifications/tasks", #""taskId":"never","status":"working""#)
            stream.notify("notifications/tasks/status", #""taskId":"a","status":"failed""#)
            stream.notify("notifications/tasks", #""taskId":"a","status":"completed""#)
            stream.notify("notifications/tasks", #""taskId":"b","status":"cancelled""#)
            try await eventually("they are heard") { second.all.count == 2 }
            #expect(first.statuses == [nil, "working", "completed"])
            #expect(second.statuses == [nil, "cancelled"])
            session.endTask("b", on: harness.shard)
            session.unfollowTask("a", on: harness.shard)
            try await eventually("nothing is listened to") { backend.subscriptions.isEmpty }
            #expect(!session.isInUse)
        }
    }

    @Test("Nobody who has just come is undone by the last one that leaves, nor by one who is refused")
    func overlapping() async throws {
        try await modern { harness, session, backend in
            session.watchTask("a", on: harness.shard) { _ in }
            #expect(await follow("a", session, harness))
            session.unfollowTask("a", on: harness.shard) { true }
            #expect(session.isInUse)
            session.watchTask("a", on: harness.shard) { _ in }
            #expect(session.isInUse, "watching it anew does not end it")
            session.unfollowTask("a", on: harness.shard) { false }
            #expect(!session.isInUse)
            try await eventually("nothing is listened to") { backend.subscriptions.isEmpty }
        }
    }

    @Test("Who has no tasks, or does not know the id, is not followed; the session's other wishes stay")
    func refused() async throws {
        try await modern(#"{"tools":{}}"#) { harness, session, backend in
            session.watchTask("a", on: harness.shard) { _ in }
            #expect(await !follow("a", session, harness))
            #expect(backend.requests("subscriptions/listen").isEmpty)
        }
        try await modern { harness, session, backend in
            #expect(await !follow("unwatched", session, harness))
            backend.change { $0.listens = false }
            session.watchTask("a", on: harness.shard) { _ in }
            #expect(await !follow("a", session, harness))
            session.unfollowTask("a", on: harness.shard)
            #expect(!session.isInUse)
        }
    }

    @Test("A report that comes before its task is known waits, a few of them")
    func early() async throws {
        try await modern { harness, session, _ in
            func report(_ id: String) { session.taskReported(JSONSlice(["taskId": .string(id), "status": "working"])) }
            let reports = Reports()
            report("a")
            for number in 0..<(BackendSession.maximumEarlyReports - 1) { report("other\(number)") }
            session.watchTask("a", on: harness.shard, report: reports.report)
            #expect(reports.statuses == ["working"])
            report("late")
            for number in 0..<BackendSession.maximumEarlyReports { report("more\(number)") }
            let late = Reports()
            session.watchTask("late", on: harness.shard, report: late.report)
            #expect(late.all.isEmpty)
            for bad in [nil, "{}", #"{"taskId":7}"#, #"{"taskId":""}"#] as [String?] {
                session.taskReported(bad.map { json($0) })
            }
            session.unwatchTask("a", on: harness.shard)
            report("a")
            #expect(reports.all.count == 1)
        }
    }

    @Test("A Legacy backend tells on the stream that is opened for the sake of a followed task")
    func legacy() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"tools":{},"tasks":{"requests":{"tools":{"call":{}}}}}"#
        })
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session()
            _ = try await harness.open(session)
            let reports = Reports()
            session.watchTask("a", on: harness.shard, report: reports.report)
            #expect(session.isInUse, "the task would be lost with the session")
            #expect(backend.streams.isEmpty)
            #expect(await follow("a", session, harness))
            try await eventually("a stream is open") { backend.streams.count == 1 }
            let note =
                #"{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"a","status":"failed"}}"#
            backend.streams.first?.event(note)
            try await eventually("it is heard") { reports.statuses.contains("failed") }
            session.stopListening()
            #expect(await harness.call(session).text == "echo")
            backend.streams.first?.event(note)
            try await eventually("someone waits, and still hears") {
                reports.statuses.filter { $0 == "failed" }.count == 2
            }
            session.unfollowTask("a", on: harness.shard)
            try await eventually("it is closed") { backend.streams.isEmpty }
            session.unwatchTask("a", on: harness.shard)
            #expect(!session.isInUse)
            await session.close()
        }
        await backend.stop()
    }
}
