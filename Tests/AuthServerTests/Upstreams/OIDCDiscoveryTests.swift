// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import OutboundHTTP
import TestSupport
import Testing

@testable import AuthServer

/// OpenID Connect Discovery 1.0 and RFC 9207.
@Suite struct OIDCDiscoveryTests {
    @Test("The document is fetched behind the issuer's path, and the host shown is the one that the browser goes to")
    func happyPath() async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.discovery["authorization_endpoint"] = "https://login.idp.example:8443/authorize?tenant=1" }
        let upstream = try await provider.started()
        #expect(provider.http.requests.map(\.url) == ["https://idp.example/.well-known/openid-configuration"])
        #expect(upstream.host == "login.idp.example:8443")
        let url = try await upstream.authorizationURL(state: "s&t", codeChallenge: "ch", nonce: "n")
        #expect(url.hasPrefix("https://login.idp.example:8443/authorize?tenant=1&response_type=code&"))
        let query = OutboundRequest.query(url)
        #expect(query["client_id"] == "gateway")
        #expect(query["redirect_uri"] == "https://gw.example/oauth/callback")
        #expect(query["scope"] == "openid profile offline_access")
        #expect(query["state"] == "s&t")
        #expect(query["nonce"] == "n")
        #expect(query["code_challenge"] == "ch")
        #expect(query["code_challenge_method"] == "S256")
    }

    @Test(
        "The path is appended to the issuer without its trailing slash",
        arguments: [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t/1", "https://a.example/t/1/.well-known/openid-configuration"),
            ("https://a.example/t/1/", "https://a.example/t/1/.well-known/openid-configuration"),
        ])
    func path(issuer: String, url: String) {
        #expect(UpstreamMetadata.url(ofIssuer: issuer) == url)
    }

    struct Lie: Sendable, CustomTestStringConvertible {
        let member: String
        let value: JSONValue?
        let problem: UpstreamStartError.Problem
        var testDescription: String { "\(member) = \(value.map { JSONSlice($0).description } ?? "absent")" }
    }

    static let lies: [Lie] = [
        Lie(member: "issuer", value: nil, problem: .member(.discovery, "issuer")),
        Lie(member: "issuer", value: "https://evil.example", problem: .issuerMismatch(differsBySlashOnly: false)),
        Lie(member: "issuer", value: "https://idp.example/", problem: .issuerMismatch(differsBySlashOnly: true)),
        Lie(member: "issuer", value: "https://IDP.example", problem: .issuerMismatch(differsBySlashOnly: false)),
        Lie(member: "issuer", value: 1, problem: .member(.discovery, "issuer")),
        Lie(
            member: "authorization_endpoint", value: "http://idp.example/a",
            problem: .endpoint(.discovery, "authorization_endpoint")),
        Lie(
            member: "authorization_endpoint", value: "javascript:alert(1)",
            problem: .endpoint(.discovery, "authorization_endpoint")),
        Lie(
            member: "authorization_endpoint", value: "https://idp.example/a?client_id=other",
            problem: .endpoint(.discovery, "authorization_endpoint")),
        Lie(
            member: "authorization_endpoint", value: "https://idp.example/a#f",
            problem: .endpoint(.discovery, "authorization_endpoint")),
        Lie(member: "token_endpoint", value: nil, problem: .member(.discovery, "token_endpoint")),
        Lie(member: "token_endpoint", value: "http://idp.example/t", problem: .endpoint(.discovery, "token_endpoint")),
        Lie(member: "token_endpoint", value: "https://localhost/t", problem: .endpoint(.discovery, "token_endpoint")),
        Lie(member: "token_endpoint", value: "http://127.0.0.1/t", problem: .endpoint(.discovery, "token_endpoint")),
        Lie(
            member: "token_endpoint", value: "https://user@idp.example/t",
            problem: .endpoint(.discovery, "token_endpoint")),
        Lie(member: "jwks_uri", value: "http://idp.example/k", problem: .endpoint(.discovery, "jwks_uri")),
        Lie(member: "jwks_uri", value: nil, problem: .member(.discovery, "jwks_uri")),
        Lie(
            member: "response_types_supported", value: nil,
            problem: .member(.discovery, "response_types_supported")),
        Lie(member: "response_types_supported", value: ["id_token"], problem: .noCodeFlow),
        Lie(
            member: "token_endpoint_auth_methods_supported", value: ["private_key_jwt"],
            problem: .noClientAuthentication),
        Lie(
            member: "token_endpoint_auth_methods_supported", value: [1],
            problem: .member(.discovery, "token_endpoint_auth_methods_supported")),
        Lie(
            member: "authorization_response_iss_parameter_supported", value: "yes",
            problem: .member(.discovery, "authorization_response_iss_parameter_supported")),
    ]

    @Test("A document that lies or lacks something ends the start", arguments: lies)
    func lying(lie: Lie) async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.discovery[lie.member] = lie.value }
        let upstream = try provider.upstream()
        await #expect(throws: UpstreamStartError("corp", lie.problem)) { try await upstream.start() }
        await #expect(throws: UpstreamError.notConfigured) {
            try await upstream.authorizationURL(state: "s", codeChallenge: "c", nonce: "n")
        }
    }

    @Test(
        "An answer that is no document ends the start",
        arguments: [
            (
                OutboundResponse(status: 302, headers: [("Location", "https://idp.example/x")]),
                UpstreamFetchError.redirected
            ),
            (OutboundResponse(status: 404), .status(404)),
            (OutboundResponse(status: 503), .busy(status: 503)),
            (OutboundResponse(status: 429), .busy(status: 429)),
            (.json("[]"), .malformed), (.json("{"), .malformed), (.json(#"{"issuer":"a","issuer":"b"}"#), .malformed),
            (
                .json("{\"a\":" + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}"),
                .malformed
            ),
            (
                OutboundResponse(status: 200, body: [UInt8](repeating: 0x20, count: (1 << 20) + 1)),
                .transport(.tooLarge(limit: 1 << 20))
            ),
        ])
    func noDocument(response: OutboundResponse, error: UpstreamFetchError) async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.override["/.well-known/openid-configuration"] = response }
        let upstream = try provider.upstream()
        await #expect(throws: UpstreamStartError("corp", .fetch(.discovery, error))) { try await upstream.start() }
        #expect(provider.http.requests.count == 1, "a redirect is not followed")
    }

    @Test("Settings that cannot work are refused before anything is fetched")
    func settings() throws {
        let provider = FakeOpenIDProvider()
        func problem(_ change: (inout UpstreamSettings) -> Void, issuer: String = FakeOpenIDProvider.issuer)
            -> UpstreamStartError.Problem?
        {
            var settings = FakeOpenIDProvider.settings()
            change(&settings)
            do {
                _ = try provider.upstream(settings, issuer: issuer)
                return nil
            } catch {
                return (error as? UpstreamStartError)?.problem
            }
        }
        #expect(problem({ _ in }) == nil)
        #expect(problem({ $0.clientID = "" }) == .missing(setting: "client_id"))
        #expect(problem({ $0.scopes = ["profile"] }) == .missing(setting: "the scope openid"))
        #expect(problem({ _ in }, issuer: "http://idp.example") == .url(setting: "issuer_url"))
        #expect(problem({ _ in }, issuer: "https://localhost:9") == .url(setting: "issuer_url"))
        #expect(problem({ _ in }, issuer: "https://idp.example?x") == .url(setting: "issuer_url"))
        #expect(problem({ $0.addresses.allowsHTTP = true }, issuer: "http://idp.example") == nil)
        #expect(problem({ $0.addresses.allowsLoopback = true }, issuer: "http://localhost:9") == nil)
        for name in UpstreamForm.reserved {
            #expect(problem({ $0.additionalParameters = [("prompt", "x"), (name, "y")] }) == .reservedParameter(name))
        }
    }

    @Test("No scopes means openid and offline_access, and additional parameters are sent")
    func defaults() async throws {
        var settings = FakeOpenIDProvider.settings(scopes: [])
        settings.additionalParameters = [("prompt", "select_account"), ("audience", "a b")]
        let upstream = try await FakeOpenIDProvider().started(settings)
        let query = OutboundRequest.query(
            try await upstream.authorizationURL(state: "s", codeChallenge: "c", nonce: "n"))
        #expect(query["scope"] == "openid offline_access")
        #expect(query["prompt"] == "select_account")
        #expect(query["audience"] == "a b")
    }

    @Test(
        "A provider on this machine names only this machine, unless http is allowed everywhere",
        arguments: [
            (AddressPolicy(allowsLoopback: true), "http://127.0.0.1:9/t", true),
            (AddressPolicy(allowsLoopback: true), "https://[::1]/t", true),
            (AddressPolicy(allowsLoopback: true), "https://elsewhere.example/t", false),
            (AddressPolicy(allowsLoopback: true), "http://elsewhere.example/t", false),
            (AddressPolicy(allowsLoopback: true, allowsHTTP: true), "http://elsewhere.example/t", true),
        ])
    func loopback(policy: AddressPolicy, endpoint: String, isAccepted: Bool) throws {
        let rule = UpstreamEndpointRule(policy, namedBy: try OutboundURL("http://localhost:9"))
        #expect((rule.endpoint(endpoint) != nil) == isAccepted)
    }

    @Test("A provider elsewhere gets nothing of what the settings allow for this machine and for http")
    func foreign() throws {
        let policy = AddressPolicy(allowsLoopback: true, allowsHTTP: true)
        let rule = UpstreamEndpointRule(policy, namedBy: try OutboundURL("https://idp.example"))
        #expect(rule.endpoint("https://other.example/t") != nil)
        #expect(rule.endpoint("http://other.example/t") == nil)
        #expect(rule.endpoint("https://localhost/t") == nil)
        #expect(rule.endpoint("https://other.example/" + String(repeating: "a", count: 2048)) == nil)
    }

    @Test("The document is renewed when it is an hour old, and a failure keeps the old one and is not repeated at once")
    func schedule() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        func fetches() -> Int { provider.http.count("openid-configuration") }
        provider.clock.advance(3599)
        await upstream.maintain()
        #expect(fetches() == 1)
        provider.change { $0.discovery["token_endpoint"] = "http://idp.example/stolen" }
        provider.clock.advance(1)
        await upstream.maintain()
        await upstream.maintain()
        #expect(fetches() == 2)
        #expect(provider.lines.all.contains { $0.hasPrefix("warning") && $0.contains("stays in use") })
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        provider.clock.advance(300)
        provider.change {
            $0.discovery["token_endpoint"] = "https://idp.example/token"
            $0.discovery["authorization_endpoint"] = "https://new.example/a"
        }
        await upstream.maintain()
        #expect(fetches() == 3)
        #expect(upstream.host == "new.example")
    }

    @Test("AU-29: The issuer of a response is mandatory when advertised, and must be right whenever it is there")
    func responseIssuer() async throws {
        let provider = FakeOpenIDProvider()
        let silent = try await provider.started()
        #expect(try await silent.acceptsIssuer(nil))
        #expect(try await silent.acceptsIssuer("https://idp.example"))
        #expect(try await !silent.acceptsIssuer("https://idp.example/"))
        provider.change { $0.discovery["authorization_response_iss_parameter_supported"] = true }
        let naming = try await provider.started()
        #expect(try await !naming.acceptsIssuer(nil))
        #expect(try await naming.acceptsIssuer("https://idp.example"))
        #expect(try await !naming.acceptsIssuer("https://evil.example"))
    }

    @Test("What the document names is fetched under the policy of what named it")
    func policies() async throws {
        let provider = FakeOpenIDProvider()
        let settings = FakeOpenIDProvider.settings(
            addresses: AddressPolicy(allowsPrivateAddresses: true, allowsLoopback: true, allowsHTTP: true))
        let upstream = try await provider.started(settings)
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        let policies = provider.http.policies
        #expect(policies.first == settings.addresses)
        #expect(policies.dropFirst().allSatisfy { $0 == AddressPolicy(allowsPrivateAddresses: true) })
        #expect(policies.count == 3)
    }
}
