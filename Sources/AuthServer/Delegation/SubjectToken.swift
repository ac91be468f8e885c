// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes

/// Whose rights are to be used, and what the token that proves it says: the verified subject of an exchange.
struct SubjectToken: Sendable {
    enum Source: Sendable {
        /// This server.
        case own
        /// Another issuer, and who got the token from it.
        case trusted(TrustedIssuer, actor: String?)
    }

    var source: Source
    /// As the new token calls them.
    var subject: String
    var audiences: [String]
    var scopes: [String]
    var expiresAt: Date
    /// Whom this server issued it to; what others mean by `client_id` says nothing here.
    var clientID: String?
    var name: String?
    var email: String?
    /// Who may act, when the token names somebody (RFC 8693 §4.4).
    var mayAct: String?
    /// Who acted so far (RFC 8693 §4.1), as the token has it.
    var act: JSONSlice?

    init(
        _ claims: PresentedClaims, from source: Source, subject: String, expiresAt: Date, mayAct: String?
    ) throws(PresentedTokenError) {
        self.source = source
        self.subject = subject
        self.expiresAt = expiresAt
        self.mayAct = mayAct
        audiences = try claims.audiences()
        scopes = try claims.scopes()
        if case .own = source { clientID = try claims.name("client_id") }
        name = claims.label("name")
        email = claims.label("email")
        act = claims.payload["act"]
    }

    /// The issuer, when it is not this server.
    var trustedIssuer: TrustedIssuer? {
        if case .trusted(let issuer, actor: _) = source { issuer } else { nil }
    }

    /// A subject of another issuer under a name that no other issuer's subject and no user of ours can have.
    ///
    /// - Throws: `.claim` when the name would be longer than resource servers take.
    static func name(of subject: String, at issuer: String) throws(PresentedTokenError) -> String {
        let name = "\(issuer)#\(subject)"
        guard PresentedClaims.isName(name) else { throw .claim }
        return name
    }
}
