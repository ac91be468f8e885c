// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// People sign in for a remote MCP server, and what belongs to whom then.
@Suite struct MCPLoginTests {
    private typealias Remote = FakeRemoteServer
    private static let other = "https://login.other.example"

    let remote: FakeRemoteServer

    init() throws { remote = try FakeRemoteServer() }

    private func moveToOther() {
        remote.serve(Self.other)
        remote.set(Remote.inserted, .json(Remote.protected(servers: [Self.other])))
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
    }

    private func sessions(_ upstream: MCPUpstream) -> StoredUpstreamSessions {
        let clock = remote.clock
        let logger = remote.lines.logger
        return StoredUpstreamSessions(
            records: remote.records, providers: [upstream], sessionLifetime: .seconds(720 * 3600), now: { clock.now },
            sleep: upstreamsSleep, audit: AuditLog(logger: logger), logger: logger)
    }

    private static let alice = ResolvedUser(id: "alice", name: nil, email: nil)

    // MARK: Requests

    @Test(
        "AU-30: the resource, as its metadata spells it, is in the authorization request and in both token requests",
        arguments: ["https://mcp.notes.example/team/mcp", "https://mcp.notes.example"])
    func resource(spelled: String) async throws {
        remote.set(Remote.inserted, .json(Remote.protected(spelled)))
        let upstream = try remote.upstream()
        let visit = try await upstream.visit()
        let query = OutboundRequest.query(visit.url)
        #expect(visit.url.hasPrefix("https://login.notes.example/authorize?"))
        #expect(query["resource"] == spelled)
        #expect(query["code_challenge_method"] == "S256")
        #expect(query["code_challenge"] == "c")
        #expect(query["state"] == "s")
        #expect(query["client_id"] == "client-1-login.notes.example")
        let login = try await upstream.exchange(
            code: "code-1", codeVerifier: "v", nonce: "n", binding: visit.binding)
        let exchange = try #require(remote.http.requests.last)
        #expect(exchange.url == "https://login.notes.example/token")
        #expect(exchange.form["resource"] == spelled)
        #expect(exchange.form["code_verifier"] == "v")
        let renewed = try await upstream.refresh(login.tokens())
        let refresh = try #require(remote.http.requests.last)
        #expect(refresh.form["grant_type"] == "refresh_token")
        #expect(refresh.form["resource"] == spelled)
        #expect(renewed.accessToken != login.accessToken)
        #expect(renewed.binding == login.binding)
        #expect(login.isSynthetic)
    }

    @Test(
        "AU-29: the issuer of a response is held against the one that was asked, however things stand now",
        arguments: [
            (true, Remote.issuer, true), (true, "https://evil.example", false), (true, nil, false),
            (true, Remote.issuer + "/", false), (false, Remote.issuer, true), (false, "https://evil.example", false),
            (false, nil, true),
        ] as [(Bool, String?, Bool)])
    func responseIssuer(isAdvertised: Bool, issuer: String?, isAccepted: Bool) async throws {
        remote.serve(Remote.issuer) {
            $0["authorization_response_iss_parameter_supported"] = .bool(isAdvertised)
        }
        let upstream = try remote.upstream()
        let binding = try await upstream.visit().binding
        #expect(try await upstream.accepts(issuer: issuer, binding: binding) == isAccepted)
        moveToOther()
        await upstream.maintain()
        #expect(try await upstream.accepts(issuer: issuer, binding: binding) == isAccepted)
        #expect(try await upstream.accepts(issuer: Self.other, binding: binding) == false)
        #expect(try await upstream.accepts(issuer: issuer, binding: nil) == false)
    }

    @Test(
        "AU-32: a registration says what kind of application this is",
        arguments: [
            ("https://gw.example/oauth/callback", "web"), ("http://127.0.0.1:4483/oauth/callback", "native"),
            ("http://localhost:4483/oauth/callback", "native"), ("http://[::1]:4483/oauth/callback", "native"),
            ("http://gw.intern/oauth/callback", "web"),
        ])
    func applicationType(redirectURI: String, expected: String) async throws {
        _ = try await remote.upstream(redirectURI: redirectURI).visit()
        let request = try #require(remote.http.requests.last { $0.url.hasSuffix("/register") })
        #expect(request.json?["application_type"]?.string == expected)
        #expect(request.json?["redirect_uris"]?.description == #"["\#(redirectURI)"]"#)
        #expect(request.json?["token_endpoint_auth_method"]?.string == "client_secret_basic")
        #expect(request.json?["grant_types"]?.description == #"["authorization_code","refresh_token"]"#)
    }

