// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Puts pieces of text next to each other into room that was counted before.
///
/// A buffer asks itself with every write whether others share its memory and whether there is enough of it, which takes
/// several times as long as copying a short piece does.
package struct PieceWriter {
    private let room: UnsafeMutableRawBufferPointer
    /// How many bytes there are so far; those that found no room are only counted.
    fileprivate private(set) var count = 0

    fileprivate init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) {
        let end = count + bytes.count
        if end <= room.count { UnsafeMutableRawBufferPointer(rebasing: room[count..<end]).copyMemory(from: bytes) }
        count = end
    }

    package mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    package mutating func write(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { write($0) }
    }

    package mutating func write(_ byte: UInt8) {
        if count < room.count { room[count] = byte }
        count += 1
    }

    /// Writes a number in decimal digits, of which there are at most 20, a sign included.
    package mutating func write(_ number: Int) {
        if number < 0 { write(UInt8.minus) }
        let end = count + number.magnitude.decimalDigits
        if end <= room.count {
            var rest = number.magnitude
            for place in (count..<end).reversed() {
                room[place] = .zero + UInt8(rest % 10)
                rest /= 10
            }
        }
        count = end
    }
}

extension ByteBuffer {
    /// Appends what `pieces` writes.
    ///
    /// - Parameters:
    ///   - capacity: how many bytes that is, at most.
    ///   - pieces: called again, and to write the same again, when it was more.
    package mutating func writePieces(capacity: Int, _ pieces: (inout PieceWriter) -> Void) {
        var capacity = capacity
        var isWritten = false
        while !isWritten {
            writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { room in
                var writer = PieceWriter(room)
                pieces(&writer)
                capacity = writer.count
                isWritten = capacity <= room.count
                return isWritten ? capacity : 0
            }
        }
    }
}

extension UInt {
    /// How many digits the number is written with.
    package var decimalDigits: Int {
        var digits = 1
        var rest = self
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }
}
