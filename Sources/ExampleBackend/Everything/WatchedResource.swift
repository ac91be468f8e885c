// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The resource that changes when it is told to.
final class WatchedResource: Sendable {
    static let uri = "test://watched-resource"

    private let version = Atomic<Int>(1)

    var text: String { "Watched resource, version \(version.load(ordering: .acquiring))" }

    func touch() -> Int {
        version.add(1, ordering: .acquiringAndReleasing).newValue
    }
}
