// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// The endpoints of the authorization flow over fakes, and clients of every kind.
final class AuthorizationBench: Sendable {
    static let issuer = "https://auth.example.com"
    static let resource = "https://mcp.example.com/mcp"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let state = "client-state-0123456789"
    static let secret = "s3cret-of-the-confidential-client"

    let clock = FlowClock()
    let storage: FlowStorage
    let records: RecordStore
    let clients: FlowClients
    let upstreams: [FlowUpstream]
    let sessions = FlowSessions()
    let accounts = FlowAccounts()
    let codes = FlowCodes()
    let proofs = FlowProofs()
    let rendering = FlowRendering()
    let log = RecordedLog()
    let settings: AuthServerSettings
    let endpoints: AuthorizationEndpoints

    init(
        upstreams: [FlowUpstream] = [FlowUpstream("corp")], issuer: String = AuthorizationBench.issuer,
        audiences: [String] = [AuthorizationBench.resource], _ configure: (inout AuthServerSettings) -> Void = { _ in }
    ) throws {
        let clock = clock
        storage = FlowStorage(now: { clock.now })
        let key = try #require(SealingKey(bytes: Array(repeating: 7, count: 32)))
        records = RecordStore(storage: storage, sealer: try Sealer(keys: [key]))
        clients = FlowClients(Self.everyClient(audiences))
        self.upstreams = upstreams
        var settings = AuthServerSettings(
            serverName: "Test", issuer: issuer, allowedAudiences: audiences, upstreams: [])
        configure(&settings)
        self.settings = settings
        endpoints = AuthorizationEndpoints(
            settings, defaultScopes: ["openid", "profile", "offline_access", "unregistered"],
            AuthorizationEndpoints.Parts(
                records: records, clients: clients,
                authenticator: ClientAuthenticator(directory: clients, issuer: issuer), proofs: proofs,
                upstreams: upstreams, sessions: sessions, accounts: accounts, codes: codes, rendering: rendering,
                random: PredictableRandomSource(seed: 1), now: { clock.now }, audit: AuditLog(logger: log.logger),
                logger: log.logger))
    }

    // MARK: Clients

    static let web = "web-client"
    static let webURI = "https://app.example.net/cb?tenant=1"
    static let configured = "configured-client"
    static let document = "https://cimd.example/client.json"

    private static func everyClient(_ audiences: [String]) -> [OAuthClient] {
        func client(
            _ id: String, _ uris: [String], _ origin: OAuthClient.Origin = .registration, isPublic: Bool = true
        ) -> OAuthClient {
            OAuthClient(
                id: id, origin: origin, name: "Client \(id)", redirectURIs: uris, grantTypes: ["authorization_code"],
                scopes: ["openid", "profile", "email", "offline_access"], audiences: audiences,
                secretDigest: isPublic ? nil : Array(SHA256.hash(data: Array(secret.utf8))),
                authenticationMethod: isPublic ? OAuthClient.AuthenticationMethod.none : .clientSecretPost,
                createdAt: Date(timeIntervalSince1970: 0), fingerprint: "fingerprint-\(id)")
        }
        var pushing = client("pushing-client", ["https://push.example.net/cb"])
        pushing.requiresPushedRequests = true
        var bound = client("bound-client", ["https://bound.example.net/cb"])
        bound.requiresDPoP = true
        return [
            client(web, [webURI]), client(document, ["https://cimd.example/cb"], .metadataDocument),
            client("two-uris", ["https://app.example.net/1", "https://app.example.net/2"]),
            client("loopback", ["http://127.0.0.1/cb"]), client("localhost", ["http://localhost/cb"]),
            client("editor", ["cursor://anysphere.cursor/cb"]),
            client("confidential", ["http://127.0.0.1:9000/cb", "https://conf.example.net/cb"], isPublic: false),
            client(configured, ["https://static.example.org/cb"], .configuration, isPublic: false), pushing, bound,
        ]
    }

    // MARK: Requests

