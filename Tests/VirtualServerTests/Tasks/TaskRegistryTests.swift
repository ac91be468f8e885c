// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import NIOPosix
import Testing

@testable import Backends
@testable import VirtualServer

/// What is remembered of tasks, and for whom (GB-53).
@Suite struct TaskRegistryTests {
    private func entry(
        _ id: String, _ status: String = "working", of principal: Principal = .anonymous,
        owner: BackendSessions? = nil, kept: Int? = nil
    ) -> TaskRegistry.Entry {
        TaskRegistry.Entry(
            id: id, principal: principal, backend: "one", backendID: kept == nil ? "b-" + id : nil, session: nil,
            owner: owner, kept: kept.map { JSONSlice(string: String(repeating: "x", count: $0 - 2)) },
            task: JSONSlice(["taskId": .string("b-" + id), "status": .string(status)]))
    }

    private func sessions() -> BackendSessions {
        BackendSessions(capabilities: .none, inbound: { _, _, _ in }, channel: { nil })
    }

    private func registry(_ change: (inout TaskRegistry.Limits) -> Void = { _ in }) -> TaskRegistry {
        var limits = TaskRegistry.Limits()
        change(&limits)
        return TaskRegistry(limits: limits)
    }

    private final class Listener: TaskListener {
        func taskChanged(_ task: JSONSlice) {}
    }

    private static let ann = Principal(issuer: "https://idp", subject: "ann")
    private static let bob = Principal(issuer: "https://idp", subject: "bob")

    @Test("GB-53: a task exists for its principal alone")
    func principal() {
        let registry = TaskRegistry()
        #expect(registry.insert(entry("1", of: Self.ann)) != nil)
        #expect(registry.entry("1", for: Self.ann) != nil)
        #expect(registry.entry("1", for: Self.bob) == nil)
        #expect(registry.entries(for: Self.bob).isEmpty)
        #expect(registry.insert(entry("1", of: Self.bob)) == nil)
    }

    @Test("a principal with too many tasks loses the first that has ended, and gets no more while none has")
    func bounds() {
        let registry = registry { $0.tasksPerPrincipal = 2 }
        #expect(registry.insert(entry("1")) != nil)
        #expect(registry.insert(entry("2", "completed")) != nil)
        #expect(registry.insert(entry("3")) != nil)
        #expect(registry.entries(for: .anonymous).map(\.id) == ["1", "3"])
        #expect(registry.insert(entry("4")) == nil)
        #expect(registry.count == 2)
    }

    @Test("of tasks that have ended, those go first whose result can be had again, or has been asked for")
    func dispensable() {
        let registry = registry { $0.tasksPerPrincipal = 3 }
        let first = entry("1", "completed", kept: 10)
        _ = registry.insert(first)
        _ = registry.insert(entry("2", "completed", kept: 10))
        _ = registry.insert(entry("3", "completed"))
        _ = registry.insert(entry("4"))
        #expect(registry.entries(for: .anonymous).map(\.id) == ["1", "2", "4"])
        first.isDelivered = true
        _ = registry.insert(entry("5"))
        #expect(registry.entries(for: .anonymous).map(\.id) == ["2", "4", "5"])
        #expect(registry.bytes == 10)
    }

    @Test("two requests that find the same task out at once share one entry")
    func sameTask() throws {
        let registry = TaskRegistry()
        let first = try #require(registry.insert(entry("1")))
        #expect(registry.insert(entry("1")) === first)
        #expect(registry.count == 1)
    }

