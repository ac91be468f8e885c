// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore

/// The date of one shard, refreshed by its tick, and the beginning of most answers.
///
/// `@unchecked Sendable`: once it is made, confined to its shard's loop.
final class ShardClock: Sweepable, @unchecked Sendable {
    private var date = HTTPDate()
    /// The head of a JSON answer with status 200, up to the number of its bytes.
    private(set) var resultHead = ByteBuffer()

    init() { refresh() }

    var text: String { date.text }

    func sweep(now: NIODeadline) { refresh() }

    private func refresh() {
        guard date.refresh() else { return }
        resultHead = ByteBuffer(
            string: "HTTP/1.1 200 OK\r\nDate: \(date.text)\r\nContent-Type: application/json\r\nContent-Length: ")
    }
}
