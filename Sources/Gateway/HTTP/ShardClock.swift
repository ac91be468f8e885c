// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore

/// The date of one shard, refreshed by its tick. Touched only on the shard's loop.
final class ShardClock: Sweepable, @unchecked Sendable {
    var date: HTTPDate

    init() {
        date = HTTPDate()
        date.refresh()
    }

    func sweep(now: NIODeadline) { date.refresh() }
}
