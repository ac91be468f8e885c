// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Observability
import Storage
import Testing

@testable import AuthServer

@Suite struct RegistrationEndpointTests {
    private let clock = ClientsClock()
    private let storage: ClientsStorage
    private let records: RecordStore

    init() throws {
        storage = ClientsStorage(MemoryStorage(now: clock.now))
        records = try .inMemory(storage)
    }

    private struct Answer {
        let response: AuthResponse
        var status: Int { response.status }
        let json: JSONSlice
        var error: String? { json["error"]?.string }
        var id: String { json["client_id"]?.string ?? "" }

        func strings(_ name: String) -> [String] { (json.member(name)?.elements).map { $0.compactMap(\.string) } ?? [] }
    }

    private func registry(_ settings: AuthServerSettings) -> ClientRegistry {
        ClientRegistry(
            records: records, configured: [], policy: ClientPolicy(settings), now: clock.now, logger: .silent)
    }

    private func register(
        _ body: String, contentType: String? = "application/json", settings: AuthServerSettings = .sample()
    ) async throws -> Answer {
        let endpoint = RegistrationEndpoint(
            settings: settings, registry: registry(settings),
            rendering: HTTPAnswerRendering(issuer: settings.issuer, serverName: settings.serverName),
            audit: AuditLog(logger: .silent), now: clock.now)
        let request = AuthRequest(
            method: "POST", path: "/oauth/register", headers: contentType.map { [("Content-Type", $0)] } ?? [],
            body: Array(body.utf8), clientAddress: "198.51.100.7")
        let response = await endpoint.respond(to: EndpointRequest(http: request, parameters: Parameters([])))
        return Answer(response: response, json: try JSONSlice(validating: ByteBuffer(bytes: response.body)))
    }

    private static var confidential: AuthServerSettings {
        var settings = AuthServerSettings.sample()
        settings.allowsConfidentialRegistration = true
        return settings
    }

    @Test("AU-25: A minimal registration gets a public client with the defaults")
    func minimal() async throws {
        let answer = try await register(#"{"redirect_uris":["http://localhost/cb"]}"#)
        #expect(answer.status == 201)
        #expect(answer.response.header("Content-Type") == "application/json")
        #expect(
            answer.json.members.compactMap { $0.key.string } == [
                "client_id", "client_id_issued_at", "redirect_uris", "token_endpoint_auth_method", "grant_types",
                "response_types", "scope",
            ])
        #expect(answer.json["client_id_issued_at"]?.int == 1_800_000_000)
        #expect(answer.strings("redirect_uris") == ["http://localhost/cb"])
        #expect(answer.json["token_endpoint_auth_method"]?.string == "none")
        #expect(answer.strings("grant_types") == ["authorization_code", "refresh_token"])
        #expect(answer.strings("response_types") == ["code"])
        #expect(answer.json["scope"]?.string == "openid profile email offline_access")

        let stored = try await registry(.sample()).client(answer.id)
        #expect(stored.isPublic && stored.authenticationMethod == OAuthClient.AuthenticationMethod.none)
        #expect(stored.origin == .registration && !stored.isProven)
        #expect(stored.audiences == ["https://as.example.com/mcp"])
    }

