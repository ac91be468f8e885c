// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Observability
import OutboundHTTP
import Storage
import Synchronization
import TestSupport

@testable import AuthServer

/// A remote MCP server with the authorization server that it names, and whatever else a test puts at a URL.
final class FakeRemoteServer: Sendable {
    static let resource = "https://mcp.notes.example/team/mcp"
    static let issuer = "https://login.notes.example"
    static let inserted = "https://mcp.notes.example/.well-known/oauth-protected-resource/team/mcp"
    static let root = "https://mcp.notes.example/.well-known/oauth-protected-resource"
    static let serverMetadata = "https://login.notes.example/.well-known/oauth-authorization-server"
    static let redirectURI = "https://gw.example/oauth/callback"

    typealias Answer = @Sendable (OutboundRequest) throws(OutboundError) -> OutboundResponse

    let clock: UpstreamsClock
    let storage: UpstreamsStorage
    let records: RecordStore
    let lines = RecordedLog()
    private let answers: Mutex<[String: Answer]>
    private let counter = Mutex(0)
    private let world: Mutex<UpstreamsHTTP?> = Mutex(nil)

    init(clock: UpstreamsClock = UpstreamsClock()) throws {
        self.clock = clock
        storage = UpstreamsStorage(now: { clock.now })
        records = try RecordStore.upstreams(storage)
        answers = Mutex([:])
        set(Self.inserted, .json(Self.protected()))
        serve(Self.issuer)
    }

    static func protected(
        _ resource: String = resource, servers: [String] = [issuer], scopes: [String]? = nil
    ) -> JSONObject {
        var document: JSONObject = [
            "resource": .string(resource), "authorization_servers": .array(servers.map { .string($0) }),
        ]
        if let scopes { document.append("scopes_supported", .array(scopes.map { .string($0) })) }
        return document
    }

    static func metadata(_ issuer: String = issuer) -> JSONObject {
        [
            "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"), "registration_endpoint": .string(issuer + "/register"),
            "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        ]
    }

    /// A whole authorization server, whose clients and tokens carry its host in their names.
    func serve(_ issuer: String, _ change: (inout JSONObject) -> Void = { _ in }) {
        var metadata = Self.metadata(issuer)
        change(&metadata)
        set(issuer + "/.well-known/oauth-authorization-server", .json(metadata))
        let host = String(issuer.dropFirst("https://".count))
        on(issuer + "/register") { _ throws(OutboundError) in
            let number = self.next()
            return .json(
                ["client_id": .string("client-\(number)-\(host)"), "client_secret": .string("secret-of-\(host)")],
                status: 201)
        }
        on(issuer + "/token") { _ throws(OutboundError) in
            let number = self.next()
            return .json([
                "access_token": .string("access-\(number)-\(host)"), "token_type": "Bearer", "expires_in": 3600,
                "refresh_token": .string("refresh-\(number)-\(host)"),
            ])
        }
    }

    private func next() -> Int {
        counter.withLock { count in
            count += 1
            return count
        }
    }

    func on(_ url: String, _ answer: @escaping Answer) { answers.withLock { $0[url] = answer } }
    func set(_ url: String, _ response: OutboundResponse) { on(url) { _ throws(OutboundError) in response } }
    func remove(_ url: String) { answers.withLock { $0[url] = nil } }

    /// What a request without a token is answered.
    func challenge(_ parameters: String) {
        set(
            Self.resource,
            OutboundResponse(status: 401, headers: [("WWW-Authenticate", "Bearer \(parameters)")]))
    }

    var http: UpstreamsHTTP {
        world.withLock { world in
            if let world { return world }
            let made = UpstreamsHTTP { request throws(OutboundError) in
                guard let answer = self.answers.withLock({ $0[request.url] }) else {
                    return OutboundResponse(status: 404)
                }
                return try answer(request)
            }
            world = made
            return made
        }
    }

    /// The URLs that were asked so far, the newest last.
    var asked: [String] { http.requests.map(\.url) }

    func upstream(
        scopes: [String] = [], clientID: String = "", secret: String? = nil, issuer: String? = nil,
        resource: String = FakeRemoteServer.resource, redirectURI: String = FakeRemoteServer.redirectURI,
        addresses: AddressPolicy = .strict
    ) throws -> MCPUpstream {
        let remote = UpstreamSettings.RemoteServer(resource: resource, issuer: issuer)
        var settings = UpstreamSettings(
            name: "notes", kind: .mcp(remote), clientID: clientID, clientSecret: secret.map { Secret($0) },
            redirectURI: redirectURI, scopes: scopes, addresses: addresses)
        settings.isOptional = true
        return try MCPUpstream(
            settings, remote: remote, records: records, http: http, now: { [clock] in clock.now },
            logger: lines.logger)
    }
}

extension MCPUpstream {
    func visit(user: String? = "alice") async throws(UpstreamError) -> UpstreamVisit {
        try await begin(UpstreamLeg(state: "s", codeChallenge: "c", nonce: "n", userID: user))
    }

    /// A whole leg.
    func signIn(user: String? = "alice") async throws(UpstreamError) -> UpstreamLogin {
        let binding = try await visit(user: user).binding
        return try await exchange(code: "code-1", codeVerifier: "v", nonce: "n", binding: binding)
    }
}

extension UpstreamLogin {
    func tokens(provider: String = "notes") -> UpstreamTokens {
        UpstreamTokens(
            provider: provider, userID: "alice", clientID: "client", subject: subject, isSynthetic: isSynthetic,
            accessToken: accessToken, refreshToken: refreshToken, idToken: nil, expiresAt: expiresAt,
            sessionExpiresAt: nil, binding: binding)
    }
}
