// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// One field line, as offsets into the head that it stands in.
struct HTTP1FieldLine: Sendable {
    let nameStart: UInt32
    let nameLength: UInt32
    let valueStart: UInt32
    let valueLength: UInt32

    func name(in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        Self.part(of: head, nameStart, nameLength)
    }

    func value(in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        Self.part(of: head, valueStart, valueLength)
    }

    private static func part(of head: UnsafeRawBufferPointer, _ start: UInt32, _ length: UInt32)
        -> UnsafeRawBufferPointer
    {
        UnsafeRawBufferPointer(rebasing: head[Int(start)..<Int(start) + Int(length)])
    }
}

extension HTTP1FieldLine {
    /// Reads the field line in `bytes[start..<end]`, its CRLF excluded (RFC 9112, section 5).
    init(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) throws(HTTP1ParseError) {
        if start < end, HTTP1Bytes.isWhitespace(bytes[start]) { throw .obsoleteFolding }
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        var offset = HTTP1Bytes.endOfToken(in: line, from: start)
        let nameEnd = offset
        guard nameEnd > start, nameEnd < end else { throw .invalidFieldName }
        if bytes[nameEnd] != UInt8(ascii: ":") {
            while offset < end, HTTP1Bytes.isWhitespace(bytes[offset]) { offset += 1 }
            throw offset > nameEnd && offset < end && bytes[offset] == UInt8(ascii: ":")
                ? .whitespaceBeforeColon : .invalidFieldName
        }
        offset = nameEnd + 1
        while offset < end, HTTP1Bytes.isWhitespace(bytes[offset]) { offset += 1 }
        let valueStart = offset
        offset = HTTP1Bytes.endOfPlainText(in: line, from: offset)
        while offset < end {
            guard HTTP1Bytes.isText(bytes[offset]) else {
                let name = bytes[start..<min(nameEnd, start + 64)]
                throw .invalidFieldValue(name: String(decoding: name, as: UTF8.self))
            }
            offset += 1
        }
        while offset > valueStart, HTTP1Bytes.isWhitespace(bytes[offset - 1]) { offset -= 1 }
        self.init(
            nameStart: UInt32(truncatingIfNeeded: start), nameLength: UInt32(truncatingIfNeeded: nameEnd - start),
            valueStart: UInt32(truncatingIfNeeded: valueStart),
            valueLength: UInt32(truncatingIfNeeded: offset - valueStart))
    }
}
