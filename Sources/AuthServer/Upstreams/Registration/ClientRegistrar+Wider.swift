// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Storage

/// Further registrations for scopes that the first one does not have.
///
/// A remote MCP server decides what is demanded, so there are a few places for them and no more, whatever it demands.
extension ClientRegistrar {
    static let maximumWider = 8

    /// The registration at this issuer that has all of the scopes, or a new one.
    ///
    /// - Returns: `nil` when there is no place for another one.
    func wider(
        issuer: String, scopes: [String],
        registering register: () async throws(UpstreamStartError.Problem) -> UpstreamClientRecord
    ) async throws(UpstreamStartError.Problem) -> (id: String, record: UpstreamClientRecord)? {
        let ids = (0..<Self.maximumWider).map { UpstreamRowID.id("wider", upstream, redirectURI, "\($0)") }
        var made: UpstreamClientRecord?
        // Each further turn is one after another process took the place.
        for _ in 0...Self.maximumWider {
            let rows = try await Self.storing { () async throws(StorageError) in
                try await records.load(UpstreamClientRecord.self, ids)
            }
            for (id, row) in zip(ids, rows) {
                guard let row, row.record.isOf(issuer), scopes.allSatisfy(row.record.scopes.contains) else {
                    continue
                }
                try await Self.storing { () async throws(StorageError) in try await prolong(row, id) }
                return (id, row.record)
            }
            // Tokens of another issuer are of no use any more, nor is what they were got with.
            guard let index = rows.firstIndex(where: { $0?.record.isOf(issuer) != true }) else { return nil }
            let record: UpstreamClientRecord
            if let made {
                record = made
            } else {
                record = try await register()
                made = record
            }
            let outcome = try await Self.storing { () async throws(StorageError) in
                guard let old = rows[index] else {
                    return try await records.create(record, ids[index], expires: expiry(of: record))
                }
                return try await records.replace(
                    record, ids[index], version: old.version, expires: expiry(of: record))
            }
            switch outcome {
            case .committed: return (ids[index], record)
            case .conflict: continue
            case .full: return nil
            }
        }
        return nil
    }

    private static func storing<Result: Sendable>(
        _ body: () async throws(StorageError) -> Result
    ) async throws(UpstreamStartError.Problem) -> Result {
        do throws(StorageError) {
            return try await body()
        } catch {
            throw .storage
        }
    }
}
