// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// All refresh tokens that come from one login: what they share for as long as they are remembered.
///
/// A family is open while it has rows. Revoking removes all of them in one commit, which a refresh in flight notices
/// because the row that it read is gone.
package struct RefreshFamily: Sendable, Hashable, Codable {
    package var id: String
    package var clientID: String
    package var tsid: String
    /// The key that a public client proved to hold when it redeemed the code.
    package var thumbprint: String?
    package var createdAt: Date
    /// The absolute end: no refresh moves it.
    package var endsAt: Date

    package init(
        id: String, clientID: String, tsid: String, thumbprint: String?, createdAt: Date, endsAt: Date
    ) {
        self.id = id
        self.clientID = clientID
        self.tsid = tsid
        self.thumbprint = thumbprint
        self.createdAt = createdAt
        self.endsAt = endsAt
    }
}

/// What access tokens of a family are made of; forgotten when a refresh token is spent.
package struct RefreshGrant: Sendable, Hashable, Codable {
    package var user: ResolvedUser
    package var scopes: [String]
    package var resource: String
    package var authenticatedAt: Date

    package init(user: ResolvedUser, scopes: [String], resource: String, authenticatedAt: Date) {
        self.user = user
        self.scopes = scopes
        self.resource = resource
        self.authenticatedAt = authenticatedAt
    }
}
