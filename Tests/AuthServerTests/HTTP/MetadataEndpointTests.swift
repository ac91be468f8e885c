// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import JSONTypes
import NIOCore
import Observability
import OutboundHTTP
import Testing

@testable import AuthServer

@Suite struct MetadataEndpointTests {
    private struct Keys: PublicKeyProvider {
        let keys: [PublicKey]
        let generation: UInt64 = 0
        func publicKeys() -> [PublicKey] { keys }
    }

    private static func document(
        _ document: MetadataEndpoint.Document, _ settings: AuthServerSettings = .sample(), keys: [PublicKey] = []
    ) async throws -> (response: AuthResponse, json: JSONSlice) {
        let endpoint = MetadataEndpoint(document, settings: settings, keys: Keys(keys: keys))
        let response = await endpoint.respond(
            to: EndpointRequest(
                http: AuthRequest(method: "GET", path: "/", clientAddress: "::1"), parameters: Parameters([])))
        return (response, try JSONSlice(validating: ByteBuffer(bytes: response.body)))
    }

    private static let always: Set<String> = [
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint",
        "revocation_endpoint",
        "scopes_supported", "response_types_supported", "response_modes_supported", "grant_types_supported",
        "code_challenge_methods_supported", "token_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported",
        "protected_resources", "pushed_authorization_request_endpoint", "dpop_signing_alg_values_supported",
        "client_id_metadata_document_supported",
    ]

    private static func names(_ json: JSONSlice) -> Set<String> { Set(json.members.compactMap { $0.key.string }) }

    private static func strings(_ json: JSONSlice, _ name: String) -> [String] {
        json.member(name)?.elements.compactMap(\.string) ?? []
    }

    @Test("Both documents have exactly their members, and may be kept for an hour")
    func members() async throws {
        let oauth = try await Self.document(.oauth)
        #expect(Self.names(oauth.json) == Self.always && oauth.json.duplicateKey() == nil)
        let openID = try await Self.document(.openID)
        let more: Set = [
            "subject_types_supported", "id_token_signing_alg_values_supported", "request_uri_parameter_supported",
        ]
        #expect(Self.names(openID.json) == Self.always.union(more))
        #expect(openID.json["request_uri_parameter_supported"]?.bool == false)
        for answer in [oauth.response, openID.response] {
            #expect(answer.status == 200 && answer.header("Content-Type") == "application/json")
            #expect(answer.header("Cache-Control") == "public, max-age=3600")
        }
    }

