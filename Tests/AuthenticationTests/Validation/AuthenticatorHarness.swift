// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging
import OutboundHTTP

@testable import Authentication

/// A resource server with an issuer elsewhere, a network that is not there, and a clock that stands.
struct AuthenticatorHarness: Sendable {
    static let issuer = "https://idp.example"
    static let metadataURL = "https://idp.example/.well-known/openid-configuration"
    static let keysURL = "https://idp.example/keys"
    static let audience = "https://mcp.example/mcp"

    let clock = TestClock()
    let http: FakeHTTP
    let key: TestKey
    let denials: TokenDenials
    let authenticator: TokenAuthenticator
    /// nil when the key is the issuer's.
    let localKeys: LocalKeys?

    /// - Parameters:
    ///   - isLocal: the key belongs to this process, and nothing is fetched.
    init(
        isLocal: Bool = false, key: TestKey = TestKey("k1"), replays: (any ProofReplayCache)? = nil,
        _ configure: (inout TokenAuthenticatorSettings) -> Void = { _ in }
    ) throws {
        self.key = key
        http = FakeHTTP([
            Self.metadataURL: .json(#"{"issuer":"\#(Self.issuer)","jwks_uri":"\#(Self.keysURL)"}"#),
            Self.keysURL: try .keys([key]),
        ])
        let clock = clock
        denials = TokenDenials(now: { clock.now })
        var settings = TokenAuthenticatorSettings(
            issuer: Self.issuer, audience: Self.audience, resource: Self.audience)
        if isLocal { settings.keySource = .none }
        configure(&settings)
        localKeys = isLocal ? LocalKeys(keys: [try key.publicKey]) : nil
        authenticator = TokenAuthenticator(
            settings: settings, localKeys: localKeys, http: http,
            denials: denials, replays: replays, now: { clock.now },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// The claims of a good token, with changes; nil removes.
    func claims(_ changes: [String: JSONValue?] = [:]) -> JSONObject {
        var claims: JSONObject = [
            "iss": .string(Self.issuer), "sub": "alice", "aud": [.string(Self.audience)],
            "exp": .number(JSONNumber(clock.seconds + 600)), "iat": .number(JSONNumber(clock.seconds)), "jti": "j1",
            "client_id": "c1", "scope": "mcp read", "name": "Alice", "email": "alice@example.com", "tsid": "s1",
        ]
        for (name, value) in changes { claims[name] = value }
        return claims
    }

    func token(_ changes: [String: JSONValue?] = [:]) throws -> String { try key.sign(claims(changes)) }

    func authenticate(_ token: String, scheme: String = "Bearer") async -> AuthenticationOutcome {
        await authenticator.authenticate(BearerRequest(authorization: ["\(scheme) \(token)"]))
    }

    func cached(_ token: String, scheme: String = "Bearer") -> AuthenticationOutcome? {
        authenticator.cached(BearerRequest(authorization: ["\(scheme) \(token)"]))
    }
}
