// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// GET /oauth/authorize: checks the request, asks the person, and only then sends the browser to the first upstream.
package struct AuthorizeEndpoint: AuthEndpoint {
    // Repeated parameters are this endpoint's own business: the client is to learn of them.
    package let rules = EndpointRules(methods: ["GET"], content: .query, limitClass: .browser, refusesRepeated: false)

    private let validator: AuthorizationRequestValidator
    /// Whether a person is asked; `off` is for closed installations.
    private let asksForConsent: Bool
    private let consents: RememberedConsents
    private let pages: ConsentPages
    private let legs: LoginLegs
    private let redirects: AuthorizationRedirects
    private let rendering: any AnswerRendering
    private let audit: AuditLog

    package init(
        validator: AuthorizationRequestValidator, asksForConsent: Bool, consents: RememberedConsents,
        pages: ConsentPages, legs: LoginLegs, redirects: AuthorizationRedirects, rendering: any AnswerRendering,
        audit: AuditLog
    ) {
        self.validator = validator
        self.asksForConsent = asksForConsent
        self.consents = consents
        self.pages = pages
        self.legs = legs
        self.redirects = redirects
        self.rendering = rendering
        self.audit = audit
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        let http = request.http
        do throws(AuthorizationRefusal) {
            let authorization = try await validator.validate(request.parameters)
            let (answer, how) = try await proceed(authorization, http)
            record(.success, how, authorization.client.id, http)
            return answer
        } catch {
            let client = request.parameters["client_id"]
            record(.failure, error.error.code.rawValue, client, http)
            switch error {
            case .direct(let error): return rendering.direct(error, to: http)
            case .redirect(let error, let address):
                return await redirects.error(error, to: address, answering: http)
            }
        }
    }

    private func proceed(
        _ authorization: ValidatedAuthorization, _ request: AuthRequest
    ) async throws(AuthorizationRefusal) -> (AuthResponse, how: String) {
        let address = ReturnAddress(
            authorization.grant, isConfigured: authorization.client.origin == .configuration)
        do throws(LoginFailure) {
            guard asksForConsent else {
                return (try await legs.start(legs.login(authorization.grant, consent: nil), status: 302), "no_consent")
            }
            let reference = try await LoginFailure.storing { () async throws(StorageError) in
                try await consents.reference(covering: authorization.grant, request)
            }
            guard let reference else { return (try await pages.show(authorization), "consent_required") }
            return (
                try await legs.start(legs.login(authorization.grant, consent: reference), status: 302), "remembered"
            )
        } catch {
            throw .redirect(error.oauthError, address)
        }
    }

    private func record(_ outcome: AuditEvent.Outcome, _ reason: String, _ client: String?, _ request: AuthRequest) {
        audit.record(
            AuditEvent(
                .authorize, outcome, reason: reason, clientID: client, clientAddress: request.clientAddress))
    }
}
