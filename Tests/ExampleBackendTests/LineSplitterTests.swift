// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct LineSplitterTests {
    private func split(_ chunks: [String], limit: Int = 10) -> [LineSplitter.Line] {
        var splitter = LineSplitter(limit: limit)
        return chunks.flatMap { splitter.lines(in: ByteBuffer(string: $0)) }
    }

    private func lines(_ texts: String...) -> [LineSplitter.Line] { texts.map { .line(ByteBuffer(string: $0)) } }

    @Test(
        "Lines end at a line feed and nowhere else, however they arrive",
        arguments: [
            (["a\nb\n"], ["a", "b"]), (["a", "\n", "b", "c\n"], ["a", "bc"]), (["a\r\nb\n"], ["a", "b"]),
            (["\n\n\r\na\n"], ["a"]), (["unfinished"], []), (["a\u{2028}\u{85}b\n"], ["a\u{2028}\u{85}b"]), ([""], []),
        ])
    func lines(chunks: [String], expected: [String]) {
        #expect(split(chunks) == expected.map { .line(ByteBuffer(string: $0)) })
        #expect(
            split(chunks.joined().utf8.map { String(decoding: [$0], as: UTF8.self) }.filter { $0 != "\u{FFFD}" })
                .count == expected.count)
    }

    @Test(
        "A line up to the limit is kept, one above it is reported once and thrown away",
        arguments: [
            ["0123456789\n", "0123456789a\n", "next\n"], ["0123456789\n0123456789a\nnext\n"],
            ["01234", "56789\n0123456789", "a", "b", "\nne", "xt\n"],
        ])
    func limit(chunks: [String]) {
        #expect(split(chunks) == lines("0123456789") + [.tooLong] + lines("next"))
    }
}
