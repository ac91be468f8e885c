// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Testing

@testable import Observability

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

@Suite("Log writer")
struct LogWriterTests {
    private func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    @Test("lines of many threads stay whole and each thread's stay in order")
    func threads() {
        let sink = InMemorySink()
        let writer = LogWriter(sink: sink, maxQueuedBytes: 10 << 20)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<500 { writer.write(line("\(thread) \(number)")) }
        }
        #expect(writer.flush(within: .seconds(60)))
        #expect(sink.lines.count == 4000)
        for thread in 0..<8 {
            #expect(sink.lines.filter { $0.hasPrefix("\(thread) ") } == (0..<500).map { "\(thread) \($0)" })
        }
    }

    @Test("a stuck sink costs bounded memory and no time, and the dropped lines are counted and reported")
    func drops() {
        let sink = InMemorySink(isShut: true)
        let writer = LogWriter(sink: sink, maxQueuedBytes: 100)
        writer.write(line("first"))
        sink.waitForWriter()
        for number in 0..<1000 { writer.write(line("line \(number % 10)")) }
        #expect(!writer.flush(within: .milliseconds(1)))
        sink.open()
        #expect(writer.flush(within: .seconds(60)))
        #expect(sink.lines.first == "first")
        #expect(sink.lines.count == 1 + 14 + 1)
        #expect(sink.lines.last == "986 log lines were dropped")
        writer.write(line("after"))
        #expect(writer.flush(within: .seconds(60)))
        #expect(sink.lines.last == "after")
    }

    @Test("a line larger than the bound is dropped, not written in part")
    func hugeLine() {
        let sink = InMemorySink()
        let writer = LogWriter(sink: sink, maxQueuedBytes: 10)
        writer.write(line("0123456789"))
        writer.write(line("small"))
        #expect(writer.flush(within: .seconds(60)))
        // The thread may have come before or after the second line.
        #expect(sink.lines.sorted() == ["1 log lines were dropped", "small"])
    }

    @Test("the report of dropped lines can have the format of the others")
    func notice() {
        let sink = InMemorySink(isShut: true)
        let writer = LogWriter(sink: sink, maxQueuedBytes: 10)
        writer.reportDrops { Array("dropped=\($0)\n".utf8) }
        writer.write(line("one"))
        sink.waitForWriter()
        writer.write(line("two"))
        writer.write(line("much too long"))
        sink.open()
        #expect(writer.flush(within: .seconds(60)))
        #expect(sink.lines == ["one", "two", "dropped=1"])
    }

    @Test("an idle writer flushes at once, and what was queued is written after the last reference is gone")
    func lifetime() {
        let sink = InMemorySink(isShut: true)
        var writer: LogWriter? = LogWriter(sink: sink)
        #expect(writer?.flush(within: .zero) == true)
        writer?.write(line("first"))
        sink.waitForWriter()
        writer?.write(line("second"))
        writer = nil
        sink.open()
        sink.waitForWriter()
        // The second write has begun; it holds the thread until it is done.
        while sink.lines.count < 2 { sched_yield() }
        #expect(sink.lines == ["first", "second"])
    }

    @Test("a descriptor that blocks takes everything in the end, and one that is gone is left alone")
    func descriptor() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        #expect(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        let content = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000)
        let (readEnd, writeEnd) = (ends[0], ends[1])
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            content.withUnsafeBytes { DescriptorLogSink(descriptor: writeEnd).write($0) }
            close(writeEnd)
            done.signal()
        }
        var count = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let length = read(readEnd, &buffer, buffer.count)
            guard length > 0 else { break }
            count += length
        }
        close(readEnd)
        done.wait()
        #expect(count == 300_000)
        content.withUnsafeBytes { DescriptorLogSink(descriptor: -1).write($0) }
    }
}
