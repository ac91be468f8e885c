// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import TestSupport
import Testing

@testable import AuthServer

/// Who signed in at a service without ID tokens, and what its answers may look like.
@Suite struct OAuth2UpstreamTests {
    private func settings(_ change: (inout UpstreamSettings.OAuth2) -> Void = { _ in }) -> UpstreamSettings {
        var service = UpstreamSettings.OAuth2(
            authorizationEndpoint: "https://hub.example/authorize", tokenEndpoint: "https://hub.example/token")
        change(&service)
        return UpstreamSettings(
            name: "hub", kind: .oauth2(service), clientID: "gateway", clientSecret: Secret("s3cret"),
            redirectURI: "https://gw.example/oauth/callback", scopes: ["repo"], addresses: .strict)
    }

    private func upstream(
        _ http: UpstreamsHTTP, _ settings: UpstreamSettings
    ) throws -> OAuth2Upstream {
        guard case .oauth2(let service) = settings.kind else { throw UpstreamError.notConfigured }
        return try OAuth2Upstream(
            settings, service: service, registration: nil, http: http, now: { OIDCRefreshTests.now },
            logger: RecordedLog().logger)
    }

    private func login(
        token: String = #"{"access_token":"access-1","token_type":"bearer"}"#, userInfo: OutboundResponse? = nil,
        _ change: (inout UpstreamSettings.OAuth2) -> Void = { _ in }
    ) async throws -> (login: UpstreamLogin, http: UpstreamsHTTP) {
        let http = UpstreamsHTTP { request throws(OutboundError) in
            request.url.hasSuffix("/token") ? .json(token) : userInfo ?? OutboundResponse(status: 404)
        }
        let upstream = try upstream(http, settings(change))
        try await upstream.start()
        return (try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n"), http)
    }

    private func userInfo(_ service: inout UpstreamSettings.OAuth2) {
        service.userInfo = UpstreamSettings.UserInfo(endpoint: "https://api.hub.example/user")
    }

    @Test("The browser goes to the configured endpoint, without a nonce")
    func authorizationURL() async throws {
        let upstream = try upstream(UpstreamsHTTP { _ throws(OutboundError) in throw .closed }, settings())
        let url = try await upstream.authorizationURL(state: "s", codeChallenge: "c", nonce: "n")
        #expect(url.hasPrefix("https://hub.example/authorize?response_type=code&client_id=gateway&"))
        #expect(OutboundRequest.query(url)["nonce"] == nil)
        #expect(OutboundRequest.query(url)["code_challenge_method"] == "S256")
        #expect(upstream.host == "hub.example")
        #expect(try await upstream.acceptsIssuer(nil))
        #expect(try await upstream.acceptsIssuer("https://anything.example"))
    }

    @Test("A service that names nobody gets a name made of its token")
    func synthetic() async throws {
        let login = try await login().login
        #expect(login.isSynthetic)
        // SHA-256 of "access-1", first 16 bytes.
        #expect(login.subject.hasPrefix("tk-"))
        #expect(login.subject.utf8.count == 35)
        #expect(UpstreamIdentity(synthesizedFrom: Secret("abc")).subject == "tk-ba7816bf8f01cfea414140de5dae2223")
        #expect(login.name == nil)
        #expect(login.expiresAt == nil)
    }

    @Test(
        "The first usable subject field wins, and numbers keep every digit",
        arguments: [
            (#"{"sub":"u-1"}"#, ["sub"], "u-1"), (#"{"id":12345}"#, ["sub", "id"], "12345"),
            (#"{"id":9007199254740993}"#, ["id"], "9007199254740993"),
            (#"{"id":18446744073709551617}"#, ["id"], "18446744073709551617"),
            (#"{"id":1.0}"#, ["id"], "1.0"), (#"{"sub":"","id":"x"}"#, ["sub", "id"], "x"),
            (#"{"sub":null,"id":"x"}"#, ["sub", "id"], "x"), (#"{"sub":{},"id":"x"}"#, ["sub", "id"], "x"),
            (#"{"sub":"\ud800","id":"x"}"#, ["sub", "id"], "x"), (#"{"sub":true}"#, ["sub"], nil),
            (#"{"login":"x"}"#, ["sub"], nil), (#"{"a":{"b":"x"}}"#, ["a.b"], nil), (#"{"a.b":"x"}"#, ["a.b"], "x"),
        ] as [(String, [String], String?)])
    func subjectFields(body: String, fields: [String], subject: String?) async throws {
        func attempt() async throws -> UpstreamLogin {
            try await login(userInfo: .json(body)) {
                userInfo(&$0)
                $0.userInfo?.subjectFields = fields
            }.login
        }
        if let subject {
            let login = try await attempt()
            #expect(login.subject == subject)
            #expect(!login.isSynthetic)
        } else {
            await #expect(throws: UpstreamError.noSubject) { try await attempt() }
        }
    }

    @Test("A user endpoint over plain HTTP takes a word of its own, which counts for nothing else")
    func plainUserInfo() async throws {
        let (login, http) = try await login(userInfo: .json(#"{"sub":"a"}"#)) {
            $0.userInfo = UpstreamSettings.UserInfo(endpoint: "http://hub.example/user")
            $0.userInfo?.allowsHTTP = true
        }
        #expect(login.subject == "a")
        #expect(http.requests.map(\.url) == ["https://hub.example/token", "http://hub.example/user"])
        #expect(http.policies.map(\.allowsHTTP) == [false, true])
    }

    @Test("The user endpoint gets the token, the configured method and headers, and the mapped names are used")
    func userInfoRequest() async throws {
        let (login, http) = try await login(userInfo: .json(#"{"id":1,"display":"A","mail":"a@example.com"}"#)) {
            userInfo(&$0)
            $0.userInfo?.method = "POST"
            $0.userInfo?.headers = [("accept", "application/vnd.hub+json"), ("X-Version", "1")]
            $0.userInfo?.subjectFields = ["id"]
            $0.userInfo?.nameFields = ["name", "display"]
            $0.userInfo?.emailFields = ["mail"]
        }
        let request = try #require(http.requests.last)
        #expect(request.method == "POST")
        #expect(request.header("Authorization") == "Bearer access-1")
        #expect(
            request.headers.filter { $0.name.lowercased() == "accept" }.map(\.value) == ["application/vnd.hub+json"])
        #expect(request.header("X-Version") == "1")
        #expect(login.name == "A")
        #expect(login.email == "a@example.com")
    }

    @Test(
        "A user endpoint that fails ends the login, and its redirect is not followed",
        arguments: [
            (
                OutboundResponse(status: 302, headers: [("Location", "https://evil.example/")]),
                UpstreamError.invalidResponse
            ),
            (OutboundResponse(status: 401), .invalidResponse), (OutboundResponse(status: 503), .unreachable),
            (.json("[1]"), .invalidResponse), (.json(#"{"sub":"a","sub":"b"}"#), .invalidResponse),
            (OutboundResponse(status: 200, body: [UInt8](repeating: 0x20, count: (1 << 20) + 1)), .invalidResponse),
        ])
    func userInfoFailure(response: OutboundResponse, error: UpstreamError) async throws {
        await #expect(throws: error) { try await login(userInfo: response) { userInfo(&$0) } }
    }

    @Test("The identity in the token response wins over the user endpoint, and reads the response before any mapping")
    func identityFromToken() async throws {
        let token =
            #"{"ok":true,"authed_user":{"access_token":"person","id":9007199254740993,"mail":7},"team":{"name":"T"}}"#
        let (login, http) = try await login(token: token) {
            userInfo(&$0)
            $0.tokenMapping = UpstreamSettings.TokenMapping(accessTokenPath: "authed_user.access_token")
            $0.identityFromToken = UpstreamSettings.IdentityFromToken(subjectPath: "authed_user.id")
            $0.identityFromToken?.namePath = "team.name"
            $0.identityFromToken?.emailPath = "authed_user.mail"
        }
        #expect(login.subject == "9007199254740993")
        #expect(login.name == "T")
        #expect(login.email == nil)
        #expect(login.accessToken == Secret("person"))
        #expect(http.requests.count == 1)
    }

    @Test("A subject inside the access token is read without its signature; without a subject the login ends")
    func identityFromJWT() async throws {
        let token = #"{"access_token":"\#(MemberPathTests.jwt)","token_type":"bearer"}"#
        let login = try await login(token: token) {
            $0.identityFromToken = UpstreamSettings.IdentityFromToken(subjectPath: "access_token|@upstreamjwt|sub")
        }.login
        #expect(login.subject == "u-1")
        await #expect(throws: UpstreamError.noSubject) {
            try await self.login {
                self.userInfo(&$0)
                $0.identityFromToken = UpstreamSettings.IdentityFromToken(subjectPath: "access_token|@upstreamjwt|sub")
            }
        }
    }

    @Test("An ID token that nobody can verify is not kept")
    func idToken() async throws {
        let token = #"{"access_token":"a","token_type":"bearer","id_token":"x.y.z"}"#
        #expect(try await login(token: token).login.idToken == nil)
    }

    @Test("A refresh maps its answer too, and keeps what is missing there")
    func refresh() async throws {
        let http = UpstreamsHTTP { _ throws(OutboundError) in .json(#"{"user":{"token":"new"}}"#) }
        let upstream = try upstream(
            http, settings { $0.tokenMapping = UpstreamSettings.TokenMapping(accessTokenPath: "user.token") })
        let renewed = try await upstream.refresh(OIDCRefreshTests.tokens())
        #expect(renewed.accessToken == Secret("new"))
        #expect(renewed.refreshToken == Secret("refresh-secret-1"))
        #expect(renewed.expiresAt == nil)
        #expect(http.requests.first?.form["scope"] == "repo")
        #expect(http.requests.first?.form["client_secret"] == "s3cret")
    }

    @Test("Settings that cannot work are refused, with the name of the setting")
    func settingsRefused() throws {
        func problem(
            client: String = "gateway", _ change: (inout UpstreamSettings.OAuth2) -> Void
        ) -> UpstreamStartError.Problem? {
            var settings = settings(change)
            settings.clientID = client
            let http = UpstreamsHTTP { _ throws(OutboundError) in throw .closed }
            do {
                _ = try upstream(http, settings)
                return nil
            } catch {
                return (error as? UpstreamStartError)?.problem
            }
        }
        #expect(problem { _ in } == nil)
        #expect(problem(client: "") { _ in } == .missing(setting: "client_id or dcr_config"))
        #expect(problem { $0.authorizationEndpoint = nil } == .url(setting: "authorization_endpoint"))
        #expect(
            problem { $0.authorizationEndpoint = "http://hub.example/a" } == .url(setting: "authorization_endpoint"))
        #expect(
            problem { $0.authorizationEndpoint = "https://hub.example/a?state=1" }
                == .url(setting: "authorization_endpoint"))
        #expect(problem { $0.tokenEndpoint = "https://hub.example/t#x" } == .url(setting: "token_endpoint"))
        #expect(
            problem { $0.userInfo = UpstreamSettings.UserInfo(endpoint: "http://hub.example/u") }
                == .url(setting: "userinfo.endpoint_url"))
        #expect(
            problem {
                userInfo(&$0)
                $0.userInfo?.headers = [("X", "a\r\nb")]
            } == .header(setting: "userinfo.additional_headers"))
        #expect(
            problem {
                userInfo(&$0)
                $0.userInfo?.method = "PUT"
            } == .missing(setting: "userinfo.http_method"))
        #expect(
            problem { $0.tokenMapping = UpstreamSettings.TokenMapping(accessTokenPath: "a.*") }
                == .path(setting: "token_response_mapping.access_token_path", .unsupported("*")))
        #expect(
            problem { $0.identityFromToken = UpstreamSettings.IdentityFromToken(subjectPath: "") }
                == .path(setting: "identity_from_token.subject_path", .empty))
    }
}
