// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import Logging
import NIOCore
import Observability
import OutboundHTTP
import Storage
import Synchronization
import TestSupport

@testable import AuthServer

/// Claims or header members that differ from the usual ones; `nil` takes one away.
typealias DelegationChanges = [String: JSONValue?]

extension JSONObject {
    func changing(_ changes: DelegationChanges) -> JSONObject {
        var object = self
        for (name, value) in changes { object[name] = value }
        return object
    }

    /// A JWS over this payload, whatever the header says.
    func signed(_ header: JSONObject, by key: SigningKey) throws -> String {
        let input = Base64URL.encode(header.encoded) + "." + Base64URL.encode(encoded)
        return input + "." + Base64URL.encode(try key.sign(Array(input.utf8)))
    }
}

/// Another issuer: its keys, and the place where it publishes them.
final class DelegationIssuer: OutboundHTTPClient {
    static let name = "https://idp.example/tenant"
    static let keysURL = "https://idp.example/tenant/keys"
    static let audience = TokensServer.resource

    private struct State {
        var keys: [SigningKey]
        var isDown = false
        var fetches: [String] = []
        var policies: [AddressPolicy] = []
    }

    private let state: Mutex<State>

    init(_ keys: [SigningKey]) { state = Mutex(State(keys: keys)) }

    var keys: [SigningKey] { state.withLock { $0.keys } }
    var fetches: [String] { state.withLock { $0.fetches } }
    var policies: [AddressPolicy] { state.withLock { $0.policies } }
    func publish(_ keys: [SigningKey]) { state.withLock { $0.keys = keys } }
    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    func send(_ request: OutboundRequest, policy: AddressPolicy) async throws(OutboundError) -> OutboundResponse {
        let (keys, isDown) = state.withLock { state in
            state.fetches.append(request.url)
            state.policies.append(policy)
            return (state.keys, state.isDown)
        }
        guard !isDown else { throw .unreachable }
        let document: JSONObject
        switch request.url {
        case Self.keysURL: document = JWKSet(keys: keys.map(\.publicKey)).document
        case Self.name + "/.well-known/openid-configuration":
            document = ["issuer": .string(Self.name), "jwks_uri": .string(Self.keysURL)]
        default: return OutboundResponse(status: 404)
        }
        return OutboundResponse(status: 200, body: document.encoded)
    }

    /// Trusted for exchange by the client `delegate`, and for assertions of `robot`.
    static func trusted(_ change: (inout TrustedIssuer) -> Void = { _ in }) -> TrustedIssuer {
        var issuer = TrustedIssuer(
            issuer: name, expectedAudience: audience, jwksURL: keysURL,
            addresses: AddressPolicy(allowsPrivateAddresses: true))
        issuer.allowedActors = ["portal"]
        issuer.allowedDelegateClients = ["delegate"]
        issuer.jwtBearer = TrustedIssuer.JWTBearer(
            maximumAssertionAge: .seconds(300), subjectBindings: ["robot": [TokensServer.resource]],
            acceptedAudiences: [])
        change(&issuer)
        return issuer
    }
}

/// The token endpoint with the grants of delegation and nothing else.
struct DelegationBench: Sendable {
    static let issuer = TokensServer.issuer
    static let tokenEndpoint = TokensServer.issuer + "/oauth/token"
    static let resource = TokensServer.resource
    static let other = "https://mcp.example/other"
    static let secret = "a secret of the delegate client, which is long"
    static let issuerKey = Result { try SigningKey(generating: .ES256) }
    static let otherKey = Result { try SigningKey(generating: .ES256) }

    let clock: TokensClock
    let storage: TokensStorage
    let records: RecordStore
    let directory = TokensDirectory()
    let denied: TokenDenials
    let signing: SigningKeySource
    let key: SigningKey
    let idp: DelegationIssuer
    let lines: RecordedLog
    let endpoint: TokenEndpoint
    let denials: Denials

    /// - Parameter signing: the first one signs.
    init(
        clock: TokensClock = TokensClock(), storage: TokensStorage? = nil, signing: [SigningKey]? = nil,
        idp: DelegationIssuer? = nil, trusted: [TrustedIssuer] = [DelegationIssuer.trusted()],
        lines: RecordedLog = RecordedLog(),
        settings change: (inout AuthServerSettings) -> Void = { _ in }
    ) throws {
        let now: @Sendable () -> Date = { clock.now }
        self.clock = clock
        self.storage = storage ?? TokensStorage(now: now)
        self.lines = lines
        self.idp = try idp ?? DelegationIssuer([Self.issuerKey.get()])
        records = RecordStore(storage: self.storage, sealer: try TokensServer.sealer.get())
        denied = TokenDenials(now: now)
        let keys = try signing ?? [TokensServer.signingKey.get()]
        key = keys[0]
        self.signing = try SigningKeySource(keys: keys)
        var settings = AuthServerSettings(
            serverName: "Test", issuer: Self.issuer, allowedAudiences: [Self.resource], upstreams: [])
        settings.trustedIssuers = trusted
        settings.dpopNonce = .off
        change(&settings)
        let logger = lines.logger
        let audit = AuditLog(logger: logger)
        denials = Denials(records: records, sink: denied)
        let delegation = DelegationGrants(
            settings, keys: self.signing.publicKeys,
            minter: AccessTokenMinter(issuer: Self.issuer, signer: JWTSigner(keys: self.signing), now: now),
            records: records, denials: denied, http: self.idp, audit: audit, now: now, logger: logger)
        let authenticator = ClientAuthenticator(directory: directory, issuer: Self.issuer)
        endpoint = TokenEndpoint(
            url: settings.tokenEndpoint, grants: delegation.grants,
            authenticate: { request throws(OAuthError) in try await authenticator.authenticate(request) },
            directory: directory,
            dpop: DPoPGate(
                mode: settings.dpop, nonce: settings.dpopNonce,
                secrets: try HMACSecrets(secrets: [[UInt8](repeating: 7, count: 32)]),
                replays: StoredProofReplays(storage: self.storage), audit: audit, now: now),
            rendering: TokensRendering(), audit: audit)
        for client in Self.clients { directory.add(client) }
    }

