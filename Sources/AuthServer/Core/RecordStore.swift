// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Foundation
package import Storage

/// Something that the authorization server keeps in its store.
package protocol StoredRecord: Codable, Sendable {
    static var table: StorageTable { get }
    /// Whether the row is encrypted: it holds something that a reader of the store could use.
    static var isSealed: Bool { get }
}

package struct Stored<Record: Sendable>: Sendable {
    package let record: Record
    package let version: Int64
    package let expires: Date?
}

/// Typed access to the store: rows are JSON, those with secrets are sealed to their key.
package struct RecordStore: Sendable {
    package let storage: any Storage
    private let sealer: Sealer

    package init(storage: any Storage, sealer: Sealer) {
        self.storage = storage
        self.sealer = sealer
    }

    package func key<Record: StoredRecord>(_ type: Record.Type, _ id: String) -> StorageKey {
        StorageKey(Record.table, id)
    }

    package func load<Record: StoredRecord>(
        _ type: Record.Type, _ id: String
    ) async throws(StorageError) -> Stored<Record>? {
        try await load(type, [id])[0]
    }

    /// One read of the store for all of them.
    package func load<Record: StoredRecord>(
        _ type: Record.Type, _ ids: [String]
    ) async throws(StorageError) -> [Stored<Record>?] {
        let keys = ids.map { key(type, $0) }
        let rows = try await storage.load(keys)
        var records: [Stored<Record>?] = []
        for (key, row) in zip(keys, rows) {
            records.append(try row.map { row throws(StorageError) in try decode(row, key) })
        }
        return records
    }

    /// Removes the record and returns it; only one caller gets it.
    package func take<Record: StoredRecord>(
        _ type: Record.Type, _ id: String
    ) async throws(StorageError) -> Stored<Record>? {
        let key = key(type, id)
        guard let row = try await storage.take(key) else { return nil }
        return try decode(row, key)
    }

    package func put<Record: StoredRecord>(
        _ record: Record, _ id: String, expires: Date?, groups: [String] = []
    ) throws(StorageError) -> StorageWrite {
        let key = key(Record.self, id)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .secondsSince1970
        guard let json = try? encoder.encode(record) else { throw Self.unreadable(Record.table) }
        let bytes = Record.isSealed ? try seal([UInt8](json), key) : [UInt8](json)
        return .put(key, bytes, expires: expires, groups: groups)
    }

    /// Stores a record that must not exist yet.
    package func create<Record: StoredRecord>(
        _ record: Record, _ id: String, expires: Date?, groups: [String] = []
    ) async throws(StorageError) -> StorageOutcome {
        try await storage.commit(
            StorageChanges(
                conditions: [.absent(key(Record.self, id))],
                writes: [put(record, id, expires: expires, groups: groups)]))
    }

    /// Replaces a record unless somebody else changed it meanwhile.
    package func replace<Record: StoredRecord>(
        _ record: Record, _ id: String, version: Int64, expires: Date?, groups: [String] = []
    ) async throws(StorageError) -> StorageOutcome {
        try await storage.commit(
            StorageChanges(
                conditions: [.version(key(Record.self, id), version)],
                writes: [put(record, id, expires: expires, groups: groups)]))
    }

    package func decode<Record: StoredRecord>(
        _ row: StoredRow, _ key: StorageKey
    ) throws(StorageError) -> Stored<Record> {
        let bytes = Record.isSealed ? try open(row.bytes, key) : row.bytes
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        guard let record = try? decoder.decode(Record.self, from: Data(bytes)) else {
            throw Self.unreadable(Record.table)
        }
        return Stored(record: record, version: row.version, expires: row.expires)
    }

    private func seal(_ bytes: [UInt8], _ key: StorageKey) throws(StorageError) -> [UInt8] {
        do throws(SealingError) {
            return try sealer.seal(bytes, for: key)
        } catch {
            throw .unavailable("a row of \(key.table.name): \(error)")
        }
    }

    private func open(_ bytes: [UInt8], _ key: StorageKey) throws(StorageError) -> [UInt8] {
        do throws(SealingError) {
            return try sealer.open(bytes, for: key)
        } catch {
            throw .unavailable("a row of \(key.table.name): \(error)")
        }
    }

    private static func unreadable(_ table: StorageTable) -> StorageError {
        .unavailable("a row of \(table.name) is not what this version of vmcp writes")
    }

    /// The id under which something that only its holder may know is stored: the store never sees the handle itself.
    package static func id(ofHandle handle: String) -> String {
        SHA256.hash(data: Array(handle.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
