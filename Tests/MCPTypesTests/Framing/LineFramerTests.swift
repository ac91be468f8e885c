// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import TestSupport
import Testing

/// Lines and errors in the order in which they were observed.
enum LineOutcome: Hashable {
    case line(String)
    case tooLong
    case last(String)

    static func frame(_ chunks: [ByteBuffer], maxLineBytes: Int, drains: Bool = true) -> [LineOutcome] {
        var framer = LineFramer(maxLineBytes: maxLineBytes)
        var outcomes: [LineOutcome] = []
        for chunk in chunks {
            framer.append(chunk)
            if drains { take(&framer, into: &outcomes) }
        }
        take(&framer, into: &outcomes)
        while let line = framer.finish() { outcomes.append(.last(String(buffer: line))) }
        return outcomes
    }

    private static func take(_ framer: inout LineFramer, into outcomes: inout [LineOutcome]) {
        while true {
            do throws(LineFramingError) {
                guard let line = try framer.next() else { return }
                outcomes.append(.line(String(buffer: line)))
            } catch {
                outcomes.append(.tooLong)
            }
        }
    }

    /// The same rules in the plain way, on the whole input.
    static func reference(_ bytes: [UInt8], maxLineBytes: Int) -> [LineOutcome] {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        return lines.enumerated().compactMap { index, line in
            let content = line.last == 0x0D ? line.dropLast() : line
            if content.count > maxLineBytes { return .tooLong }
            if content.isEmpty { return nil }
            let text = String(decoding: content, as: UTF8.self)
            return index == lines.count - 1 ? .last(text) : .line(text)
        }
    }
}

@Suite("A line framer")
struct LineFramerTests {
    static let cases: [(String, [LineOutcome])] = [
        ("", []),
        ("{}\n", [.line("{}")]),
        ("{}\r\n[]\n", [.line("{}"), .line("[]")]),
        ("{}", [.last("{}")]),
        ("a\nb\r", [.line("a"), .last("b")]),
        ("\n\r\n\n a\n", [.line(" a")]),
        ("\r", []),
        ("\n\r", []),
        ("a\r\r\n", [.line("a\r")]),
        ("a\rb\n", [.line("a\rb")]),
        ("a\u{2028}\u{85}\n", [.line("a\u{2028}\u{85}")]),
        ("\u{B}\u{C}\n", [.line("\u{B}\u{C}")]),
        ("12345678\n", [.line("12345678")]),
        ("12345678\r\n", [.line("12345678")]),
        ("12345678", [.last("12345678")]),
        ("12345678\r", [.last("12345678")]),
        ("123456789\na\n", [.tooLong, .line("a")]),
        ("123456789\r\na\n", [.tooLong, .line("a")]),
        ("123456789", [.tooLong]),
        ("123456789\r", [.tooLong]),
        ("12345678\r\r\na\n", [.tooLong, .line("a")]),
        ("12345678901234567890123456789\na\n123456789\nb\n", [.tooLong, .line("a"), .tooLong, .line("b")]),
        ("a\n12345678901234567890", [.line("a"), .tooLong]),
    ]

    @Test("splits on line feeds only and recovers after an over-long line, however the input is cut", arguments: cases)
    func framing(input: String, expected: [LineOutcome]) {
        #expect(LineOutcome.reference(Array(input.utf8), maxLineBytes: 8) == expected)
        for chunks in ByteChunks.everySplit(of: Array(input.utf8)) {
            #expect(LineOutcome.frame(chunks, maxLineBytes: 8) == expected)
            #expect(LineOutcome.frame(chunks, maxLineBytes: 8, drains: false) == expected)
        }
    }

    @Test("raises the error of an over-long line once, as soon as the bound is exceeded")
    func errorOnce() throws {
        var framer = LineFramer(maxLineBytes: 4)
        framer.append(ByteBuffer(string: "12345"))
        #expect(throws: LineFramingError.lineTooLong(limit: 4)) { try framer.next() }
        for _ in 0..<100 {
            framer.append(ByteBuffer(string: "67890"))
            #expect(try framer.next() == nil)
        }
        framer.append(ByteBuffer(string: "\nok\n"))
        #expect(try framer.next() == ByteBuffer(string: "ok"))
        #expect("\(LineFramingError.lineTooLong(limit: 4))".contains("more than 4 bytes"))
    }

    @Test("hands out lines that were not taken before the stream finished")
    func finishWithoutDraining() {
        var framer = LineFramer(maxLineBytes: 8)
        framer.append(ByteBuffer(string: "a\n1234567890\nb\n"))
        framer.append(ByteBuffer(string: "c"))
        #expect(framer.finish() == ByteBuffer(string: "a"))
        #expect(framer.finish() == ByteBuffer(string: "b"))
        #expect(framer.finish() == ByteBuffer(string: "c"))
        #expect(framer.finish() == nil)
    }

    @Test("gives up a line that is not complete, what is still to come of it included, and nothing else")
    func skipLine() throws {
        var framer = LineFramer(maxLineBytes: 100)
        framer.append(ByteBuffer(string: "first\nsec"))
        #expect(try framer.next() == ByteBuffer(string: "first"))
        #expect(try framer.next() == nil)
        #expect(framer.unfinishedBytes == 3)
        framer.skipLine()
        #expect(framer.unfinishedBytes == 0)
        framer.append(ByteBuffer(string: "ond"))
        #expect(try framer.next() == nil)
        #expect(framer.unfinishedBytes == 0)
        framer.append(ByteBuffer(string: "\nthird\n"))
        #expect(try framer.next() == ByteBuffer(string: "third"))
        #expect(try framer.next() == nil)
        // With nothing begun there is nothing to give up.
        framer.skipLine()
        framer.append(ByteBuffer(string: "fourth\n"))
        #expect(try framer.next() == ByteBuffer(string: "fourth"))
    }

    @Test("keeps a line as it was while the stream goes on")
    func sliceIsolation() throws {
        var framer = LineFramer(maxLineBytes: 100)
        framer.append(ByteBuffer(string: "first\nsec"))
        let first = try framer.next()
        framer.append(ByteBuffer(string: "ond\n"))
        #expect(try framer.next() == ByteBuffer(string: "second"))
        #expect(first == ByteBuffer(string: "first"))
    }

    @Test("needs time proportional to the input, fed byte by byte", .timeLimit(.minutes(1)))
    func linearTime() throws {
        var framer = LineFramer(maxLineBytes: 1 << 20)
        for _ in 0..<200_000 {
            framer.append(ByteBuffer(bytes: [0x61]))
            #expect(try framer.next() == nil)
        }
        framer.append(ByteBuffer(bytes: [0x0A]))
        #expect(try framer.next()?.readableBytes == 200_000)
    }
}
