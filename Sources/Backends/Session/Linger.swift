// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How long a stream may stay open after the answer that it was for: it should end then, and its connection is wanted
/// back.
struct Linger {
    private static let limit = TimeAmount.seconds(1)

    private var deadline: NIODeadline?

    /// The answer has come. From now on the shard looks at `stream`, which is to ask `isOver`.
    mutating func begin(_ stream: some Sweepable, on shard: Shard) {
        guard deadline == nil else { return }
        deadline = .now() + Self.limit
        shard.watch(stream)
    }

    func isOver(_ now: NIODeadline) -> Bool { deadline.map { now >= $0 } ?? false }

    /// The stream has ended.
    func end(_ stream: some Sweepable, on shard: Shard) {
        if deadline != nil { shard.unwatch(stream) }
    }
}
