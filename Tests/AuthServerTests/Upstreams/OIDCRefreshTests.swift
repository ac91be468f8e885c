// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import TestSupport
import Testing

@testable import AuthServer

/// RFC 6749 section 6 and OpenID Connect Core 12.2.
@Suite struct OIDCRefreshTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static func tokens(_ subject: String = "alice", refresh: String? = "refresh-secret-1") -> UpstreamTokens {
        UpstreamTokens(
            provider: "corp", userID: "u", clientID: "c", subject: subject, isSynthetic: false,
            accessToken: Secret("old-access"), refreshToken: refresh.map { Secret($0) }, idToken: Secret("old-id"),
            expiresAt: Date(timeIntervalSince1970: 1), sessionExpiresAt: nil)
    }

    @Test("A refresh names the scopes, and brings all that is new")
    func refresh() async throws {
        let provider = FakeOpenIDProvider()
        provider.change {
            $0.token["access_token"] = "access-secret-2"
            $0.token["refresh_token"] = "refresh-secret-2"
            $0.claims["nonce"] = nil
        }
        let upstream = try await provider.started()
        let renewed = try await upstream.refresh(Self.tokens())
        #expect(renewed.accessToken == Secret("access-secret-2"))
        #expect(renewed.refreshToken == Secret("refresh-secret-2"))
        #expect(renewed.idToken != Secret("old-id"))
        #expect(renewed.expiresAt == provider.clock.now.addingTimeInterval(3600))
        let form = try #require(provider.http.requests.last { $0.url.hasSuffix("/token") }).form
        #expect(form["grant_type"] == "refresh_token")
        #expect(form["refresh_token"] == "refresh-secret-1")
        #expect(form["scope"] == "openid profile offline_access")
    }

    @Test("What the answer omits is kept")
    func omitted() async throws {
        let provider = FakeOpenIDProvider()
        provider.change {
            $0.token["refresh_token"] = nil
            $0.sendsIDToken = false
        }
        let upstream = try await provider.started()
        let renewed = try await upstream.refresh(Self.tokens())
        #expect(renewed.refreshToken == Secret("refresh-secret-1"))
        #expect(renewed.idToken == Secret("old-id"))
        #expect(renewed.subject == "alice")
    }

    @Test("An ID token of somebody else ends the login, byte by byte")
    func subjectChanged() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        await #expect(throws: UpstreamError.subjectChanged) { try await upstream.refresh(Self.tokens("bob")) }
        provider.change { $0.claims["sub"] = "ren\u{E9}" }
        await #expect(throws: UpstreamError.subjectChanged) { try await upstream.refresh(Self.tokens("rene\u{301}")) }
        #expect(try await upstream.refresh(Self.tokens("ren\u{E9}")).subject == "ren\u{E9}")
    }

    @Test("An ID token that comes with a refresh is checked like any other")
    func forged() async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.claims["aud"] = "other" }
        let upstream = try await provider.started()
        await #expect(throws: UpstreamError.invalidIDToken) { try await upstream.refresh(Self.tokens()) }
    }

    @Test("Scopes that were never granted are left to the provider's memory")
    func narrowerGrant() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        provider.http.answer { request throws(OutboundError) in
            guard request.url.hasSuffix("/token"), request.form["scope"] != nil else {
                return try provider.answer(request)
            }
            return .json(["error": "invalid_scope"], status: 400)
        }
        #expect(try await upstream.refresh(Self.tokens()).accessToken == Secret("access-secret-1"))
        #expect(provider.http.count("/token") == 2)
    }

    @Test("Without a refresh token nothing is asked")
    func nothingToSend() async throws {
        let provider = FakeOpenIDProvider()
        let upstream = try await provider.started()
        await #expect(throws: UpstreamError.refused(code: "invalid_grant")) {
            try await upstream.refresh(Self.tokens(refresh: nil))
        }
        #expect(provider.http.count("/token") == 0)
    }

    @Test("Fewer scopes than asked for are noted once, by the names of the configuration")
    func fewerScopes() async throws {
        let provider = FakeOpenIDProvider()
        provider.change { $0.token["scope"] = "openid" }
        let upstream = try await provider.started()
        _ = try await upstream.exchange(code: "c", codeVerifier: "v", nonce: FakeOpenIDProvider.nonce)
        let lines = provider.lines.all.filter { $0.contains("fewer scopes") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("profile") == true)
        #expect(lines.first?.contains("offline_access") == false)
    }
}
