// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// An authorization code, stored under the signature part of its text.
///
/// A used code is remembered, so that a second use is noticed and can end what the first one got.
package struct CodeRow: StoredRecord, Hashable {
    package static let table = StorageTable("code", capacity: 100_000)
    package static let isSealed = true

    package enum State: Sendable, Hashable, Codable {
        case issued(authorization: Authorization)
        /// The access token that was given for it expires then.
        case used(accessExpiresAt: Date)
    }

    package struct Authorization: Sendable, Hashable, Codable {
        package var grant: AuthorizationGrant
        package var user: ResolvedUser
        package var authenticatedAt: Date
    }

    package var familyID: String
    package var clientID: String
    package var tsid: String
    package var expiresAt: Date
    package var state: State

    package init(_ completed: CompletedAuthorization, familyID: String, expiresAt: Date) {
        self.familyID = familyID
        clientID = completed.grant.clientID
        tsid = completed.tsid
        self.expiresAt = expiresAt
        state = .issued(
            authorization: Authorization(
                grant: completed.grant, user: completed.user, authenticatedAt: completed.authenticatedAt))
    }

    /// When the store may forget it: the marker of a used code outlives the code, and the access token that it gave.
    package func forgottenAt(rules: TokenRules) -> Date {
        let marked = expiresAt.addingTimeInterval(rules.usedCodeMarker)
        return switch state {
        case .issued: marked
        case .used(let accessExpiresAt): max(marked, accessExpiresAt)
        }
    }
}
