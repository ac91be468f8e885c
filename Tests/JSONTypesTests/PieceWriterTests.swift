// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("Writing in pieces")
struct PieceWriterTests {
    @Test("Pieces stand next to each other, behind what was there")
    func pieces() {
        var buffer = ByteBuffer(string: "before ")
        buffer.writePieces(capacity: 64) { writer in
            writer.write("static " as StaticString)
            writer.write("é😀 ")
            writer.write(ByteBuffer(string: "buffer "))
            writer.write(UInt8(ascii: "-"))
            writer.write(UnsafeRawBufferPointer(start: nil, count: 0))
            writer.write("")
        }
        #expect(String(buffer: buffer) == "before static é😀 buffer -")
    }

    @Test("Memory that somebody else holds is not written to")
    func sharing() {
        var buffer = ByteBufferAllocator().buffer(capacity: 64)
        buffer.writeString("a")
        let other = buffer
        buffer.writePieces(capacity: 1) { $0.write("b") }
        var third = other
        third.writePieces(capacity: 1) { $0.write("c") }
        #expect(String(buffer: other) == "a")
        #expect(String(buffer: buffer) == "ab")
        #expect(String(buffer: third) == "ac")
    }

    @Test("A wrong count costs a second attempt and nothing else", arguments: [0, 1, 7, 20, 21, 500, 3000])
    func tooMuch(_ capacity: Int) {
        var buffer = ByteBuffer(string: "before ")
        var attempts = 0
        buffer.writePieces(capacity: capacity) { writer in
            attempts += 1
            writer.write(UInt8(ascii: "["))
            writer.write(Int.min)
            for number in 0..<400 {
                writer.write(",")
                writer.write(number)
            }
            writer.write(UInt8(ascii: "]"))
        }
        #expect(
            String(buffer: buffer) == "before [\(Int.min)," + (0..<400).map(String.init).joined(separator: ",") + "]")
        #expect(attempts <= 2)
    }

    @Test(
        "Numbers are decimal",
        arguments: [0, 7, 9, 10, 99, 100, 101, 12_345, -1, -9, -10, -100, .max, .max - 1, .min, .min + 1])
    func numbers(_ number: Int) {
        var buffer = ByteBuffer()
        buffer.writePieces(capacity: 20) { $0.write(number) }
        #expect(String(buffer: buffer) == "\(number)")
        #expect(number.magnitude.decimalDigits == "\(number.magnitude)".utf8.count)
    }
}
