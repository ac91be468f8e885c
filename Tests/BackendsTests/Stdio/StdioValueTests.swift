// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import Backends

@Suite("Restart backoff")
struct RestartBackoffTests {
    @Test("the wait doubles from 250 ms to at most 30 s while runs end early")
    func doubles() {
        var backoff = RestartBackoff()
        let waits = (0..<10).map { _ in backoff.wait(afterRunOf: .seconds(1), jitter: 1) }
        #expect(waits.prefix(4) == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)])
        #expect(waits.suffix(3) == [.seconds(30), .seconds(30), .seconds(30)])
    }

    @Test("a healthy run starts over", arguments: [(59, 1000), (60, 250), (3600, 250)])
    func resets(uptime: Int, expected: Int) {
        var backoff = RestartBackoff()
        _ = backoff.wait(afterRunOf: .zero, jitter: 1)
        _ = backoff.wait(afterRunOf: .zero, jitter: 1)
        #expect(backoff.wait(afterRunOf: .seconds(uptime), jitter: 1) == .milliseconds(expected))
    }

    @Test(
        "half of the wait is random and wild jitter is bounded",
        arguments: [(0.0, 500), (0.5, 750), (1.0, 1000), (-3.0, 500), (7.0, 1000), (Double.nan, 1000)]
    )
    func jitter(jitter: Double, expected: Int) {
        var backoff = RestartBackoff(initial: .seconds(1))
        #expect(backoff.wait(afterRunOf: .zero, jitter: jitter) == .milliseconds(expected))
    }
}

@Suite("Stop ladder")
struct StopLadderTests {
    @Test("the steps come in the order of the transport's shutdown rule")
    func order() {
        var ladder = StopLadder()
        #expect(ladder.waited() == .nothing)
        #expect(ladder.stop(gracePeriod: .seconds(5)) == .closeInput(wait: .seconds(5)))
        #expect(ladder.waited() == .terminate(wait: .seconds(5)))
        #expect(ladder.waited() == .kill)
        #expect(ladder.waited() == .nothing)
        #expect(ladder.stop(gracePeriod: .zero) == .nothing)
    }

    @Test("stopping again only ever shortens the waits")
    func hurry() {
        var ladder = StopLadder()
        _ = ladder.stop(gracePeriod: .seconds(5))
        #expect(ladder.stop(gracePeriod: .seconds(9)) == .nothing)
        #expect(ladder.stop(gracePeriod: .seconds(1)) == .hurry(wait: .seconds(1)))
        #expect(ladder.waited() == .terminate(wait: .seconds(1)))
        #expect(ladder.stop(gracePeriod: .seconds(-1)) == .hurry(wait: .zero))
        #expect(ladder.waited() == .kill)
    }

    @Test("nothing happens after the exit", arguments: 0..<4)
    func exited(stepsBefore: Int) {
        var ladder = StopLadder()
        if stepsBefore > 0 { _ = ladder.stop(gracePeriod: .seconds(1)) }
        for _ in 1..<max(stepsBefore, 2) { _ = ladder.waited() }
        ladder.exited()
        #expect(ladder.waited() == .nothing)
        #expect(ladder.stop(gracePeriod: .zero) == .nothing)
    }
}

