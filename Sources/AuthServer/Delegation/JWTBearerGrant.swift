// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes

/// Gives the bearer of another issuer's assertion a token for one resource (RFC 7523 §2.1), as the operator bound the
/// assertion's subject to it. Each assertion works once.
package struct JWTBearerGrant: TokenGrant {
    package let grantType = GrantType.jwtBearer
    package let isCredentialFree = true

    /// Marks an identity assertion for another profile of this grant, which needs a client.
    private static let identityAssertion = "oauth-id-jag+jwt"

    private let issuers: [TrustedIssuer]
    private let allowedAudiences: [String]
    private let tokenEndpoint: String
    private let lifespan: Duration
    private let verifier: TrustedTokenVerifier
    private let replays: AssertionReplays
    private let minter: DelegatedTokenMinter
    private let audit: AuditLog

    init(
        _ settings: AuthServerSettings, verifier: TrustedTokenVerifier, replays: AssertionReplays,
        minter: DelegatedTokenMinter, audit: AuditLog
    ) {
        issuers = settings.trustedIssuers
        allowedAudiences = settings.allowedAudiences
        tokenEndpoint = settings.tokenEndpoint
        lifespan = settings.accessTokenLifespan
        self.verifier = verifier
        self.replays = replays
        self.minter = minter
        self.audit = audit
    }

    package func answer(
        _ request: EndpointRequest, client: OAuthClient?, proof: String?
    ) async throws(OAuthError) -> TokenAnswer {
        var event = AuditEvent(.exchange, .success, clientID: client?.id, clientAddress: request.http.clientAddress)
        do throws(DelegationRefusal) {
            guard client == nil else {
                throw DelegationRefusal(
                    OAuthError(.unauthorizedClient, "The grant is for requests without a client"))
            }
            let token = try await redeem(request.parameters, proof: proof, event: &event)
            audit.record(event)
            return TokenAnswer(token)
        } catch {
            event.outcome = error.isDenial ? .denied : .failure
            event.reason = error.reason
            audit.record(event)
            throw error.error
        }
    }

    /// An assertion that is good in itself.
    private struct Assertion {
        let token: CompactJWS
        let issuer: TrustedIssuer
        let policy: TrustedIssuer.JWTBearer
        let subject: String
        let name: String
        let id: String?
        let expiresAt: Date

        /// Made up from whom the token is for, since there is no client.
        var clientID: String {
            let digest = SHA256.hash(data: Array("\(issuer.issuer)\u{0}\(subject)".utf8))
            return ClientRegistry.reservedPrefix + "jwt-bearer-" + Base64URL.encode(digest)
        }

        /// What the operator lets this very subject have.
        var resources: [String]? {
            guard let index = policy.subjectBindings.index(forKey: subject) else { return nil }
            let (bound, resources) = policy.subjectBindings[index]
            return bound.isExactly(subject) ? resources : nil
        }
    }

    private func redeem(
        _ parameters: Parameters, proof: String?, event: inout AuditEvent
    ) async throws(DelegationRefusal) -> MintedToken {
        let (text, requested) = try Self.form(parameters)
        let assertion = try await self.assertion(text)
        event.userID = assertion.name
        event.provider = assertion.issuer.issuer
        event.clientID = assertion.clientID
        guard canonicalResource(requested) != nil, let resource = ResourceName(requested).entry(in: allowedAudiences)
        else { throw DelegationRefusal(OAuthError(.invalidTarget, "The resource is not known here")) }
        guard let resources = assertion.resources else {
            throw DelegationRefusal(
                OAuthError(.invalidGrant, "The subject of the assertion may not have tokens"), reason: "subject",
                isDenial: true)
        }
        guard ResourceName(resource).isAny(of: resources) else {
            throw DelegationRefusal(
                OAuthError(.invalidTarget, "The subject of the assertion may not have tokens for the resource"),
                isDenial: true)
        }
        try await consume(assertion)
        let claims = AccessTokenClaims(
            subject: assertion.name, audience: resource, clientID: assertion.clientID, scopes: [], thumbprint: proof,
            lifespan: lifespan)
        do throws(DelegatedTokenMinter.Failure) {
            return try minter.mint(claims, until: assertion.expiresAt)
        } catch {
            switch error {
            case .expired: throw DelegationRefusal(PresentedTokenError.expired, code: .invalidGrant)
            case .tooLarge: throw DelegationRefusal(PresentedTokenError.claim, code: .invalidGrant)
            case .server(let error): throw DelegationRefusal(error)
            }
        }
    }

    private static func form(
        _ parameters: Parameters
    ) throws(DelegationRefusal) -> (assertion: String, resource: String) {
        let assertions = parameters.all("assertion")
        guard let assertion = assertions.first, assertions.count == 1 else {
            throw DelegationRefusal(OAuthError(.invalidRequest, "Send exactly one assertion"))
        }
        let resources = parameters.all("resource")
        guard let resource = resources.first, resources.count == 1 else {
            throw DelegationRefusal(OAuthError(.invalidRequest, "Name exactly one resource"))
        }
        return (assertion, resource)
    }

    private func assertion(_ text: String) async throws(DelegationRefusal) -> Assertion {
        do throws(PresentedTokenError) {
            let token = try SubjectTokenVerifier.parse(text)
            guard !token.hasType(Self.identityAssertion) else { throw .identityAssertion }
            return try await assertion(token)
        } catch {
            throw DelegationRefusal(error, code: error == .identityAssertion ? .invalidRequest : .invalidGrant)
        }
    }

    private func assertion(_ token: CompactJWS) async throws(PresentedTokenError) -> Assertion {
        guard TrustedTokenVerifier.hasType(token, among: ["JWT"]) else { throw .type }
        guard let name = token.payload["iss"]?.string,
            let issuer = issuers.first(where: { $0.issuer.isExactly(name) }), let policy = issuer.jwtBearer
        else { throw .issuer }
        let audiences = policy.acceptedAudiences.isEmpty ? [tokenEndpoint] : policy.acceptedAudiences
        let (claims, expires) = try await verifier.verify(token, of: issuer, audiences: audiences)
        guard let issued = try claims.date("iat") else { throw .claim }
        let age = expires.timeIntervalSince(issued)
        guard age > 0, age <= policy.maximumAssertionAge.timeInterval else { throw .age }
        let subject = try claims.subject()
        let id = try claims.text("jti") ?? ""
        return Assertion(
            token: token, issuer: issuer, policy: policy, subject: subject,
            name: try SubjectToken.name(of: subject, at: issuer.issuer), id: id.isEmpty ? nil : id,
            expiresAt: expires)
    }

    /// Before the token is made: one that is lost costs the bearer an assertion, one too many costs more.
    private func consume(_ assertion: Assertion) async throws(DelegationRefusal) {
        let isFirst: Bool
        do throws(OAuthError) {
            isFirst = try await replays.consume(
                assertion.token, id: assertion.id, issuer: assertion.issuer.issuer, until: assertion.expiresAt)
        } catch {
            throw DelegationRefusal(error)
        }
        guard isFirst else {
            throw DelegationRefusal(
                OAuthError(.invalidGrant, "The assertion was used before"), reason: "replay", isDenial: true)
        }
    }
}
