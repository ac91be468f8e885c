// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes `text/event-stream` (WHATWG HTML, section 9.2).
package enum SSEEncoder {
    /// Writes one event and the blank line that dispatches it.
    ///
    /// `data` is JSON text. Line ends in it are white space between tokens (RFC 8259, section 7 keeps them out of
    /// strings), so each becomes a data line of its own and the receiver joins them to equivalent JSON. In `id` and
    /// `event` a line end would let the rest pass for further fields and a NUL would void the id, so those characters
    /// are left out.
    ///
    /// - Parameters:
    ///   - data: nil writes no data line; an empty buffer with an `id` makes a priming event.
    ///   - retry: the reconnection time in milliseconds.
    package static func event(
        id: String? = nil, event: String? = nil, data: ByteBuffer?, retry: Int? = nil, into buffer: inout ByteBuffer
    ) {
        if let id { writeField("id: ", id, into: &buffer) }
        if let event { writeField("event: ", event, into: &buffer) }
        if let retry {
            buffer.writeStaticString("retry: ")
            buffer.writeString(String(max(0, retry)))
            buffer.writeInteger(lineFeed)
        }
        if let data { writeData(data, into: &buffer) }
        buffer.writeInteger(lineFeed)
    }

    /// Writes a comment, which receivers ignore: it keeps an idle connection open.
    ///
    /// Call it between events only. Each line of `text` becomes a comment line.
    package static func comment(_ text: String, into buffer: inout ByteBuffer) {
        for line in text.utf8.split(omittingEmptySubsequences: false, whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            buffer.writeStaticString(line.isEmpty ? ":" : ": ")
            buffer.writeSubstring(Substring(line))
            buffer.writeInteger(lineFeed)
        }
        buffer.writeInteger(lineFeed)
    }

    private static let lineFeed: UInt8 = 0x0A

    private static func writeField(_ name: StaticString, _ value: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(name)
        if value.utf8.contains(where: isForbidden) {
            buffer.writeBytes(value.utf8.filter { !isForbidden($0) })
        } else {
            buffer.writeString(value)
        }
        buffer.writeInteger(lineFeed)
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D || byte == 0
    }

    private static func writeData(_ data: ByteBuffer, into buffer: inout ByteBuffer) {
        var rest = data
        while true {
            buffer.writeStaticString("data: ")
            guard let end = rest.withUnsafeReadableBytes({ ByteSearch.firstLineEnd(in: $0, from: 0) }) else { break }
            if var line = rest.readSlice(length: end) { buffer.writeBuffer(&line) }
            let isReturn = rest.readInteger(as: UInt8.self) == 0x0D
            if isReturn, rest.readableBytesView.first == lineFeed { rest.moveReaderIndex(forwardBy: 1) }
            buffer.writeInteger(lineFeed)
        }
        buffer.writeBuffer(&rest)
        buffer.writeInteger(lineFeed)
    }
}
