// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import Storage
import Synchronization
import TestSupport
import Testing

@testable import AuthServer

/// RFC 7591 and RFC 8414, with us as the client.
@Suite struct UpstreamRegistrationTests {
    let clock = UpstreamsClock()
    let storage: UpstreamsStorage
    let records: RecordStore
    let lines = RecordedLog()
    let world: World

    final class World: Sendable {
        let metadata: Mutex<JSONObject> = Mutex([
            "issuer": "https://hub.example", "authorization_endpoint": "https://hub.example/authorize",
            "token_endpoint": "https://hub.example/token", "registration_endpoint": "https://hub.example/register",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
            "scopes_supported": ["read", "write"],
        ])
        let answer: Mutex<(JSONObject, Int)> = Mutex(
            (["client_id": "reg-1", "client_secret": "reg-secret-1", "registration_access_token": "reg-access"], 201))

        var http: UpstreamsHTTP {
            UpstreamsHTTP { request throws(OutboundError) in
                switch request.url {
                case "https://hub.example/.well-known/oauth-authorization-server":
                    return .json(self.metadata.withLock { $0 })
                case "https://hub.example/register":
                    let (body, status) = self.answer.withLock { $0 }
                    return .json(body, status: status)
                case "https://hub.example/token": return .json(["access_token": "a", "token_type": "Bearer"])
                default: return OutboundResponse(status: 404)
                }
            }
        }
    }

    init() throws {
        let clock = clock
        storage = UpstreamsStorage(now: { clock.now })
        records = try RecordStore.upstreams(storage)
        world = World()
    }

    private func upstream(
        _ http: UpstreamsHTTP, scopes: [String] = [],
        registration: UpstreamSettings.Registration = UpstreamSettings.Registration(
            discoveryURL: "https://hub.example/.well-known/oauth-authorization-server", registrationEndpoint: nil),
        _ change: (inout UpstreamSettings.OAuth2) -> Void = { _ in }
    ) throws -> OAuth2Upstream {
        var service = UpstreamSettings.OAuth2(authorizationEndpoint: nil, tokenEndpoint: nil)
        service.registration = registration
        change(&service)
        let settings = UpstreamSettings(
            name: "hub", kind: .oauth2(service), clientID: "", clientSecret: nil,
            redirectURI: "https://gw.example/oauth/callback", scopes: scopes, addresses: .strict)
        let clock = clock
        let logger = lines.logger
        return try OAuth2Upstream(
            settings, service: service,
            registration: try UpstreamRegistration(
                settings, service: service, registration: registration, records: records, http: http,
                now: { clock.now }, logger: logger),
            http: http, now: { clock.now }, logger: logger)
    }

    private func start(
        _ change: (inout JSONObject) -> Void = { _ in }
    ) async -> UpstreamStartError.Problem? {
        world.metadata.withLock { change(&$0) }
        do {
            try await upstream(world.http).start()
            return nil
        } catch {
            return (error as? UpstreamStartError)?.problem
        }
    }

