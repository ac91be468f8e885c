// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// What reached a backend, by its own count.
struct BackendCounters: Sendable {
    let json: String
    /// Calls that only asked for the counters. Exact as long as a test looks from one task.
    let ownCalls: Int

    /// The calls that came through the gateway.
    var calls: Int { self["calls"] - ownCalls }

    /// A counter by its name; 0 when there is none of that name, which no comparison with a positive number survives.
    subscript(name: String) -> Int {
        (try? JSONSlice(validating: ByteBuffer(string: json)))?.member(name)?.int ?? 0
    }
}
