// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Storage

/// GET /oauth/callback: the browser comes back from an upstream.
///
/// Nothing is believed before the pending row of `state` was taken by the browser that has its cookie; from then on
/// every way out ends in a code, the next leg, or an error at the client with all tokens of the login gone.
package struct CallbackEndpoint: AuthEndpoint {
    package let rules = EndpointRules(methods: ["GET"], content: .query, limitClass: .browser, refusesRepeated: false)

    private let legs: LoginLegs
    private let progress: LoginProgress
    private let redirects: AuthorizationRedirects
    private let rendering: any AnswerRendering
    private let audit: AuditLog

    package init(
        legs: LoginLegs, progress: LoginProgress, redirects: AuthorizationRedirects, rendering: any AnswerRendering,
        audit: AuditLog
    ) {
        self.legs = legs
        self.progress = progress
        self.redirects = redirects
        self.rendering = rendering
        self.audit = audit
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        let (http, parameters) = (request.http, request.parameters)
        let isError = parameters["error"] != nil
        guard let state = parameters["state"] else { return refuse(.noState, isError, http) }
        guard !["state", "code", "error", "iss"].contains(where: parameters.isRepeated) else {
            return refuse(.repeated, false, http)
        }
        guard isError || parameters["code"] != nil else { return refuse(.noCode, false, http) }
        do {
            switch try await legs.take(state: state, http) {
            case .gone: return refuse(.gone, isError, http)
            case .otherBrowser: return refuse(.otherBrowser, false, http)
            case .login(let pending):
                return legs.clearing(state: state, await go(on: pending, parameters, http))
            }
        } catch {
            record(.failure, OAuthError.storage.code.rawValue, nil, http)
            return rendering.direct(.storage, to: http)
        }
    }

    private func go(on pending: PendingAuthorization, _ parameters: Parameters, _ http: AuthRequest) async
        -> AuthResponse
    {
        let answer = UpstreamAnswer(
            code: parameters["error"] == nil ? parameters["code"] : nil, error: parameters["error"],
            issuer: parameters["iss"])
        let grant = pending.login.grant
        // The person approved this address a moment ago, in this browser.
        let address = ReturnAddress(grant, isConfigured: false)
        switch await progress.advance(pending, answer, clientAddress: http.clientAddress) {
        case .nextLeg(let answer): return answer
        case .code(let code, let scopes): return redirects.success(code: code, scopes: scopes, to: address)
        case .refused(let error): return redirects.approved(error, to: address)
        case .homeless(let error): return rendering.direct(error, to: http)
        }
    }

    // MARK: Refusals before a row was taken

    private enum Refusal: String {
        case noState = "no_state"
        case repeated = "repeated"
        case noCode = "no_code"
        case gone = "unknown_state"
        case otherBrowser = "other_browser"
    }

    /// An upstream that reports an error for a login that nobody knows is a failed gateway, not a bad request.
    private func refuse(_ refusal: Refusal, _ isUpstreamError: Bool, _ request: AuthRequest) -> AuthResponse {
        record(refusal == .otherBrowser ? .denied : .failure, refusal.rawValue, nil, request)
        let error =
            switch refusal {
            case _ where isUpstreamError:
                OAuthError(.serverError, "The identity provider reported an error for an unknown login", status: 502)
            case .noState: OAuthError(.invalidRequest, "state is missing")
            case .repeated: OAuthError(.invalidRequest, "A parameter is repeated")
            case .noCode: OAuthError(.invalidRequest, "code is missing")
            case .gone: OAuthError(.invalidRequest, "The login is unknown, too old or was finished before")
            case .otherBrowser: OAuthError(.invalidRequest, "The login was started in another browser")
            }
        return rendering.direct(error, to: request)
    }

    private func record(_ outcome: AuditEvent.Outcome, _ reason: String, _ client: String?, _ request: AuthRequest) {
        audit.record(
            AuditEvent(.login, outcome, reason: reason, clientID: client, clientAddress: request.clientAddress))
    }
}