    @Test("AU-13, AU-18: The values are what the server does")
    func values() async throws {
        let json = try await Self.document(.oauth).json
        #expect(json["issuer"]?.string == "https://as.example.com")
        #expect(json["authorization_endpoint"]?.string == "https://as.example.com/oauth/authorize")
        #expect(json["token_endpoint"]?.string == "https://as.example.com/oauth/token")
        #expect(json["registration_endpoint"]?.string == "https://as.example.com/oauth/register")
        #expect(json["revocation_endpoint"]?.string == "https://as.example.com/oauth/revoke")
        #expect(json["pushed_authorization_request_endpoint"]?.string == "https://as.example.com/oauth/par")
        #expect(json["jwks_uri"]?.string == "https://as.example.com/.well-known/jwks.json")
        #expect(Self.strings(json, "code_challenge_methods_supported") == ["S256"])
        #expect(Self.strings(json, "response_modes_supported") == ["query"])
        #expect(Self.strings(json, "token_endpoint_auth_methods_supported") == ["none"])
        #expect(json["authorization_response_iss_parameter_supported"]?.bool == true)
        #expect(Self.strings(json, "protected_resources") == ["https://as.example.com/mcp"])
        #expect(
            Self.strings(json, "grant_types_supported") == [
                "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange",
            ])
        #expect(
            Self.strings(json, "dpop_signing_alg_values_supported") == [
                "ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256",
            ])
    }

    @Test("A base for browsers moves the authorization endpoint and nothing else")
    func base() async throws {
        var settings = AuthServerSettings.sample()
        let before = try await Self.document(.oauth).json
        settings.authorizationEndpointBase = "https://login.example.com"
        let after = try await Self.document(.oauth, settings).json
        #expect(after["authorization_endpoint"]?.string == "https://login.example.com/oauth/authorize")
        for name in Self.always where name != "authorization_endpoint" {
            #expect(after.member(name) == before.member(name))
        }
    }

    @Test("What is turned off is not mentioned")
    func off() async throws {
        var settings = AuthServerSettings.sample()
        settings.isRegistrationOpen = false
        settings.dpop = .off
        settings.pushedRequests = .off
        settings.metadataDocuments = nil
        let names = Self.names(try await Self.document(.oauth, settings).json)
        let gone: Set = [
            "registration_endpoint", "dpop_signing_alg_values_supported", "pushed_authorization_request_endpoint",
            "client_id_metadata_document_supported",
        ]
        #expect(names == Self.always.subtracting(gone))
    }

    @Test("Pushed requests are called required when they are")
    func required() async throws {
        var settings = AuthServerSettings.sample()
        settings.pushedRequests = .required
        #expect(try await Self.document(.oauth, settings).json["require_pushed_authorization_requests"]?.bool == true)
    }

    @Test("Secrets are offered only where some client can have one")
    func secrets() async throws {
        let all = ["none", "client_secret_basic", "client_secret_post"]
        var open = AuthServerSettings.sample()
        open.allowsConfidentialRegistration = true
        var delegates = AuthServerSettings.sample()
        delegates.delegateClients = [DelegateClient(id: "a", secret: Secret("s"), scopes: [], audiences: [])]
        for settings in [open, delegates] {
            let json = try await Self.document(.oauth, settings).json
            #expect(Self.strings(json, "token_endpoint_auth_methods_supported") == all)
            #expect(Self.strings(json, "revocation_endpoint_auth_methods_supported") == all)
        }
    }

    @Test("Assertions are offered only when an issuer may send them")
    func assertions() async throws {
        var settings = AuthServerSettings.sample()
        var issuer = TrustedIssuer(issuer: "https://i.example", expectedAudience: nil, jwksURL: nil, addresses: .strict)
        settings.trustedIssuers = [issuer]
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        #expect(!Self.strings(try await Self.document(.oauth, settings).json, "grant_types_supported").contains(grant))
        issuer.jwtBearer = .init(maximumAssertionAge: .seconds(60), subjectBindings: [:], acceptedAudiences: [])
        settings.trustedIssuers = [issuer]
        #expect(Self.strings(try await Self.document(.oauth, settings).json, "grant_types_supported").contains(grant))
    }

    @Test("The algorithms of the OpenID document are those of the keys, each once, or RS256")
    func algorithms() async throws {
        let name = "id_token_signing_alg_values_supported"
        #expect(Self.strings(try await Self.document(.openID).json, name) == ["RS256"])
        let keys = [
            try PublicKey(P256.Signing.PrivateKey().publicKey), try PublicKey(P384.Signing.PrivateKey().publicKey),
            try PublicKey(P256.Signing.PrivateKey().publicKey),
        ]
        #expect(Self.strings(try await Self.document(.openID, keys: keys).json, name) == ["ES256", "ES384"])
    }

    @Test("All keys are published, the active one first, each name once, and nothing of them is private")
    func keys() async throws {
        let first = try PublicKey(P256.Signing.PrivateKey().publicKey)
        let second = try PublicKey(Curve25519.Signing.PrivateKey().publicKey)
        let answer = try await Self.document(.keys, keys: [first, second, first])
        #expect(answer.response.header("Cache-Control") == "public, max-age=3600")
        let jwks = answer.json["keys"].map { Array($0.elements) } ?? []
        #expect(jwks.map { $0["kid"]?.string } == [first.id, second.id])
        for jwk in jwks {
            #expect(jwk["use"]?.string == "sig" && jwk["alg"]?.string != nil)
            #expect(Self.names(jwk).isDisjoint(with: ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]))
        }
    }

    @Test("Without keys there is an error that nobody keeps, not an empty set")
    func noKeys() async throws {
        let answer = try await Self.document(.keys)
        #expect(answer.response.status == 500 && answer.json["error"]?.string == "server_error")
        #expect(answer.response.header("Cache-Control") == nil)
    }
}
