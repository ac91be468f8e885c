// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// A client that registered itself, as it is stored.
package struct ClientRecord: StoredRecord {
    package static let table = StorageTable("clients", capacity: ClientRegistry.capacity)
    package static let isSealed = false

    package var client: OAuthClient

    package init(client: OAuthClient) { self.client = client }
}

/// When a registration was made and last proved useful.
///
/// Groups list rows in the order in which they were written, so the first ones of each are those idle longest.
package struct ClientUseRecord: StoredRecord {
    package static let table = StorageTable("client-uses", capacity: ClientRegistry.capacity)
    package static let isSealed = false
    package static let unprovenGroup = "clients-unproven"
    package static let provenGroup = "clients-proven"

    package var createdAt: Date
    /// The last time that a renewal was written after a successful token request; `nil` before the first one.
    package var provenAt: Date?

    package init(createdAt: Date, provenAt: Date? = nil) {
        self.createdAt = createdAt
        self.provenAt = provenAt
    }

    package var group: String { provenAt == nil ? Self.unprovenGroup : Self.provenGroup }
}
