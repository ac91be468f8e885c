// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import Logging
import NIOCore
import Observability
import Storage
import TestSupport
import Testing

@testable import AuthServer

/// An authorization server as far as tokens are concerned.
struct TokensServer: Sendable {
    static let issuer = "https://as.example"
    static let resource = "https://mcp.example/mcp"
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let redirectURI = "http://127.0.0.1:49152/callback"
    static let user = ResolvedUser(id: "8d3c1f0e-user", name: "Ada", email: "ada@example.org")

    let clock: TokensClock
    let storage: TokensStorage
    let records: RecordStore
    let lines = RecordedLog()
    let upstreams: TokensUpstreams
    let directory = TokensDirectory()
    let denied: TokenDenials
    let keys: SigningKeySource
    let rules: TokenRules
    let codes: CodeStore
    let revocation: FamilyRevocation
    let denials: Denials
    let minter: AccessTokenMinter
    let endpoint: TokenEndpoint
    let revoke: RevocationEndpoint
    let gate: DPoPGate

    static let signingKey = Result { try SigningKey(generating: .ES256) }
    static let sealer = Result { try Sealer(keys: [SealingKey()]) }

    init(
        clock: TokensClock = TokensClock(), storage: TokensStorage? = nil,
        secrets: [[UInt8]] = [[UInt8](repeating: 7, count: 32)],
        upstreams: TokensUpstreams = TokensUpstreams(), audiences: [String] = [TokensServer.resource],
        dpop: AuthServerSettings.Requirement = .optional, nonce: AuthServerSettings.NonceDemand = .off,
        grants extra: [any TokenGrant] = [], rules change: (inout TokenRules) -> Void = { _ in }
    ) throws {
        let now: @Sendable () -> Date = { clock.now }
        self.clock = clock
        self.upstreams = upstreams
        self.storage = storage ?? TokensStorage(now: now)
        records = RecordStore(storage: self.storage, sealer: try Self.sealer.get())
        denied = TokenDenials(now: now)
        keys = try SigningKeySource(keys: [try Self.signingKey.get()])
        var rules = TokenRules(
            accessLifespan: .seconds(3600), refreshLifespan: 7 * 86400, codeLifespan: 600, familyLifespan: 30 * 86400,
            grace: 30, allowedAudiences: audiences)
        change(&rules)
        self.rules = rules
        let secrets = try HMACSecrets(secrets: secrets)
        let tokens = OpaqueTokens(secrets: secrets)
        let lines = lines
        let logger = lines.logger
        let audit = AuditLog(logger: logger)
        denials = Denials(records: records, sink: denied)
        revocation = FamilyRevocation(
            records: records, denials: denials, upstreams: upstreams, rules: rules, logger: logger, now: now)
        codes = CodeStore(records: records, tokens: tokens, rules: rules, now: now)
        minter = AccessTokenMinter(issuer: Self.issuer, signer: JWTSigner(keys: keys), now: now)
        gate = DPoPGate(
            mode: dpop, nonce: nonce, secrets: secrets, replays: StoredProofReplays(storage: self.storage),
            audit: audit, now: now)
        let authenticator = ClientAuthenticator(directory: directory, issuer: Self.issuer)
        let authenticate: ClientAuthentication = { request throws(OAuthError) in
            try await authenticator.authenticate(request)
        }
        let signIn = SignInGrantParts(
            records: records, tokens: tokens, minter: minter, revocation: revocation, rules: rules, audit: audit,
            now: now)
        endpoint = TokenEndpoint(
            url: Self.issuer + "/oauth/token",
            grants: [AuthorizationCodeGrant(signIn), RefreshTokenGrant(signIn)] + extra,
            authenticate: authenticate, directory: directory, dpop: gate, rendering: TokensRendering(), audit: audit)
        revoke = RevocationEndpoint(
            issuer: Self.issuer, records: records, tokens: tokens, keys: keys.publicKeys, revocation: revocation,
            denials: denials, rules: rules, authenticate: authenticate, rendering: TokensRendering(), audit: audit,
            now: now)
        directory.add(Self.client("app"))
        directory.add(Self.client("other"))
    }