    /// The parameters of a request that is fine, with changes: `nil` removes one.
    static func query(_ changes: [String: String?] = [:], client: String = web) -> [(name: String, value: String)] {
        let standard: [(String, String)] = [
            ("client_id", client), ("redirect_uri", uris[client] ?? webURI), ("response_type", "code"),
            ("scope", "openid profile"), ("state", state), ("code_challenge", challenge),
            ("code_challenge_method", "S256"), ("resource", resource),
        ]
        var pairs = standard.compactMap { name, value -> (name: String, value: String)? in
            guard let change = changes[name] else { return (name, value) }
            return change.map { (name, $0) }
        }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) where !standard.contains(where: { $0.0 == name }) {
            if let value { pairs.append((name, value)) }
        }
        return pairs
    }

    static let uris = [
        "two-uris": "https://app.example.net/1", "loopback": "http://127.0.0.1/cb", "localhost": "http://localhost/cb",
        "editor": "cursor://anysphere.cursor/cb", "confidential": "https://conf.example.net/cb",
        configured: "https://static.example.org/cb", document: "https://cimd.example/cb",
        "pushing-client": "https://push.example.net/cb", "bound-client": "https://bound.example.net/cb",
    ]

    func authorize(
        _ query: [(name: String, value: String)] = query(), _ browser: FlowBrowser = FlowBrowser(),
        headers: [(name: String, value: String)] = []
    ) async -> AuthResponse {
        let response = await endpoints.authorize.respond(
            to: EndpointRequest(
                http: browser.request("GET", "/oauth/authorize", headers), parameters: Parameters(query)))
        browser.absorb(response)
        return response
    }

    func consent(
        _ form: [(name: String, value: String)], _ browser: FlowBrowser,
        headers: [(name: String, value: String)] = [
            ("origin", AuthorizationBench.issuer), ("sec-fetch-site", "same-origin"),
        ]
    ) async -> AuthResponse {
        let response = await endpoints.consent.respond(
            to: EndpointRequest(
                http: browser.request("POST", "/oauth/consent", headers), parameters: Parameters(form)))
        browser.absorb(response)
        return response
    }

    func callback(_ query: [(name: String, value: String)], _ browser: FlowBrowser) async -> AuthResponse {
        let response = await endpoints.callback.respond(
            to: EndpointRequest(
                http: browser.request("GET", "/oauth/callback", []), parameters: Parameters(query)))
        browser.absorb(response)
        return response
    }

    func push(_ form: [(name: String, value: String)]) async -> AuthResponse {
        await endpoints.pushed.respond(
            to: EndpointRequest(
                http: FlowBrowser(isPerson: false).request("POST", "/oauth/par", []), parameters: Parameters(form)))
    }

    // MARK: Whole steps

    /// The form of the page that was shown last.
    func form(_ decision: String = "approve") throws -> [(name: String, value: String)] {
        let page = try #require(rendering.consents.last)
        return [("txn", page.txn), ("csrf", page.csrf), ("decision", decision)]
    }

    /// Goes from the application to the first upstream, through the page.
    func approve(
        _ query: [(name: String, value: String)], _ browser: FlowBrowser
    ) async throws -> AuthResponse {
        let page = await authorize(query, browser)
        try #require(page.status == 200)
        let answer = await consent(try form(), browser)
        try #require(answer.status == 303)
        return answer
    }

    /// Comes back from the upstream that an answer led to.
    func comeBack(
        from answer: AuthResponse, _ browser: FlowBrowser, _ changes: [String: String?] = [:]
    ) async throws -> AuthResponse {
        let state = try #require(answer.redirectTarget?.queryValue("state"))
        var query: [String: String?] = ["state": state, "code": "upstream-code-77"]
        query.merge(changes) { $1 }
        return await callback(query.compactMap { name, value in value.map { (name, $0) } }, browser)
    }

    /// All of it.
    func logIn(_ query: [(name: String, value: String)], _ browser: FlowBrowser) async throws -> AuthResponse {
        try await comeBack(from: try await approve(query, browser), browser)
    }

    func approve(_ browser: FlowBrowser) async throws -> AuthResponse { try await approve(Self.query(), browser) }
    func logIn(_ browser: FlowBrowser) async throws -> AuthResponse { try await logIn(Self.query(), browser) }

    func count<Record: StoredRecord>(_ type: Record.Type) async throws -> Int {
        try await storage.count(Record.table)
    }
}
