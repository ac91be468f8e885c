// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Who makes a request: an issuer and a subject that it vouches for.
///
/// Sessions, questions and everything else that one person must not reach of another's belong to a principal.
package struct Principal: Sendable, Hashable {
    package let issuer: String
    package let subject: String

    package init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }

    /// The issuer of the identities that this process makes up itself.
    package static let localIssuer = "toolhive-local"

    /// Everyone, where nobody is asked who they are.
    package static let anonymous = Principal(issuer: localIssuer, subject: "anonymous")
}
