// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import JSONTypes

/// Who makes a request: an issuer and a subject that it vouches for, and what its token says about them.
///
/// Sessions, questions and everything else that one person must not reach of another's belong to a principal. Equality
/// is issuer and subject alone: a new token of the same person is the same principal.
package struct Principal: Sendable {
    package let issuer: String
    package let subject: String
    /// In a box, because principals are copied with every request.
    private let details: Details?

    package init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
        details = nil
    }

    package init(
        issuer: String, subject: String, name: String? = nil, email: String? = nil, claims: JSONSlice? = nil,
        scopes: Set<String> = [], clientID: String? = nil, tsid: String? = nil, tokenID: String? = nil,
        tokenExpiry: Date? = nil, isTokenBound: Bool = false
    ) {
        self.issuer = issuer
        self.subject = subject
        details = Details(
            name: name, email: email, claims: claims, scopes: scopes, clientID: clientID, tsid: tsid, tokenID: tokenID,
            tokenExpiry: tokenExpiry, isTokenBound: isTokenBound)
    }

    package var name: String? { details?.name }
    package var email: String? { details?.email }
    /// The verified payload without `tsid`, or what introspection told; nil when nobody was asked.
    package var claims: JSONSlice? { details?.claims }
    package var scopes: Set<String> { details?.scopes ?? [] }
    /// The OAuth client that the token was issued to.
    package var clientID: String? { details?.clientID }
    /// The session of the embedded authorization server in which this person logged in.
    package var tsid: String? { details?.tsid }
    /// The `jti` of the token.
    package var tokenID: String? { details?.tokenID }
    /// When the token ends; nil for a token whose issuer does not say, and for identities without a token.
    package var tokenExpiry: Date? { details?.tokenExpiry }
    /// The token is only good together with a proof of its holder's key (RFC 9449).
    package var isTokenBound: Bool { details?.isTokenBound ?? false }

    /// The issuer of the identities that this process makes up itself.
    package static let localIssuer = "toolhive-local"

    /// Everyone, where nobody is asked who they are.
    package static let anonymous = Principal(issuer: localIssuer, subject: "anonymous")

    private final class Details: Sendable {
        let name: String?
        let email: String?
        let claims: JSONSlice?
        let scopes: Set<String>
        let clientID: String?
        let tsid: String?
        let tokenID: String?
        let tokenExpiry: Date?
        let isTokenBound: Bool

        init(
            name: String?, email: String?, claims: JSONSlice?, scopes: Set<String>, clientID: String?, tsid: String?,
            tokenID: String?, tokenExpiry: Date?, isTokenBound: Bool
        ) {
            self.name = name
            self.email = email
            self.claims = claims
            self.scopes = scopes
            self.clientID = clientID
            self.tsid = tsid
            self.tokenID = tokenID
            self.tokenExpiry = tokenExpiry
            self.isTokenBound = isTokenBound
        }
    }
}

extension Principal: Hashable {
    /// Byte by byte: two spellings of one character are two people.
    package static func == (left: Principal, right: Principal) -> Bool {
        left.subject.utf8.elementsEqual(right.subject.utf8) && left.issuer.utf8.elementsEqual(right.issuer.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for text in [issuer, subject] {
            hasher.combine(text.utf8.count)
            for byte in text.utf8 { hasher.combine(byte) }
        }
    }
}

extension Principal: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Issuer and subject only: claims are personal data and `tsid` opens upstream credentials.
    package var description: String { "\(subject) of \(issuer)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["issuer": issuer, "subject": subject]) }
}
