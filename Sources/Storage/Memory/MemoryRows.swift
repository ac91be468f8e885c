// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The rows of a `MemoryStorage`, with what finds them by group and by expiry.
struct MemoryRows {
    struct Entry {
        let bytes: [UInt8]
        let version: Int64
        var expires: StorageInstant?
        let groups: Set<ExactText>
    }

    private var entries: [StorageKey: Entry] = [:]
    private var members: [ExactText: Set<StorageKey>] = [:]
    private var sizes: [StorageTable: Int] = [:]
    private var expiries = ExpiryHeap()
    private var lastVersion: Int64 = 0

    /// Expired rows that one write removes in passing: more than it can add, so that they cannot pile up.
    private static let sweptPerWrite = 8

    /// Rows and places of the heap, expired ones included: what the memory is used for.
    var footprint: (rows: Int, places: Int, groups: Int) { (entries.count, expiries.count, members.count) }

    // MARK: Reading

    func row(_ key: StorageKey, at now: StorageInstant) -> StoredRow? {
        live(key, at: now).map(Self.row)
    }

    func rows(inGroup group: String, limit: Int, at now: StorageInstant) -> [(key: StorageKey, row: StoredRow)] {
        let keys = members[ExactText(group)] ?? []
        return
            keys
            .compactMap { key in live(key, at: now).map { (key: key, row: Self.row($0)) } }
            .sorted { $0.row.version < $1.row.version }
            .prefix(max(0, limit))
            .map { (key: StorageKey(StorageTable($0.key.table.name), $0.key.id), row: $0.row) }
    }

    mutating func count(_ table: StorageTable, at now: StorageInstant) -> Int {
        sweep(at: now, atMost: .max)
        return sizes[table] ?? 0
    }

    private func live(_ key: StorageKey, at now: StorageInstant) -> Entry? {
        guard let entry = entries[key], !entry.isExpired(at: now) else { return nil }
        return entry
    }

    private static func row(_ entry: Entry) -> StoredRow {
        StoredRow(bytes: entry.bytes, version: entry.version, expires: entry.expires?.date)
    }

    // MARK: Writing

    mutating func take(_ key: StorageKey, at now: StorageInstant) -> StoredRow? {
        let row = row(key, at: now)
        replace(key, with: nil)
        sweep(at: now, atMost: Self.sweptPerWrite)
        return row
    }

    mutating func commit(_ changes: StorageChanges, at now: StorageInstant) -> StorageOutcome {
        for condition in changes.conditions {
            switch condition {
            case .absent(let key):
                guard live(key, at: now) == nil else { return .conflict(key) }
            case .version(let key, let version):
                guard live(key, at: now)?.version == version else { return .conflict(key) }
            }
        }
        var undo: [(key: StorageKey, entry: Entry?)] = []
        for write in changes.writes {
            guard let table = apply(write, at: now, undo: &undo) else { continue }
            for (key, entry) in undo.reversed() { replace(key, with: entry) }
            return .full(table)
        }
        sweep(at: now, atMost: Self.sweptPerWrite * changes.writes.count)
        return .committed
    }

    /// Returns the table that had no room, or `nil` when the write was done.
    private mutating func apply(
        _ write: StorageWrite, at now: StorageInstant, undo: inout [(key: StorageKey, entry: Entry?)]
    ) -> StorageTable? {
        switch write {
        case .delete(let key):
            undo.append((key, replace(key, with: nil)))
        case .deleteGroup(let group):
            for key in members[ExactText(group)] ?? [] { undo.append((key, replace(key, with: nil))) }
        case .touch(let key, let date):
            guard var entry = live(key, at: now) else { return nil }
            entry.expires = date.map(StorageInstant.init)
            undo.append((key, replace(key, with: entry.isExpired(at: now) ? nil : entry)))
        case .put(let key, let bytes, let date, let groups):
            lastVersion += 1
            let entry = Entry(
                bytes: bytes, version: lastVersion, expires: date.map(StorageInstant.init),
                groups: Set(groups.map(ExactText.init)))
            guard !entry.isExpired(at: now) else {
                undo.append((key, replace(key, with: nil)))
                return nil
            }
            guard live(key, at: now) != nil || hasRoom(key.table, at: now) else { return key.table }
            undo.append((key, replace(key, with: entry)))
        }
        return nil
    }

    private mutating func hasRoom(_ table: StorageTable, at now: StorageInstant) -> Bool {
        guard let capacity = table.capacity, sizes[table, default: 0] >= capacity else { return true }
        sweep(at: now, atMost: .max)
        return sizes[table, default: 0] < capacity
    }

    /// The one place where a row comes, goes or changes; returns what was there.
    @discardableResult
    private mutating func replace(_ key: StorageKey, with entry: Entry?) -> Entry? {
        let old = entries.updateValueOrRemove(entry, forKey: key)
        for group in old?.groups ?? [] {
            members[group]?.remove(key)
            if members[group]?.isEmpty == true { members[group] = nil }
        }
        for group in entry?.groups ?? [] { members[group, default: []].insert(key) }
        let change = (entry == nil ? 0 : 1) - (old == nil ? 0 : 1)
        if change != 0 {
            sizes[key.table, default: 0] += change
            if sizes[key.table] == 0 { sizes[key.table] = nil }
        }
        if let expires = entry?.expires, expires != old?.expires {
            expiries.insert(ExpiryHeap.Place(expires: expires, key: key))
        }
        return old
    }

    // MARK: Expiry

    private mutating func sweep(at now: StorageInstant, atMost limit: Int) {
        var removed = 0
        while removed < limit, let place = expiries.popDue(at: now) {
            guard entries[place.key]?.expires == place.expires else { continue }
            replace(place.key, with: nil)
            removed += 1
        }
        guard expiries.count > 2 * entries.count + 64 else { return }
        expiries = ExpiryHeap(
            entries.compactMap { key, entry in
                entry.expires.map { ExpiryHeap.Place(expires: $0, key: key) }
            })
    }
}

extension MemoryRows.Entry {
    func isExpired(at now: StorageInstant) -> Bool {
        guard let expires else { return false }
        return expires <= now
    }
}

extension Dictionary {
    fileprivate mutating func updateValueOrRemove(_ value: Value?, forKey key: Key) -> Value? {
        guard let value else { return removeValue(forKey: key) }
        return updateValue(value, forKey: key)
    }
}
