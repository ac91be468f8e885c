// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct EventStreamTests {
    private func stream(_ revision: ProtocolRevision = .v2025_11_25, resumable: Int = 1 << 20) -> EventStream {
        var limits = GatewayLimits()
        limits.resumableBytesPerSession = resumable
        return EventStream(number: 3, revision: revision, limits: limits)
    }

    private static let message = ByteBuffer(string: #"{"jsonrpc":"2.0","method":"x"}"#)
    private static let eventBytes = "id: 3-1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\n".utf8.count

    @Test(
        "L14: an event id names its stream and its place in it",
        arguments: [
            ("1-0", 1, 0), ("3-17", 3, 17), ("0-0", 0, 0), ("9223372036854775807-1", Int.max, 1),
        ])
    func parse(_ text: String, _ stream: Int, _ event: Int) throws {
        let position = try #require(EventStream.parse(text))
        #expect(position.stream == stream)
        #expect(position.event == event)
    }

    @Test(
        "An id that was never given out is none of ours",
        arguments: [
            "", "-", "1", "1-", "-1", "1--2", "-1-2", "1-2-3", "a-1", "1-b", " 1-2", "1-2 ", "1 - 2",
            "9223372036854775808-1", "1_2",
            "0x1-2", "1.0-2", "1-2\n", "٣-١",
        ])
    func foreign(_ text: String) {
        #expect(EventStream.parse(text) == nil)
    }

    @Test("What nobody reads is kept for resumption")
    func kept() {
        let stream = stream()
        #expect(stream.send(Self.message))
        #expect(stream.keptBytes == Self.eventBytes)
        #expect(!stream.isAttached)
        stream.finish(Self.message)
        #expect(stream.keptBytes == 2 * Self.eventBytes)
        #expect(stream.isFinished)
        #expect(!stream.isSpent)
        stream.forget()
        #expect(stream.keptBytes == 0)
        #expect(stream.isSpent)
    }

    @Test("SE-04: what is kept is bounded, oldest first")
    func keptBound() {
        let stream = stream(resumable: 3 * Self.eventBytes)
        for _ in 0..<3 { stream.send(Self.message) }
        #expect(stream.keptBytes == 3 * Self.eventBytes)
        for _ in 0..<6 { stream.send(Self.message) }
        #expect(stream.keptBytes == 3 * Self.eventBytes)
        // An event of two digits is one byte longer, so that only two and a part would fit.
        stream.send(Self.message)
        #expect(stream.keptBytes <= 3 * Self.eventBytes)
        #expect(stream.keptBytes > 0)
    }

    @Test("SE-04: a message that is larger than the bound is not kept at all")
    func keptTooLarge() {
        let stream = stream(resumable: 10)
        stream.send(Self.message)
        #expect(stream.keptBytes == 0)
    }

    @Test("A finished stream takes no messages")
    func finished() {
        let stream = stream()
        stream.finish()
        #expect(!stream.send(Self.message))
        #expect(stream.keptBytes == 0)
        #expect(stream.isSpent)
    }

    @Test("2.3: revision 2024-11-05 resumes nothing, so nothing is kept for it")
    func notResumable() {
        let stream = stream(.v2024_11_05)
        // Until its connection is attached a message may wait, but not to be resumed.
        #expect(stream.send(Self.message))
        #expect(stream.keptBytes == 0)
        stream.finish()
        #expect(stream.isSpent)
        #expect(!stream.send(Self.message))
    }

    @Test("SE-04: what waits for a connection is bounded, and a stream that nobody resumes says when it is full")
    func waitingBound() {
        var limits = GatewayLimits()
        limits.queuedBytesPerStream = 100
        let stream = EventStream(number: 3, revision: .v2024_11_05, limits: limits)
        var taken = 0
        while taken < 1000, stream.send(Self.message) { taken += 1 }
        #expect(taken > 0)
        #expect(taken <= 4)
    }

    @Test("HL-18: streams of a session have numbers of their own")
    func numbers() throws {
        let session = ClientSession.make()
        var numbers: [Int] = []
        for index in 0..<20 {
            numbers.append(try #require(session.openStream(isGeneral: index.isMultiple(of: 2))).number)
        }
        #expect(Set(numbers).count == 20)
    }

    @Test("SE-04: what the streams of a session keep together is bounded")
    func keptBySession() throws {
        var limits = GatewayLimits()
        limits.resumableBytesPerSession = 10 * Self.eventBytes
        limits.streamsPerSession = 2
        let session = ClientSession.make(limits: limits)
        var numbers: [Int] = []
        for _ in 0..<200 {
            let stream = try #require(session.openStream(isGeneral: false))
            numbers.append(stream.number)
            for _ in 0..<4 { stream.send(Self.message) }
            stream.finish()
        }
        let left = numbers.compactMap { session.stream($0) }
        #expect(left.reduce(0) { $0 + $1.keptBytes } <= limits.resumableBytesPerSession + 5 * Self.eventBytes)
        #expect(left.count <= 4 * limits.streamsPerSession + 1)
        // The newest are the ones that a client can still resume.
        #expect(left.last?.number == numbers.last)
    }
}
