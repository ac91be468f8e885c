// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage

/// A person, known by a name that we made up; never expires, or the same person would come back as another.
struct UserRecord: StoredRecord {
    static let table = StorageTable("user", capacity: 1_000_000)
    static let isSealed = false

    var id: String
    var createdAt: Date
}

/// Whom an upstream's subject is, to us.
struct IdentityRecord: StoredRecord {
    static let table = StorageTable("identity", capacity: 1_000_000)
    /// The subject is often an e-mail address.
    static let isSealed = true

    var userID: String
    var provider: String
    var subject: String
    var linkedAt: Date
    var lastUsedAt: Date

    static func id(provider: String, subject: String) -> String { UpstreamRowID.id(provider, subject) }

    static func group(userID: String) -> String { "identity-user:" + UpstreamRowID.id(userID) }
}