    @Test("A registration is made once, for what the resource may ever want, and kept over a restart")
    func registrationIsKept() async throws {
        remote.set(Remote.inserted, .json(Remote.protected(scopes: ["read", "write"])))
        remote.challenge(#"scope="read""#)
        _ = try await remote.upstream().visit()
        let visit = try await remote.upstream().visit(user: "bob")
        #expect(remote.http.count("/register") == 1)
        let request = try #require(remote.http.requests.last { $0.url.hasSuffix("/register") })
        #expect(request.json?["scope"]?.string == "read write")
        #expect(OutboundRequest.query(visit.url)["scope"] == "read")
    }

    @Test("Without a registration endpoint there is no client, and the log says what to do")
    func noRegistration() async throws {
        remote.serve(Remote.issuer) { $0["registration_endpoint"] = nil }
        await #expect(throws: UpstreamError.notConfigured) { try await remote.upstream().visit() }
        #expect(remote.lines.all.contains { $0.contains("write issuer and client_id") })
        let upstream = try remote.upstream(clientID: "ours", secret: "our-secret", issuer: Remote.issuer)
        let login = try await upstream.signIn()
        #expect(login.binding?.clientID == "ours")
        let expected = Data("ours:our-secret".utf8).base64EncodedString()
        #expect(remote.http.requests.last?.header("Authorization") == "Basic \(expected)")
        #expect(remote.http.count("/register") == 0)
    }

    @Test("A registration that the server has forgotten is made anew at the next sign-in")
    func forgottenRegistration() async throws {
        let upstream = try remote.upstream()
        let first = try await upstream.visit()
        remote.set(Remote.issuer + "/token", .json(["error": "invalid_client"], status: 401))
        await #expect(throws: UpstreamError.refused(code: "invalid_client")) {
            try await upstream.exchange(code: "c", codeVerifier: "v", nonce: "n", binding: first.binding)
        }
        let second = try await upstream.visit()
        #expect(second.binding?.clientID != first.binding?.clientID)
    }

    // MARK: Another authorization server

