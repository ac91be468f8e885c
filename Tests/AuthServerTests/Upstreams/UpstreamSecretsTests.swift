// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging
import Observability
import OutboundHTTP
import Storage
import Synchronization
import TestSupport
import Testing

@testable import AuthServer

/// No secret in a log line or an error text.
@Suite struct UpstreamSecretsTests {
    static let secrets = [
        "access-secret-1", "refresh-secret-1", "the-secret-code", "the-secret-verifier", FakeOpenIDProvider.secret,
        FakeOpenIDProvider.nonce, "body-of-the-upstream",
    ]

    @Test("Whatever goes wrong, neither the log nor the error says a secret")
    func scan() async throws {
        let provider = FakeOpenIDProvider()
        let bench = try UpstreamsBench()
        var texts: [String] = []
        func attempt(_ body: () async throws -> Void) async {
            do {
                try await body()
            } catch {
                texts.append("\(error)")
                texts.append(String(reflecting: error))
            }
        }
        let upstream = try await provider.started()
        func login() async throws -> UpstreamLogin {
            try await upstream.exchange(
                code: "the-secret-code", codeVerifier: "the-secret-verifier", nonce: FakeOpenIDProvider.nonce)
        }
        let good = try await login()
        texts.append("\(good)")
        var dumped = ""
        dump(good, to: &dumped)
        texts.append(dumped)
        try await bench.store(good)
        let row = try #require(try await bench.row())
        let tokens = try #require(row.record.tokens)
        texts += ["\(row)", String(reflecting: row.record), "\(UpstreamRenewal.Outcome.renewed(tokens))"]
        dumped = ""
        dump(row, to: &dumped)
        texts.append(dumped)
        let failures: [(inout FakeOpenIDProvider.Behaviour) -> Void] = [
            {
                $0.override["/token"] = .json(
                    #"{"error":"invalid_grant","error_description":"body-of-the-upstream"}"#, status: 400)
            },
            { $0.override["/token"] = .json("body-of-the-upstream", status: 400) },
            { $0.override["/token"] = .json(#"{"access_token":"access-secret-1\n","token_type":"Bearer"}"#) },
            { $0.override["/token"] = .json(#"{"access_token":"access-secret-1","token_type":"mac"}"#) },
            {
                $0.override["/token"] = OutboundResponse(
                    status: 302, headers: [("Location", "https://x/?body-of-the-upstream")])
            },
            { $0.failure["/token"] = .timedOut }, { $0.claims["nonce"] = "body-of-the-upstream" },
            { $0.claims["iss"] = "body-of-the-upstream" }, { $0.claims["sub"] = nil },
            { $0.header["kid"] = "body-of-the-upstream" },
            { $0.override["/keys"] = .json("body-of-the-upstream") },
            { $0.override["/.well-known/openid-configuration"] = .json("body-of-the-upstream") },
            { $0.discovery["issuer"] = "body-of-the-upstream" },
        ]
        let healthy = provider.behaviour.withLock { $0 }
        for failure in failures {
            provider.change {
                $0 = healthy
                failure(&$0)
            }
            provider.clock.advance(7200)
            await attempt { _ = try await login() }
            await attempt { _ = try await upstream.refresh(OIDCRefreshTests.tokens()) }
            await attempt { try await provider.upstream().start() }
            await upstream.maintain()
        }
        bench.clock.advance(9999)
        let errors: [UpstreamError] = [.unreachable, .refused(code: "invalid_grant"), .subjectChanged]
        for error in errors {
            bench.refreshFails(error)
            await attempt { _ = try await bench.token() }
            await attempt { _ = try await bench.token(user: "user-bob") }
            bench.clock.advance(60)
        }
        let all = texts + provider.lines.all + bench.lines.all
        #expect(all.count > 30)
        for secret in Self.secrets {
            #expect(!all.contains { $0.contains(secret) }, "\(secret) got out")
        }
    }

    @Test("Each start error says what is wrong, where, and what to do")
    func startErrors() {
        let problems: [UpstreamStartError.Problem] = [
            .missing(setting: "client_id"), .reservedParameter("state"), .url(setting: "issuer_url"),
            .path(setting: "p", .empty), .header(setting: "h"), .fetch(.discovery, .transport(.tls)),
            .fetch(.discovery, .redirected), .fetch(.registration, .busy(status: 503)),
            .fetch(.discovery, .status(404)),
            .fetch(.discovery, .malformed), .member(.discovery, "jwks_uri"), .endpoint(.discovery, "token_endpoint"),
            .issuerMismatch(differsBySlashOnly: true), .issuerMismatch(differsBySlashOnly: false), .noCodeFlow,
            .noClientAuthentication, .registrationRefused(code: "invalid_client_metadata"), .storage,
        ]
        let texts = problems.map { UpstreamStartError("corp", $0).description }
        #expect(Set(texts).count == texts.count)
        for text in texts {
            #expect(text.hasPrefix("upstream \"corp\": "))
            #expect(!text.contains("Problem"))
        }
        let paths: [MemberPathError] = [
            .empty, .tooLong(limit: 1), .tooManySteps(limit: 1), .unsupported("*"), .unknownModifier,
        ]
        #expect(Set(paths.map(\.description)).count == paths.count)
    }
}
