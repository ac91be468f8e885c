// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct ClientSessionTests {
    private func slice(_ json: String) -> JSONSlice { JSONSlice(trusted: ByteBuffer(string: json)) }

    private func admitted(_ session: ClientSession, _ id: RequestID) throws -> InFlightRequest {
        guard case .admitted(let request) = session.begin(id) else { throw Unexpected("\(id) is not admitted") }
        return request
    }

    private func id(_ json: String) throws -> RequestID { try RequestID(slice(json)).orThrow(json) }

    // MARK: Requests in flight

    @Test("BP-13: an id that is in flight is refused until its request has ended")
    func duplicates() throws {
        let session = ClientSession.make()
        let first = try admitted(session, id("1"))
        guard case .duplicate = session.begin(try id("1")) else { throw Unexpected("not refused") }
        // The same digits in a string are another id.
        _ = try admitted(session, id(#""1""#))
        session.end(try id("1"), first)
        _ = try admitted(session, id("1"))
    }

    @Test("BP-13: the end of an earlier request does not end a later one of the same id")
    func staleEnd() throws {
        let session = ClientSession.make()
        let first = try admitted(session, id("1"))
        session.end(try id("1"), first)
        _ = try admitted(session, id("1"))
        session.end(try id("1"), first)
        guard case .duplicate = session.begin(try id("1")) else { throw Unexpected("not refused") }
    }

    @Test("SE-04: requests in flight are bounded")
    func bound() throws {
        var limits = GatewayLimits()
        limits.inFlightRequestsPerSession = 2
        let session = ClientSession.make(limits: limits)
        let first = try admitted(session, id("1"))
        _ = try admitted(session, id("2"))
        guard case .tooMany = session.begin(try id("3")) else { throw Unexpected("not refused") }
        session.end(try id("1"), first)
        _ = try admitted(session, id("3"))
    }

    @Test("A closed session admits nothing and stops what runs, whose client still wants an answer")
    func close() async throws {
        let session = ClientSession.make()
        let request = try admitted(session, id("1"))
        let task = Task<Void, Never> { try? await Task.sleep(for: .seconds(3600)) }
        request.adopt(task)
        await session.close()
        #expect(session.isClosed)
        #expect(task.isCancelled)
        // Only a client's own cancellation asks for silence.
        #expect(!request.isCancelled)
        guard case .closed = session.begin(try id("2")) else { throw Unexpected("admitted") }
        #expect(session.openStream(isGeneral: true) == nil)
        #expect(session.openStream(isGeneral: false) == nil)
    }

    @Test("4.5: cancelling reaches the request's task, whichever comes first")
    func cancellation() throws {
        let session = ClientSession.make()
        let early = try admitted(session, id("1"))
        session.cancel(try id("1"))
        let task = Task<Void, Never> { try? await Task.sleep(for: .seconds(3600)) }
        early.adopt(task)
        #expect(task.isCancelled)

        let late = try admitted(session, id(#""two""#))
        let other = Task<Void, Never> { try? await Task.sleep(for: .seconds(3600)) }
        late.adopt(other)
        session.cancel(try id("2"))
        #expect(!other.isCancelled)
        session.cancel(try id(#""two""#))
        #expect(other.isCancelled)
        #expect(late.isCancelled)
    }

    @Test("4.5: cancelling an unknown or finished request is nothing")
    func lateCancellation() throws {
        let session = ClientSession.make()
        session.cancel(try id("9"))
        let request = try admitted(session, id("1"))
        session.end(try id("1"), request)
        session.cancel(try id("1"))
        #expect(!request.isCancelled)
        _ = try admitted(session, id("1"))
    }

    // MARK: Log level

    @Test("GB-24: a message below the session's level is not wanted", arguments: LogLevel.allCases)
    func levels(_ threshold: LogLevel) {
        let session = ClientSession.make()
        session.logLevel = threshold
        for level in LogLevel.allCases {
            let params = JSONSlice(["level": .string(level.rawValue), "data": "x"])
            #expect(session.wants(.message, params) == (level >= threshold), "\(level)")
        }
        #expect(session.wants(.progress, nil))
        #expect(session.wants(.toolsListChanged, nil))
    }

    @Test("GB-24: without a level every message is wanted")
    func noLevel() {
        #expect(ClientSession.make().wants(.message, JSONSlice(["level": "debug"])))
    }

    // MARK: Questions

    @Test("GB-01: an answer reaches the question whose id it carries")
    func question() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let answer = Task { try await session.ask(.elicit, JSONSlice(["message": "?"])) { outbox.take($0) } }
        let id = try await outbox.question()
        #expect(
            outbox.texts == [
                #"{"jsonrpc":"2.0","id":"# + id.json + #","method":"elicitation/create","params":{"message":"?"}}"#
            ])
        session.receive(answerTo: id, .result(slice(#"{"action":"accept"}"#)))
        #expect(try await answer.value.description == #"{"action":"accept"}"#)
    }

    @Test("GB-09: a client's error is the question's error")
    func refusedQuestion() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let answer = Task { try await session.ask(.createMessage, nil) { outbox.take($0) } }
        session.receive(answerTo: try await outbox.question(), .error(slice(#"{"code":-1,"message":"User rejected"}"#)))
        let error = await #expect(throws: RequestError.self) { _ = try await answer.value }
        #expect(error?.code.rawValue == -1)
        #expect(error?.message == "User rejected")
    }

    @Test("GB-04: two questions at a time get their own answers")
    func twoQuestions() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let first = Task { try await session.ask(.elicit, JSONSlice(["message": "first"])) { outbox.take($0) } }
        let second = Task { try await session.ask(.elicit, JSONSlice(["message": "second"])) { outbox.take($0) } }
        try await eventually("two questions") { outbox.messages.count == 2 }
        let ids = outbox.messages.compactMap { $0["id"].flatMap { RequestID($0) } }
        #expect(Set(ids).count == 2)
        for message in outbox.messages.reversed() {
            let id = try message["id"].flatMap { RequestID($0) }.orThrow()
            session.receive(
                answerTo: id, .result(JSONSlice(["to": .slice(try (message["params"]?["message"]).orThrow())])))
        }
        #expect(try await first.value.description == #"{"to":"first"}"#)
        #expect(try await second.value.description == #"{"to":"second"}"#)
    }

    @Test("HL-15: an answer to no open question is ignored", arguments: ["7", #""1""#, #""a""#, "-1"])
    func strayAnswer(_ stray: String) async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let answer = Task { try await session.ask(.elicit, nil) { outbox.take($0) } }
        let id = try await outbox.question()
        session.receive(answerTo: try self.id(stray), .result(slice(#"{"stray":true}"#)))
        session.receive(answerTo: nil, .result(slice(#"{"stray":true}"#)))
        session.receive(answerTo: id, .result(slice("{}")))
        // A second answer comes too late.
        session.receive(answerTo: id, .result(slice(#"{"again":true}"#)))
        #expect(try await answer.value.description == "{}")
    }

    @Test("A client without a stream cannot be asked")
    func noStream() async {
        let session = ClientSession.make()
        let error = await #expect(throws: RequestError.self) { _ = try await session.ask(.elicit, nil) { _ in false } }
        #expect(error?.code == .clientDeclined)
    }

    @Test("Cancelling a question withdraws it from the client")
    func withdrawal() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let task = Task { try await session.ask(.elicit, nil) { outbox.take($0) } }
        let id = try await outbox.question()
        task.cancel()
        await #expect(throws: RequestError.self) { _ = try await task.value }
        #expect(
            outbox.texts.last == #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#
                + id.json + "}}")
        #expect(outbox.messages.count == 2)
    }

    @Test("A question of a task that is cancelled already is not asked")
    func cancelledBefore() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let task = Task {
            try await eventually("the cancellation") { Task.isCancelled }
            return try await session.ask(.elicit, nil) { outbox.take($0) }
        }
        task.cancel()
        await #expect(throws: (any Error).self) { _ = try await task.value }
        #expect(outbox.messages.isEmpty)
    }

    @Test("A question that nobody answers in its time is given up")
    func deadline() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let answer = Task { try await session.ask(.elicit, nil) { outbox.take($0) } }
        _ = try await outbox.question()
        let limit = GatewayLimits().questionTimeout
        session.sweep(now: .now() + limit - .seconds(5))
        #expect(outbox.messages.count == 1)
        session.sweep(now: .now() + limit + .seconds(1))
        let error = await #expect(throws: RequestError.self) { _ = try await answer.value }
        #expect(error?.code == .clientDeclined)
        #expect(outbox.methods == ["elicitation/create", "notifications/cancelled"])
    }

    @Test("The end of a session answers its questions")
    func closeWithQuestion() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        let answer = Task { try await session.ask(.elicit, nil) { outbox.take($0) } }
        _ = try await outbox.question()
        await session.close()
        let error = await #expect(throws: RequestError.self) { _ = try await answer.value }
        #expect(error?.code == .clientDeclined)
        // And no new one can be asked.
        await #expect(throws: RequestError.self) { _ = try await session.ask(.elicit, nil) { outbox.take($0) } }
        #expect(outbox.messages.count == 1)
    }

    @Test("SE-04: questions that wait are bounded")
    func questionBound() async throws {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask { _ = try? await session.ask(.elicit, nil) { outbox.take($0) } }
            }
            try await eventually("64 questions") { outbox.messages.count == 64 }
            let error = await #expect(throws: RequestError.self) {
                _ = try await session.ask(.elicit, nil) { outbox.take($0) }
            }
            #expect(error?.code == .overloaded)
            #expect(outbox.messages.count == 64)
            await session.close()
        }
    }

    // MARK: Notifications that answer nothing

    @Test("4.7: list changes that a client without a stream missed are told once, with its next stream")
    func missed() {
        let outbox = Outbox()
        outbox.isOpen = false
        let session = ClientSession.make(output: outbox)
        session.listsChanged([.tools, .prompts])
        session.listsChanged([.tools])
        session.listsChanged([.resources])
        #expect(outbox.messages.isEmpty)
        outbox.isOpen = true
        session.deliverMissed()
        #expect(
            outbox.methods.sorted() == [
                "notifications/prompts/list_changed", "notifications/resources/list_changed",
                "notifications/tools/list_changed",
            ])
        session.deliverMissed()
        #expect(outbox.messages.count == 3)
    }

    @Test("4.7: a client with a stream is told at once, and misses nothing")
    func told() {
        let outbox = Outbox()
        let session = ClientSession.make(output: outbox)
        session.listsChanged([.prompts])
        #expect(outbox.texts == [#"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#])
        session.deliverMissed()
        #expect(outbox.messages.count == 1)
    }

    @Test("SE-04: subscriptions are bounded, and one more of the same is not more")
    func subscriptions() {
        let session = ClientSession.make()
        for number in 0..<1024 { #expect(session.subscribed(to: "test://\(number)")) }
        #expect(!session.subscribed(to: "test://one-more"))
        #expect(session.subscribed(to: "test://5"))
        session.unsubscribed(from: "test://5")
        #expect(session.subscribed(to: "test://one-more"))
    }

    @Test("An attached stream or a running request keeps a session")
    func idle() throws {
        let session = ClientSession.make()
        let soon = NIODeadline.now() + .seconds(10)
        #expect(session.isIdle(since: soon))
        let request = try admitted(session, id("1"))
        #expect(!session.isIdle(since: soon))
        session.end(try id("1"), request)
        #expect(session.isIdle(since: soon))
        #expect(!session.isIdle(since: .now() - .seconds(10)))
    }
}
