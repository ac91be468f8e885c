// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP

extension UpstreamClientRecord {
    /// The answer to our registration: what it decided wins over what we asked for (RFC 7591 section 3.2.1).
    init(
        reading answer: JSONSlice, target: RegistrationTarget, redirectURI: String, now: Date
    ) throws(UpstreamStartError.Problem) {
        guard let clientID = UpstreamText.token(answer["client_id"])?.exposed else {
            throw .member(.registration, "client_id")
        }
        if let uris = answer["redirect_uris"], uris.kind == .array {
            guard uris.elements.contains(where: { $0.string.map { UpstreamText.areEqual($0, redirectURI) } ?? false })
            else { throw .member(.registration, "redirect_uris") }
        }
        let method = try Self.method(answer, requested: target.method)
        let secret = UpstreamText.token(answer["client_secret"])?.exposed
        guard method == .none || secret != nil else { throw .member(.registration, "client_secret") }
        self.init(
            clientID: clientID,
            // Some servers give a secret to a client that is to have none.
            clientSecret: method == .none ? nil : secret, method: method,
            registrationAccessToken: UpstreamText.token(answer["registration_access_token"])?.exposed,
            registrationClientURI: UpstreamText.name(answer["registration_client_uri"]),
            authorizationEndpoint: target.authorizationEndpoint.text, tokenEndpoint: target.tokenEndpoint.text,
            issuer: target.issuer, namesIssuerInResponses: target.namesIssuerInResponses, scopes: target.scopes,
            createdAt: now, secretExpiresAt: try Self.secretExpiry(answer, method: method, now: now))
    }

    private static func method(
        _ answer: JSONSlice, requested: UpstreamClientMethod
    ) throws(UpstreamStartError.Problem) -> UpstreamClientMethod {
        guard let member = answer["token_endpoint_auth_method"], !member.isNull else { return requested }
        guard let method = member.string.flatMap(UpstreamClientMethod.init(rawValue:)) else {
            throw .noClientAuthentication
        }
        return method
    }

    /// Seconds since 1970; zero, or no such member, means never.
    private static func secretExpiry(
        _ answer: JSONSlice, method: UpstreamClientMethod, now: Date
    ) throws(UpstreamStartError.Problem) -> Date? {
        guard method != .none, let member = answer["client_secret_expires_at"], !member.isNull else { return nil }
        guard let seconds = member.double, seconds >= 0 else {
            throw .member(.registration, "client_secret_expires_at")
        }
        guard seconds > 0 else { return nil }
        let expiry = Date(timeIntervalSince1970: min(seconds, now.timeIntervalSince1970 + 100 * 365 * 86_400))
        guard expiry > now else { throw .member(.registration, "client_secret_expires_at") }
        return expiry
    }
}
