// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Messages on their way to a child's standard input, bounded in bytes.
///
/// A message counts from `enqueue` until the kernel has taken it, so a child that stops reading is noticed by its
/// callers instead of filling our memory.
struct StdioOutbox {
    let limit: Int
    private(set) var unwritten = 0
    private(set) var isOpen = true
    private var pending: [ByteBuffer] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: whether the caller must arrange for a `take`.
    mutating func enqueue(_ message: ByteBuffer) throws(StdioError) -> Bool {
        guard isOpen else { throw .notRunning }
        let size = message.readableBytes + 1
        guard size <= limit - unwritten else { throw .queueFull(unwritten: unwritten, limit: limit) }
        unwritten += size
        pending.append(message)
        return pending.count == 1
    }

    mutating func take() -> [ByteBuffer] {
        defer { pending.removeAll(keepingCapacity: pending.count < 64) }
        return pending
    }

    mutating func written(_ count: Int) {
        unwritten -= count
    }

    /// Refuses further messages; those queued are still handed out.
    mutating func close() {
        isOpen = false
    }
}
