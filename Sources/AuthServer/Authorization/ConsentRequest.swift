// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// A consent page that waits for its answer, under the digest of its `txn`. Nothing of the login exists yet.
package struct ConsentRequest: StoredRecord {
    package static let table = StorageTable("consent", capacity: 10_000)
    package static let isSealed = true

    package var grant: AuthorizationGrant
    package var isConfiguredClient: Bool
    /// The digest of what the form and the cookie must both say.
    package var csrfDigest: String

    package init(grant: AuthorizationGrant, isConfiguredClient: Bool, csrfDigest: String) {
        self.grant = grant
        self.isConfiguredClient = isConfiguredClient
        self.csrfDigest = csrfDigest
    }

    package var address: ReturnAddress { ReturnAddress(grant, isConfigured: isConfiguredClient) }
}
