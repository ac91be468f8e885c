// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite(.timeLimit(.minutes(5))) struct EventStreamTests {
    private let stream = EventStream(number: 3, encoder: EventEncoder(retryMilliseconds: 250))

    private func text(_ reader: Int) async -> String? {
        await stream.next(reader).map { String(buffer: $0) }
    }

    private func append(_ texts: String...) {
        for text in texts { stream.append(ByteBuffer(string: text)) }
    }

    @Test func `Events carry the stream and their number`() async throws {
        append("1", "2")
        let reader = try stream.attach(replacing: false).required()
        #expect(await text(reader) == "id: 3-1\ndata: 1\n\nid: 3-2\ndata: 2\n\n")
        append("3")
        #expect(await text(reader) == "id: 3-3\ndata: 3\n\n")
        stream.finish()
        #expect(await text(reader) == nil)
    }

    @Test func `A reader that waits is woken by an event and by the end`() async throws {
        let reader = try stream.attach(replacing: false).required()
        async let first = text(reader)
        append("1")
        #expect(await first == "id: 3-1\ndata: 1\n\n")
        async let end = text(reader)
        stream.finish()
        #expect(await end == nil)
        append("late")
        #expect(stream.isFinished)
    }

    @Test func `One connection reads at a time unless another takes over`() async throws {
        let first = try stream.attach(replacing: false).required()
        #expect(stream.attach(replacing: false) == nil)
        async let end = text(first)
        let second = try stream.attach(replacing: true).required()
        #expect(await end == nil)
        append("1")
        #expect(await text(first) == nil)
        #expect(await text(second) != nil)
        stream.detach(first)
        #expect(stream.attach(replacing: false) == nil)
        stream.detach(second)
        #expect(stream.attach(replacing: false) != nil)
    }

    @Test(
        "A client goes on after the event that it has seen",
        arguments: [
            (0, ["1", "2", "3"]), (1, ["2", "3"]), (3, []), (99, []),
        ])
    func resume(after: Int, expected: [String]) async throws {
        append("1", "2", "3")
        let first = try stream.attach(replacing: false).required()
        _ = await text(first)
        stream.finish()
        let reader = try stream.attach(after: after, replacing: true).required()
        let events = expected.map { "id: 3-\($0)\ndata: \($0)\n\n" }.joined()
        #expect(await text(reader) == (events.isEmpty ? nil : events))
        #expect(await text(reader) == nil)
    }

    @Test func `Hanging up ends the connection where it is and leaves the rest to the next one`() async throws {
        append("1")
        stream.breakOff()
        append("2")
        let reader = try stream.attach(replacing: true).required()
        #expect(await text(reader) == "id: 3-1\ndata: 1\n\n")
        #expect(await text(reader) == nil)
        stream.finish()
        let next = try stream.attach(after: 1, replacing: true).required()
        #expect(await text(next) == "id: 3-2\ndata: 2\n\n")
        #expect(await text(next) == nil)
    }

    @Test func `A bounded number of events is kept`() async throws {
        for number in 1...1_000 { append("\(number)") }
        let reader = try stream.attach(after: 0, replacing: true).required()
        let kept = try await text(reader).required()
        #expect(kept.hasPrefix("id: 3-\(1_000 - EventStream.retained.events + 1)\n"))
        #expect(kept.hasSuffix("data: 1000\n\n"))
    }

    @Test func `A bounded number of bytes is kept, but always the last event`() async throws {
        let big = String(repeating: "x", count: EventStream.retained.bytes)
        append("1", big)
        let reader = try stream.attach(after: 0, replacing: true).required()
        let kept = try await text(reader).required()
        #expect(kept.hasPrefix("id: 3-2\n") && kept.utf8.count > EventStream.retained.bytes)
    }

    @Test func `A sender waits for a reader that lags behind, and for nobody else`() async throws {
        for number in 0..<1_000 { await stream.send(ByteBuffer(string: "\(number)")) }
        let reader = try stream.attach(replacing: false).required()
        _ = await text(reader)
        let stream = stream
        async let writing: Void = {
            for number in 0..<(EventStream.highWater * 3) { await stream.send(ByteBuffer(string: "\(number)")) }
        }()
        var received = 0
        while received < EventStream.highWater * 3 {
            let events = try await text(reader).required().split(separator: "\n\n").count
            #expect(events <= EventStream.highWater + 1)
            received += events
        }
        await writing
    }

    @Test func `Nothing is lost before the connection that is expected reads`() async throws {
        let stream = EventStream(number: 3, encoder: EventEncoder(retryMilliseconds: nil), expectsReader: true)
        async let writing: Void = {
            for number in 0..<(EventStream.highWater * 3) { await stream.send(ByteBuffer(string: "\(number)")) }
        }()
        while stream.unread <= EventStream.highWater { await Task.yield() }
        let reader = try stream.attach(replacing: false).required()
        var received = 0
        while received < EventStream.highWater * 3 {
            received += String(buffer: try await stream.next(reader).required()).split(separator: "\n\n").count
        }
        await writing
        #expect(received == EventStream.highWater * 3)
    }

    @Test func `A connection that was expected and does not come holds nobody up`() async {
        let stream = EventStream(number: 3, encoder: EventEncoder(retryMilliseconds: nil), expectsReader: true)
        async let writing: Void = {
            for number in 0..<(EventStream.highWater * 3) { await stream.send(ByteBuffer(string: "\(number)")) }
        }()
        while stream.unread <= EventStream.highWater { await Task.yield() }
        stream.expectNobody()
        await writing
    }

    @Test func `A sender that waits goes on when its reader leaves`() async throws {
        let reader = try stream.attach(replacing: false).required()
        let stream = stream
        async let writing: Void = {
            for number in 0..<(EventStream.highWater * 2) { await stream.send(ByteBuffer(string: "\(number)")) }
        }()
        while await stream.next(reader) == nil { await Task.yield() }
        stream.detach(reader)
        await writing
    }

    @Test(
        "Positions are parsed strictly",
        arguments: [
            ("3-7", [3, 7]), ("0-0", [0, 0]), ("", nil), ("3", nil), ("3-", nil), ("-3-7", nil), ("3-7-1", nil),
            ("a-b", nil),
            ("3--7", nil),
        ] as [(String, [Int]?)])
    func positions(id: String, expected: [Int]?) {
        #expect(EventEncoder.parse(id).map { [$0.stream, $0.sequence] } == expected)
    }

    @Test("Every format means the same event", arguments: EventFormat.allCases)
    func formats(format: EventFormat) {
        let message = ByteBuffer(string: #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        let text = String(
            buffer: EventEncoder(retryMilliseconds: nil).event(message, stream: 1, sequence: 2, format: format))
        var data: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("data:") {
            data.append(line.dropFirst(line.hasPrefix("data: ") ? 6 : 5))
        }
        #expect(data.joined(separator: "\n").filter { $0 != "\n" } == String(buffer: message))
        #expect(text.contains("id: 1-2"))
        #expect(data.count == (format == .multiline ? 2 : 1))
    }

    @Test func `A call whose connection is gone goes on, and holds what it sends for a while`() async throws {
        let store = StreamStore(EventEncoder(retryMilliseconds: nil))
        let exchange = PostExchange(store, expecting: 1)
        exchange.abandon()
        for number in 0..<(EventStream.highWater * 3) { await exchange.send(ByteBuffer(string: "\(number)")) }
        await exchange.deliver(.result([:]), to: JSONSlice(1))
        guard case .nobody = await exchange.opening() else {
            Issue.record("somebody was told")
            return
        }
        let stream = try store.find(1).required()
        #expect(stream.isFinished)
        let reader = try stream.attach(after: 0, replacing: true).required()
        #expect(try await String(buffer: stream.next(reader).required()).hasSuffix(#""id":1,"result":{}}"# + "\n\n"))
    }

    @Test func `Only sessions of 2025-11-25 get a priming event`() {
        #expect(EventEncoder(retryMilliseconds: nil).priming(stream: 1, sequence: 0) == nil)
        #expect(
            EventEncoder(retryMilliseconds: 20).priming(stream: 1, sequence: 0).map { String(buffer: $0) }
                == "id: 1-0\nretry: 20\ndata: \n\n")
    }

    @Test func `A session keeps a bounded number of finished streams and all that run`() {
        let store = StreamStore(EventEncoder(retryMilliseconds: nil))
        let running = store.make()
        for _ in 0..<100 { store.make().finish() }
        #expect(store.find(running.number) != nil)
        #expect(store.find(101) != nil && store.find(2) == nil)
        #expect(store.find(0) === store.standalone)
        store.close()
        #expect(running.isFinished && store.standalone.isFinished && store.find(101) == nil)
    }
}