    @Test("one anonymous client never costs another one its tasks")
    func anonymous() {
        let registry = registry { $0.tasksPerPrincipal = 2 }
        let (one, other) = (sessions(), sessions())
        _ = registry.insert(entry("1", "completed", owner: one, kept: 10))
        for id in ["2", "3"] { #expect(registry.insert(entry(id, owner: other)) != nil) }
        #expect(registry.insert(entry("4", owner: other)) == nil)
        #expect(registry.entries(for: .anonymous, sessions: one).map(\.id) == ["1"])
        #expect(registry.entries(for: .anonymous, sessions: other).map(\.id) == ["2", "3"])
        // Whoever has a name is the same in every session.
        for (id, owner) in [("5", one), ("6", other)] { _ = registry.insert(entry(id, of: Self.ann, owner: owner)) }
        #expect(registry.insert(entry("7", of: Self.ann, owner: sessions())) == nil)
        #expect(registry.entries(for: Self.ann, sessions: other).map(\.id) == ["5", "6"])
    }

    @Test("room is taken before a call, held for its task, and given back when no task comes of it")
    func places() {
        let registry = registry {
            $0.tasksPerPrincipal = 2
            $0.tasks = 3
        }
        var first = registry.reserve(for: Self.ann, sessions: nil)
        let second = registry.reserve(for: Self.ann, sessions: nil)
        #expect(first != nil && second != nil)
        #expect(registry.reserve(for: Self.ann, sessions: nil) == nil)
        #expect(registry.insert(entry("1", of: Self.ann)) == nil)
        first = nil
        let third = registry.reserve(for: Self.ann, sessions: nil)
        #expect(third != nil)
        if let second { registry.insert(entry("2", of: Self.ann), in: second) }
        if let third { registry.insert(entry("3", "completed", of: Self.ann), in: third) }
        #expect(registry.entries(for: Self.ann).map(\.id) == ["2", "3"])
        // What has ended makes room for one, and goes only when that comes.
        let fourth = registry.reserve(for: Self.ann, sessions: nil)
        #expect(fourth != nil && registry.reserve(for: Self.ann, sessions: nil) == nil)
        let bobs = registry.reserve(for: Self.bob, sessions: nil)
        #expect(bobs == nil, "two tasks and a place are all there is")
        #expect(registry.count == 2)
        if let fourth { registry.insert(entry("4", of: Self.ann), in: fourth) }
        #expect(registry.entries(for: Self.ann).map(\.id) == ["2", "4"])
        #expect(registry.reserve(for: Self.bob, sessions: nil) != nil)
    }

    @Test("what is kept of results is bounded in bytes, for one principal and for all")
    func bytes() {
        let registry = registry {
            $0.resultBytes = 100
            $0.keptBytesPerPrincipal = 250
            $0.keptBytes = 400
        }
        func keep(_ id: String, _ principal: Principal, _ bytes: Int) -> TaskRegistry.Entry? {
            guard let place = registry.reserve(for: principal, sessions: nil, keepsResult: true) else { return nil }
            let entry = entry(id, "completed", of: principal, kept: bytes)
            return registry.insert(entry, in: place) ? entry : nil
        }
        let first = keep("1", Self.ann, 100)
        #expect(keep("2", Self.ann, 60) != nil)
        #expect(registry.bytes == 160, "a result counts as long as it is")
        #expect(keep("3", Self.ann, 10) == nil)
        #expect(registry.reserve(for: Self.ann, sessions: nil) != nil, "what is not kept here needs no bytes")
        first?.isDelivered = true
        #expect(keep("4", Self.ann, 100) != nil)
        #expect(registry.entries(for: Self.ann).map(\.id) == ["2", "4"])
        #expect(keep("5", Self.bob, 100) != nil)
        #expect(keep("6", Self.bob, 100) != nil)
        #expect(registry.bytes == 360)
        // Nobody is kept out by others: whoever has most gives up what comes first.
        let cid = Principal(issuer: "https://idp", subject: "cid")
        #expect(keep("7", cid, 100) != nil)
        #expect(registry.entries(for: Self.bob).map(\.id) == ["6"])
        registry.entry("4", for: Self.ann)?.isDelivered = true
        #expect(keep("8", cid, 100) != nil)
        #expect(registry.entries(for: Self.ann).map(\.id) == ["2"], "what has been asked for goes first")
        #expect(registry.entries(for: Self.bob).map(\.id) == ["6"])
        #expect(registry.entries(for: cid).map(\.id) == ["7", "8"])
        #expect(registry.bytes == 360)
        registry.sweep(now: .now() + .hours(2))
        #expect(registry.bytes == 0)
    }

    @Test("calls that may come to results keep nobody out while they run; what there is no room for is not kept")
    func running() {
        let registry = registry {
            $0.resultBytes = 100
            $0.keptBytesPerPrincipal = 250
            $0.keptBytes = 400
        }
        let places = (0..<8).compactMap { _ in registry.reserve(for: Self.ann, sessions: nil, keepsResult: true) }
        #expect(places.count == 8 && registry.bytes == 0)
        #expect(registry.reserve(for: Self.bob, sessions: nil, keepsResult: true) != nil)
        let kept = places.prefix(3).enumerated().map { index, place in
            registry.insert(entry("\(index)", "completed", of: Self.ann, kept: 100), in: place)
        }
        #expect(kept == [true, true, false])
        #expect(registry.entries(for: Self.ann).map(\.id) == ["0", "1"])
        registry.entry("1", for: Self.ann)?.isDelivered = true
        #expect(registry.insert(entry("3", "completed", of: Self.ann, kept: 100), in: places[3]))
        #expect(registry.entries(for: Self.ann).map(\.id) == ["0", "3"])
        #expect(registry.insert(entry("4", of: Self.ann), in: places[4]), "what is not kept here needs no bytes")
        #expect(registry.bytes == 200)
    }

    @Test("nothing of what a task came to stays here when its backend has it")
    func remembered() {
        let large = String(repeating: "x", count: 1 << 20)
        let whole = JSONSlice([
            "taskId": "b", "status": "completed", "statusMessage": .string(large), "createdAt": "then", "ttlMs": 5,
            "result": ["isError": true, "content": [.string(large)]], "inputRequests": ["q": .string(large)],
        ])
        let task = TaskRegistry.Entry(
            id: "1", principal: .anonymous, backend: "one", backendID: "b", session: nil, task: whole)
        #expect(task.task.bytes.readableBytes < 200)
        let legacy = TaskShape.legacy(task.task, id: "1")
        #expect(legacy["status"]?.string == "failed" && legacy["createdAt"]?.string == "then")
        let other = entry("2")
        other.task = whole
        #expect(other.task.bytes.readableBytes < 200)
    }

    @Test("a task that nobody asks for is forgotten")
    func sweep() {
        let registry = TaskRegistry()
        _ = registry.insert(entry("1"))
        registry.sweep(now: .now() + .minutes(59))
        #expect(registry.count == 1)
        registry.sweep(now: .now() + .minutes(61))
        #expect(registry.count == 0)
    }

    @Test("a task that somebody waits to hear of is not forgotten until an hour after they have left")
    func followed() throws {
        let registry = TaskRegistry()
        let task = try #require(registry.insert(entry("1")))
        let listener = Listener()
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton)
        task.news.add(
            listener,
            as: Caller(
                principal: .anonymous, revision: .v2026_07_28, shard: shards.all[0], channel: task.questions,
                sessions: sessions()))
        registry.sweep(now: .now() + .hours(2))
        #expect(registry.count == 1)
        #expect(task.news.remove(listener))
        registry.sweep(now: .now() + .hours(2) + .minutes(59))
        #expect(registry.count == 1)
        registry.sweep(now: .now() + .hours(3) + .minutes(1))
        #expect(registry.count == 0)
    }

