// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The bytes that a parser has been given and has not consumed yet.
///
/// A chunk that arrives while nothing is left over is adopted as it is, so whatever lies inside one chunk can be handed
/// out as a slice of it. Later chunks wait in `arrived` and are joined only when `current` does not hold enough. Every
/// byte is therefore moved a bounded number of times, however small the chunks are and however the calls interleave.
package struct UnparsedBytes: Sendable {
    /// The bytes to parse now; consume them by moving the reader index.
    package var current = ByteBuffer()
    private var arrived = ByteBuffer()

    package init() {}

    package var count: Int { current.readableBytes + arrived.readableBytes }

    package mutating func append(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        if arrived.readableBytes > 0 {
            arrived.writeImmutableBuffer(bytes)
        } else if current.readableBytes == 0 {
            current = bytes
        } else {
            arrived = bytes
        }
    }

    /// Joins what arrived to `current`, and says whether there was anything to join.
    package mutating func refill() -> Bool {
        guard arrived.readableBytes > 0 else { return false }
        if current.readableBytes == 0 {
            current = arrived
        } else {
            // Bytes already consumed make way as soon as they outweigh the bytes that have to move.
            if current.readerIndex > current.readableBytes { current.discardReadBytes() }
            current.writeImmutableBuffer(arrived)
        }
        arrived = ByteBuffer()
        return true
    }

    package mutating func removeAll() {
        current = ByteBuffer()
        arrived = ByteBuffer()
    }
}
