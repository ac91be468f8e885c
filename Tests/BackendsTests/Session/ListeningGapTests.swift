// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("What happens while nothing is told", .serialized, .timeLimit(.minutes(5)))
struct ListeningGapTests {
    /// Why there is no stream for a time, as the first one of them would show it.
    enum Gap: CaseIterable, Sendable {
        case unavailable, conflict, tooMany, lostBeforeItsHead, endedAtOnce, cutAtOnce

        func play(_ reply: ScriptedReply) {
            switch self {
            case .unavailable: reply.respond(503)
            case .conflict: reply.respond(409)
            case .tooMany: reply.respond(429)
            case .lostBeforeItsHead: reply.close()
            case .endedAtOnce:
                reply.openStream()
                reply.endStream()
            case .cutAtOnce:
                reply.openStream()
                reply.chunk(": hello\n\n")
                reply.close()
            }
        }
    }

    private static let changed = #"[{"name":"new"}]"#

    /// A backend whose first stream is as `gap` says. With the second one it has changed, and says nothing of it.
    private func backend(
        _ gap: Gap, change: @escaping @Sendable (inout ScriptedBackend.Content) -> Void
    ) async throws -> ScriptedBackend {
        let self_ = Mutex<ScriptedBackend?>(nil)
        let gets = Mutex(0)
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"tools":{},"resources":{"subscribe":true}}"#
        }) { request, reply in
            guard request.method == "GET" else { return false }
            let number = gets.withLock { count in
                count += 1
                return count
            }
            if number == 1 {
                gap.play(reply)
                return true
            }
            self_.withLock { $0 }?.change(change)
            return false
        }
        self_.withLock { $0 = backend }
        return backend
    }

    @Test("The lists of a backend that changed while there was no stream are read again", arguments: Gap.allCases)
    func lists(gap: Gap) async throws {
        let backend = try await backend(gap) { $0.tools = Self.changed }
        try await BackendHarness.watch(backend.url) { _, reports in
            try await eventually("the first list is read") { reports.tools == ["echo"] }
            try await eventually("the change is found") { reports.tools == ["new"] }
            #expect(reports.problems.isEmpty)
            #expect(reports.all.allSatisfy { $0.announced.isEmpty }, "nobody announced it")
        }
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    @Test("What is subscribed to counts as updated when there was no stream", arguments: Gap.allCases)
    func subscriptions(gap: Gap) async throws {
        let backend = try await backend(gap) { _ in }
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                for uri in ["demo://a", "demo://b"] { await subscribe(session, uri, harness) }
                try await eventually("both are told of") { inbox.all(.resourceUpdated).count == 2 }
                #expect(inbox.all(.resourceUpdated).map { $0?["uri"]?.string } == ["demo://a", "demo://b"])
                try await harness.settle()
                #expect(inbox.all(.resourceUpdated).count == 2, "once")
            }
        }
        await backend.stop()
    }

    @Test("A stream that comes late makes up for what it missed: the lists are read again, updates told")
    func lateHead() async throws {
        let late = ScriptedGate()
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"tools":{},"resources":{"subscribe":true}}"#
        }) { request, _ in
            if request.method == "GET" { await late.wait() }
            return false
        }
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("the first list is read") { reports.tools == ["echo"] }
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                let started = ContinuousClock.now
                for number in 0..<40 { await subscribe(session, "demo://\(number)", harness) }
                #expect(ContinuousClock.now - started < .seconds(8), "it is not waited for again and again")
                #expect(inbox.all.isEmpty)
                backend.change { $0.tools = Self.changed }
                late.open()
                try await eventually("the change is found") { reports.tools == ["new"] }
                try await eventually("it is told of") { inbox.all(.resourceUpdated).count == 40 }
            }
        }
        await backend.stop()
    }

    @Test("Where a stream says nothing, not even that it is there, what was missed is made up for all the same")
    func silentStream() async throws {
        let gets = Mutex(0)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            let isFirst = gets.withLock { count in
                count += 1
                return count == 1
            }
            if isFirst {
                reply.openStream()
                reply.endStream()
            } else {
                await reply.closed()
            }
            return true
        }
        try await BackendHarness.watch(backend.url) { _, reports in
            try await eventually("the stream is silent") { gets.withLock { $0 } == 2 }
            #expect(reports.tools == ["echo"])
            backend.change { $0.tools = Self.changed }
            try await eventually("the change is found") { reports.tools == ["new"] }
        }
        #expect(gets.withLock { $0 } == 2)
        await backend.stop()
    }

    @Test("A stream that goes on where the one before stopped has missed nothing, and nothing is made up for")
    func continued() async throws {
        let gets = Mutex(0)
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            reply.openStream()
            let number = gets.withLock { count in
                count += 1
                return count
            }
            reply.event("", id: "e-\(number)", retry: "100")
            if number == 1 { reply.endStream() } else { await reply.closed() }
            return true
        }
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it goes on") { gets.withLock { $0 } == 2 && reports.last?.isReachable == true }
            try await harness.settle()
        }
        #expect(backend.requests("tools/list").count == 1)
        await backend.stop()
    }

    @Test("Lists are read, and resources subscribed to, when the backend tells of their changes, not before")
    func order() async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = #"{"tools":{},"resources":{"subscribe":true}}"#
        }) { request, reply in
            // Less than what is waited for, and more than what a request takes.
            if request.method == "GET" { try? await Task.sleep(for: .milliseconds(60)) }
            return false
        }
        let streamsAtReading = Mutex<[Int]>([])
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it is reached") { reports.last?.isReachable == true }
            streamsAtReading.withLock { $0.append(backend.streams.count) }
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                await subscribe(session, "demo://a", harness)
                streamsAtReading.withLock { $0.append(backend.streams.count) }
                try await harness.settle()
                #expect(inbox.all.isEmpty, "nothing was missed")
            }
        }
        #expect(streamsAtReading.withLock { $0 } == [1, 2])
        #expect(backend.requests("tools/list").count == 1, "nothing was missed")
        await backend.stop()
    }

    private func subscribe(_ session: BackendSession, _ uri: String, _ harness: BackendHarness) async {
        let shard = harness.shard
        await onLoop(of: shard) {
            try? await session.subscribe(
                to: uri, params: JSONSlice(["uri": .string(uri)]), options: .init(shard: shard, isRepeatable: true))
        }
    }
}
