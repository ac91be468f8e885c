// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Turns messages into the lines of the stdio transport: one message, one line, no line break inside.
enum StdioFrames {
    /// Messages up to this size are copied together so that a burst leaves in one system call.
    private static let copyLimit = 16 * 1024

    /// The buffers to write, in order, for these messages.
    ///
    /// A raw line break inside a message can only be JSON white space (in a string it must be escaped), and HTTP
    /// clients may send pretty-printed JSON, so line feeds and carriage returns become spaces. Some readers treat a
    /// lone carriage return as a line end too.
    static func encode(_ messages: [ByteBuffer], allocator: ByteBufferAllocator) -> [ByteBuffer] {
        let small = messages.reduce(messages.count) { sum, message in
            message.readableBytes <= copyLimit ? sum + message.readableBytes : sum
        }
        var frames: [ByteBuffer] = []
        var batch = allocator.buffer(capacity: small)
        for message in messages {
            let clean = withoutLineBreaks(message, allocator: allocator)
            if clean.readableBytes <= copyLimit {
                batch.writeImmutableBuffer(clean)
            } else {
                if batch.readableBytes > 0 {
                    frames.append(batch)
                    batch = allocator.buffer(capacity: 64)
                }
                frames.append(clean)
            }
            batch.writeInteger(UInt8(ascii: "\n"))
        }
        if batch.readableBytes > 0 { frames.append(batch) }
        return frames
    }

    private static func withoutLineBreaks(_ message: ByteBuffer, allocator: ByteBufferAllocator) -> ByteBuffer {
        let view = message.readableBytesView
        guard view.contains(UInt8(ascii: "\n")) || view.contains(UInt8(ascii: "\r")) else { return message }
        var clean = allocator.buffer(capacity: view.count)
        clean.writeBytes(view.lazy.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
        return clean
    }
}