    static func client(
        _ id: String, secret: String? = nil, method: OAuthClient.AuthenticationMethod? = nil,
        grants: [String] = ["authorization_code", "refresh_token"],
        scopes: [String] = ["openid", "profile", "offline_access"]
    ) -> OAuthClient {
        OAuthClient(
            id: id, origin: .registration, name: id, redirectURIs: [redirectURI], grantTypes: grants, scopes: scopes,
            audiences: [resource], secretDigest: secret.map { ClientSecret.digest(Secret($0)) },
            authenticationMethod: secret == nil ? OAuthClient.AuthenticationMethod.none : method,
            createdAt: Date(timeIntervalSince1970: 0), fingerprint: "f")
    }

    static func authorization(
        client: String = "app", tsid: String = "tsid-1", scopes: [String] = ["openid", "offline_access"],
        resource: String = resource, thumbprint: String? = nil,
        at date: Date = Date(timeIntervalSince1970: 1_799_999_990)
    ) -> CompletedAuthorization {
        CompletedAuthorization(
            grant: AuthorizationGrant(
                clientID: client, clientFingerprint: "f", redirectURI: redirectURI, state: "s",
                codeChallenge: challenge, scopes: scopes, resource: resource, dpopThumbprint: thumbprint,
                promptsConsent: false),
            user: user, tsid: tsid, authenticatedAt: date)
    }

    // MARK: Requests

    func post(
        _ parameters: [String: String], headers: [(String, String)] = [], more: [(name: String, value: String)] = []
    ) async -> TokensReply {
        TokensReply(await endpoint.respond(to: Self.request(parameters, headers: headers, more: more)))
    }

    func postRevoke(_ parameters: [String: String]) async -> TokensReply {
        TokensReply(await revoke.respond(to: Self.request(parameters, headers: [], more: [])))
    }

    static func request(
        _ parameters: [String: String], headers: [(String, String)], more: [(name: String, value: String)]
    ) -> EndpointRequest {
        EndpointRequest(
            http: AuthRequest(
                method: "POST", path: "/oauth/token", headers: headers.map { (name: $0.0, value: $0.1) },
                clientAddress: "192.0.2.1"),
            parameters: Parameters(parameters.map { (name: $0.key, value: $0.value) } + more))
    }

    static func redemption(_ code: String, client: String = "app") -> [String: String] {
        [
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirectURI, "client_id": client,
            "code_verifier": verifier,
        ]
    }

    static func refresh(_ token: String, client: String = "app") -> [String: String] {
        ["grant_type": "refresh_token", "refresh_token": token, "client_id": client]
    }

    func redeem(_ code: String, changing: [String: String?] = [:]) async -> TokensReply {
        await post(Self.redemption(code).merging(changing.mapValues { $0 ?? "" }) { $1 })
    }

    func refresh(_ token: String, changing: [String: String] = [:]) async -> TokensReply {
        await post(Self.refresh(token).merging(changing) { _, new in new })
    }

    /// Logs in and redeems the code.
    func login(_ authorization: CompletedAuthorization = authorization()) async throws -> TokensReply {
        let code = try await codes.issueCode(for: authorization)
        let reply = await redeem(code, changing: ["client_id": authorization.grant.clientID])
        try #require(reply.status == 200)
        return reply
    }

    func refreshRows() async throws -> [RefreshTokenRow] {
        let rows = try await storage.memory.rows(
            inGroup: TokenGroups.user(Self.user.id), limit: StorageLimits.groupRows)
        return try rows.filter { $0.key.table == RefreshTokenRow.table }.map {
            let stored: Stored<RefreshTokenRow> = try records.decode($0.row, $0.key)
            return stored.record
        }
    }

    /// Whether the resource server would take this access token.
    func isAccepted(_ token: String) throws -> Bool {
        let jws = try CompactJWS(parsing: token)
        guard keys.publicKeys.publicKeys().contains(where: jws.isSigned) else { return false }
        let expires = try #require(jws.payload["exp"]?.int)
        return TimeInterval(expires) > clock.now.timeIntervalSince1970
            && !denied.isDenied(tsid: jws.payload["tsid"]?.string, jti: jws.payload["jti"]?.string)
    }
}

