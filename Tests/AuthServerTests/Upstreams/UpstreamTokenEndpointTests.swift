// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import Observability
import OutboundHTTP
import Testing

@testable import AuthServer

/// RFC 6749 sections 2.3.1, 5.1 and 5.2.
@Suite struct UpstreamTokenEndpointTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func answer(_ text: String, mapping: UpstreamTokenAnswer.Mapping? = nil) throws -> UpstreamTokenAnswer {
        try UpstreamTokenAnswer(
            reading: JSONSlice(validating: ByteBuffer(string: text)), mapping: mapping, now: Self.now)
    }

    @Test(
        "expires_in is a sane number of seconds, or nothing",
        arguments: [
            ("3600", 3600), (#""3600""#, 3600), ("3600.9", 3600), ("1e3", 1000), ("0", nil), ("null", nil),
            ("99999999999999999999", UpstreamTokenAnswer.maximumLifetime),
            (#""99999999999999999999""#, UpstreamTokenAnswer.maximumLifetime),
        ] as [(String, TimeInterval?)])
    func lifetime(text: String, seconds: TimeInterval?) throws {
        let answer = try answer(#"{"access_token":"a","token_type":"bearer","expires_in":\#(text)}"#)
        #expect(answer.expiresAt == seconds.map { Self.now.addingTimeInterval($0) })
    }

    @Test(
        "An answer that breaks the protocol is refused",
        arguments: [
            #"{}"#, #"{"access_token":"","token_type":"Bearer"}"#, #"{"access_token":1,"token_type":"Bearer"}"#,
            #"{"access_token":"a"}"#, #"{"access_token":"a","token_type":"mac"}"#,
            #"{"access_token":"a","token_type":"DPoP"}"#, #"{"access_token":"a b","token_type":"Bearer"}"#,
            #"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#, #"{"access_token":"é","token_type":"Bearer"}"#,
            #"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
            #"{"access_token":"a","token_type":"Bearer","expires_in":"soon"}"#,
            #"{"access_token":"a","token_type":"Bearer","expires_in":{}}"#,
            #"{"access_token":"a","token_type":"Bearer","expires_in":1e999}"#,
            #"{"access_token":"a","token_type":"Bearer","refresh_token":7}"#,
            #"{"access_token":"a","token_type":"Bearer","refresh_token":"r s"}"#,
            #"{"access_token":"\#(String(repeating: "a", count: 32 * 1024 + 1))","token_type":"Bearer"}"#,
        ])
    func broken(text: String) {
        #expect(throws: UpstreamError.invalidResponse) { try answer(text) }
    }

    @Test("An empty or null refresh token is none, and an error with status 200 is a refusal")
    func oddities() throws {
        let odd = try answer(#"{"access_token":"a","token_type":"BEARER","refresh_token":"","id_token":null}"#)
        #expect(odd.refreshToken == nil)
        #expect(odd.idToken == nil)
        #expect(throws: UpstreamError.refused(code: "bad_verification_code")) {
            try answer(#"{"error":"bad_verification_code"}"#)
        }
    }

    @Test("With a mapping only the mapped places count")
    func mapping() throws {
        var settings = UpstreamSettings.TokenMapping(accessTokenPath: "authed_user.access_token")
        settings.refreshTokenPath = "authed_user.refresh_token"
        settings.expiresInPath = "authed_user.expires_in"
        settings.scopePath = "authed_user.scope"
        let mapping = try UpstreamTokenAnswer.Mapping(settings)
        let mapped = try answer(
            #"{"ok":true,"access_token":"bot","refresh_token":"bot-refresh","expires_in":1,"#
                + #""authed_user":{"access_token":"person","scope":"a b"}}"#, mapping: mapping)
        #expect(mapped.accessToken == Secret("person"))
        #expect(mapped.refreshToken == nil)
        #expect(mapped.expiresAt == nil)
        #expect(mapped.scopes == ["a", "b"])
        #expect(try answer(#"{"authed_user":{"access_token":"p","expires_in":-5}}"#, mapping: mapping).expiresAt == nil)
        #expect(throws: UpstreamError.invalidResponse) { try answer(#"{"access_token":"bot"}"#, mapping: mapping) }
        #expect(throws: UpstreamError.refused(code: "invalid_code")) {
            try answer(#"{"ok":false,"error":"invalid_code"}"#, mapping: mapping)
        }
    }

    @Test(
        "An error code is cut to 64 characters of a code's alphabet",
        arguments: [
            ("invalid_grant", "invalid_grant"), (String(repeating: "x", count: 500), String(repeating: "x", count: 64)),
            ("a b\n<c>", "abc"), ("\u{202E}", "unknown_error"),
        ])
    func errorCode(sent: String, kept: String) async throws {
        let http = UpstreamsHTTP { _ throws(OutboundError) in
            .json(["error": .string(sent), "error_description": "secret-description"], status: 400)
        }
        await #expect(throws: UpstreamError.refused(code: kept)) {
            try await UpstreamTokenEndpoint().request(
                [("code", "c")], at: "https://idp.example/token",
                as: UpstreamClient(id: "c", secret: nil, method: .none),
                over: UpstreamHTTP(client: http, policy: .strict))
        }
    }

    @Test(
        "A status says whether to come again",
        arguments: [
            (OutboundResponse(status: 500), UpstreamError.unreachable),
            (.json(["error": "invalid_grant"], status: 503), .unreachable),
            (OutboundResponse(status: 429), .unreachable),
            (OutboundResponse(status: 307, headers: [("Location", "https://evil.example/")]), .invalidResponse),
            (OutboundResponse(status: 302), .invalidResponse), (OutboundResponse(status: 400), .invalidResponse),
            (OutboundResponse(status: 401), .refused(code: "invalid_client")),
            (.json(["error": 1], status: 400), .invalidResponse), (OutboundResponse(status: 201), .invalidResponse),
            (OutboundResponse(status: 204), .invalidResponse),
            (OutboundResponse(status: 200, body: [UInt8](repeating: 0x20, count: (1 << 20) + 1)), .invalidResponse),
        ])
    func statuses(response: OutboundResponse, error: UpstreamError) async throws {
        let http = UpstreamsHTTP { _ throws(OutboundError) in response }
        await #expect(throws: error) {
            try await UpstreamTokenEndpoint().request(
                [("code", "c")], at: "https://idp.example/token",
                as: UpstreamClient(id: "c", secret: nil, method: .none),
                over: UpstreamHTTP(client: http, policy: .strict))
        }
        #expect(http.requests.count == 1)
    }

    @Test(
        "A failure of the network is an unreachable upstream",
        arguments: [OutboundError.timedOut, .unreachable, .tls, .refusedAddress, .unresolvable, .cancelled, .closed])
    func network(error: OutboundError) async throws {
        let http = UpstreamsHTTP { _ throws(OutboundError) in throw error }
        await #expect(throws: UpstreamError.unreachable) {
            try await UpstreamTokenEndpoint().request(
                [], at: "https://idp.example/token", as: UpstreamClient(id: "c", secret: nil, method: .none),
                over: UpstreamHTTP(client: http, policy: .strict))
        }
    }

    struct Methods: Sendable {
        let supported: [String]?
        let isOIDC: Bool
        let expected: [UpstreamClientMethod]?
    }

    @Test(
        "AU-34: Credentials go where the provider takes them",
        arguments: [
            Methods(supported: nil, isOIDC: true, expected: [.basic, .post]),
            Methods(supported: nil, isOIDC: false, expected: [.post, .basic]),
            Methods(supported: ["client_secret_basic"], isOIDC: true, expected: [.basic]),
            Methods(supported: ["client_secret_post"], isOIDC: true, expected: [.post]),
            Methods(
                supported: ["client_secret_basic", "client_secret_post"], isOIDC: true, expected: [.post, .basic]),
            Methods(supported: ["private_key_jwt", "client_secret_jwt", "none"], isOIDC: true, expected: nil),
            Methods(supported: [], isOIDC: true, expected: nil),
        ])
    func methods(row: Methods) {
        let client = UpstreamClient(id: "c", secret: Secret("s"), supported: row.supported, isOIDC: row.isOIDC)
        #expect(client?.methods == row.expected)
        #expect(UpstreamClient(id: "c", secret: nil, supported: row.supported, isOIDC: true)?.methods == [.none])
    }

    @Test("Basic credentials are form-encoded before base64, and never in the body as well")
    func basic() async throws {
        let http = UpstreamsHTTP { _ throws(OutboundError) in .json(["ok": true]) }
        _ = try await UpstreamTokenEndpoint().request(
            [("code", "c d&=é")], at: "https://idp.example/token",
            as: UpstreamClient(id: "a:b", secret: Secret("p w%é"), method: .basic),
            over: UpstreamHTTP(client: http, policy: .strict))
        let request = try #require(http.requests.first)
        let credentials = try #require(request.header("Authorization")?.split(separator: " ").last)
        #expect(
            Data(base64Encoded: String(credentials)).map { String(decoding: $0, as: UTF8.self) }
                == "a%3Ab:p%20w%25%C3%A9")
        #expect(request.form["code"] == "c d&=é")
        #expect(request.form["client_id"] == nil)
        #expect(request.form["client_secret"] == nil)
    }

    @Test("A public client names itself and sends no secret")
    func publicClient() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started(FakeOpenIDProvider.settings(secret: nil))
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        let request = try #require(provider.http.requests.first { $0.url.hasSuffix("/token") })
        #expect(request.form["client_id"] == "gateway")
        #expect(request.form["client_secret"] == nil)
        #expect(request.header("Authorization") == nil)
    }

    @Test(
        "A provider that insists on the other place gets it there, and first from then on",
        arguments: [("invalid_client", 401), ("invalid_client", 400), ("access_denied", 401)])
    func otherMethod(code: String, status: Int) async throws {
        let provider = FakeOpenIDProvider()
        provider.change {
            $0.insistsOn = .post
            $0.insistence = .json(["error": .string(code)], status: status)
        }
        let upstream = try await provider.started()
        for _ in 0..<2 {
            _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        }
        let methods = provider.http.requests.filter { $0.url.hasSuffix("/token") }.map(FakeOpenIDProvider.method)
        #expect(methods == [.basic, .post, .post])
    }

    @Test("AU-34: A provider that supports one place only is never sent the secret in the other")
    func onlyMethod() async throws {
        let provider = FakeOpenIDProvider()
        provider.change {
            $0.discovery["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
            $0.insistsOn = .post
        }
        let upstream = try await provider.started()
        await #expect(throws: UpstreamError.refused(code: "invalid_client")) {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        }
        #expect(provider.http.count("/token") == 1)
    }

    @Test("Another refusal is not tried a second time: the code is spent")
    func refusedCode() async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.override["/token"] = .json(["error": "invalid_grant"], status: 400) }
        let upstream = try await provider.started()
        await #expect(throws: UpstreamError.refused(code: "invalid_grant")) {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        }
        #expect(provider.http.count("/token") == 1)
    }
}
