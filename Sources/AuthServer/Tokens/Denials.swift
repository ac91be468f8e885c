// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import Storage

/// Refused logins and access tokens: kept in the store for the next start, and in the process for every request.
package struct Denials: Sendable {
    /// The store answers with a bounded number of rows of a group, so the denials are spread over this many.
    static let shards = 256

    private let records: RecordStore
    private let sink: any DenialSink

    package init(records: RecordStore, sink: any DenialSink) {
        self.records = records
        self.sink = sink
    }

    /// The write that keeps a denial, for the commit that decides it.
    package func write(_ denial: DenialRow) throws(StorageError) -> StorageWrite {
        try records.put(denial, denial.id, expires: denial.until, groups: [Self.group(of: denial.id)])
    }

    /// Takes effect in this process; after the commit.
    package func enforce(_ denial: DenialRow) {
        switch denial.subject {
        case .tsid(let tsid): sink.deny(tsid: tsid, until: denial.until)
        case .jti(let jti): sink.deny(jti: jti, until: denial.until)
        }
    }

    /// Takes effect and is kept. Takes effect even when it cannot be kept.
    package func deny(_ denial: DenialRow) async throws(OAuthError) {
        enforce(denial)
        let outcome = try await storing { () async throws(StorageError) in
            try await records.storage.commit(StorageChanges(writes: [write(denial)]))
        }
        guard outcome == .committed else { throw .noRoom }
    }

    /// Brings back what was refused before a restart; must be done before the first request is served.
    ///
    /// - Returns: how many there are.
    @discardableResult
    package func load() async throws(StorageError) -> Int {
        var count = 0
        for shard in 0..<Self.shards {
            let rows = try await records.storage.rows(inGroup: Self.group(shard), limit: StorageLimits.groupRows)
            for (key, row) in rows {
                let denial: Stored<DenialRow> = try records.decode(row, key)
                enforce(denial.record)
                count += 1
            }
        }
        return count
    }

    /// By the first byte of the hash in the id.
    static func group(of id: String) -> String {
        let hash = id.drop { $0 != ":" }.dropFirst()
        return group(Int(hash.prefix(2), radix: 16) ?? 0)
    }

    private static func group(_ shard: Int) -> String { "denials:\(shard)" }
}