@Suite("Outbox and frames")
struct StdioOutboxTests {
    @Test("a message counts with its line end until it is written")
    func bound() throws {
        var outbox = StdioOutbox(limit: 10)
        #expect(try outbox.enqueue(ByteBuffer(string: "1234")))
        #expect(try outbox.enqueue(ByteBuffer(string: "5678")) == false)
        #expect(throws: StdioError.queueFull(unwritten: 10, limit: 10)) { try outbox.enqueue(ByteBuffer()) }
        #expect(outbox.take().count == 2)
        #expect(throws: StdioError.queueFull(unwritten: 10, limit: 10)) { try outbox.enqueue(ByteBuffer()) }
        outbox.written(10)
        #expect(try outbox.enqueue(ByteBuffer(string: "123456789")))
        #expect(throws: StdioError.queueFull(unwritten: 10, limit: 10)) {
            try outbox.enqueue(ByteBuffer(string: "0"))
        }
    }

    @Test("a closed outbox refuses and still hands out")
    func closed() throws {
        var outbox = StdioOutbox(limit: 10)
        _ = try outbox.enqueue(ByteBuffer(string: "a"))
        outbox.close()
        #expect(throws: StdioError.notRunning) { try outbox.enqueue(ByteBuffer(string: "b")) }
        #expect(outbox.take() == [ByteBuffer(string: "a")])
    }

    @Test(
        "small messages share a buffer, large ones keep theirs, and the bytes are the lines",
        arguments: [
            ([3], 1), ([3, 4, 5], 1), ([20_000], 2), ([3, 20_000, 4], 3), ([20_000, 20_000], 4), ([16_384, 1], 1),
        ]
    )
    func frames(sizes: [Int], count: Int) {
        let messages = sizes.map { ByteBuffer(repeating: UInt8(ascii: "m"), count: $0) }
        let frames = StdioFrames.encode(messages, allocator: ByteBufferAllocator())
        #expect(frames.count == count)
        let text = frames.map { String(buffer: $0) }.joined()
        #expect(text == sizes.map { String(repeating: "m", count: $0) + "\n" }.joined())
    }

    @Test("line breaks inside a message become spaces, small or large")
    func lineBreaks() {
        let long = String(repeating: " ", count: 20_000)
        for text in ["{\n\"a\":\r\n1}", "{\(long)\n}\r"] {
            let frames = StdioFrames.encode([ByteBuffer(string: text)], allocator: ByteBufferAllocator())
            let expected = String(text.unicodeScalars.map { $0 == "\n" || $0 == "\r" ? " " : Character($0) }) + "\n"
            #expect(frames.map { String(buffer: $0) }.joined() == expected)
        }
    }
}

@Suite("Lines of standard error")
struct StdioErrorLinesTests {
    @Test(
        "bytes become lines however they are cut into reads",
        arguments: [
            (["a\nb\n"], ["a", "b"]), (["a", "b\nc", "\n"], ["ab", "c"]), (["\n\n\r\n"], []), (["x\r\n"], ["x"]),
            (["tail"], ["tail"]), (["12345678\n"], ["12345678"]), (["1234567890\n"], ["12345678… (2 bytes cut)"]),
            (["12345", "67890", "12\nnext\n"], ["12345678… (4 bytes cut)", "next"]), ([], []),
        ] as [([String], [String])]
    )
    func lines(reads: [String], expected: [String]) {
        var splitter = StdioErrorLines(limit: 8)
        var lines = reads.flatMap { splitter.append(Array($0.utf8)) }
        if let last = splitter.finish() { lines.append(last) }
        #expect(lines == expected)
        #expect(splitter.finish() == nil)
    }

    @Test("so many lines pass in a second, the rest are counted and reported with the next second")
    func rate() {
        var rate = StdioErrorRate(linesPerSecond: 2)
        #expect(rate.admit(atNanoseconds: 0) == .pass)
        #expect(rate.admit(atNanoseconds: 1) == .pass)
        #expect(rate.admit(atNanoseconds: 2) == .drop)
        #expect(rate.admit(atNanoseconds: 999_999_999) == .drop)
        #expect(rate.admit(atNanoseconds: 1_000_000_000) == .passAfterDropping(2))
        #expect(rate.admit(atNanoseconds: 1_000_000_001) == .pass)
        #expect(rate.admit(atNanoseconds: 1_000_000_002) == .drop)
        #expect(rate.takeDropped() == 1)
        #expect(rate.takeDropped() == 0)
        #expect(rate.admit(atNanoseconds: 9_000_000_000) == .pass)
    }
}