    @Test("what has ended never changes again")
    func terminal() {
        let task = entry("1", "completed")
        task.task = JSONSlice(["taskId": "b-1", "status": "working"])
        #expect(TaskShape.status(of: task.task) == .completed)
    }

    @Test("a question waits under a key of its own until it is answered")
    func questions() async throws {
        let questions = TaskQuestions(id: "v1.ours")
        let related: JSONValue = ["io.modelcontextprotocol/related-task": ["taskId": "theirs"]]
        async let first = questions.ask(.elicit, params: JSONSlice(["message": "one", "_meta": related]))
        while questions.inputRequests == nil { await Task.yield() }
        #expect(questions.inputRequests?.description.contains("theirs") == false, "the backend's id stays here")
        #expect(questions.inputRequests?.description.contains("v1.ours") == true)
        #expect(questions.inputRequests?["q1"]?["params"]?["message"]?.string == "one")
        questions.answer(JSONSlice(["q9": ["action": "accept"], "q1": 7]))
        #expect(questions.inputRequests != nil)
        questions.answer(JSONSlice(["q1": ["action": "decline", "resultType": "complete"]]))
        let declined = try await first
        #expect(declined.description == #"{"action":"decline"}"#)
        #expect(questions.inputRequests == nil)
        async let second = questions.ask(.rootsList, params: nil)
        while questions.inputRequests == nil { await Task.yield() }
        #expect(questions.inputRequests?["q2"] != nil)
        questions.close()
        do {
            _ = try await second
            Issue.record("a question that nobody answers any more has an answer")
        } catch {
            #expect(error is RequestError)
        }
    }
}
