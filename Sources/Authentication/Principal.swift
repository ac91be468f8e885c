// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import JSONTypes

/// Who makes a request: an issuer and a subject that it vouches for, and what its token says about them.
///
/// Sessions, questions and everything else that one person must not reach of another's belong to a principal. Equality
/// is issuer and subject alone: a new token of the same person is the same principal.
package struct Principal: Sendable {
    /// Principals are copied many times with every request: at most one reference is counted then, and none for those
    /// that stand for everybody, whose count all threads would fight for.
    private enum Identity: Sendable {
        case plain(issuer: String, subject: String, digest: Int)
        case detailed(Box)
    }

    private let identity: Identity

    package init(issuer: String, subject: String) {
        identity = .plain(issuer: issuer, subject: subject, digest: Self.digest(issuer, subject))
    }

    package init(
        issuer: String, subject: String, name: String? = nil, email: String? = nil, claims: JSONSlice? = nil,
        scopes: Set<String> = [], clientID: String? = nil, tsid: String? = nil, tokenID: String? = nil,
        tokenExpiry: Date? = nil, isTokenBound: Bool = false
    ) {
        identity = .detailed(
            Box(
                issuer: issuer, subject: subject, name: name, email: email, claims: claims, scopes: scopes,
                clientID: clientID, tsid: tsid, tokenID: tokenID, tokenExpiry: tokenExpiry,
                isTokenBound: isTokenBound))
    }

    private var box: Box? {
        if case .detailed(let box) = identity { box } else { nil }
    }

    package var issuer: String {
        switch identity {
        case .plain(let issuer, _, _): issuer
        case .detailed(let box): box.issuer
        }
    }

    package var subject: String {
        switch identity {
        case .plain(_, let subject, _): subject
        case .detailed(let box): box.subject
        }
    }

    package var name: String? { box?.name }
    package var email: String? { box?.email }
    /// The verified payload without `tsid`, or what introspection told; nil when nobody was asked.
    package var claims: JSONSlice? { box?.claims }
    package var scopes: Set<String> { box?.scopes ?? [] }
    /// The OAuth client that the token was issued to.
    package var clientID: String? { box?.clientID }
    /// The session of the embedded authorization server in which this person logged in.
    package var tsid: String? { box?.tsid }
    /// The `jti` of the token.
    package var tokenID: String? { box?.tokenID }
    /// When the token ends; nil for a token whose issuer does not say, and for identities without a token.
    package var tokenExpiry: Date? { box?.tokenExpiry }
    /// The token is only good together with a proof of its holder's key (RFC 9449).
    package var isTokenBound: Bool { box?.isTokenBound ?? false }

    /// The issuer of the identities that this process makes up itself.
    package static let localIssuer = "toolhive-local"

    /// Everyone, where nobody is asked who they are.
    package static let anonymous = Principal(issuer: localIssuer, subject: "anonymous")

    private final class Box: Sendable {
        let issuer: String
        let subject: String
        let name: String?
        let email: String?
        let claims: JSONSlice?
        let scopes: Set<String>
        let clientID: String?
        let tsid: String?
        let tokenID: String?
        let tokenExpiry: Date?
        let isTokenBound: Bool
        /// Of issuer and subject, worked out once; the same for equal principals of this process.
        let digest: Int

        init(
            issuer: String, subject: String, name: String?, email: String?, claims: JSONSlice?, scopes: Set<String>,
            clientID: String?, tsid: String?, tokenID: String?, tokenExpiry: Date?, isTokenBound: Bool
        ) {
            self.issuer = issuer
            self.subject = subject
            self.name = name
            self.email = email
            self.claims = claims
            self.scopes = scopes
            self.clientID = clientID
            self.tsid = tsid
            self.tokenID = tokenID
            self.tokenExpiry = tokenExpiry
            self.isTokenBound = isTokenBound
            digest = Principal.digest(issuer, subject)
        }
    }

    private var digest: Int {
        switch identity {
        case .plain(_, _, let digest): digest
        case .detailed(let box): box.digest
        }
    }

    private static func digest(_ issuer: String, _ subject: String) -> Int {
        var hasher = Hasher()
        for var text in [issuer, subject] {
            text.withUTF8 { bytes in
                hasher.combine(bytes.count)
                hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
            }
        }
        return hasher.finalize()
    }
}

extension Principal: Hashable {
    /// Byte by byte: two spellings of one character are two people.
    package static func == (left: Principal, right: Principal) -> Bool {
        switch (left.identity, right.identity) {
        // Requests with one token share its box, so that most comparisons end here.
        case (.detailed(let left), .detailed(let right)) where left === right: return true
        case (.plain(let leftIssuer, let leftSubject, _), .plain(let rightIssuer, let rightSubject, _)):
            return leftSubject.isSpelled(rightSubject) && leftIssuer.isSpelled(rightIssuer)
        default: break
        }
        guard left.digest == right.digest else { return false }
        return left.subject.isSpelled(right.subject) && left.issuer.isSpelled(right.issuer)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension Principal: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Issuer and subject only: claims are personal data and `tsid` opens upstream credentials.
    package var description: String { "\(subject) of \(issuer)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["issuer": issuer, "subject": subject]) }
}
