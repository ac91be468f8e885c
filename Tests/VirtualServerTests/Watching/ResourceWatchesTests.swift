// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import JSONTypes
import MCPTypes
import Synchronization
import TestSupport
import Testing

@testable import VirtualServer

private final class Ear: ResourceListener {
    private let state = Mutex<[String]>([])
    func resourceUpdated(_ params: JSONSlice) { state.withLock { $0.append(params["uri"]?.string ?? "?") } }
    var heard: [String] { state.withLock { $0 } }
}

@Suite struct ResourceWatchesTests {
    private static func backend(_ capabilities: String = #"{"resources":{"subscribe":true}}"#) async throws
        -> ScriptedBackend
    {
        try await ScriptedBackend.start { content in
            content.capabilities = capabilities
            content.tools = "[]"
            content.resources = #"[{"uri":"test://a","name":"a"},{"uri":"test://b","name":"b"}]"#
            content.listens = true
        }
    }

    private func announce(_ uri: String, by backend: ScriptedBackend) {
        for stream in backend.streams {
            stream.event(#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"\#(uri)"}}"#)
        }
    }

    private func uris(_ backend: ScriptedBackend, _ verb: String) -> [String] {
        backend.requests(verb).compactMap(\.subject)
    }

    @Test("4.7: two callers share one subscription with a backend that does not know who asks")
    func shared() async throws {
        let backend = try await Self.backend()
        try await ServerHarness.run(["one": backend.url]) { harness in
            let watches = ResourceWatches(server: harness.server)
            let alice = harness.client(principal: Principal(issuer: "i", subject: "alice"))
            let bob = harness.client(principal: Principal(issuer: "i", subject: "bob"))
            let ears = [Ear(), Ear()]
            let first = try await watches.watch("test://a", for: alice.caller, ears[0]).required("a watch")
            let second = try await watches.watch("test://a", for: bob.caller, ears[1]).required("a watch")
            #expect(uris(backend, "resources/subscribe") == ["test://a"])
            #expect(watches.count == 1)
            // A sub-resource of what is watched is news; another resource that begins alike is not.
            try await eventually("both have heard") {
                announce("test://a/part", by: backend)
                return ears.allSatisfy { $0.heard.contains("test://a/part") }
            }
            announce("test://ab", by: backend)
            announce("test://b", by: backend)
            announce("test://a", by: backend)
            try await eventually("the last update") { ears.allSatisfy { $0.heard.contains("test://a") } }
            #expect(!ears[0].heard.contains("test://ab") && !ears[0].heard.contains("test://b"))
            first.end()
            #expect(uris(backend, "resources/unsubscribe") == [])
            second.end()
            try await eventually("unsubscribed") { uris(backend, "resources/unsubscribe") == ["test://a"] }
            try await eventually("nothing is watched") { watches.count == 0 }
            await watches.close()
        }
        await backend.stop()
    }

    @Test("A backend that knows who asks is subscribed to by each of them")
    func personal() async throws {
        let backend = try await Self.backend()
        try await ServerHarness.run(["one": backend.url], personal: ["one"]) { harness in
            let watches = ResourceWatches(server: harness.server)
            for name in ["alice", "bob"] {
                let caller = harness.client(principal: Principal(issuer: "i", subject: name)).caller
                _ = try await watches.watch("test://a", for: caller, Ear()).required("a watch")
            }
            #expect(uris(backend, "resources/subscribe") == ["test://a", "test://a"])
            #expect(watches.count == 2)
            await watches.close()
        }
        await backend.stop()
    }

    @Test("Nothing can be watched of a backend that does not tell, nor of nobody's resource")
    func refused() async throws {
        let backend = try await Self.backend(#"{"resources":{}}"#)
        try await ServerHarness.run(["one": backend.url]) { harness in
            let watches = ResourceWatches(server: harness.server)
            let caller = harness.client().caller
            #expect(await watches.watch("test://a", for: caller, Ear()) == nil)
            #expect(await watches.watch("other://x", for: caller, Ear()) == nil)
            #expect(uris(backend, "resources/subscribe") == [])
            try await eventually("nothing is kept") { watches.count == 0 }
            await watches.close()
            #expect(await watches.watch("test://a", for: caller, Ear()) == nil)
        }
        await backend.stop()
    }

    @Test("Of a change of what has too long a URI nobody hears")
    func longURIs() async throws {
        let long = "test://a/" + String(repeating: "/", count: FreeText.maximumURILength)
        let backend = try await Self.backend()
        try await ServerHarness.run(["one": backend.url]) { harness in
            let watches = ResourceWatches(server: harness.server)
            let caller = harness.client().caller
            let ear = Ear()
            let watch = try await watches.watch("test://a", for: caller, ear).required("a watch")
            // Another one, with a URI of the same length, comes and goes.
            try await watches.watch("test://b", for: caller, Ear()).required("a watch").end()
            try await eventually("one is watched") { watches.count == 1 }
            let longest = String(long.prefix(FreeText.maximumURILength))
            try await eventually("the longest URI") {
                announce(long, by: backend)
                announce(longest, by: backend)
                return ear.heard.contains(longest)
            }
            #expect(!ear.heard.contains(long))
            watch.end()
            await watches.close()
        }
        await backend.stop()
    }

    @Test("What may be watched in all is bounded")
    func bound() async throws {
        let backend = try await Self.backend()
        try await ServerHarness.run(["one": backend.url]) { harness in
            let watches = ResourceWatches(server: harness.server, maximum: 1)
            let caller = harness.client().caller
            let first = try await watches.watch("test://a", for: caller, Ear()).required("a watch")
            #expect(await watches.watch("test://b", for: caller, Ear()) == nil)
            first.end()
            try await eventually("there is room again") { watches.count == 0 }
            #expect(await watches.watch("test://b", for: caller, Ear()) != nil)
            await watches.close()
        }
        await backend.stop()
    }

    @Test("A listener of a resource and of what is below it hears of a change once")
    func once() async throws {
        let backend = try await ScriptedBackend.start { content in
            content.capabilities = #"{"resources":{"subscribe":true}}"#
            content.resources = #"[{"uri":"test://a","name":"a"},{"uri":"test://a/b","name":"b"}]"#
            content.listens = true
        }
        try await ServerHarness.run(["one": backend.url]) { harness in
            let watches = ResourceWatches(server: harness.server)
            let caller = harness.client().caller
            let ear = Ear(), other = Ear()
            _ = try await watches.watch("test://a", for: caller, ear).required("a watch")
            _ = try await watches.watch("test://a/b", for: caller, ear).required("a watch")
            _ = try await watches.watch("test://a/b", for: caller, other).required("a watch")
            // One stream of the watcher, so what is announced last arrives last; the other one is the monitor's.
            try await eventually("both streams") { backend.streams.count == 2 }
            announce("test://a/b", by: backend)
            announce("test://a/b/end", by: backend)
            try await eventually("both have heard the last") {
                [ear, other].allSatisfy { $0.heard.last == "test://a/b/end" }
            }
            #expect(ear.heard == ["test://a/b", "test://a/b/end"])
            #expect(other.heard == ["test://a/b", "test://a/b/end"])
            await watches.close()
        }
        await backend.stop()
    }

    @Test("A backend that loses its session is subscribed to again by itself")
    func reopened() async throws {
        let backend = try await Self.backend()
        try await ServerHarness.run(["one": backend.url]) { harness in
            let watches = ResourceWatches(server: harness.server)
            let ear = Ear()
            _ = try await watches.watch("test://a", for: harness.client().caller, ear).required("a watch")
            // The monitor's and the watcher's.
            try await eventually("both streams") { backend.streams.count == 2 }
            backend.forgetSessions()
            for stream in backend.streams { stream.endStream() }
            try await eventually("subscribed again") { uris(backend, "resources/subscribe").count >= 2 }
            try await eventually("an update of the new session") {
                announce("test://a", by: backend)
                return !ear.heard.isEmpty
            }
            await watches.close()
        }
        await backend.stop()
    }
}
