// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Keys in the order in which they expire.
///
/// A row that was replaced or removed leaves its old place behind; the owner tells such a place by comparing it with
/// the row, and rebuilds the heap when most of it is of that sort.
struct ExpiryHeap {
    struct Place {
        let expires: StorageInstant
        let key: StorageKey
    }

    private var places: [Place] = []

    var count: Int { places.count }

    init() {}

    init(_ places: [Place]) {
        self.places = places
        for index in stride(from: places.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    mutating func insert(_ place: Place) {
        places.append(place)
        var index = places.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard places[index].expires < places[parent].expires else { return }
            places.swapAt(index, parent)
            index = parent
        }
    }

    /// Removes the earliest place if its time has come.
    mutating func popDue(at now: StorageInstant) -> Place? {
        guard let first = places.first, first.expires <= now else { return nil }
        places.swapAt(0, places.count - 1)
        places.removeLast()
        sink(0)
        return first
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < places.count && places[child].expires < places[least].expires {
                least = child
            }
            guard least != index else { return }
            places.swapAt(index, least)
            index = least
        }
    }
}
