// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import VirtualServer

/// What is remembered of tasks, and for whom (GB-53).
@Suite struct TaskRegistryTests {
    private func entry(_ id: String, _ status: String = "working", of principal: Principal = .anonymous)
        -> TaskRegistry.Entry
    {
        TaskRegistry.Entry(
            id: id, principal: principal, backend: "one", backendID: "b-" + id, session: nil,
            task: JSONSlice(["taskId": .string("b-" + id), "status": .string(status)]))
    }

    @Test("GB-53: a task exists for its principal alone")
    func principal() {
        let registry = TaskRegistry()
        let ann = Principal(issuer: "https://idp", subject: "ann")
        #expect(registry.insert(entry("1", of: ann)))
        #expect(registry.entry("1", for: ann) != nil)
        #expect(registry.entry("1", for: Principal(issuer: "https://idp", subject: "bob")) == nil)
        #expect(registry.entries(for: Principal(issuer: "https://idp", subject: "bob")).isEmpty)
        #expect(registry.entry(of: "one", "b-1", for: ann)?.id == "1")
    }

    @Test("a principal with too many tasks loses the first that has ended, and gets no more while none has")
    func bounds() {
        var limits = TaskRegistry.Limits()
        limits.tasksPerPrincipal = 2
        let registry = TaskRegistry(limits: limits)
        #expect(registry.insert(entry("1")))
        #expect(registry.insert(entry("2", "completed")))
        #expect(registry.insert(entry("3")))
        #expect(registry.entries(for: .anonymous).map(\.id) == ["1", "3"])
        #expect(!registry.insert(entry("4")))
        #expect(registry.count == 2)
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
