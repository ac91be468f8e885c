// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts from one.
package final class Counter: Sendable {
    private let value = Atomic(0)

    package init() {}

    package var current: Int { value.load(ordering: .relaxed) }

    package func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}