    @Test("Identifiers are UUIDs of version 4, and new each time")
    func identifiers() async throws {
        var ids: Set<String> = []
        for _ in 0..<20 {
            let id = try await register(#"{"redirect_uris":["https://a.example/cb"]}"#).id
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            ids.insert(id)
        }
        #expect(ids.count == 20)
    }

    @Test("What was registered is echoed, the rest is not")
    func echo() async throws {
        let answer = try await register(
            #"""
            {"redirect_uris":["https://a.example/cb"],"client_name":"Näme","application_type":"web",
            "scope":"email openid",
            "grant_types":["authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"none",
            "dpop_bound_access_tokens":true,"require_pushed_authorization_requests":false,"software_id":"x",
            "logo_uri":"https://a.example/logo.png","client_secret":"mine","client_id":"mine","contacts":["a@b"]}
            """#)
        #expect(answer.status == 201)
        #expect(answer.json["client_name"]?.string == "Näme")
        #expect(answer.json["application_type"]?.string == "web")
        #expect(answer.json["scope"]?.string == "email openid")
        #expect(answer.strings("grant_types") == ["authorization_code"])
        #expect(answer.json["dpop_bound_access_tokens"]?.bool == true)
        #expect(answer.json["require_pushed_authorization_requests"]?.bool == false)
        for name in ["logo_uri", "client_secret", "contacts", "software_id"] {
            #expect(answer.json.member(name) == nil)
        }
        #expect(answer.id != "mine")
        let stored = try await registry(.sample()).client(answer.id)
        #expect(stored.requiresDPoP && !stored.requiresPushedRequests && stored.applicationType == "web")
    }

    @Test("null counts as absent everywhere")
    func nulls() async throws {
        let answer = try await register(
            #"""
            {"redirect_uris":["https://a.example/cb"],"client_name":null,"application_type":null,"scope":null,
            "grant_types":null,"response_types":null,"token_endpoint_auth_method":null,"software_id":null,
            "dpop_bound_access_tokens":null,"require_pushed_authorization_requests":null}
            """#)
        #expect(answer.status == 201)
    }

    @Test("A scope may be a list in a string or an array; each counts once")
    func scopeForms() async throws {
        for scope in [#""email openid email""#, #"["email","openid","email"]"#] {
            let answer = try await register(#"{"redirect_uris":["https://a.example/cb"],"scope":\#(scope)}"#)
            #expect(answer.json["scope"]?.string == "email openid")
        }
    }

    @Test("The baseline scopes come after the requested ones")
    func baseline() async throws {
        var settings = AuthServerSettings.sample()
        settings.baselineClientScopes = ["openid", "offline_access"]
        let answer = try await register(
            #"{"redirect_uris":["https://a.example/cb"],"scope":"email openid"}"#, settings: settings)
        #expect(answer.json["scope"]?.string == "email openid offline_access")
    }

    @Test("Without a scope, a server that lacks some of the usual four gives those it has, or all of its own")
    func reducedDefaults() async throws {
        var settings = AuthServerSettings.sample()
        settings.scopesSupported = ["tools", "openid"]
        var answer = try await register(#"{"redirect_uris":["https://a.example/cb"]}"#, settings: settings)
        #expect(answer.json["scope"]?.string == "openid")
        settings.scopesSupported = ["tools"]
        answer = try await register(#"{"redirect_uris":["https://a.example/cb"]}"#, settings: settings)
        #expect(answer.json["scope"]?.string == "tools")
    }

    @Test(
        "Metadata that cannot be served is refused as such",
        arguments: [
            "", "{", "[]", "null", #""x""#, "{} {}", #"{"redirect_uris":["https://a.example/cb"],"scope":"unknown"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}"#,
            #"{"redirect_uris":"https://a.example/cb"}"#, #"{"redirect_uris":[1]}"#, #"{"redirect_uris":[null]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"scope":1}"#,
            #"{"redirect_uris":["https://a.example/cb"],"scope":["openid",1]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"client_name":1}"#,
            #"{"redirect_uris":["https://a.example/cb"],"software_id":"a\u00e9"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"software_id":"a\nb"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"client_secret_basic"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"client_secret_post"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"grant_types":["refresh_token"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"grant_types":["authorization_code","implicit"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"response_types":["token"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"response_types":["code","id_token"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"application_type":"desktop"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"dpop_bound_access_tokens":"true"}"#,
            String(repeating: "[", count: 100_000),
        ])
    func invalidMetadata(body: String) async throws {
        let answer = try await register(body)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_client_metadata")
        #expect(try await storage.count(ClientRecord.table) == 0)
    }

    @Test(
        "AU-25: Redirect URIs that cannot be registered are refused as such",
        arguments: [
            "{}", #"{"redirect_uris":[]}"#, #"{"redirect_uris":null}"#, #"{"redirect_uris":["http://a.example/cb"]}"#,
            #"{"redirect_uris":["javascript:alert(1)"]}"#, #"{"redirect_uris":["data:text/html,x"]}"#,
            #"{"redirect_uris":["https://a.example/cb#f"]}"#, #"{"redirect_uris":["https://a.example/cb","ftp://x/"]}"#,
            #"{"redirect_uris":["http://localhost/cb"],"application_type":"web"}"#,
            #"{"redirect_uris":["com.example.app:/cb"],"application_type":"web"}"#,
        ])
    func invalidRedirectURIs(body: String) async throws {
        let answer = try await register(body)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_redirect_uri")
    }

    @Test("Ten redirect URIs, names and software identifiers of 256 bytes are the most")
    func bounds() async throws {
        func uris(_ count: Int) -> String {
            (0..<count).map { #""https://a.example/\#($0)""# }.joined(separator: ",")
        }
        #expect(try await register(#"{"redirect_uris":[\#(uris(10))]}"#).status == 201)
        #expect(try await register(#"{"redirect_uris":[\#(uris(11))]}"#).error == "invalid_redirect_uri")
        for member in ["client_name", "software_id"] {
            for (count, status) in [(256, 201), (257, 400)] {
                let text = String(repeating: "x", count: count)
                let answer = try await register(#"{"redirect_uris":["https://a.example/cb"],"\#(member)":"\#(text)"}"#)
                #expect(answer.status == status)
            }
        }
    }

    @Test(
        "The body must say that it is JSON",
        arguments: [
            (nil, 400), ("", 400), ("text/plain", 400), ("application/x-www-form-urlencoded", 400),
            ("application/jsonx", 400), ("application/json-patch+json", 400), ("application/json", 201),
            ("Application/JSON; charset=utf-8", 201),
        ] as [(String?, Int)])
    func mediaType(type: String?, status: Int) async throws {
        let answer = try await register(#"{"redirect_uris":["https://a.example/cb"]}"#, contentType: type)
        #expect(answer.status == status)
        if status == 400 { #expect(answer.error == "invalid_client_metadata") }
    }

    @Test("A client with a secret gets it once, and only its digest is kept", arguments: ["basic", "post"])
    func confidentialClient(method: String) async throws {
        let answer = try await register(
            #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"client_secret_\#(method)"}"#,
            settings: Self.confidential)
        #expect(answer.status == 201)
        let secret = try #require(answer.json["client_secret"]?.string)
        #expect(secret.utf8.count == 43)
        #expect(answer.json["client_secret_expires_at"]?.int == 0)
        #expect(answer.json["token_endpoint_auth_method"]?.string == "client_secret_\(method)")
        let stored = try await registry(.sample()).client(answer.id)
        #expect(ClientSecret.matches(Secret(secret), digest: stored.secretDigest))
        let row = try await storage.load([records.key(ClientRecord.self, answer.id)])[0]
        #expect(!String(decoding: try #require(row).bytes, as: UTF8.self).contains(secret))
    }

    @Test("A client with a secret cannot be on somebody's own computer, not even in part")
    func confidentialLoopback() async throws {
        for uris in [#""http://localhost/cb""#, #""https://a.example/cb","https://127.0.0.1/cb""#, #""a.b:/cb""#] {
            let answer = try await register(
                #"{"redirect_uris":[\#(uris)],"token_endpoint_auth_method":"client_secret_basic"}"#,
                settings: Self.confidential)
            #expect(answer.error == "invalid_redirect_uri")
        }
    }

    @Test("A redirect URI of the operator's list makes the client confidential, and the whole list must be fit for it")
    func forcedConfidential() async throws {
        var settings = Self.confidential
        settings.forceConfidentialRedirectURIs = ["https://a.example/cb"]
        let answer = try await register(
            #"{"redirect_uris":["https://b.example/cb","https://a.example/cb"]}"#, settings: settings)
        #expect(answer.json["token_endpoint_auth_method"]?.string == "client_secret_post")
        #expect(answer.json["client_secret"]?.string?.utf8.count == 43)
        let stored = try await registry(settings).client(answer.id)
        #expect(!stored.isPublic && stored.authenticationMethod == nil)

        let mixed = try await register(
            #"{"redirect_uris":["http://localhost/cb","https://a.example/cb"]}"#, settings: settings)
        #expect(mixed.error == "invalid_redirect_uri")
        let other = try await register(#"{"redirect_uris":["https://a.example/cb2"]}"#, settings: settings)
        #expect(other.json["token_endpoint_auth_method"]?.string == "none")
    }

    @Test("A client that needs what the server has turned off is refused")
    func missingFeatures() async throws {
        var settings = AuthServerSettings.sample()
        settings.dpop = .off
        settings.pushedRequests = .off
        for member in ["dpop_bound_access_tokens", "require_pushed_authorization_requests"] {
            let body = #"{"redirect_uris":["https://a.example/cb"],"\#(member)":true}"#
            #expect(try await register(body, settings: settings).error == "invalid_client_metadata")
            #expect(try await register(body.replacing("true", with: "false"), settings: settings).status == 201)
        }
    }

    @Test("No room is 503 with a time to come back, a broken store is 500")
    func failures() async throws {
        let registry = registry(.sample())
        for number in 0..<ClientRegistry.capacity {
            try await registry.register(.sample(id: "c\(number)", createdAt: clock.now()))
        }
        let full = try await register(#"{"redirect_uris":["https://a.example/cb"]}"#)
        #expect(full.status == 503 && full.error == "server_error")
        #expect(full.response.header("Retry-After") == "3600")
        storage.breakDown()
        let broken = try await register(#"{"redirect_uris":["https://a.example/cb"]}"#)
        #expect(broken.status == 500 && broken.error == "server_error")
    }
}
