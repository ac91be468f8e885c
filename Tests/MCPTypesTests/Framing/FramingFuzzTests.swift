// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import TestSupport
import Testing

@Suite("Framing of arbitrary bytes")
struct FramingFuzzTests {
    private static let alphabet = Array("\n\n\r\r: \u{0}daetidrvyn0123456789".utf8) + [0xEF, 0xBB, 0xBF, 0xFF]

    @Test(
        "yields the events that a plain reading of the stream yields, however it is cut", arguments: [1, 2] as [UInt64])
    func eventStreams(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let seeds = SSERule.all.map(\.stream)
        for _ in 0..<ByteChunks.iterations {
            let base = (seeds.randomElement(using: &generator) ?? []) + (seeds.randomElement(using: &generator) ?? [])
            let stream = ByteChunks.mutate(base, alphabet: Self.alphabet, using: &generator)
            let chunks = ByteChunks.random(stream, longest: 24, using: &generator)
            let drain = SSEDrain.allCases.randomElement(using: &generator) ?? .atTheEnd
            let expected = SSEReference.parse(stream)
            guard drain.parse(chunks) == expected, drain.parse([ByteBuffer(bytes: stream)]) == expected else {
                Issue.record("seed \(seed): \(stream) in \(chunks.map(\.readableBytes))")
                return
            }
        }
    }

    @Test("meets the bounds of an event stream at the same place, however it is cut", arguments: [3] as [UInt64])
    func boundedEventStreams(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let seeds = SSERule.all.map(\.stream)
        var failures = 0
        for _ in 0..<ByteChunks.iterations {
            let base = (seeds.randomElement(using: &generator) ?? []) + (seeds.randomElement(using: &generator) ?? [])
            let stream = ByteChunks.mutate(base, alphabet: Self.alphabet, using: &generator)
            let chunks = ByteChunks.random(stream, longest: 24, using: &generator)
            let limits = SSELimits(
                maxEventBytes: .random(in: 0...12, using: &generator),
                maxLineBytes: .random(in: 0...16, using: &generator))
            let whole = SSEDrain.atTheEnd.parse([ByteBuffer(bytes: stream)], limits: limits)
            if whole.error != nil { failures += 1 }
            guard SSEDrain.afterEachChunk.parse(chunks, limits: limits) == whole,
                SSEDrain.onceAfterEachChunk.parse(chunks, limits: limits) == whole,
                whole.events.allSatisfy({ ($0.data?.readableBytes ?? 0) <= limits.maxEventBytes })
            else {
                Issue.record("seed \(seed): \(stream) in \(chunks.map(\.readableBytes)) with \(limits)")
                return
            }
        }
        #expect(failures > 0)
    }

    @Test("restores what was encoded, with line ends in the data as line feeds", arguments: [4] as [UInt64])
    func roundTrips(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let texts = ["", "message", "endpoint", "a b", "\u{2028}é", ":x", " lead"]
        for _ in 0..<ByteChunks.iterations {
            var buffer = ByteBuffer()
            var expected: [SSEEvent] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let data = ByteChunks.mutate(
                    Array("{ \"a\":\r\n[1,\n2]\r}".utf8), alphabet: [0x0A, 0x0D, 0x20, 0x3A], using: &generator)
                let id = Bool.random(using: &generator) ? texts.randomElement(using: &generator) : nil
                let event = texts.randomElement(using: &generator) ?? ""
                let retry = Bool.random(using: &generator) ? Int.random(in: 0...9999, using: &generator) : nil
                SSEEncoder.event(id: id, event: event, data: ByteBuffer(bytes: data), retry: retry, into: &buffer)
                if Bool.random(using: &generator) { SSEEncoder.comment("ping\n\ndata: no", into: &buffer) }
                let name = ["", "message"].contains(event) ? nil : event
                expected.append(
                    SSEEvent(event: name, data: ByteBuffer(bytes: Self.withLineFeeds(data)), id: id, retry: retry))
            }
            let stream = Array(buffer.readableBytesView)
            let chunks = ByteChunks.random(stream, longest: 24, using: &generator)
            guard SSEDrain.afterEachChunk.parse(chunks).events == expected else {
                Issue.record("seed \(seed): \(String(decoding: stream, as: UTF8.self).debugDescription)")
                return
            }
        }
    }

    @Test("yields the lines that a plain reading yields, however the input is cut", arguments: [5, 6] as [UInt64])
    func lines(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let seeds = LineFramerTests.cases.map { Array($0.0.utf8) }
        for _ in 0..<ByteChunks.iterations {
            let base = (seeds.randomElement(using: &generator) ?? []) + (seeds.randomElement(using: &generator) ?? [])
            let input = ByteChunks.mutate(base, alphabet: [0x0A, 0x0A, 0x0D, 0x61], using: &generator)
            let chunks = ByteChunks.random(input, longest: 24, using: &generator)
            let limit = Int.random(in: 1...12, using: &generator)
            let outcome = LineOutcome.frame(chunks, maxLineBytes: limit, drains: Bool.random(using: &generator))
            guard outcome == LineOutcome.reference(input, maxLineBytes: limit) else {
                Issue.record("seed \(seed): \(input) in \(chunks.map(\.readableBytes)) with \(limit)")
                return
            }
        }
    }

    private static func withLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
            result.append(byte == 0x0D ? 0x0A : byte)
        }
        return result
    }
}
