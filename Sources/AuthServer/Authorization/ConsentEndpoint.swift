// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// POST /oauth/consent: the answer to a consent page.
///
/// Only our own page in the browser that we showed it to can answer: the form and a cookie carry the same secret, and
/// what the browser says about the origin of the request must be us.
package struct ConsentEndpoint: AuthEndpoint {
    package let rules = EndpointRules(methods: ["POST"], content: .form, limitClass: .browser, repeatable: [])

    private let ownOrigin: String?
    private let records: RecordStore
    private let cookies: BrowserCookies
    private let consents: RememberedConsents
    private let legs: LoginLegs
    private let redirects: AuthorizationRedirects
    private let rendering: any AnswerRendering
    private let audit: AuditLog

    /// - Parameter pageBase: the URL below which the page is served; browsers send its origin.
    package init(
        pageBase: String, records: RecordStore, cookies: BrowserCookies, consents: RememberedConsents, legs: LoginLegs,
        redirects: AuthorizationRedirects, rendering: any AnswerRendering, audit: AuditLog
    ) {
        ownOrigin = RedirectURIRules.origin(pageBase)
        self.records = records
        self.cookies = cookies
        self.consents = consents
        self.legs = legs
        self.redirects = redirects
        self.rendering = rendering
        self.audit = audit
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        let http = request.http
        guard isSameOrigin(http) else { return refuse(.foreign, nil, http) }
        guard let txn = request.parameters["txn"] else { return refuse(.gone, nil, http) }
        let id = RecordStore.id(ofHandle: txn)
        let consent: ConsentRequest
        do {
            guard let shown = try await records.load(ConsentRequest.self, id) else { return refuse(.gone, nil, http) }
            guard isAnswer(request, txn, to: shown.record) else {
                return refuse(.foreign, shown.record.grant.clientID, http)
            }
            guard let taken = try await records.take(ConsentRequest.self, id) else { return refuse(.gone, nil, http) }
            consent = taken.record
        } catch {
            record(.failure, OAuthError.storage.code.rawValue, nil, http)
            return rendering.direct(.storage, to: http)
        }
        var answer = await decide(request.parameters["decision"], consent, http)
        answer.headers.append(cookies.clear(cookies.consentPage(txn: txn), .strict))
        return answer
    }

    private func decide(
        _ decision: String?, _ consent: ConsentRequest, _ request: AuthRequest
    ) async -> AuthResponse {
        let client = consent.grant.clientID
        switch decision {
        case "approve":
            return await approve(consent, request)
        case "deny":
            record(.denied, OAuthError.Code.accessDenied.rawValue, client, request)
            let denied = OAuthError(.accessDenied, "The person did not approve the request")
            return await redirects.error(denied, to: consent.address, answering: request)
        default:
            return refuse(.unclear, client, request)
        }
    }

    private func approve(_ consent: ConsentRequest, _ request: AuthRequest) async -> AuthResponse {
        var cookie: BrowserCookies.Header?
        var answer: AuthResponse
        do throws(LoginFailure) {
            let remembered = try await LoginFailure.storing { () async throws(StorageError) in
                try await consents.remember(consent.grant, request)
            }
            cookie = remembered?.1
            answer = try await legs.start(legs.login(consent.grant, consent: remembered?.0), status: 303)
            record(.success, nil, consent.grant.clientID, request)
        } catch {
            record(.failure, error.oauthError.code.rawValue, consent.grant.clientID, request)
            answer = redirects.approved(error.oauthError, to: consent.address)
        }
        // What was decided stays decided, also when the login could not begin.
        if let cookie { answer.headers.append(cookie) }
        return answer
    }

    // MARK: Whose answer it is

    private func isSameOrigin(_ request: AuthRequest) -> Bool {
        request.headers("origin").allSatisfy { ownOrigin != nil && RedirectURIRules.origin($0) == ownOrigin }
            && request.headers("sec-fetch-site").allSatisfy { $0 == "same-origin" }
            // A frame announces itself; nothing of ours is ever meant to be in one.
            && request.headers("sec-fetch-dest").allSatisfy { $0 == "document" }
    }

    private func isAnswer(_ request: EndpointRequest, _ txn: String, to consent: ConsentRequest) -> Bool {
        guard let field = request.parameters["csrf"],
            let cookie = request.http.cookie(cookies.consentPage(txn: txn))
        else { return false }
        // Digests: how far they agree says nothing about the secret.
        return RecordStore.id(ofHandle: field) == consent.csrfDigest
            && RecordStore.id(ofHandle: cookie) == consent.csrfDigest
    }

    // MARK: Answers

    fileprivate enum Refusal: String { case foreign = "csrf", gone = "unknown_page", unclear = "unknown_decision" }

    private func refuse(_ refusal: Refusal, _ client: String?, _ request: AuthRequest) -> AuthResponse {
        record(refusal == .foreign ? .denied : .failure, refusal.rawValue, client, request)
        return rendering.page(refusal.page)
    }

    private func record(_ outcome: AuditEvent.Outcome, _ reason: String?, _ client: String?, _ request: AuthRequest) {
        audit.record(
            AuditEvent(.consent, outcome, reason: reason, clientID: client, clientAddress: request.clientAddress))
    }
}

extension ConsentEndpoint.Refusal {
    fileprivate var page: ErrorPage {
        switch self {
        case .foreign:
            ErrorPage(
                status: 403, title: "This answer did not come from our page",
                explanation: "It was sent by another site, or by a browser that does not keep our cookie.",
                advice: "Go back to your application and connect again. Allow cookies for this site.")
        case .gone:
            ErrorPage(
                status: 400, title: "This page was already answered or is too old",
                explanation: "A question is good for one answer within ten minutes.",
                advice: "Go back to your application and connect again.")
        case .unclear:
            ErrorPage(
                status: 400, title: "The answer is neither yes nor no",
                explanation: "The form was sent without one of its buttons.",
                advice: "Go back to your application and connect again.")
        }
    }
}
