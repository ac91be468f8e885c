// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore

/// A message on its way out. A result is spelled where it is written, so that it is copied but once.
struct OutgoingMessage: Sendable {
    private enum Content {
        case whole(ByteBuffer)
        case result(RequestID, ByteBuffer)
    }

    private let content: Content

    /// Up to this size copying is cheaper than another element of a vector write.
    private static let copiedBytes = 16 * 1024
    private static let resultStart: StaticString = #"{"jsonrpc":"2.0","id":"#
    private static let resultMiddle: StaticString = #","result":"#
    private static let resultEnd: StaticString = "}"

    init(_ message: ByteBuffer) { content = .whole(message) }

    init(id: RequestID, result: ByteBuffer) { content = .result(id, result) }

    init(id: RequestID?, error: RequestError) {
        var message = ByteBuffer()
        message.writeError(id: id, error: error)
        content = .whole(message)
    }

    var count: Int {
        switch content {
        case .whole(let message): message.readableBytes
        case .result(let id, let result):
            Self.resultStart.utf8CodeUnitCount + id.json.utf8.count + Self.resultMiddle.utf8CodeUnitCount
                + result.readableBytes + Self.resultEnd.utf8CodeUnitCount
        }
    }

    /// Writes the message, but for a payload that is better written beside.
    ///
    /// - Returns: such a payload and what follows it.
    func write(to buffer: inout ByteBuffer) -> (payload: ByteBuffer, end: ByteBuffer)? {
        switch content {
        case .whole(var message): buffer.writeBuffer(&message)
        case .result(let id, let result) where result.readableBytes <= Self.copiedBytes:
            buffer.writeResult(id: id, result: result)
        case .result(let id, let result):
            buffer.writeStaticString(Self.resultStart)
            buffer.writeString(id.json)
            buffer.writeStaticString(Self.resultMiddle)
            return (result, ByteBuffer(staticString: Self.resultEnd))
        }
        return nil
    }

    /// The whole message in one buffer.
    var contiguous: ByteBuffer {
        if case .whole(let message) = content { return message }
        var whole = ByteBufferAllocator().buffer(capacity: count)
        if let (payload, end) = write(to: &whole) {
            whole.writeImmutableBuffer(payload)
            whole.writeImmutableBuffer(end)
        }
        return whole
    }
}
