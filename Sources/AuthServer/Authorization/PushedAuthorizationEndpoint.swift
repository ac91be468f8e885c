// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// What came of looking at the DPoP proof of a request.
package struct ProofCheck: Sendable {
    package enum Result: Sendable {
        /// There is none, and none was needed.
        case absent
        /// Of the key with this RFC 7638 thumbprint.
        case valid(thumbprint: String)
        case refused(OAuthError)
    }

    package var result: Result
    /// For the answer, whatever it will be: a nonce for the next proof.
    package var headers: [(name: String, value: String)]

    package init(_ result: Result, headers: [(name: String, value: String)] = []) {
        self.result = result
        self.headers = headers
    }
}

/// Checks the DPoP proof of a request to one of our own endpoints (RFC 9449 §4.3).
package protocol ProofChecking: Sendable {
    /// - Parameters:
    ///   - endpoint: the advertised URL, which the proof must be about.
    ///   - isRequired: whether a request without a proof is refused.
    func check(_ request: EndpointRequest, endpoint: String, isRequired: Bool) async -> ProofCheck
}

/// POST /oauth/par: takes an authorization request from the client itself, instead of from the person's browser (RFC
/// 9126).
package struct PushedAuthorizationEndpoint: AuthEndpoint {
    package let rules = EndpointRules(methods: ["POST"], content: .form, limitClass: .token, allowsCrossOrigin: true)

    private let isOn: Bool
    private let dpop: AuthServerSettings.Requirement
    private let endpoint: String
    private let authenticator: ClientAuthenticator
    private let proofs: any ProofChecking
    private let validator: AuthorizationRequestValidator
    private let pushed: PushedRequests
    private let rendering: any AnswerRendering
    private let audit: AuditLog

    package init(
        isOn: Bool, dpop: AuthServerSettings.Requirement, endpoint: String, authenticator: ClientAuthenticator,
        proofs: any ProofChecking, validator: AuthorizationRequestValidator, pushed: PushedRequests,
        rendering: any AnswerRendering, audit: AuditLog
    ) {
        self.isOn = isOn
        self.dpop = dpop
        self.endpoint = endpoint
        self.authenticator = authenticator
        self.proofs = proofs
        self.validator = validator
        self.pushed = pushed
        self.rendering = rendering
        self.audit = audit
    }

    package func respond(to request: EndpointRequest) async -> AuthResponse {
        guard isOn else {
            return rendering.json(
                OAuthError(.invalidRequest, "Pushed authorization requests are switched off", status: 404),
                to: request.http)
        }
        var headers: [(name: String, value: String)] = []
        var client: OAuthClient?
        var answer: AuthResponse
        do throws(OAuthError) {
            let authenticated = try await authenticator.authenticate(request)
            client = authenticated
            let uri = try await push(request, authenticated, &headers)
            record(.success, "pushed", authenticated.id, request)
            let json = #"{"request_uri":"\#(uri)","expires_in":\#(PushedRequests.lifetime)}"#
            answer = AuthResponse(status: 201, headers: [("Content-Type", "application/json")], body: Array(json.utf8))
        } catch {
            record(.failure, error.code.rawValue, client?.id ?? request.parameters["client_id"], request)
            answer = rendering.json(error, to: request.http)
        }
        answer.headers += headers
        return answer
    }

    private func push(
        _ request: EndpointRequest, _ client: OAuthClient, _ headers: inout [(name: String, value: String)]
    ) async throws(OAuthError) -> String {
        let parameters = request.parameters
        guard parameters["request_uri"] == nil, parameters["request"] == nil else {
            throw OAuthError(.invalidRequest, "request_uri and request cannot be pushed")
        }
        let thumbprint = try await thumbprint(request, client, &headers)
        try validator.validate(pushed: parameters, client: client)
        let kept: String?
        do {
            kept = try await pushed.keep(
                PushedRequest(clientID: client.id, parameters: parameters, thumbprint: thumbprint))
        } catch {
            throw .storage
        }
        guard let kept else {
            throw OAuthError(.temporarilyUnavailable, "Too many pushed requests wait to be used", retryAfter: 60)
        }
        return kept
    }

    /// The key that the code will be bound to (RFC 9449 §10.1): of the proof, of `dpop_jkt`, or of both when they
    /// agree.
    private func thumbprint(
        _ request: EndpointRequest, _ client: OAuthClient, _ headers: inout [(name: String, value: String)]
    ) async throws(OAuthError) -> String? {
        guard dpop != .off else { return nil }
        let named = request.parameters["dpop_jkt"]
        let isRequired = dpop == .required || client.requiresDPoP
        let check = await proofs.check(request, endpoint: endpoint, isRequired: isRequired)
        headers = check.headers
        switch check.result {
        case .absent: return named
        case .refused(let error): throw error
        case .valid(let thumbprint):
            guard named == nil || named == thumbprint else {
                throw OAuthError(.invalidDPoPProof, "The proof is of another key than dpop_jkt")
            }
            return thumbprint
        }
    }
}

extension PushedAuthorizationEndpoint {
    private func record(
        _ outcome: AuditEvent.Outcome, _ reason: String, _ client: String?, _ request: EndpointRequest
    ) {
        audit.record(
            AuditEvent(
                .authorize, outcome, reason: reason, clientID: client, clientAddress: request.http.clientAddress))
    }
}
