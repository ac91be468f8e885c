// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// A message on its way out. A result is spelled where it is written, so that it is copied but once.
struct OutgoingMessage: Sendable {
    /// Of the request that `bytes` is the result of; `nil` when they are the whole message.
    private let resultID: RequestID?
    private let bytes: ByteBuffer

    /// Up to this size copying is cheaper than another element of a vector write.
    private static let copiedBytes = 16 * 1024

    init(_ message: ByteBuffer) {
        resultID = nil
        bytes = message
    }

    init(id: RequestID, result: ByteBuffer) {
        resultID = id
        bytes = result
    }

    init(id: RequestID?, error: RequestError) {
        var message = ByteBuffer()
        message.writeError(id: id, error: error)
        self.init(message)
    }

    var count: Int {
        resultID.map { PieceWriter.resultCount(id: $0, result: bytes) } ?? bytes.readableBytes
    }

    /// Whether there is a payload that is better written beside than copied.
    private var hasPayload: Bool { bytes.readableBytes > Self.copiedBytes && resultID != nil }

    /// How many bytes `write` writes.
    var writtenBytes: Int { hasPayload ? count - bytes.readableBytes - 1 : count }

    /// Writes the message, but for a payload that is better written beside.
    ///
    /// - Returns: such a payload and what follows it.
    func write(to writer: inout PieceWriter) -> (payload: ByteBuffer, end: ByteBuffer)? {
        guard let resultID else {
            writer.write(bytes)
            return nil
        }
        guard hasPayload else {
            writer.writeResult(id: resultID, result: bytes)
            return nil
        }
        writer.writeStartOfResult(id: resultID)
        return (bytes, ByteBuffer(staticString: "}"))
    }

    /// The whole message in one buffer.
    var contiguous: ByteBuffer {
        guard resultID != nil else { return bytes }
        let count = self.count
        var whole = ByteBufferAllocator().buffer(capacity: count)
        whole.writePieces(capacity: count) { writer in
            if let (payload, end) = write(to: &writer) {
                writer.write(payload)
                writer.write(end)
            }
        }
        return whole
    }
}
