// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import JSONTypes
package import Observability

/// What an access token says about one grant; the rest (`iss`, `iat`, `exp`, `jti`) is the minter's.
package struct AccessTokenClaims: Sendable {
    package var subject: String
    /// The one resource, in the spelling of `allowed_audiences`.
    package var audience: String
    package var clientID: String
    package var scopes: [String]
    /// The upstream login, for tokens that come from a browser.
    package var tsid: String?
    package var name: String?
    package var email: String?
    package var authTime: Date?
    /// RFC 8693 §4.1.
    package var act: JSONValue?
    /// RFC 9449 §6.1: the key that the token is bound to.
    package var thumbprint: String?
    package var lifespan: Duration

    package init(
        subject: String, audience: String, clientID: String, scopes: [String], tsid: String? = nil, name: String? = nil,
        email: String? = nil, authTime: Date? = nil, act: JSONValue? = nil, thumbprint: String? = nil,
        lifespan: Duration
    ) {
        self.subject = subject
        self.audience = audience
        self.clientID = clientID
        self.scopes = scopes
        self.tsid = tsid
        self.name = name
        self.email = email
        self.authTime = authTime
        self.act = act
        self.thumbprint = thumbprint
        self.lifespan = lifespan
    }
}

/// An access token, with what the one who hands it out needs to know about it.
package struct MintedToken: Sendable {
    package let token: Secret
    /// The `jti`.
    package let id: String
    package let expiresAt: Date
    /// Seconds.
    package let expiresIn: Int
    package let scopes: [String]
    package let isBound: Bool
}

/// Makes access tokens in the form of RFC 9068, plus `scp` for those who know only that.
package struct AccessTokenMinter: Sendable {
    private let issuer: String
    private let type: String
    private let signer: JWTSigner
    private let random: any RandomSource
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - type: the `typ` of the header, `at+jwt` or `JWT`.
    ///   - signer: takes the key that is active at the moment, once for each token.
    package init(
        issuer: String, type: String = JWTSigner.accessTokenType, signer: JWTSigner,
        random: any RandomSource = SystemRandomSource(), now: @escaping @Sendable () -> Date
    ) {
        self.issuer = issuer
        self.type = type
        self.signer = signer
        self.random = random
        self.now = now
    }

    /// - Throws: `server_error` when the key cannot sign.
    package func mint(_ claims: AccessTokenClaims) throws(OAuthError) -> MintedToken {
        let issued = Date(timeIntervalSince1970: now().timeIntervalSince1970.rounded(.down))
        let lifespan = Int(claims.lifespan.components.seconds)
        let expires = issued.addingTimeInterval(TimeInterval(lifespan))
        let id = RandomHandle.uuid(from: random)
        let token: String
        do throws(JWTSigningError) {
            token = try signer.sign(payload(claims, id: id, issued: issued, expires: expires), type: type)
        } catch {
            throw OAuthError(.serverError, "The authorization server cannot sign tokens")
        }
        return MintedToken(
            token: Secret(token), id: id, expiresAt: expires, expiresIn: lifespan, scopes: claims.scopes,
            isBound: claims.thumbprint != nil)
    }

    private func payload(_ claims: AccessTokenClaims, id: String, issued: Date, expires: Date) -> JSONObject {
        var payload: JSONObject = [
            "iss": .string(issuer),
            "sub": .string(claims.subject),
            "aud": .array([.string(claims.audience)]),
            "exp": .numericDate(expires),
            "iat": .numericDate(issued),
            "jti": .string(id),
            "client_id": .string(claims.clientID),
        ]
        if !claims.scopes.isEmpty { payload.append("scope", .string(claims.scopes.joined(separator: " "))) }
        payload.append("scp", .array(claims.scopes.map { .string($0) }))
        if let tsid = claims.tsid { payload.append("tsid", .string(tsid)) }
        if let name = claims.name, !name.isEmpty { payload.append("name", .string(name)) }
        if let email = claims.email, !email.isEmpty { payload.append("email", .string(email)) }
        if let authTime = claims.authTime { payload.append("auth_time", .numericDate(authTime)) }
        if let act = claims.act { payload.append("act", act) }
        if let thumbprint = claims.thumbprint { payload.append("cnf", ["jkt": .string(thumbprint)]) }
        return payload
    }
}
