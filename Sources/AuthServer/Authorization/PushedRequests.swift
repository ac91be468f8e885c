// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// Pushed requests in the store, each under the digest of its request URI and good for one use.
package struct PushedRequests: Sendable {
    package static let capacity = 10_000
    package static let lifetime = 60
    package static let uriPrefix = "urn:ietf:params:oauth:request_uri:"

    private let records: RecordStore
    private let random: any RandomSource
    private let now: @Sendable () -> Date

    package init(records: RecordStore, random: any RandomSource, now: @escaping @Sendable () -> Date) {
        self.records = records
        self.random = random
        self.now = now
    }

    /// Keeps the request and returns its URI; `nil` when there are too many already.
    package func keep(_ request: PushedRequest) async throws(StorageError) -> String? {
        let uri = Self.uriPrefix + RandomHandle.base64URL(from: random)
        let expires = now().addingTimeInterval(TimeInterval(Self.lifetime))
        switch try await records.create(request, RecordStore.id(ofHandle: uri), expires: expires) {
        case .committed: return uri
        case .conflict, .full: return nil
        }
    }

    package func take(_ uri: String) async throws(StorageError) -> PushedRequest? {
        try await records.take(PushedRequest.self, RecordStore.id(ofHandle: uri))?.record
    }
}
