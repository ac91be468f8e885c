// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The header fields of one response: the bytes they came in, and where each stands.
///
/// Nothing is decoded before it is asked for. Order and spelling are those of the wire; names are compared without
/// regard to case (RFC 9110, section 5.1). A value that is not UTF-8 is repaired when it is turned into a string.
package struct HTTP1Headers: Sendable {
    let head: ByteBuffer
    let lines: [HTTP1FieldLine]
    let framing: HTTP1Framing

    /// The number of field lines.
    package var count: Int { lines.count }

    /// The Content-Length, which is the length of the body unless the response has none (HEAD, 204, 304).
    package var contentLength: Int? { framing.contentLength }

    package var isChunked: Bool { framing.isChunked }

    /// The media type in lower case and without parameters, such as `application/json`.
    package var contentType: String? {
        guard let index = framing.contentType else { return nil }
        return head.withUnsafeReadableBytes { bytes in
            let value = lines[index].value(in: bytes)
            let type = HTTP1Bytes.trimmed(UnsafeRawBufferPointer(rebasing: value.prefix { $0 != UInt8(ascii: ";") }))
            // The two types that MCP speaks are constants and cost no allocation.
            if HTTP1Bytes.equals(type, "application/json") { return "application/json" }
            if HTTP1Bytes.equals(type, "text/event-stream") { return "text/event-stream" }
            return String(decoding: type.lazy.map(HTTP1Bytes.lowercased), as: UTF8.self)
        }
    }

    /// The value of the first field line of that name.
    package func first(_ name: String) -> String? {
        withBytes(of: name) { first($0) }
    }

    package func first(_ name: StaticString) -> String? {
        first(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// The values of all field lines of that name, in order; a comma-separated list stays one value.
    package func values(_ name: String) -> [String] {
        withBytes(of: name) { values($0) }
    }

    package func values(_ name: StaticString) -> [String] {
        values(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}

extension HTTP1Headers: Sequence {
    package struct Iterator: IteratorProtocol {
        fileprivate let headers: HTTP1Headers
        fileprivate var index = 0

        package mutating func next() -> (name: String, value: String)? {
            guard index < headers.lines.count else { return nil }
            let line = headers.lines[index]
            index += 1
            return headers.head.withUnsafeReadableBytes { bytes in
                (
                    String(decoding: line.name(in: bytes), as: UTF8.self),
                    String(decoding: line.value(in: bytes), as: UTF8.self)
                )
            }
        }
    }

    package func makeIterator() -> Iterator { Iterator(headers: self) }

    package var underestimatedCount: Int { lines.count }
}

/// Two sets of headers are equal when their heads are the same bytes.
extension HTTP1Headers: Hashable {
    package static func == (left: HTTP1Headers, right: HTTP1Headers) -> Bool { left.head == right.head }

    package func hash(into hasher: inout Hasher) { hasher.combine(head) }
}

extension HTTP1Headers {
    private func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var name = name
        return name.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private func first(_ name: UnsafeRawBufferPointer) -> String? {
        head.withUnsafeReadableBytes { bytes in
            for line in lines where HTTP1Bytes.equals(line.name(in: bytes), name) {
                return String(decoding: line.value(in: bytes), as: UTF8.self)
            }
            return nil
        }
    }

    private func values(_ name: UnsafeRawBufferPointer) -> [String] {
        head.withUnsafeReadableBytes { bytes in
            lines.compactMap { line in
                guard HTTP1Bytes.equals(line.name(in: bytes), name) else { return nil }
                return String(decoding: line.value(in: bytes), as: UTF8.self)
            }
        }
    }
}