    private static var clients: [OAuthClient] {
        let exchange = [GrantType.tokenExchange]
        var delegate = TokensServer.client(
            "delegate", secret: secret, grants: exchange, scopes: ["openid", "profile", "tools"])
        delegate.origin = .configuration
        delegate.audiences = [resource, other]
        return [
            delegate,
            TokensServer.client("partner", secret: secret, grants: exchange),
            TokensServer.client("public", grants: exchange),
            TokensServer.client("confidential", secret: secret),
        ]
    }

    // MARK: Tokens

    /// An access token of this server for somebody who signed in with the client `app`.
    func own(
        _ changes: DelegationChanges = [:], header: DelegationChanges = [:], key: SigningKey? = nil
    ) throws -> String {
        let now = clock.now
        let claims: JSONObject = [
            "iss": .string(Self.issuer), "sub": "user-1", "aud": [.string(Self.resource)],
            "exp": .numericDate(now + 3600), "iat": .numericDate(now), "jti": .string(UUID().uuidString),
            "client_id": "app", "scope": "openid profile email", "scp": ["openid", "profile", "email"],
            "tsid": "tsid-1", "name": "Ada", "email": "ada@example.org",
        ]
        return try token(claims, changes, type: "at+jwt", header: header, key: key ?? self.key)
    }

    /// A token of the other issuer for a subject that its client `portal` got.
    func trusted(
        _ changes: DelegationChanges = [:], header: DelegationChanges = [:], key: SigningKey? = nil
    ) throws -> String {
        let now = clock.now
        let claims: JSONObject = [
            "iss": .string(DelegationIssuer.name), "sub": "bob", "aud": .string(DelegationIssuer.audience),
            "exp": .numericDate(now + 3600), "iat": .numericDate(now), "azp": "portal", "scp": ["tools"],
            "name": "Bob",
        ]
        return try token(claims, changes, type: "JWT", header: header, key: key ?? idp.keys[0])
    }

    /// An assertion of the other issuer.
    func assertion(
        _ changes: DelegationChanges = [:], header: DelegationChanges = [:], key: SigningKey? = nil
    ) throws -> String {
        let now = clock.now
        let claims: JSONObject = [
            "iss": .string(DelegationIssuer.name), "sub": "robot", "aud": .string(Self.tokenEndpoint),
            "exp": .numericDate(now + 120), "iat": .numericDate(now), "jti": .string(UUID().uuidString),
        ]
        return try token(claims, changes, type: "JWT", header: header, key: key ?? idp.keys[0])
    }

    private func token(
        _ claims: JSONObject, _ changes: DelegationChanges, type: String, header: DelegationChanges, key: SigningKey
    ) throws -> String {
        let usual: JSONObject = [
            "alg": .string(key.algorithm.rawValue), "kid": .string(key.id), "typ": .string(type),
        ]
        return try claims.changing(changes).signed(usual.changing(header), by: key)
    }

    // MARK: Requests

    /// Exchanges a token, as the client `delegate` unless told otherwise. An empty parameter is none.
    func exchange(
        _ token: String, _ changes: [String: String] = [:], more: [(name: String, value: String)] = [],
        headers: [(String, String)] = []
    ) async -> TokensReply {
        await post(
            [
                "grant_type": GrantType.tokenExchange, "subject_token": token,
                "subject_token_type": TokenType.accessToken, "client_id": "delegate", "client_secret": Self.secret,
            ].merging(changes) { $1 }, more: more, headers: headers)
    }

    /// Redeems an assertion without any client.
    func redeem(
        _ assertion: String, _ changes: [String: String] = [:], more: [(name: String, value: String)] = [],
        headers: [(String, String)] = []
    ) async -> TokensReply {
        await post(
            ["grant_type": GrantType.jwtBearer, "assertion": assertion, "resource": Self.resource]
                .merging(changes) { $1 }, more: more, headers: headers)
    }

    private func post(
        _ parameters: [String: String], more: [(name: String, value: String)], headers: [(String, String)]
    ) async -> TokensReply {
        TokensReply(
            await endpoint.respond(to: TokensServer.request(parameters, headers: headers, more: more)))
    }

    /// The reasons of the audit log, the newest last.
    var reasons: [String] {
        lines.all.compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("reason=") }.map { String($0.dropFirst(7)) }
        }
    }
}

extension TokensReply {
    var tokenAudiences: [String] {
        get throws { try claims["aud"]?.elements.compactMap(\.string) ?? [] }
    }

    /// The `iss` and `sub` of each actor, the present one first.
    var actors: [String] {
        get throws {
            var actors: [String] = []
            var act = try claims["act"]
            while let actor = act {
                actors.append("\(actor["iss"]?.string ?? "-") \(actor["sub"]?.string ?? "-")")
                act = actor["act"]
            }
            return actors
        }
    }
}
