// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import AuthServer

@Suite struct MetadataDocumentTests {
    static let url = "https://client.example/meta.json"
    static let policy = ClientPolicy(.sample())

    private static func parse(_ text: String, url: String = url) throws(MetadataDocument.Failure) -> MetadataDocument {
        try MetadataDocument(parsing: Array(text.utf8), url: url, policy: policy)
    }

    private static func failure(_ text: String, url: String = url) -> MetadataDocument.Failure? {
        do {
            _ = try parse(text, url: url)
            return nil
        } catch {
            return error
        }
    }

    private static func document(_ more: String = "") -> String {
        #"{"client_id":"\#(url)","client_name":"App","redirect_uris":["https://client.example/cb"]\#(more)}"#
    }

    @Test("A minimal document makes a client with the defaults")
    func minimal() throws {
        let document = try Self.parse(Self.document())
        #expect(document.name == "App")
        #expect(document.redirectURIs == ["https://client.example/cb"])
        #expect(document.grantTypes == ["authorization_code", "refresh_token"])
        #expect(document.scopes == ["openid", "profile", "email", "offline_access"])
        #expect(!document.requiresDPoP && !document.requiresPushedRequests)
    }

    @Test("The document of a known editor is accepted; what we do not offer is left out")
    func editor() throws {
        let url = "https://vscode.dev/oauth/client-metadata.json"
        let document = try Self.parse(
            #"""
            {"client_name":"Visual Studio Code","grant_types":["authorization_code","refresh_token",
             "urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code"],
             "token_endpoint_auth_method":"none","application_type":"native",
             "client_id":"https://vscode.dev/oauth/client-metadata.json","client_uri":"https://vscode.dev/product",
             "redirect_uris":["http://127.0.0.1:33418/","https://vscode.dev/redirect"]}
            """#, url: url)
        #expect(document.grantTypes == ["authorization_code", "refresh_token"])
        #expect(document.applicationType == "native")
    }

    @Test(
        "A document that does not hold what it must is refused, for the reason that it has",
        arguments: [
            ("", .malformed), ("{", .malformed), ("[]", .malformed), ("null", .malformed), ("<html>", .malformed),
            ("{}", .wrongClientID),
            (document().replacing("meta.json", with: "Meta.json"), .wrongClientID),
            (document().replacing("meta.json", with: "meta.json/"), .wrongClientID),
            (document().replacing("meta.json", with: "met\\u00e1.json"), .wrongClientID),
            (#"{"client_id":1,"client_name":"App","redirect_uris":["https://client.example/cb"]}"#, .wrongClientID),
            (document(#","client_id":"https://client.example/meta.json""#), .malformed),
            (document(#","client_name":"Other""#), .malformed),
            (document().replacing("App", with: ""), .missingName),
            (document().replacing("App", with: String(repeating: "x", count: 257)), .missingName),
            (#"{"client_id":"\#(url)","redirect_uris":["https://client.example/cb"]}"#, .missingName),
            (document().replacing(#""App""#, with: "null"), .missingName),
            (document().replacing(#""App""#, with: "7"), .unsupported("client_name")),
            (#"{"client_id":"\#(url)","client_name":"App"}"#, .invalidRedirectURI),
            (#"{"client_id":"\#(url)","client_name":"App","redirect_uris":[]}"#, .invalidRedirectURI),
            (document().replacing("https://client.example/cb", with: "http://client.example/cb"), .invalidRedirectURI),
            (document().replacing("https://client.example/cb", with: "cursor://x/cb"), .invalidRedirectURI),
            (document().replacing("https://client.example/cb", with: "com.example:/cb"), .invalidRedirectURI),
            (document().replacing("https://client.example/cb", with: "javascript:alert(1)"), .invalidRedirectURI),
            (
                document().replacing("https://client.example/cb", with: "https://client.example/cb#f"),
                .invalidRedirectURI
            ),
            (document().replacing(#"["https://client.example/cb"]"#, with: #""x""#), .unsupported("redirect_uris")),
            (document(#","client_secret":"x""#), .containsSecret),
            (document(#","client_secret":null"#), .containsSecret),
            (document(#","client_secret_expires_at":0"#), .containsSecret),
            (document(#","client\u005fsecret":"x""#), .containsSecret),
            (
                document(#","token_endpoint_auth_method":"client_secret_post""#),
                .unsupported("token_endpoint_auth_method")
            ),
            (
                document(#","token_endpoint_auth_method":"client_secret_basic""#),
                .unsupported("token_endpoint_auth_method")
            ),
            (
                document(#","token_endpoint_auth_method":"client_secret_jwt""#),
                .unsupported("token_endpoint_auth_method")
            ),
            (document(#","token_endpoint_auth_method":"private_key_jwt""#), .unsupported("token_endpoint_auth_method")),
            (document(#","token_endpoint_auth_method":"""#), .unsupported("token_endpoint_auth_method")),
            (document(#","grant_types":["refresh_token"]"#), .unsupported("grant_types")),
            (document(#","grant_types":[]"#), .unsupported("grant_types")),
            (document(#","response_types":["token"]"#), .unsupported("response_types")),
            (document(#","scope":"openid admin""#), .unsupported("scope")),
            (document(#","scope":7"#), .unsupported("scope")),
            (document(#","dpop_bound_access_tokens":"yes""#), .unsupported("dpop_bound_access_tokens")),
            (
                document(#","deep":\#(String(repeating: "[", count: 20))\#(String(repeating: "]", count: 20))"#),
                .malformed
            ),
            (document(#","many":[\#(String(repeating: "1,", count: 1100))1]"#), .malformed),
            (document(#","long":"\#(String(repeating: "x", count: 10_240))""#), .malformed),
        ] as [(String, MetadataDocument.Failure)])
    func refusals(text: String, expected: MetadataDocument.Failure) {
        #expect(Self.failure(text) == expected)
    }

    @Test("A document may have 10 KiB and no more")
    func size() {
        let padding = 10 * 1024 - Self.document(#","x":"""#).utf8.count
        let largest = Self.document(#","x":"\#(String(repeating: "y", count: padding))""#)
        #expect(largest.utf8.count == 10 * 1024)
        #expect(Self.failure(largest) == nil)
        #expect(Self.failure(largest + " ") == .malformed)
    }

    @Test("Bytes that are not UTF-8, or behind a byte order mark, are no document")
    func encodings() {
        let marked: [UInt8] = [0xEF, 0xBB, 0xBF] + Array(Self.document().utf8)
        let wide: [UInt8] = Self.document().utf8.flatMap { [$0, 0] as [UInt8] }
        for bytes in [marked, wide] {
            #expect(throws: MetadataDocument.Failure.malformed) {
                try MetadataDocument(parsing: bytes, url: Self.url, policy: Self.policy)
            }
        }
        var invalid = Array(Self.document().utf8)
        invalid[invalid.count - 40] = 0xFF
        #expect(throws: MetadataDocument.Failure.self) {
            try MetadataDocument(parsing: invalid, url: Self.url, policy: Self.policy)
        }
    }

    @Test("Any change of the document changes the fingerprint that consent was given to")
    func fingerprint() throws {
        let first = try Self.parse(Self.document())
        #expect(try Self.parse(Self.document()).fingerprint == first.fingerprint)
        #expect(try Self.parse(Self.document(#","logo_uri":"x""#)).fingerprint != first.fingerprint)
        #expect(try Self.parse(Self.document() + "\n").fingerprint != first.fingerprint)
    }

    @Test("Mutated documents are refused or still name the URL, a name and valid redirect URIs")
    func fuzz() {
        var generator = ClientsGenerator(seed: 23)
        let base = Array(
            Self.document(#","grant_types":["authorization_code"],"scope":"openid","x":{"y":[1,2.5e3,null]}"#).utf8)
        let pieces = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "\\u0000", "\\ud800", "client_secret", "\0", "é", "1e999",
            "-",
        ]
        var accepted = 0
        for _ in 0..<40_000 {
            var bytes = base
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(contentsOf: Array((pieces.randomElement(using: &generator) ?? "").utf8), at: index)
                default: bytes.replaceSubrange(index..<min(bytes.count, index + 5), with: bytes[..<min(4, bytes.count)])
                }
            }
            guard let document = try? MetadataDocument(parsing: bytes, url: Self.url, policy: Self.policy) else {
                continue
            }
            accepted += 1
            #expect(!document.name.isEmpty && !document.redirectURIs.isEmpty)
            #expect(document.grantTypes.contains("authorization_code"))
            #expect(document.redirectURIs.allSatisfy { RedirectURIRules.origin($0) != nil })
            #expect(document.scopes.allSatisfy(Self.policy.scopesSupported.contains))
            #expect((try? JSONSlice(validating: ByteBuffer(bytes: bytes)))?["client_id"]?.string == Self.url)
        }
        #expect(accepted > 100)
    }
}
