// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The `may_act` claim (RFC 8693 §4.4): who the subject lets act.
enum MayAct {
    /// - Parameters:
    ///   - issuer: us; actors of others cannot be told from ours by name.
    ///   - isIssuerRequired: whether the claim must say that it speaks of an actor of ours.
    /// - Returns: the actor; `nil` when the token names none.
    static func subject(
        in claims: PresentedClaims, issuer: String, isIssuerRequired: Bool
    ) throws(PresentedTokenError) -> String? {
        guard let claim = claims.payload["may_act"] else { return nil }
        guard claim.kind == .object, let subject = claim["sub"]?.string, !subject.isEmpty else { throw .mayAct }
        if let named = claim["iss"] {
            guard named.string?.isExactly(issuer) == true else { throw .mayAct }
        } else if isIssuerRequired {
            throw .mayAct
        }
        return subject
    }
}
