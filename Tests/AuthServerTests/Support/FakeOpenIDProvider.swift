// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Foundation
import JSONTypes
import NIOCore
import Observability
import OutboundHTTP
import Synchronization
import TestSupport

@testable import AuthServer

/// An OpenID provider that signs real ID tokens and can be made to lie in every place.
final class FakeOpenIDProvider: Sendable {
    static let issuer = "https://idp.example"
    static let nonce = "nonce-of-the-login"
    static let clientID = "gateway"
    static let secret = "s3cret-of-the-gateway"

    struct Behaviour: Sendable {
        var discovery: JSONObject
        var discoveryStatus = 200
        var claims: JSONObject
        var header: JSONObject = ["alg": "ES256", "kid": "k1", "typ": "JWT"]
        var token: JSONObject = [
            "access_token": "access-secret-1", "token_type": "Bearer", "expires_in": 3600,
            "refresh_token": "refresh-secret-1",
        ]
        /// Signs what it issues.
        var key: P256.Signing.PrivateKey
        /// What the key set lists.
        var published: [(id: String?, key: P256.Signing.PublicKey)]
        var sendsIDToken = true
        /// Replaces the ID token by a text.
        var idToken: String?
        /// Answers instead of the token endpoint, the key set, or anything else.
        var override: [String: OutboundResponse] = [:]
        var failure: [String: OutboundError] = [:]
        /// The client authentication that the token endpoint insists on.
        var insistsOn: UpstreamClientMethod?
        var insistence = OutboundResponse.json(["error": "invalid_client"], status: 401)
    }

    let clock: UpstreamsClock
    let behaviour: Mutex<Behaviour>
    let lines = RecordedLog()
    private let world: Mutex<UpstreamsHTTP?> = Mutex(nil)

    init(clock: UpstreamsClock = UpstreamsClock()) {
        self.clock = clock
        let key = P256.Signing.PrivateKey()
        let now = Int(clock.now.timeIntervalSince1970)
        behaviour = Mutex(
            Behaviour(
                discovery: [
                    "issuer": .string(Self.issuer),
                    "authorization_endpoint": "https://idp.example/authorize",
                    "token_endpoint": "https://idp.example/token",
                    "jwks_uri": "https://idp.example/keys",
                    "response_types_supported": ["code"],
                    "id_token_signing_alg_values_supported": ["RS256", "none"],
                ],
                claims: [
                    "iss": .string(Self.issuer), "aud": .string(Self.clientID), "sub": "alice",
                    "exp": .number(JSONNumber(now + 1_000_000)), "iat": .number(JSONNumber(now)),
                    "nonce": .string(Self.nonce), "name": "Alice", "email": "alice@example.com",
                ],
                key: key, published: [("k1", key.publicKey)]))
    }

    var http: UpstreamsHTTP {
        world.withLock { world in
            if let world { return world }
            let made = UpstreamsHTTP { request throws(OutboundError) in try self.answer(request) }
            world = made
            return made
        }
    }

    func change(_ body: (inout sending Behaviour) -> Void) { behaviour.withLock { body(&$0) } }

    static func settings(
        scopes: [String] = ["openid", "profile", "offline_access"], secret: String? = FakeOpenIDProvider.secret,
        addresses: AddressPolicy = .strict
    ) -> UpstreamSettings {
        UpstreamSettings(
            name: "corp", kind: .oidc(issuer: issuer, subjectClaim: "sub"), clientID: clientID,
            clientSecret: secret.map { Secret($0) }, redirectURI: "https://gw.example/oauth/callback", scopes: scopes,
            addresses: addresses)
    }

    func upstream(
        _ settings: UpstreamSettings = settings(), issuer: String = FakeOpenIDProvider.issuer,
        subjectClaim: String = "sub"
    ) throws -> OIDCUpstream {
        try OIDCUpstream(
            settings, issuer: issuer, subjectClaim: subjectClaim, http: http, now: { [clock] in clock.now },
            logger: lines.logger)
    }

    func started(
        _ settings: UpstreamSettings = settings(), subjectClaim: String = "sub"
    ) async throws -> OIDCUpstream {
        let upstream = try upstream(settings, subjectClaim: subjectClaim)
        try await upstream.start()
        return upstream
    }

    func answer(_ request: OutboundRequest) throws(OutboundError) -> OutboundResponse {
        let behaviour = behaviour.withLock { $0 }
        let path = String(request.url.dropFirst(Self.issuer.count))
        if let failure = behaviour.failure[path] { throw failure }
        if let override = behaviour.override[path] { return override }
        switch path {
        case "/.well-known/openid-configuration":
            return .json(behaviour.discovery, status: behaviour.discoveryStatus)
        case "/keys":
            let keys = behaviour.published.map { id, key in Self.jwk(key, id: id) }
            return .json(["keys": .array(keys.map { .object($0) })])
        case "/token":
            if let method = behaviour.insistsOn, method != Self.method(of: request) {
                return behaviour.insistence
            }
            var token = behaviour.token
            if behaviour.sendsIDToken {
                token.append("id_token", .string(behaviour.idToken ?? Self.sign(behaviour)))
            }
            return .json(token)
        default:
            return OutboundResponse(status: 404)
        }
    }

    static func method(of request: OutboundRequest) -> UpstreamClientMethod {
        if request.header("Authorization") != nil { return .basic }
        return request.form["client_secret"] != nil ? .post : .none
    }

    static func jwk(_ key: P256.Signing.PublicKey, id: String?) -> JSONObject {
        let raw = Array(key.rawRepresentation)
        var jwk: JSONObject = [
            "kty": "EC", "crv": "P-256", "use": "sig", "x": .string(Base64URL.encode(raw[..<32])),
            "y": .string(Base64URL.encode(raw[32...])),
        ]
        if let id { jwk.append("kid", .string(id)) }
        return jwk
    }

    static func sign(_ behaviour: Behaviour) -> String {
        let input = encode(behaviour.header) + "." + encode(behaviour.claims)
        guard let signature = try? behaviour.key.signature(for: Array(input.utf8)) else { return "" }
        return input + "." + Base64URL.encode(signature.rawRepresentation)
    }

    static func encode(_ object: JSONObject) -> String {
        Base64URL.encode(JSONSlice(.object(object)).bytes.readableBytesView)
    }
}
