// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A table of bounded size that forgets what was not used for longest.
///
/// All operations take constant time: the entries form a doubly linked list, held together by indices.
package struct LRUTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var key: Key
        var value: Value
        var newer: Int?
        var older: Int?
    }

    package let capacity: Int
    private var indices: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var newest: Int?
    private var oldest: Int?

    /// - Parameter capacity: at least one.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    package var count: Int { entries.count }

    /// Reading counts as use.
    package mutating func value(for key: Key) -> Value? {
        guard let index = indices[key] else { return nil }
        moveToFront(index)
        return entries[index].value
    }

    package mutating func set(_ value: Value, for key: Key) {
        if let index = indices[key] {
            entries[index].value = value
            moveToFront(index)
        } else if entries.count == capacity, let index = oldest {
            indices[entries[index].key] = nil
            entries[index].key = key
            entries[index].value = value
            indices[key] = index
            moveToFront(index)
        } else {
            entries.append(Entry(key: key, value: value, newer: nil, older: nil))
            indices[key] = entries.count - 1
            link(entries.count - 1)
        }
    }

    private mutating func moveToFront(_ index: Int) {
        guard newest != index else { return }
        unlink(index)
        link(index)
    }

    private mutating func unlink(_ index: Int) {
        let entry = entries[index]
        if let newer = entry.newer { entries[newer].older = entry.older } else { newest = entry.older }
        if let older = entry.older { entries[older].newer = entry.newer } else { oldest = entry.newer }
    }

    private mutating func link(_ index: Int) {
        entries[index].newer = nil
        entries[index].older = newest
        if let newest { entries[newest].newer = index } else { oldest = index }
        newest = index
    }
}
