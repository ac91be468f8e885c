// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Logging
import NIOCore
import Observability
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// The grants behind the routes of the whole server.
struct DelegationServerTests {
    @Test(
        "The assembled server exchanges tokens and redeems assertions where it is configured to",
        arguments: [true, false])
    func server(_ offersJWTBearer: Bool) async throws {
        let clock = TokensClock()
        let now: @Sendable () -> Date = { clock.now }
        let idp = DelegationIssuer([try DelegationBench.issuerKey.get()])
        var settings = AuthServerSettings(
            serverName: "Test", issuer: DelegationBench.issuer, allowedAudiences: [DelegationBench.resource],
            upstreams: [])
        settings.trustedIssuers = [DelegationIssuer.trusted { if !offersJWTBearer { $0.jwtBearer = nil } }]
        settings.delegateClients = [
            DelegateClient(
                id: "delegate", secret: Secret(DelegationBench.secret), scopes: ["openid"],
                audiences: [DelegationBench.resource])
        ]
        let lines = RecordedLog()
        var parts = EmbeddedAuthServer.Parts(
            storage: MemoryStorage(now: now), sealer: try TokensServer.sealer.get(), keys: KeyMaterialSettings(),
            http: idp, denials: TokenDenials(now: now), defaultScopes: [],
            logger: lines.logger)
        parts.now = now
        let server = try await EmbeddedAuthServer(settings: settings, parts: parts)
        let bench = try DelegationBench(clock: clock, idp: idp)

        func post(_ form: String) async throws -> TokensReply {
            let request = AuthRequest(
                method: "POST", path: "/oauth/token",
                headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(form.utf8),
                clientAddress: "192.0.2.1")
            return TokensReply(try #require(await server.respond(to: request)))
        }

        let client =
            "&client_id=delegate&client_secret="
            + (DelegationBench.secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
        let exchange =
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
            + "&subject_token_type=urn:ietf:params:oauth:token-type:access_token" + client + "&subject_token="
        let first = try await post(exchange + (try bench.trusted()))
        #expect(first.status == 200)
        #expect(first.headers["cache-control"] == "no-store")
        let second = try await post(exchange + (try #require(first.accessToken)))
        #expect(second.status == 200)
        #expect(try second.actors.count == 3)
        let repeated = try await post(exchange + (try bench.trusted()) + "&audience=a&audience=b")
        #expect(repeated.error == "invalid_target")

        let jwtBearer =
            "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer"
            + "&resource=\(DelegationBench.resource)&assertion="
        let assertion = try bench.assertion()
        let redeemed = try await post(jwtBearer + assertion)
        #expect(redeemed.error == (offersJWTBearer ? nil : "unsupported_grant_type"))
        let again = try await post(jwtBearer + assertion)
        #expect(again.error == (offersJWTBearer ? "invalid_grant" : "unsupported_grant_type"))
        let twice = try await post(jwtBearer + (try bench.assertion()) + "&assertion=x")
        #expect(twice.error == "invalid_request")
        try await server.close()
    }
}