    @Test("AU-31: at another authorization server we register anew, and it sees nothing of the first one's")
    func migration() async throws {
        let upstream = try remote.upstream()
        let begun = try await upstream.visit()
        let login = try await upstream.signIn()
        #expect(upstream.honours(login.binding))
        moveToOther()
        let visit = try await upstream.visit()
        #expect(visit.url.hasPrefix("https://login.other.example/authorize?"))
        #expect(visit.binding?.issuer == Self.other)
        #expect(visit.binding?.clientID.hasSuffix("login.other.example") == true)
        #expect(remote.http.count("https://login.other.example/register") == 1)
        #expect(!upstream.honours(login.binding))
        await #expect(throws: UpstreamError.otherServer) { try await upstream.refresh(login.tokens()) }
        await #expect(throws: UpstreamError.otherServer) {
            try await upstream.exchange(code: "code-2", codeVerifier: "v", nonce: "n", binding: begun.binding)
        }
        for request in remote.http.requests where request.url.hasPrefix(Self.other) {
            let text = String(decoding: request.body ?? [], as: UTF8.self) + "\(request.headers)"
            #expect(!text.contains("login.notes.example") && !text.contains("code-2"), "\(request.url)")
        }
        // Back at the first one, its registration is still there.
        remote.set(Remote.inserted, .json(Remote.protected()))
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        #expect(try await upstream.visit().binding?.clientID == begun.binding?.clientID)
        #expect(remote.http.count("https://login.notes.example/register") == 1)
    }

    @Test("AU-31: a server among several stays the one, wherever it stands in the list")
    func severalServers() async throws {
        let upstream = try remote.upstream()
        _ = try await upstream.visit()
        remote.serve(Self.other)
        remote.set(Remote.inserted, .json(Remote.protected(servers: [Self.other, Remote.issuer])))
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        #expect(try await upstream.visit().binding?.issuer == Remote.issuer)
    }

    @Test("AU-31: a client that was registered by hand is never shown to another server, and the log says why")
    func configuredClient() async throws {
        let upstream = try remote.upstream(clientID: "ours", secret: "our-secret", issuer: Remote.issuer)
        let login = try await upstream.signIn()
        moveToOther()
        await #expect(throws: UpstreamError.notConfigured) { try await upstream.visit() }
        await #expect(throws: UpstreamError.notConfigured) { try await upstream.refresh(login.tokens()) }
        #expect(!remote.asked.contains { $0.hasPrefix(Self.other) })
        #expect(remote.lines.all.contains { $0.contains("names another authorization server than issuer") })
    }

    @Test("AU-31: after a restart a token of another server than the configured one goes nowhere")
    func configuredIssuer() async throws {
        let login = try await remote.upstream(clientID: "ours", issuer: Remote.issuer).signIn()
        #expect(try remote.upstream(clientID: "ours", issuer: Remote.issuer).honours(login.binding))
        #expect(try remote.upstream().honours(login.binding))
        #expect(try !remote.upstream(clientID: "ours", issuer: Self.other).honours(login.binding))
    }

    @Test("AU-31: while what the server says cannot be, no token goes anywhere; once it can be again, they do")
    func unusableServer() async throws {
        let upstream = try remote.upstream()
        let login = try await upstream.signIn()
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        remote.on(Remote.inserted) { _ throws(OutboundError) in throw .timedOut }
        await upstream.maintain()
        #expect(upstream.honours(login.binding))
        remote.clock.advance(MCPUpstream.maintenancePause)
        remote.set(Remote.inserted, .json(Remote.protected("https://evil.example/")))
        await upstream.maintain()
        #expect(!upstream.honours(login.binding))
        // That it is away now says nothing better of it.
        remote.clock.advance(MCPUpstream.maintenancePause)
        remote.on(Remote.inserted) { _ throws(OutboundError) in throw .timedOut }
        await upstream.maintain()
        #expect(!upstream.honours(login.binding))
        remote.clock.advance(MCPUpstream.maintenancePause)
        remote.set(Remote.inserted, .json(Remote.protected()))
        await upstream.maintain()
        #expect(upstream.honours(login.binding))
    }

    @Test("AU-31: a page that is missing for a while signs nobody out")
    func missingPage() async throws {
        let upstream = try remote.upstream()
        let login = try await upstream.signIn()
        remote.clock.advance(MCPUpstream.maximumMetadataAge)
        for path in [Remote.inserted, Remote.root] { remote.set(path, .json("{}", status: 404)) }
        await upstream.maintain()
        #expect(upstream.honours(login.binding))
    }

    @Test("AU-31: a stored token of another authorization server is no token, and no other login's is carried over")
    func storedTokens() async throws {
        let upstream = try remote.upstream()
        let sessions = sessions(upstream)
        let login = try await upstream.signIn()
        try await sessions.store(login, provider: "notes", tsid: "t1", user: Self.alice, clientID: "c")
        #expect(try await sessions.isSatisfied(provider: "notes", tsid: "t1"))
        let token = try await sessions.accessToken(provider: "notes", tsid: "t1", userID: "alice")
        #expect(token == login.accessToken)
        moveToOther()
        await upstream.maintain()
        #expect(try await sessions.isSatisfied(provider: "notes", tsid: "t1") == false)
        await #expect(throws: UpstreamTokenError.expired) {
            try await sessions.accessToken(provider: "notes", tsid: "t1", userID: "alice")
        }
        var next = try await upstream.signIn()
        next.refreshToken = nil
        try await sessions.store(next, provider: "notes", tsid: "t2", user: Self.alice, clientID: "c")
        let row = try await remote.records.load(
            UpstreamTokenRecord.self, UpstreamTokenRecord.id(tsid: "t2", provider: "notes"))
        #expect(row?.record.tokens?.accessToken == next.accessToken.exposed)
        #expect(row?.record.tokens?.refreshToken == nil)
        #expect(row?.record.tokens?.binding?.issuer == Self.other)
    }

    @Test("Tokens of an upstream that was of another kind, or for another resource, are not used")
    func otherKinds() async throws {
        let upstream = try remote.upstream()
        let login = try await upstream.signIn()
        #expect(!upstream.honours(nil))
        #expect(!ScriptedUpstream("corp").honours(login.binding))
        #expect(ScriptedUpstream("corp").honours(nil))
        let moved = try remote.upstream(resource: "https://mcp.notes.example/other/mcp")
        #expect(!moved.honours(login.binding))
    }

    // MARK: Refused tokens

    @Test("BC-30: a token that a backend refused is renewed, however long it says that it lives")
    func refusedToken() async throws {
        let upstream = try remote.upstream()
        let sessions = sessions(upstream)
        let login = try await upstream.signIn()
        try await sessions.store(login, provider: "notes", tsid: "t1", user: Self.alice, clientID: "c")
        func renew(_ token: Secret) async throws(UpstreamTokenError) -> Bool {
            try await sessions.renew(token, provider: "notes", tsid: "t1", userID: "alice")
        }
        // As new as that, another one would be no better.
        #expect(try await renew(login.accessToken) == false)
        remote.clock.advance(StoredUpstreamSessions.refusalPause)
        #expect(try await renew(login.accessToken))
        let renewed = try await sessions.accessToken(provider: "notes", tsid: "t1", userID: "alice")
        #expect(renewed != login.accessToken)
        // Whoever was refused with the old one finds the new one there.
        let count = remote.http.count("/token")
        #expect(try await renew(login.accessToken))
        #expect(try await renew(renewed) == false)
        #expect(remote.http.count("/token") == count)
        remote.clock.advance(StoredUpstreamSessions.refusalPause)
        remote.set(Remote.issuer + "/token", .json(["error": "invalid_grant"], status: 400))
        await #expect(throws: UpstreamTokenError.expired) { try await renew(renewed) }
        #expect(try await renew(renewed) == false)
        await #expect(throws: UpstreamTokenError.missing) {
            try await sessions.renew(renewed, provider: "notes", tsid: "t1", userID: "bob")
        }
    }
}
