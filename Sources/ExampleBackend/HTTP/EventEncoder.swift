// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Spells server-sent events (WHATWG HTML, server-sent events).
struct EventEncoder: Sendable {
    /// Nil for revisions before 2025-11-25, whose clients may not know what an event without data means.
    let retryMilliseconds: Int?
    /// False for Modern streams, which cannot be resumed.
    var hasIDs = true

    /// An event with an id and no data, so that the client can come back before the first message.
    func priming(stream: Int, sequence: Int) -> ByteBuffer? {
        retryMilliseconds.map { ByteBuffer(string: "id: \(stream)-\(sequence)\nretry: \($0)\ndata: \n\n") }
    }

    func event(_ message: ByteBuffer, stream: Int, sequence: Int, format: EventFormat) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(message.readableBytes + 96)
        func id(_ end: String) -> String { hasIDs ? "id: \(stream)-\(sequence)\(end)" : "" }
        switch format {
        case .plain:
            buffer.writeString("\(id("\n"))data: ")
            buffer.writeImmutableBuffer(message)
            buffer.writeStaticString("\n\n")
        case .crlf:
            buffer.writeString("event: message\r\n\(id("\r\n"))data: ")
            buffer.writeImmutableBuffer(message)
            buffer.writeStaticString("\r\n\r\n")
        case .multiline:
            buffer.writeString(id("\n"))
            // The first member of every message is the version: a line may end after its comma.
            var rest = message
            let version = "{\"jsonrpc\":\"2.0\","
            if rest.readableBytesView.starts(with: version.utf8),
                let head = rest.readSlice(length: version.utf8.count)
            {
                buffer.writeStaticString("data: ")
                buffer.writeImmutableBuffer(head)
                buffer.writeStaticString("\n")
            }
            buffer.writeStaticString("data:")
            buffer.writeImmutableBuffer(rest)
            buffer.writeStaticString("\n\n")
        case .comments:
            buffer.writeString(": a comment\n:\n\(id("\n"))event: message\nunknown: field\ndata: ")
            buffer.writeImmutableBuffer(message)
            buffer.writeStaticString("\n: another comment\n\n: one after the event\n\n")
        }
        return buffer
    }

    /// The stream and the event that a `Last-Event-ID` names.
    static func parse(_ id: String) -> (stream: Int, sequence: Int)? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let stream = Int(parts[0]), let sequence = Int(parts[1]), stream >= 0, sequence >= 0
        else { return nil }
        return (stream, sequence)
    }
}
