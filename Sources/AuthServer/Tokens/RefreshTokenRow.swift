// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// One refresh token of a family, stored under the signature part of its text.
///
/// Decides without I/O what happens to a token that is presented (rules R1 to R10); `RefreshTokenGrant` does it.
package struct RefreshTokenRow: StoredRecord, Hashable {
    package static let table = StorageTable("refresh", capacity: 1_000_000)
    package static let isSealed = true

    package enum State: Sendable, Hashable, Codable {
        case active(grant: RefreshGrant)
        /// Used, but its answer may have been lost.
        case grace(grant: RefreshGrant, retirement: Retirement)
        /// Its successor was used: nobody honest has a use for it.
        case spent
    }

    package struct Retirement: Sendable, Hashable, Codable {
        package var at: Date
        /// The signature part of the successor.
        package var successor: String
        package var repeats: Int

        package init(at: Date, successor: String, repeats: Int) {
            self.at = at
            self.successor = successor
            self.repeats = repeats
        }
    }

    package var family: RefreshFamily
    package var generation: Int
    package var state: State
    /// After this it can no longer be used; the row itself stays until the family ends.
    package var expiresAt: Date
    /// The signature part of the token that this one replaced.
    package var predecessor: String?
    /// When the last access token of the family expires, as far as this token knows.
    package var accessExpiresAt: Date

    package init(
        family: RefreshFamily, generation: Int, state: State, expiresAt: Date, predecessor: String?,
        accessExpiresAt: Date
    ) {
        self.family = family
        self.generation = generation
        self.state = state
        self.expiresAt = expiresAt
        self.predecessor = predecessor
        self.accessExpiresAt = accessExpiresAt
    }

    /// The first token of a new family.
    package init(
        opening family: RefreshFamily, grant: RefreshGrant, accessExpiresAt: Date, at now: Date, rules: TokenRules
    ) {
        self.init(
            family: family, generation: 1, state: .active(grant: grant),
            expiresAt: min(now.addingTimeInterval(rules.refreshLifespan), family.endsAt), predecessor: nil,
            accessExpiresAt: accessExpiresAt)
    }

    /// What ending a login, or all of a person, finds the row by.
    package var groups: [String] {
        switch state {
        case .active(let grant), .grace(let grant, _):
            [TokenGroups.login(family.tsid), TokenGroups.user(grant.user.id)]
        case .spent: [TokenGroups.login(family.tsid)]
        }
    }
}

/// Who presents a refresh token.
package struct RefreshPresentation: Sendable, Hashable {
    package var clientID: String
    /// The thumbprint of its DPoP proof.
    package var thumbprint: String?

    package init(clientID: String, thumbprint: String?) {
        self.clientID = clientID
        self.thumbprint = thumbprint
    }
}

/// What is to be done with a refresh token that was presented.
package enum RefreshDecision: Sendable, Hashable {
    /// R1: replace it.
    case rotate(RefreshGrant)
    /// R2: its answer was lost; the same successor again.
    case repeatSuccessor(RefreshGrant, signature: String)
    /// R3, R5: somebody has a copy; end the family.
    case revoke(Reuse)
    /// Refuse it and change nothing.
    case refuse(Refusal)

    package enum Reuse: String, Sendable, Hashable {
        case repeatsExhausted = "repeats_exhausted"
        case spent
    }

    package enum Refusal: String, Sendable, Hashable {
        /// R6.
        case expired
        /// R7.
        case ended
        /// R8.
        case otherClient = "other_client"
        case wrongKey = "wrong_key"
        /// The clock says that the token was retired in the future: it went back, and nobody can tell whether the grace
        /// is over.
        case clockWentBack = "clock"
    }
}

extension RefreshTokenRow {
    /// Decides what presenting this token means. Changes the row only where time alone did (R4).
    package mutating func present(
        _ presentation: RefreshPresentation, at now: Date, rules: TokenRules
    ) -> RefreshDecision {
        guard presentation.clientID.utf8.elementsEqual(family.clientID.utf8) else { return .refuse(.otherClient) }
        if let expected = family.thumbprint, presentation.thumbprint != expected { return .refuse(.wrongKey) }
        guard now < family.endsAt else { return .refuse(.ended) }
        expireGrace(at: now, rules: rules)
        switch state {
        case .active(let grant):
            guard now < expiresAt else { return .refuse(.expired) }
            guard generation < rules.maximumGeneration else { return .refuse(.ended) }
            return .rotate(grant)
        case .grace(let grant, let retirement):
            guard now >= retirement.at.addingTimeInterval(-rules.clockTolerance) else {
                return .refuse(.clockWentBack)
            }
            guard retirement.repeats < rules.maximumRepeats else { return .revoke(.repeatsExhausted) }
            return .repeatSuccessor(grant, signature: retirement.successor)
        case .spent:
            return .revoke(.spent)
        }
    }

    /// R4: the grace ends by itself, and is noticed when somebody looks.
    private mutating func expireGrace(at now: Date, rules: TokenRules) {
        guard case .grace(_, let retirement) = state, now >= retirement.at.addingTimeInterval(rules.grace) else {
            return
        }
        state = .spent
    }

    /// R1: retires this token and returns the row of its successor.
    package mutating func rotate(
        _ grant: RefreshGrant, to successor: String, from signature: String, accessExpiresAt: Date, at now: Date,
        rules: TokenRules
    ) -> RefreshTokenRow {
        self.accessExpiresAt = max(self.accessExpiresAt, accessExpiresAt)
        state = .grace(grant: grant, retirement: Retirement(at: now, successor: successor, repeats: 0))
        return RefreshTokenRow(
            family: family, generation: generation + 1, state: .active(grant: grant),
            expiresAt: min(now.addingTimeInterval(rules.refreshLifespan), family.endsAt), predecessor: signature,
            accessExpiresAt: self.accessExpiresAt)
    }

    /// R2: counts a repeated answer.
    package mutating func countRepeat(accessExpiresAt: Date) {
        guard case .grace(let grant, var retirement) = state else { return }
        retirement.repeats += 1
        state = .grace(grant: grant, retirement: retirement)
        self.accessExpiresAt = max(self.accessExpiresAt, accessExpiresAt)
    }

    /// What is left of the token before this one, now that this one was used.
    package var spentPredecessor: (signature: String, row: RefreshTokenRow)? {
        predecessor.map { signature in
            (
                signature,
                RefreshTokenRow(
                    family: family, generation: generation - 1, state: .spent, expiresAt: expiresAt, predecessor: nil,
                    accessExpiresAt: accessExpiresAt)
            )
        }
    }
}
