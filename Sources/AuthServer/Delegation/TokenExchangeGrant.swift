// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Gives a client a token with which it acts for somebody else, as their token allows (RFC 8693): delegation, never
/// impersonation, since each token names its actors.
package struct TokenExchangeGrant: TokenGrant {
    package let grantType = GrantType.tokenExchange

    private let verifier: SubjectTokenVerifier
    private let target: DelegationTarget
    private let minter: DelegatedTokenMinter
    /// Neither the delegation lifespan nor that of any access token is exceeded.
    private let lifespan: Duration
    private let audit: AuditLog

    init(
        _ settings: AuthServerSettings, verifier: SubjectTokenVerifier, minter: DelegatedTokenMinter, audit: AuditLog
    ) {
        self.verifier = verifier
        self.minter = minter
        self.audit = audit
        target = DelegationTarget(allowed: settings.allowedAudiences)
        lifespan = min(settings.delegationTokenLifespan, settings.accessTokenLifespan)
    }

    package func answer(
        _ request: EndpointRequest, client: OAuthClient?, proof: String?
    ) async throws(OAuthError) -> TokenAnswer {
        var event = AuditEvent(.exchange, .success, clientID: client?.id, clientAddress: request.http.clientAddress)
        do throws(DelegationRefusal) {
            let token = try await exchange(request.parameters, client: client, proof: proof, event: &event)
            audit.record(event)
            return TokenAnswer(token, issuedTokenType: TokenType.accessToken)
        } catch {
            event.outcome = error.isDenial ? .denied : .failure
            event.reason = error.reason
            audit.record(event)
            throw error.error
        }
    }

    private func exchange(
        _ parameters: Parameters, client: OAuthClient?, proof: String?, event: inout AuditEvent
    ) async throws(DelegationRefusal) -> MintedToken {
        // A public client cannot show that it is the one whom the operator or the subject trusts.
        guard let client, !client.isPublic else {
            throw DelegationRefusal(
                OAuthError(.unauthorizedClient, "Only a client with a secret may exchange tokens"))
        }
        let form = try Self.oauth { () throws(OAuthError) in try TokenExchangeForm(parameters) }
        let subject = try await self.subject(form)
        event.userID = subject.subject
        event.provider = subject.trustedIssuer?.issuer
        let actor = try await self.actor(form, client: client)
        do throws(DelegationConsent.Refusal) {
            try DelegationConsent.check(subject, actor: actor, client: client)
        } catch {
            throw DelegationRefusal(Self.noConsent, reason: error.rawValue, isDenial: true)
        }
        let (scopes, audience) = try Self.oauth { () throws(OAuthError) in
            (try target.scopes(form, subject, client), try target.audience(form, subject, client))
        }
        let claims = AccessTokenClaims(
            subject: subject.subject, audience: audience, clientID: client.id, scopes: scopes, name: subject.name,
            email: subject.email, act: try chain(subject, actor: actor), thumbprint: proof, lifespan: lifespan)
        do throws(DelegatedTokenMinter.Failure) {
            return try minter.mint(claims, until: subject.expiresAt)
        } catch {
            throw Self.refusal(error)
        }
    }

    private func subject(_ form: TokenExchangeForm) async throws(DelegationRefusal) -> SubjectToken {
        do throws(PresentedTokenError) {
            return try await verifier.subject(form.subjectToken)
        } catch {
            throw DelegationRefusal(error, code: .invalidRequest)
        }
    }

    /// The subject of the actor token, which must have been issued to the client that presents it; else the client.
    private func actor(_ form: TokenExchangeForm, client: OAuthClient) async throws(DelegationRefusal) -> String {
        guard let text = form.actorToken else { return client.id }
        let actor: SubjectToken
        do throws(PresentedTokenError) {
            actor = try await verifier.actor(text)
        } catch {
            guard !error.isOurs else { throw DelegationRefusal(error, code: .invalidRequest) }
            throw DelegationRefusal(Self.badActor, reason: "actor_token_" + error.rawValue)
        }
        guard let holder = actor.clientID, holder.isExactly(client.id) else {
            throw DelegationRefusal(Self.badActor, reason: "actor_token_other_client", isDenial: true)
        }
        return actor.subject
    }

    /// The new actor, then who got the subject's token from another issuer, then whoever acted before.
    private func chain(_ subject: SubjectToken, actor: String) throws(DelegationRefusal) -> JSONValue {
        var actors = [ActorChain.Actor(issuer: verifier.own.issuer, subject: actor)]
        if case .trusted(let issuer, let external) = subject.source {
            actors.append(ActorChain.Actor(issuer: issuer.issuer, subject: external))
        }
        do throws(ActorChain.Failure) {
            return try ActorChain(actors, earlier: subject.act).claim()
        } catch .malformed {
            throw DelegationRefusal(
                OAuthError(.invalidRequest, "The act claim of the subject token is malformed"), reason: "act")
        } catch {
            throw DelegationRefusal(Self.tooLarge, reason: "act_too_large")
        }
    }

    private static let noConsent = OAuthError(
        .invalidRequest, "Nothing lets this actor use the subject token")
    private static let badActor = OAuthError(
        .invalidRequest, "The actor token must be a valid access token that this server issued to the client")
    private static let tooLarge = OAuthError(
        .invalidRequest, "The subject token has too many or too long actors and names")

    private static func refusal(_ failure: DelegatedTokenMinter.Failure) -> DelegationRefusal {
        switch failure {
        case .expired: DelegationRefusal(PresentedTokenError.expired, code: .invalidRequest)
        case .tooLarge: DelegationRefusal(tooLarge, reason: "too_large")
        case .server(let error): DelegationRefusal(error)
        }
    }

    private static func oauth<Value>(
        _ step: () throws(OAuthError) -> Value
    ) throws(DelegationRefusal) -> Value {
        do throws(OAuthError) {
            return try step()
        } catch {
            throw DelegationRefusal(error)
        }
    }
}
