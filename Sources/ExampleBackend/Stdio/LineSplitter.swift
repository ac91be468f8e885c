// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Cuts a stream of bytes into lines at 0x0A and nowhere else.
struct LineSplitter {
    enum Line: Equatable {
        case line(ByteBuffer)
        /// A line above the limit, thrown away.
        case tooLong
    }

    let limit: Int
    private var pending = ByteBuffer()
    private var isSkipping = false

    init(limit: Int) {
        self.limit = limit
    }

    /// The lines that end in these bytes; empty ones are left out.
    mutating func lines(in bytes: ByteBuffer) -> [Line] {
        var bytes = bytes
        var lines: [Line] = []
        while let end = bytes.readableBytesView.firstIndex(of: 0x0A) {
            let length = end - bytes.readerIndex
            if var tail = bytes.readSlice(length: length) { append(&tail, &lines) }
            bytes.moveReaderIndex(forwardBy: 1)
            if !isSkipping {
                if pending.readableBytesView.last == 0x0D { pending.moveWriterIndex(to: pending.writerIndex - 1) }
                if pending.readableBytes > 0 { lines.append(.line(pending)) }
            }
            pending = ByteBuffer()
            isSkipping = false
        }
        append(&bytes, &lines)
        return lines
    }

    private mutating func append(_ bytes: inout ByteBuffer, _ lines: inout [Line]) {
        guard !isSkipping else { return }
        if pending.readableBytes + bytes.readableBytes > limit {
            isSkipping = true
            pending = ByteBuffer()
            lines.append(.tooLong)
        } else if pending.readableBytes == 0 {
            pending = bytes
        } else {
            pending.writeImmutableBuffer(bytes)
        }
    }
}
