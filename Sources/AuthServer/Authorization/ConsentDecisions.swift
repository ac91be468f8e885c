// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// One approval of a person: exactly what it was about.
package struct ConsentDecision: Sendable, Hashable, Codable {
    package var id: String
    package var clientID: String
    package var clientFingerprint: String
    package var redirectURI: String
    package var scopes: Set<String>
    package var resource: String
    package var upstreams: [UpstreamConsent]
    /// Who signed in first after it; nobody yet when `nil`.
    package var userID: String?
    package var expires: Date

    /// Whether the person would see the same page, or one that asks for less.
    package func covers(_ grant: AuthorizationGrant, upstreams: [UpstreamConsent], now: Date) -> Bool {
        now < expires && clientID == grant.clientID && clientFingerprint == grant.clientFingerprint
            && redirectURI == grant.redirectURI && resource == grant.resource && self.upstreams == upstreams
            && scopes.isSuperset(of: grant.scopes)
    }
}

/// What the page says about an upstream, as far as a change of it asks for another decision.
package struct UpstreamConsent: Sendable, Hashable, Codable {
    package var name: String
    package var scopes: [String]

    package init(name: String, scopes: [String]) {
        self.name = name
        self.scopes = scopes
    }
}

/// The decisions that were made in one browser, oldest first; kept under the digest of its cookie.
package struct ConsentDecisions: StoredRecord, Hashable {
    package static let table = StorageTable("consents", capacity: 100_000)
    package static let isSealed = false
    package static let maximumCount = 50

    package private(set) var decisions: [ConsentDecision]

    package init(_ decisions: [ConsentDecision] = []) { self.decisions = decisions }

    /// Adds a decision in place of those that it makes pointless; the oldest gives way when there are too many.
    package mutating func add(_ decision: ConsentDecision, now: Date) {
        decisions.removeAll { old in
            guard now < old.expires else { return true }
            guard old.clientID == decision.clientID, old.redirectURI == decision.redirectURI else { return false }
            return old.clientFingerprint != decision.clientFingerprint || old.upstreams != decision.upstreams
                || (old.resource == decision.resource && decision.scopes.isSuperset(of: old.scopes))
        }
        decisions.append(decision)
        decisions.removeFirst(max(0, decisions.count - Self.maximumCount))
    }

    package mutating func remove(_ id: String) {
        decisions.removeAll { $0.id == id }
    }

    package mutating func setUser(_ user: String, of id: String) {
        for index in decisions.indices where decisions[index].id == id { decisions[index].userID = user }
    }
}
