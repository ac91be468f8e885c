// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension JSONSlice {
    /// The first member whose unescaped key is `key`, or nil when there is none or this is not an object.
    ///
    /// Keys are compared byte by byte, without Unicode normalisation. Nothing is allocated.
    package subscript(key: StaticString) -> JSONSlice? {
        let range = bytes.withUnsafeReadableBytes { text in
            key.withUTF8Buffer { Self.firstMember(UnsafeRawBufferPointer($0), in: text) }
        }
        return range.map { JSONSlice(valueOf: $0, in: bytes) }
    }

    /// The first member whose unescaped key is `key`, compared byte by byte.
    package func member(_ key: String) -> JSONSlice? {
        var key = key
        let range = key.withUTF8 { key in
            bytes.withUnsafeReadableBytes { Self.firstMember(UnsafeRawBufferPointer(key), in: $0) }
        }
        return range.map { JSONSlice(valueOf: $0, in: bytes) }
    }

    private static func firstMember(
        _ key: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer
    ) -> JSONMemberRange? {
        guard var cursor = JSONMemberCursor(text) else { return nil }
        while let range = cursor.next(in: text) {
            if range.hasKey(key, in: text) { return range }
        }
        return nil
    }

    /// Hands the place of each member to `visit`, in order and repeated keys again; allocates nothing.
    ///
    /// - Parameter object: text that was validated before; nothing is visited when it is no object.
    @inline(__always)
    package static func visitMembers(
        of object: UnsafeRawBufferPointer, _ visit: (_ range: JSONMemberRange) -> Void
    ) {
        guard var cursor = JSONMemberCursor(object) else { return }
        while let range = cursor.next(in: object) { visit(range) }
    }

    /// The value at a place, which the caller knows to be one.
    package func part(_ place: JSONPlace) -> JSONSlice {
        JSONSlice(bytes, from: place.range.lowerBound, to: place.range.upperBound)
    }

    /// A copy in which other text stands in place of a part of this one.
    package func replacing(_ part: Range<Int>, with value: JSONSlice) -> JSONSlice {
        replacing(part, withBytes: value.bytes.readableBytes) { $0.write(value.bytes) }
    }

    /// The same, with what `pieces` writes, which is at most so many bytes.
    package func replacing(
        _ part: Range<Int>, withBytes size: Int, _ pieces: (inout PieceWriter) -> Void
    ) -> JSONSlice {
        bytes.withUnsafeReadableBytes { text in
            let capacity = text.count - part.count + size
            var output = ByteBufferAllocator().buffer(capacity: capacity)
            output.writePieces(capacity: capacity) { writer in
                writer.write(text.slice(0, part.lowerBound))
                pieces(&writer)
                writer.write(text.slice(part.upperBound, text.count))
            }
            return JSONSlice(trusted: output)
        }
    }

    /// The members in order, repeated keys included; empty when this is not an object.
    package var members: JSONMembers { JSONMembers(object: self) }

    /// The elements in order; empty when this is not an array.
    package var elements: JSONElements { JSONElements(array: self) }
}

/// One member of an object.
package struct JSONMember: Sendable, Hashable {
    /// The quoted string.
    package let key: JSONSlice
    package let value: JSONSlice
}

/// The members of an object, found while they are iterated.
package struct JSONMembers: Sequence, Sendable {
    let object: JSONSlice

    package struct Iterator: IteratorProtocol {
        let bytes: ByteBuffer
        var position: Int?

        package mutating func next() -> JSONMember? {
            guard let position else { return nil }
            let range = bytes.withUnsafeReadableBytes { text in
                var cursor = JSONMemberCursor(resumingAt: position)
                return cursor.next(in: text)
            }
            self.position = range?.valueEnd
            return range.map { range in
                JSONMember(
                    key: JSONSlice(bytes, from: range.keyStart &- 1, to: range.keyEnd &+ 1),
                    value: JSONSlice(valueOf: range, in: bytes))
            }
        }
    }

    package func makeIterator() -> Iterator {
        Iterator(bytes: object.bytes, position: object.kind == .object ? 1 : nil)
    }
}

/// The elements of an array, found while they are iterated.
package struct JSONElements: Sequence, Sendable {
    let array: JSONSlice

    package struct Iterator: IteratorProtocol {
        let bytes: ByteBuffer
        var position: Int?

        package mutating func next() -> JSONSlice? {
            guard let position else { return nil }
            let range = bytes.withUnsafeReadableBytes { text in
                var cursor = JSONElementCursor(resumingAt: position)
                return cursor.next(in: text)
            }
            self.position = range?.end
            return range.map { JSONSlice(bytes, from: $0.start, to: $0.end) }
        }
    }

    package func makeIterator() -> Iterator {
        Iterator(bytes: array.bytes, position: array.kind == .array ? 1 : nil)
    }
}