    @Test("AU-32: We register once, say who we are, and use what we were given")
    func register() async throws {
        let http = world.http
        var registration = UpstreamSettings.Registration(
            discoveryURL: "https://hub.example/.well-known/oauth-authorization-server", registrationEndpoint: nil)
        registration.initialAccessToken = Secret("initial")
        registration.softwareID = "soft-1"
        registration.softwareStatement = "a.b.c"
        let upstream = try upstream(http, registration: registration)
        #expect(upstream.host == "hub.example")
        await #expect(throws: UpstreamError.notConfigured) {
            try await upstream.authorizationURL(state: "s", codeChallenge: "c", nonce: "n")
        }
        try await upstream.start()
        let request = try #require(http.requests.last)
        #expect(request.method == "POST")
        #expect(request.header("Authorization") == "Bearer initial")
        let sent = try #require(request.json)
        #expect(sent["software_id"]?.string == "soft-1")
        #expect(sent["software_statement"]?.string == "a.b.c")
        #expect(sent["client_name"]?.string == "vmcp")
        #expect(sent["application_type"]?.string == "web")
        #expect(sent["redirect_uris"]?.description == #"["https://gw.example/oauth/callback"]"#)
        #expect(sent["token_endpoint_auth_method"]?.string == "client_secret_basic")
        #expect(sent["scope"]?.string == "read write")
        #expect(upstream.scopes == ["read", "write"])
        let url = try await upstream.authorizationURL(state: "s", codeChallenge: "c", nonce: "n")
        #expect(OutboundRequest.query(url)["client_id"] == "reg-1")
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n")
        let token = try #require(http.requests.last)
        let expected = Data("reg-1:reg-secret-1".utf8).base64EncodedString()
        #expect(token.header("Authorization") == "Basic \(expected)")
    }

    @Test("A second start takes the stored registration, and asks nobody")
    func stored() async throws {
        try await upstream(world.http).start()
        let http = world.http
        let second = try upstream(http)
        try await second.start()
        #expect(http.requests.isEmpty)
        #expect(second.host == "hub.example")
        #expect(!lines.all.contains { $0.contains("older than") })
        clock.advance(91 * 86_400)
        try await upstream(http).start()
        #expect(lines.all.contains { $0.hasPrefix("warning") && $0.contains("older than 90 days") })
    }

    @Test("The order of the scopes is not another registration, another scope is, and texts cannot run together")
    func key() {
        func id(_ scopes: [String], upstream: String = "hub", redirect: String = "https://gw/") -> String {
            UpstreamClientRecord.id(server: "https://s", upstream: upstream, redirectURI: redirect, scopes: scopes)
        }
        #expect(id(["a", "b"]) == id(["b", "a", "a"]))
        #expect(id(["a", "b"]) != id(["a"]))
        #expect(id([], upstream: "hub", redirect: "x") != id([], upstream: "hu", redirect: "bx"))
    }

    @Test("The stored row holds neither secret nor token in the clear")
    func sealed() async throws {
        try await upstream(world.http).start()
        let id = UpstreamClientRecord.id(
            server: "https://hub.example/.well-known/oauth-authorization-server", upstream: "hub",
            redirectURI: "https://gw.example/oauth/callback", scopes: [])
        let row = try #require(try await storage.load([records.key(UpstreamClientRecord.self, id)])[0])
        let text = String(decoding: row.bytes, as: UTF8.self)
        #expect(!text.contains("reg-secret-1"))
        #expect(!text.contains("reg-access"))
        #expect(!text.contains("reg-1"))
    }

    @Test("A secret that expires is replaced when it has")
    func expiry() async throws {
        world.answer.withLock {
            $0.0["client_secret_expires_at"] = .number(JSONNumber(Int(clock.now.timeIntervalSince1970) + 100))
        }
        let http = world.http
        let upstream = try upstream(http)
        try await upstream.start()
        clock.advance(99)
        await upstream.maintain()
        #expect(http.count("/register") == 1)
        clock.advance(1)
        world.answer.withLock { $0 = (["client_id": "reg-2", "client_secret": "reg-secret-2"], 201) }
        await upstream.maintain()
        await upstream.maintain()
        #expect(http.count("/register") == 2)
        let url = try await upstream.authorizationURL(state: "s", codeChallenge: "c", nonce: "n")
        #expect(OutboundRequest.query(url)["client_id"] == "reg-2")
    }

    @Test("Two processes that register at once end up with one client")
    func race() async throws {
        let gate = UpstreamsGate()
        let world = world
        let count = Mutex(0)
        let http = UpstreamsHTTP { request throws(OutboundError) in
            if request.url.hasSuffix("/register") {
                await gate.wait()
                let number = count.withLock { count -> Int in
                    count += 1
                    return count
                }
                return .json(["client_id": .string("reg-\(number)"), "client_secret": "s"], status: 201)
            }
            return try await world.http.send(request, policy: .strict)
        }
        let first = try upstream(http)
        let second = try upstream(http)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await first.start() }
            group.addTask { try await second.start() }
            while http.count("/register") < 2 { await Task.yield() }
            gate.open()
            try await group.waitForAll()
        }
        let urls = [
            try await first.authorizationURL(state: "s", codeChallenge: "c", nonce: "n"),
            try await second.authorizationURL(state: "s", codeChallenge: "c", nonce: "n"),
        ]
        #expect(urls[0] == urls[1])
    }

    @Test(
        "The best method that both sides know is asked for; no secret only with S256",
        arguments: [
            (nil, nil, "client_secret_basic"), (["client_secret_post"], nil, "client_secret_post"),
            (["none", "client_secret_post"], ["S256"], "client_secret_post"), (["none"], ["plain", "S256"], "none"),
            (["none"], ["plain"], nil), (["none"], nil, nil), (["private_key_jwt"], ["S256"], nil),
        ] as [([String]?, [String]?, String?)])
    func method(supported: [String]?, challenges: [String]?, expected: String?) async throws {
        let http = world.http
        world.metadata.withLock {
            $0["token_endpoint_auth_methods_supported"] = supported.map { .array($0.map { .string($0) }) }
            $0["code_challenge_methods_supported"] = challenges.map { .array($0.map { .string($0) }) }
        }
        if let expected {
            try await upstream(http).start()
            #expect(http.requests.last?.json?["token_endpoint_auth_method"]?.string == expected)
        } else {
            await #expect(throws: UpstreamStartError("hub", .noClientAuthentication)) {
                try await upstream(http).start()
            }
            #expect(http.count("/register") == 0)
        }
    }

    @Test("A client without a secret does not use one that the server sends all the same")
    func unwantedSecret() async throws {
        world.metadata.withLock {
            $0["token_endpoint_auth_methods_supported"] = ["none"]
            $0["code_challenge_methods_supported"] = ["S256"]
        }
        let http = world.http
        let upstream = try upstream(http)
        try await upstream.start()
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n")
        let request = try #require(http.requests.last)
        #expect(FakeOpenIDProvider.method(of: request) == .none)
        #expect(request.form["client_id"] == "reg-1")
    }

    @Test("Metadata that lies ends the start")
    func lies() async {
        #expect(await start { $0["issuer"] = "https://evil.example" } == .issuerMismatch(differsBySlashOnly: false))
        #expect(await start { $0["issuer"] = nil } == .member(.discovery, "issuer"))
        #expect(
            await start {
                $0["issuer"] = "https://hub.example/"
                $0["token_endpoint"] = "http://hub.example/t"
            } == .endpoint(.discovery, "token_endpoint"))
        #expect(
            await start {
                $0["token_endpoint"] = "https://hub.example/token"
                $0["registration_endpoint"] = "https://127.0.0.1/register"
            } == .endpoint(.discovery, "registration_endpoint"))
        #expect(
            await start {
                $0["registration_endpoint"] = nil
                $0["authorization_endpoint"] = nil
            } == .member(.discovery, "authorization_endpoint"))
        // Without a registration endpoint it is the issuer's /register.
        #expect(await start { $0["authorization_endpoint"] = "https://hub.example/authorize" } == nil)
    }

    @Test(
        "An answer to the registration that cannot be used ends the start",
        arguments: [
            (["client_secret": "s"], 201, .member(.registration, "client_id")),
            (["client_id": "a"], 201, .member(.registration, "client_secret")),
            (["client_id": "a\n", "client_secret": "s"], 201, .member(.registration, "client_id")),
            (
                ["client_id": "a", "client_secret": "s", "token_endpoint_auth_method": "private_key_jwt"], 201,
                .noClientAuthentication
            ),
            (
                ["client_id": "a", "client_secret": "s", "redirect_uris": ["https://evil.example/"]], 201,
                .member(.registration, "redirect_uris")
            ),
            (
                ["client_id": "a", "client_secret": "s", "client_secret_expires_at": 5], 201,
                .member(.registration, "client_secret_expires_at")
            ),
            (
                ["error": "invalid_redirect_uri", "error_description": "x"], 400,
                .registrationRefused(code: "invalid_redirect_uri")
            ),
            ([:], 403, .fetch(.registration, .status(403))), ([:], 302, .fetch(.registration, .redirected)),
            ([:], 503, .fetch(.registration, .busy(status: 503))),
        ] as [(JSONObject, Int, UpstreamStartError.Problem)])
    func answers(body: JSONObject, status: Int, problem: UpstreamStartError.Problem) async {
        world.answer.withLock { $0 = (body, status) }
        #expect(await start() == problem)
    }

    @Test("A registration that cannot be stored ends the start, or it would be made again every time")
    func storeFailure() async {
        storage.fail(UpstreamsStorage.Faults(commits: 1))
        #expect(await start() == .storage)
        storage.fail(UpstreamsStorage.Faults(reads: true))
        #expect(await start() == .storage)
    }

    @Test("With a registration endpoint nothing is discovered, so the other endpoints must be configured")
    func direct() async throws {
        let http = world.http
        let direct = UpstreamSettings.Registration(
            discoveryURL: nil, registrationEndpoint: "https://hub.example/register")
        await #expect(throws: UpstreamStartError("hub", .url(setting: "authorization_endpoint"))) {
            try await upstream(http, registration: direct).start()
        }
        let configured = try upstream(http, scopes: ["read"], registration: direct) {
            $0.authorizationEndpoint = "https://hub.example/a"
            $0.tokenEndpoint = "https://hub.example/token"
        }
        try await configured.start()
        #expect(http.requests.map(\.url) == ["https://hub.example/register"])
        #expect(http.requests.last?.json?["scope"]?.string == "read")
        let both = UpstreamSettings.Registration(
            discoveryURL: "https://a.example", registrationEndpoint: "https://b.example")
        #expect(throws: UpstreamStartError.self) { try upstream(http, registration: both) }
    }

    @Test(
        "The issuer is read off the metadata URL in each of its forms",
        arguments: [
            ("https://a.example/.well-known/oauth-authorization-server", "https://a.example"),
            ("https://a.example/.well-known/openid-configuration", "https://a.example"),
            ("https://a.example/.well-known/oauth-authorization-server/t/1", "https://a.example/t/1"),
            ("https://a.example:8443/t/1/.well-known/openid-configuration", "https://a.example:8443/t/1"),
            ("https://a.example/metadata.json", nil), ("https://a.example/.well-known/openid-configuration?x", nil),
            ("https://a.example/.well-known/openid-configurationx", nil),
        ] as [(String, String?)])
    func issuer(url: String, issuer: String?) throws {
        #expect(RegistrationTarget.issuer(ofDiscoveryURL: try OutboundURL(url)) == issuer)
    }

    @Test("A discovered service's issuer is checked in responses")
    func responseIssuer() async throws {
        world.metadata.withLock { $0["authorization_response_iss_parameter_supported"] = true }
        let upstream = try upstream(world.http)
        try await upstream.start()
        #expect(try await upstream.acceptsIssuer("https://hub.example"))
        #expect(try await !upstream.acceptsIssuer(nil))
        #expect(try await !upstream.acceptsIssuer("https://evil.example"))
    }
}