/// An answer of an endpoint, taken apart.
struct TokensReply: Sendable {
    let status: Int
    let headers: [String: String]
    let json: JSONSlice?

    init(_ response: AuthResponse) {
        status = response.status
        headers = Dictionary(
            response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        json = try? JSONSlice(validating: ByteBuffer(bytes: response.body))
    }

    func text(_ name: String) -> String? { json?.member(name)?.string }
    var error: String? { text("error") }
    var accessToken: String? { text("access_token") }
    var refreshToken: String? { text("refresh_token") }

    var claims: JSONSlice {
        get throws { try CompactJWS(parsing: #require(accessToken)).payload }
    }
}

/// A key of a client that makes DPoP proofs.
struct TokensProofKey: Sendable {
    private let key = P256.Signing.PrivateKey()

    private var coordinates: (x: String, y: String) {
        let point = [UInt8](key.publicKey.rawRepresentation)
        return (Base64URL.encode(point.prefix(32)), Base64URL.encode(point.suffix(32)))
    }

    var thumbprint: String {
        let (x, y) = coordinates
        let json = #"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        return Base64URL.encode(SHA256.hash(data: Array(json.utf8)))
    }

    func proof(
        at date: Date, url: String = TokensServer.issuer + "/oauth/token", method: String = "POST",
        nonce: String? = nil, id: String = UUID().uuidString
    ) throws -> (String, String) {
        let (x, y) = coordinates
        let header: JSONObject = [
            "typ": "dpop+jwt", "alg": "ES256",
            "jwk": ["kty": "EC", "crv": "P-256", "x": .string(x), "y": .string(y)],
        ]
        var claims: JSONObject = [
            "htm": .string(method), "htu": .string(url), "jti": .string(id), "iat": .numericDate(date),
        ]
        if let nonce { claims["nonce"] = .string(nonce) }
        let input = Base64URL.encode(header.encoded) + "." + Base64URL.encode(claims.encoded)
        let signature = try key.signature(for: Array(input.utf8))
        return ("DPoP", input + "." + Base64URL.encode(signature.rawRepresentation))
    }
}

extension TokensServer {
    static func challenge(of verifier: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(verifier.utf8)))
    }
}

/// The token endpoint over another store.
struct TokensOtherEndpoint: Sendable {
    let endpoint: TokenEndpoint

    func post(_ parameters: [String: String]) async -> TokensReply {
        TokensReply(await endpoint.respond(to: TokensServer.request(parameters, headers: [], more: [])))
    }
}

extension TokensServer {
    func codes(on records: RecordStore) throws -> CodeStore {
        let clock = clock
        return CodeStore(
            records: records,
            tokens: OpaqueTokens(secrets: try HMACSecrets(secrets: [[UInt8](repeating: 7, count: 32)])), rules: rules,
            now: { clock.now })
    }

    func onStore(_ records: RecordStore) throws -> TokensOtherEndpoint {
        let clock = clock
        let now: @Sendable () -> Date = { clock.now }
        let lines = lines
        let logger = lines.logger
        let audit = AuditLog(logger: logger)
        let tokens = OpaqueTokens(secrets: try HMACSecrets(secrets: [[UInt8](repeating: 7, count: 32)]))
        let revocation = FamilyRevocation(
            records: records, denials: Denials(records: records, sink: denied), upstreams: upstreams, rules: rules,
            logger: logger, now: now)
        let authenticator = ClientAuthenticator(directory: directory, issuer: Self.issuer)
        let signIn = SignInGrantParts(
            records: records, tokens: tokens, minter: minter, revocation: revocation, rules: rules, audit: audit,
            now: now)
        return TokensOtherEndpoint(
            endpoint: TokenEndpoint(
                url: Self.issuer + "/oauth/token",
                grants: [AuthorizationCodeGrant(signIn), RefreshTokenGrant(signIn)],
                authenticate: { request throws(OAuthError) in try await authenticator.authenticate(request) },
                directory: directory, dpop: gate, rendering: TokensRendering(), audit: audit))
    }
}
