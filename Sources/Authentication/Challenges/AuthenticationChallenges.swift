// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Writes the answers to requests without good credentials (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728
/// section 5.1).
struct AuthenticationChallenges: Sendable {
    /// Seconds after which asking again makes sense when nothing could be checked.
    static let retryAfter = "5"

    let realm: String
    /// The absolute URL of the metadata document.
    let resourceMetadata: String?
    let scopes: [String]
    /// Whether a second line offers DPoP.
    let offersDPoP: Bool

    private static let dpopAlgorithms = SigningAlgorithm.dpop.map(\.rawValue).joined(separator: " ")

    /// No credentials, or of a kind that we do not know: no error, only how to do it.
    func unauthenticated() -> AuthenticationRefusal {
        let description = "Send an access token in the Authorization header."
        return AuthenticationRefusal(
            status: 401, error: nil, description: description, headers: lines(scopes: scopes, nil, nil),
            body: Self.body("invalid_request", description))
    }

    func invalidRequest(_ description: String) -> AuthenticationRefusal {
        refusal(400, "invalid_request", description, scopes: scopes)
    }

    func invalidToken(_ description: String) -> AuthenticationRefusal {
        refusal(401, "invalid_token", description, scopes: scopes)
    }

    /// - Parameter scopes: everything that the operation needs, not only what is missing.
    func insufficientScope(_ scopes: [String]) -> AuthenticationRefusal {
        refusal(
            403, "insufficient_scope", "The access token does not have the scopes that this request needs.",
            scopes: scopes)
    }

    func unavailable() -> AuthenticationRefusal {
        let description = "The access token cannot be checked right now. Try again later."
        return AuthenticationRefusal(
            status: 503, error: nil, description: description,
            headers: Self.fields([("Retry-After", Self.retryAfter)]),
            body: Self.body("temporarily_unavailable", description))
    }

    /// - Parameter nonce: a nonce for the next proof.
    func dpop(_ error: DPoPError, nonce: String?) -> AuthenticationRefusal {
        var header = ChallengeHeader(scheme: "DPoP")
        header.add("error", error.code.rawValue)
        header.add("error_description", error.description)
        header.add("algs", Self.dpopAlgorithms)
        header.add("resource_metadata", resourceMetadata)
        header.add("scope", scopes.joined(separator: " "))
        var fields = [("WWW-Authenticate", header.text)]
        if let nonce { fields.append(("DPoP-Nonce", nonce)) }
        return AuthenticationRefusal(
            status: 401, error: error.code.rawValue, description: error.description, headers: Self.fields(fields),
            body: Self.body(error.code.rawValue, error.description))
    }

    private func refusal(
        _ status: Int, _ error: String, _ description: String, scopes: [String]
    ) -> AuthenticationRefusal {
        AuthenticationRefusal(
            status: status, error: error, description: description, headers: lines(scopes: scopes, error, description),
            body: Self.body(error, description))
    }

    private func lines(
        scopes: [String], _ error: String?, _ description: String?
    ) -> [(name: String, value: String)] {
        var bearer = ChallengeHeader(scheme: "Bearer")
        bearer.add("realm", realm)
        bearer.add("resource_metadata", resourceMetadata)
        bearer.add("scope", scopes.joined(separator: " "))
        bearer.add("error", error)
        bearer.add("error_description", error == nil ? nil : description)
        var fields = [("WWW-Authenticate", bearer.text)]
        if offersDPoP {
            var dpop = ChallengeHeader(scheme: "DPoP")
            dpop.add("algs", Self.dpopAlgorithms)
            fields.append(("WWW-Authenticate", dpop.text))
        }
        return Self.fields(fields)
    }

    private static func fields(_ fields: [(String, String)]) -> [(name: String, value: String)] {
        (fields + [("Content-Type", "application/json"), ("Cache-Control", "no-store")]).map {
            (name: $0.0, value: $0.1)
        }
    }

    private static func body(_ error: String, _ description: String) -> String {
        JSONSlice(.object(["error": .string(error), "error_description": .string(description)])).description
    }
}
