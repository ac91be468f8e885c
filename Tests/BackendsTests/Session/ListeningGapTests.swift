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

    private static let capabilities = #"{"tools":{},"resources":{"subscribe":true}}"#
    private static let changed = #"[{"name":"new"}]"#

    /// A backend whose first stream is as `gap` says, and whose second comes when `gate` is open. By then it has
    /// changed, and says nothing of it.
    private func backend(_ gap: Gap, _ gate: ScriptedGate) async throws -> ScriptedBackend {
        let streams = Counter()
        return try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = Self.capabilities
        }) { request, reply in
            if request.verb == "tools/list", gate.isOpen {
                reply.result(#"{"tools":\#(Self.changed)}"#)
                return true
            }
            guard request.method == "GET" else { return false }
            if streams.next() == 1 {
                gap.play(reply)
                return true
            }
            await gate.wait()
            return false
        }
    }

    @Test("The lists of a backend that changed while there was no stream are read again", arguments: Gap.allCases)
    func lists(gap: Gap) async throws {
        let gate = ScriptedGate()
        let backend = try await backend(gap, gate)
        try await BackendHarness.watch(backend.url) { _, reports in
            try await eventually("the first list is read") { reports.tools == ["echo"] }
            gate.open()
            try await eventually("the change is found") { reports.tools == ["new"] }
            #expect(reports.problems.isEmpty)
            #expect(reports.all.allSatisfy { $0.announced.isEmpty }, "nobody announced it")
        }
        #expect(backend.openedCount == 1)
        await backend.stop()
    }

    @Test("What is subscribed to counts as updated when there was no stream", arguments: Gap.allCases)
    func subscriptions(gap: Gap) async throws {
        let gate = ScriptedGate()
        let backend = try await backend(gap, gate)
        try await BackendHarness.run(backend.url) { harness in
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                for uri in ["demo://a", "demo://b"] { #expect(await harness.subscribe(session, uri) == nil) }
                gate.open()
                try await eventually("both are told of") {
                    Set(inbox.all(.resourceUpdated).compactMap { $0?["uri"]?.string }) == ["demo://a", "demo://b"]
                }
                try await harness.settle()
                // Where the machine is slow, each of the two streams is taken for a silent one before it shows itself.
                #expect(inbox.all.count <= 3 * 2)
            }
        }
        await backend.stop()
    }

    @Test("A stream that comes late makes up for what it missed: the lists are read again, updates told")
    func lateHead() async throws {
        let late = ScriptedGate()
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = Self.capabilities
        }) { request, _ in
            if request.method == "GET" { await late.wait() }
            return false
        }
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("the first list is read") { reports.tools == ["echo"] }
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                let uris = Set((0..<40).map { "demo://\($0)" })
                for uri in uris {
                    await harness.subscribe(session, uri)
                    #expect(session.state.withLock { $0.telling } == .silent, "it is not waited for again and again")
                }
                backend.change { $0.tools = Self.changed }
                // On a slow machine it has been taken for a silent stream by now, and made up for once.
                let before = inbox.all.count
                late.open()
                try await eventually("the change is found") { reports.tools == ["new"] }
                try await eventually("all are told of") {
                    Set(inbox.all.dropFirst(before).compactMap { $0.params?["uri"]?.string }) == uris
                }
                try await harness.settle()
                #expect(inbox.all.count <= 2 * uris.count, "for a silent stream, and when it comes")
            }
        }
        await backend.stop()
    }

    @Test("Where a stream says nothing, not even that it is there, what was missed is made up for all the same")
    func silentStream() async throws {
        let streams = Counter()
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            if streams.next() == 1 {
                reply.openStream()
                reply.endStream()
            } else {
                await reply.closed()
            }
            return true
        }
        try await BackendHarness.watch(backend.url) { _, reports in
            try await eventually("the stream is silent") { streams.current == 2 }
            #expect(reports.tools == ["echo"])
            backend.change { $0.tools = Self.changed }
            try await eventually("the change is found") { reports.tools == ["new"] }
        }
        #expect(streams.current == 2)
        await backend.stop()
    }

    @Test("A stream that goes on where the one before stopped has missed nothing, and nothing is made up for")
    func continued() async throws {
        let streams = Counter()
        let backend = try await ScriptedBackend.start { request, reply in
            guard request.method == "GET" else { return false }
            reply.openStream()
            let number = streams.next()
            reply.event("", id: "e-\(number)", retry: "100")
            if number == 1 { reply.endStream() } else { await reply.closed() }
            return true
        }
        try await BackendHarness.watch(backend.url) { harness, reports in
            try await eventually("it goes on") { streams.current == 2 && reports.last?.isReachable == true }
            try await harness.settle()
        }
        #expect(backend.requests("tools/list").count == 1)
        await backend.stop()
    }

    @Test("Lists are read, and resources subscribed to, when the backend tells of their changes, not before")
    func order() async throws {
        let gates = [ScriptedGate(), ScriptedGate()]
        let streams = Counter()
        let backend = try await ScriptedBackend.start(configure: {
            $0.listens = true
            $0.capabilities = Self.capabilities
        }) { request, _ in
            if request.method == "GET" { await gates[streams.next() - 1].wait() }
            return false
        }
        try await BackendHarness.watch(backend.url, tellingPatience: .seconds(600)) { harness, reports in
            try await eventually("a stream is asked for") { streams.current == 1 }
            try await harness.settle()
            #expect(backend.requests("tools/list").isEmpty)
            gates[0].open()
            try await eventually("it is reached") { reports.last?.isReachable == true }
            let inbox = Inbox()
            try await harness.withSession(inbox: inbox) { session in
                async let failure = harness.subscribe(session, "demo://a")
                try await eventually("another one is asked for") { streams.current == 2 }
                try await harness.settle()
                #expect(backend.requests("resources/subscribe").isEmpty)
                gates[1].open()
                #expect(await failure == nil)
                try await harness.settle()
                #expect(inbox.all.isEmpty, "nothing was missed")
            }
        }
        #expect(backend.requests("tools/list").count == 1, "nothing was missed")
        await backend.stop()
    }
}
