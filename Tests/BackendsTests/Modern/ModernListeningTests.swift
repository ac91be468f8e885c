// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Listening to a Modern backend", .serialized, .timeLimit(.minutes(5)))
struct ModernListeningTests {
    private static let everything =
        #"{"tools":{"listChanged":true},"resources":{"subscribe":true},"prompts":{}}"#

    private func run(
        inbox: Inbox = Inbox(), configure: (inout ScriptedModernBackend.Content) -> Void = { _ in },
        _ body: (BackendHarness, BackendSession, ScriptedModernBackend) async throws -> Void
    ) async throws {
        let backend = try await ScriptedModernBackend.start(configure: {
            $0.capabilities = Self.everything
            configure(&$0)
        })
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(inbox: inbox, preference: .modernFirst)
            _ = try await harness.open(session)
            try await body(harness, session, backend)
            await session.close()
        }
        await backend.stop()
    }

    /// - Parameter prepare: what happens on the loop just before.
    @discardableResult
    private func unsubscribe(
        _ session: BackendSession, _ harness: BackendHarness, _ uri: String,
        after prepare: @escaping @Sendable () -> Void = {}
    ) async -> BackendError? {
        let shard = harness.shard
        return await onLoop(of: shard) {
            prepare()
            do throws(BackendError) {
                try await session.unsubscribe(
                    from: uri, params: JSONSlice(["uri": .string(uri)]),
                    options: BackendSession.CallOptions(shard: shard, isRepeatable: true))
                return nil
            } catch {
                return error
            }
        }
    }

    private func filters(_ backend: ScriptedModernBackend) -> [JSONSlice?] {
        backend.requests("subscriptions/listen").map { $0.params?["notifications"] }
    }

    @Test("One request asks for everything, and changes reach the session")
    func changes() async throws {
        let inbox = Inbox()
        try await run(inbox: inbox) { harness, session, backend in
            let kinds = Mutex<[CapabilityKind]>([])
            harness.backend.onAnnouncement { kind in kinds.withLock { $0.append(kind) } }
            session.listen(on: harness.shard)
            try await eventually("it is granted") { session.pushedKinds.count == 3 }
            #expect(
                filters(backend)
                    == [json(#"{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true}"#)])
            backend.subscriptions.first?.notify("notifications/tools/list_changed")
            try await eventually("it is heard") { inbox.all(.toolsListChanged).count == 1 }
            #expect(kinds.withLock { $0 } == [.tools])
            #expect(inbox.all(.toolsListChanged).first??["_meta"] == nil, "the tag is our hop's")
            session.stopListening()
            try await eventually("it is closed") { backend.subscriptions.isEmpty }
            #expect(session.pushedKinds.isEmpty)
        }
    }

    @Test("GB-32, GB-33: a subscription widens the filter before the old stream goes, and narrows it when it ends")
    func union() async throws {
        let inbox = Inbox()
        try await run(inbox: inbox) { harness, session, backend in
            session.listen(on: harness.shard)
            try await eventually("it is granted") { session.pushedKinds.count == 3 }
            #expect(await harness.subscribe(session, "demo://b") == nil)
            #expect(await harness.subscribe(session, "demo://a") == nil)
            try await eventually("one is open") { backend.subscriptions.count == 1 }
            #expect(
                filters(backend).map { $0?["resourceSubscriptions"]?.description } == [
                    nil, #"["demo://b"]"#, #"["demo://a","demo://b"]"#,
                ])
            let current = try #require(backend.subscriptions.first)
            current.notify("notifications/resources/updated", #""uri":"demo://a""#)
            current.notify("notifications/resources/updated", #""uri":"demo://never""#)
            current.notify("notifications/resources/updated", #""uri":"demo://b""#)
            try await eventually("they are heard") { inbox.all(.resourceUpdated).count == 2 }
            #expect(inbox.all(.resourceUpdated).map { $0?["uri"]?.string } == ["demo://a", "demo://b"])
            await unsubscribe(session, harness, "demo://a")
            try await eventually("it is narrowed") { filters(backend).count == 4 && backend.subscriptions.count == 1 }
            #expect(filters(backend).last??["resourceSubscriptions"]?.description == #"["demo://b"]"#)
            #expect(session.hasSubscriptions)
            #expect(backend.requests("resources/subscribe").isEmpty)
        }
    }

    @Test("Subscriptions that come in one turn of the loop make one request: what is superseded is never sent")
    func hasty() async throws {
        let inbox = Inbox()
        try await run(inbox: inbox) { harness, session, backend in
            let shard = harness.shard
            let errors: [BackendError?] = await onLoop(of: shard) {
                await withTaskGroup(of: BackendError?.self) { group in
                    for uri in ["demo://a", "demo://b", "demo://c"] {
                        group.addTask(executorPreference: shard.executor) { await harness.subscribe(session, uri) }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(errors == [nil, nil, nil])
            #expect(
                filters(backend).map { $0?["resourceSubscriptions"]?.description }
                    == [#"["demo://a","demo://b","demo://c"]"#])
            for stream in backend.subscriptions {
                stream.notify("notifications/resources/updated", #""uri":"demo://a""#)
            }
            try await eventually("it is heard") { !inbox.all(.resourceUpdated).isEmpty }
            for uri in ["demo://a", "demo://b", "demo://c"] { await unsubscribe(session, harness, uri) }
            try await eventually("nothing is open") { backend.subscriptions.isEmpty }
            #expect(inbox.all(.resourceUpdated).count == 1, "nothing is told twice")
        }
    }

    @Test("An update of a part of what is subscribed to is heard, and of what only begins alike is not")
    func parts() async throws {
        let inbox = Inbox()
        try await run(inbox: inbox) { harness, session, backend in
            #expect(await harness.subscribe(session, "demo://a") == nil)
            let stream = try #require(backend.subscriptions.first)
            for uri in ["demo://ab", "demo://b/a", "demo://a/b/c", "demo://a"] {
                stream.notify("notifications/resources/updated", #""uri":"\#(uri)""#)
            }
            try await eventually("the last one is heard") {
                inbox.all(.resourceUpdated).last.map { $0?["uri"]?.string } == "demo://a"
            }
            #expect(inbox.all(.resourceUpdated).map { $0?["uri"]?.string } == ["demo://a/b/c", "demo://a"])
        }
    }

    @Test("A subscription of a connection that was lost has ended with it")
    func endOfLost() async throws {
        try await run { harness, session, backend in
            #expect(await harness.subscribe(session, "demo://a") == nil)
            let link = try #require(session.readyConnection()?.link)
            #expect(await unsubscribe(session, harness, "demo://a", after: { session.lose(link) }) == nil)
            #expect(!session.hasSubscriptions)
            try await eventually("nothing is open") { backend.subscriptions.isEmpty }
            #expect(backend.requests("resources/unsubscribe").isEmpty)
        }
    }

    @Test("A subscription whose backend turns out to be a Modern one by now has ended, too")
    func endOfReplaced() async throws {
        let backend = try await ScriptedModernBackend.start(configure: {
            $0.speaksModern = false
            $0.speaksLegacy = true
            $0.capabilities = Self.everything
        })
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session()
            #expect(await harness.subscribe(session, "demo://a") == nil)
            #expect(session.openEra == .legacy)
            backend.change {
                $0.speaksModern = true
                $0.speaksLegacy = false
            }
            #expect(await unsubscribe(session, harness, "demo://a") == nil)
            #expect(session.openEra == .modern)
            #expect(!session.hasSubscriptions)
            await session.close()
        }
        await backend.stop()
    }

    @Test("A resource that the acknowledgement leaves out cannot be subscribed to; others stay")
    func refused() async throws {
        try await run(configure: { $0.subscribable = ["demo://a"] }) { harness, session, backend in
            #expect(await harness.subscribe(session, "demo://a") == nil)
            #expect(await harness.subscribe(session, "demo://x") == .notSubscribable)
            #expect(BackendError.notSubscribable.requestError(backend: "b").code == .invalidParams)
            try await eventually("the filter is as before") {
                filters(backend).last??["resourceSubscriptions"]?.description == #"["demo://a"]"#
                    && backend.subscriptions.count == 1
            }
            #expect(session.hasSubscriptions)
        }
    }

    @Test("A backend that does not know the method is asked once, and nothing is expected of it")
    func unknownMethod() async throws {
        try await run(configure: { $0.listens = false }) { harness, session, backend in
            session.listen(on: harness.shard)
            try await eventually("it is remembered") { harness.backend.eras.lacksListening }
            #expect(await harness.subscribe(session, "demo://a") == .notSubscribable)
            let second = harness.session(preference: .modernFirst)
            _ = try await harness.open(second)
            second.listen(on: harness.shard)
            #expect(await harness.call(second).text == "echo")
            await second.close()
            #expect(filters(backend).count == 1)
            #expect(!harness.log.all.contains { $0.hasPrefix("warning") })
        }
    }

    @Test("What a backend was found to lack is looked for again when it has been away")
    func unknownMethodForgotten() async throws {
        try await run(configure: { $0.listens = false }) { harness, session, backend in
            session.listen(on: harness.shard)
            try await eventually("it is remembered") { harness.backend.eras.lacksListening }
            #expect(await harness.subscribe(session, "demo://a") == .notSubscribable)
            #expect(filters(backend).count == 1)
            backend.change { $0.listens = true }
            // As the monitor does when it has met nobody at the address.
            harness.backend.learn { $0.lacksListening = false }
            #expect(await harness.subscribe(session, "demo://a") == nil)
            try await eventually("lists are told of, too") { session.pushedKinds.count == 3 }
        }
    }

    @Test("GB-34: a stream that breaks is opened again, and everything is taken for changed", arguments: [true, false])
    func reopened(gracefully: Bool) async throws {
        let inbox = Inbox()
        try await run(inbox: inbox) { harness, session, backend in
            let signals = Mutex<[BackendSignal]>([])
            session.listen(on: harness.shard)
            #expect(await harness.subscribe(session, "demo://a") == nil)
            try await eventually("one is open") { backend.subscriptions.count == 1 }
            harness.backend.onSignal { signal in signals.withLock { $0.append(signal) } }
            let before = filters(backend).count
            if gracefully {
                backend.subscriptions.first?.end()
            } else {
                backend.subscriptions.first?.reply.close()
            }
            try await eventually("it is back") { filters(backend).count == before + 1 }
            try await eventually("all may have changed") { signals.withLock { $0.contains(.mayHaveChanged) } }
            try await eventually("the resource too") { inbox.all(.resourceUpdated).count == 1 }
        }
    }

    @Test("Closing the session ends its stream")
    func closed() async throws {
        let backend = try await ScriptedModernBackend.start()
        try await BackendHarness.run(backend.url) { harness in
            let session = harness.session(preference: .modernFirst)
            _ = try await harness.open(session)
            session.listen(on: harness.shard)
            try await eventually("it is open") { backend.subscriptions.count == 1 }
            await session.close()
            try await eventually("it is closed") { backend.subscriptions.isEmpty }
        }
        await backend.stop()
    }
}
