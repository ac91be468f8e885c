// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct AuthServerRouterTests {
    private struct Fixed: AuthEndpoint {
        let route: AuthRoute
        var rules: EndpointRules { EndpointRules(methods: ["GET"], content: .query, limitClass: .metadata) }
        func respond(to request: EndpointRequest) async -> AuthResponse {
            AuthResponse(status: 200, body: Array("\(route)".utf8))
        }
    }

    private static let routes: [(String, AuthRoute)] = [
        ("/oauth/authorize", .authorize), ("/oauth/consent", .consent), ("/oauth/callback", .callback),
        ("/oauth/token", .token), ("/oauth/par", .pushedRequest), ("/oauth/register", .register),
        ("/oauth/revoke", .revoke),
        ("/.well-known/oauth-authorization-server", .metadata), ("/.well-known/openid-configuration", .openIDMetadata),
        ("/.well-known/jwks.json", .keys),
    ]

    private static func resolve(_ path: String, issuer: String = "https://as.example.com") -> AuthPath? {
        AuthRoutes(.sample(issuer: issuer)).resolve(path)
    }

    @Test("Every endpoint has its path, at the root and below an issuer's path", arguments: routes)
    func endpoints(path: String, route: AuthRoute) {
        #expect(Self.resolve(path) == .route(route))
        #expect(Self.resolve(path, issuer: "https://as.example.com/tenant") == .route(route))
        #expect(Self.resolve("/tenant" + path, issuer: "https://as.example.com/tenant") == .route(route))
        #expect(Self.resolve("/tenant" + path) == nil)
        #expect(Set(Self.routes.map(\.1)) == Set(AuthRoute.allCases))
    }

    @Test(
        "Below /oauth nothing else exists, in no spelling",
        arguments: [
            "/oauth", "/oauth/", "/oauth/introspect", "/oauth/userinfo", "/oauth/token/", "/oauth//token",
            "/oauth/Token",
            "/oauth/%74oken", "/oauth/token;x", "/oauth/../oauth/token", "/oauth/token/x", "/oauth/authorize%00",
        ])
    func unknown(path: String) {
        #expect(Self.resolve(path) == .nothing(allowsCrossOrigin: false))
    }

    @Test(
        "Other paths are somebody else's",
        arguments: [
            "", "/", "/mcp", "/oauthx", "/OAuth/token", "//oauth/token", "/.well-known", "/.well-known/",
            "/.well-known/oauth-protected-resource", "/.well-known/jwks.jsonx", "/tenantx/oauth/token",
        ])
    func foreign(path: String) {
        #expect(Self.resolve(path) == nil)
        #expect(Self.resolve(path, issuer: "https://as.example.com/tenant") == nil)
    }

    @Test("What is turned off is not there")
    func turnedOff() {
        var settings = AuthServerSettings.sample()
        settings.isRegistrationOpen = false
        settings.pushedRequests = .off
        settings.consent = .off
        let routes = AuthRoutes(settings)
        for path in ["/oauth/register", "/oauth/par", "/oauth/consent"] {
            #expect(routes.resolve(path) == .nothing(allowsCrossOrigin: false))
        }
        #expect(routes.resolve("/oauth/token") == .route(.token))
    }

    @Test(
        "AU-12: Metadata is where clients look for it, and its other suffixes are not found",
        arguments: [
            ("/.well-known/oauth-authorization-server", "", true),
            ("/.well-known/oauth-authorization-server/tenant", "", false),
            ("/.well-known/oauth-authorization-server/", "", false),
            ("/.well-known/oauth-authorization-server", "/tenant", true),
            ("/.well-known/oauth-authorization-server/tenant", "/tenant", true),
            ("/.well-known/openid-configuration/tenant", "/tenant", true),
            ("/tenant/.well-known/oauth-authorization-server", "/tenant", true),
            ("/tenant/.well-known/openid-configuration", "/tenant", true),
            ("/tenant/.well-known/jwks.json", "/tenant", true),
            ("/.well-known/oauth-authorization-server/tenant", "/tenant/", true),
            ("/.well-known/oauth-authorization-server/a/b", "/a/b", true),
            ("/a/b/.well-known/openid-configuration", "/a/b", true),
            ("/.well-known/oauth-authorization-server/other", "/tenant", false),
            ("/.well-known/oauth-authorization-server/tenant/", "/tenant", false),
            ("/.well-known/oauth-authorization-server/Tenant", "/tenant", false),
            ("/.well-known/oauth-authorization-server/%74enant", "/tenant", false),
            ("/.well-known/oauth-authorization-server/tenant/x", "/tenant", false),
            ("/tenant/.well-known/oauth-authorization-server/tenant", "/tenant", false),
            ("/.well-known/jwks.json/tenant", "/tenant", false), ("/.well-known/jwks.json/", "", false),
        ])
    func metadata(path: String, issuerPath: String, isFound: Bool) {
        let resolved = Self.resolve(path, issuer: "https://as.example.com" + issuerPath)
        guard isFound else {
            #expect(resolved == .nothing(allowsCrossOrigin: true))
            return
        }
        guard case .route = resolved else {
            Issue.record("\(path) is not found")
            return
        }
    }

    @Test("A request goes through the pipeline to its endpoint, or to 404, or is not ours")
    func responds() async throws {
        let settings = AuthServerSettings.sample()
        let pipeline = EndpointPipeline(
            limiter: RateLimiter(), rendering: HTTPAnswerRendering(issuer: settings.issuer, serverName: "Acme"))
        let endpoints = Dictionary(
            uniqueKeysWithValues: AuthRoute.allCases.filter { $0 != .revoke }.map {
                ($0, Fixed(route: $0) as any AuthEndpoint)
            })
        let router = AuthServerRouter(settings: settings, endpoints: endpoints, pipeline: pipeline)
        func respond(_ path: String, method: String = "GET") async -> AuthResponse? {
            await router.respond(to: AuthRequest(method: method, path: path, clientAddress: "::1"))
        }
        for (path, route) in Self.routes where route != .revoke {
            let answer = try #require(await respond(path))
            #expect(answer.bodyText == "\(route)" && answer.header("X-Content-Type-Options") == "nosniff")
        }
        for path in ["/oauth/revoke", "/oauth/nothing", "/.well-known/jwks.json/x"] {
            let answer = try #require(await respond(path))
            #expect(answer.status == 404 && answer.bodyText == #"{"error":"not_found"}"#)
        }
        #expect(await respond("/oauth/token", method: "DELETE")?.status == 405)
        #expect(await respond("/mcp") == nil)
        #expect(router.owns("/oauth/token") && router.owns("/oauth/x") && !router.owns("/mcp"))
    }
}
